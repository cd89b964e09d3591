"""What the README shows is so: its commands parse, its files are there, its code runs."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
COMMANDS = sorted(
    {
        line.strip()
        for path in (ROOT / "README.md", *sorted((ROOT / "configs").glob("*")))
        for line in re.findall(r"python -m (?:pipelines|benchmarks)\.[^`\n|;&]*", path.read_text())
    }
)


def test_there_are_commands_and_no_blank_left_to_fill():
    assert len(COMMANDS) >= 8
    assert "@@" not in README


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_s_flags_exist_and_its_config_is_there(command):
    _, _, module, *flags = shlex.split(command.replace("\\", ""))
    told = subprocess.run(
        [sys.executable, "-m", module, "--helpfull"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    for flag in flags:
        name, _, value = flag.removeprefix("--").partition("=")
        assert re.search(rf"--(\[no\])?{name}:", told), f"{module} has no --{name}"
        if name == "config" and "NAME" not in value:
            assert (ROOT / value).exists(), value


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?m)^make (\w+)|`make (\w+)`", README))))
def test_make_has_the_target(target):
    name = "".join(target)
    subprocess.run(["make", "-n", name], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!http)([^)#]+)\)", README))))
def test_links_lead_somewhere(link):
    assert (ROOT / link).exists()


@pytest.mark.parametrize("test", sorted(set(re.findall(r"`(tests/[\w/.]+::\w+)`", README))))
def test_what_is_said_to_be_held_by_a_test_is(test):
    path, _, name = test.partition("::")
    assert re.search(rf"^def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE)


def test_the_library_example_refuses_the_nan_and_nothing_else():
    scope: dict = {}
    exec(compile(EXAMPLES[0], "README.md", "exec"), scope)
    before = scope["weights"].numpy().copy()
    assert before.tolist() == [[0.0, 2.0]]
    _, accept = scope["attempt"](np.ones((1, 2), np.float32), np.ones((1, 1), np.float32))
    assert bool(accept)
    assert (scope["weights"].numpy() != before).all()


@pytest.mark.parametrize(("label", "refused"), [(1.0, 0), (np.nan, 1)])
def test_the_keras_example_trains_and_refuses_the_nan(label, refused, capsys):
    model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(2,))])
    before = model.get_weights()[0].copy()
    scope = {"model": model, "x": np.ones((4, 2), np.float32), "y": np.full((4, 1), label)}
    exec(compile(EXAMPLES[1], "README.md", "exec"), scope)
    assert f"{refused} refused" in capsys.readouterr().out
    assert (model.get_weights()[0] == before).all() == bool(refused)
