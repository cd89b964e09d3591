"""The commands of the documents: their flags exist; a test runs each, or a reason says why not."""

import functools
import re
import shlex
import subprocess
import sys

import pytest
from documents import CONFIGS, ROOT, TEXTS, blocks

# Every command of a block: the test that runs it, or one of its kind; or why none does.
HELD = {
    r"prepare --dataset=movielens-100k( \|\| exit)?": ".ci/run",
    r"prepare --dataset=movielens-100k && ranker train .*": ".ci/run",
    r"prepare --plugin=examples\.json_lines_log .*": "tests/examples/test_dataset_example.py",
    r"prepare --dataset=kuairand-pure .*": "not run: its files are downloaded by hand",
    r"prepare --dataset=table .*": "not run: the reader's own logs",
    r"cd logs/.* && ranker describe .*": "not run: the reader's own logs",
    r"describe .*": "not run: the reader's own logs",
    r"train --config=table .*": "not run: the reader's own logs",
    r"train --config=movielens_100k .*": ".ci/run",
    r"train --config=quick .* --workers=2": "tests/workers/test_training.py",
    r"train --config=safeguarded .*": "tests/train/test_recovery_runs.py",
    r"train --config=kuairand_pure .*": "not run: see its data",
    r"train --config=base .* --dry-run": "tests/pipelines/test_train.py",
    r"unshare --map-root-user --net": "not run: opens a shell",
    r"ip link set lo up": "tests/compare/test_actors.py",
    r"nightly .*": "tests/nightly/test_nightly.py",
    r"compare --config=compare_quick .* --on=ray .*": "tests/compare/test_actors.py",
    r"compare --config=compare_quick (?!.*--on=ray).*": "tests/pipelines/test_compare.py",
    r"ray job submit .*": "not run: a cluster of the reader's own",
    r"compare --config=compare_joining_task .*": "not run: ten minutes; see compare_quick",
    r"predict .*": "tests/pipelines/test_after_training.py",
    r"export .*": "tests/pipelines/test_after_training.py",
    r"replay .*": "tests/pipelines/test_replay.py",
    r"pip install .*": ".ci/run",
    r"python3 -m venv \.venv": ".ci/run",
    r"python -m pip install .*": ".ci/run",
    r"\. \.venv/bin/activate": "not run: of an interactive shell",
    r"make (train|test)\b.*": ".ci/run",
    r"make compare\b.*": "not run: seven minutes; tests/pipelines/test_compare.py runs a small one",
    r"make docs\b.*": "tests/test_docs.py",
    r"tensorflow_model_server .*": "not run: a server in C++ that is no Python package",
}


def lines(block):
    """Returns the commands of a block, a line each, without the comments after them."""
    joined = re.sub(r"\\\n\s*", " ", block)
    return [re.sub(r"\s+#\s.*", "", line).strip() for line in joined.splitlines() if line.strip()]


SCRIPTS = [b for text in TEXTS.values() for b in blocks(text, "sh") if b.startswith("#!")]
TYPED = sorted(
    {
        re.sub(r"^(\.venv/bin/)?(python -m pipelines\.|ranker |(?=python -m))", "", line)
        for text in TEXTS.values()
        for block in blocks(text, "sh")
        if not block.startswith("#!")
        for line in lines(block)
    }
)
# In blocks, in text and at the head of configs.
PROGRAMS = sorted(
    {
        re.sub(r"\\$", "", " ".join(found.split())).strip()
        for text in (*TEXTS.values(), *(path.read_text("utf-8") for path in CONFIGS))
        for found in re.findall(
            r"python -m (?:pipelines|benchmarks)\.[^`\n|;&]*|ranker \w+ --[^`\n|;&>]*",
            re.sub(r"\\\n#?\s*", " ", text),
        )
    }
)


@functools.cache
def helped(module):
    """Returns the flags of a program, as it tells them itself."""
    return subprocess.run(
        [sys.executable, "-m", module, "--helpfull"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout


@pytest.mark.parametrize("command", TYPED)
def test_every_command_of_a_block_is_run_or_says_why_not(command):
    (held,) = {why for pattern, why in HELD.items() if re.fullmatch(pattern, command)}
    if not held.startswith("not run: "):
        more = (ROOT / "Makefile").read_text("utf-8") if held == ".ci/run" else ""
        assert command.split()[0] in (ROOT / held).read_text("utf-8") + more


def test_no_reason_is_left_over():
    for pattern in HELD:
        assert any(re.fullmatch(pattern, command) for command in TYPED), pattern


@pytest.mark.runs
@pytest.mark.parametrize("command", PROGRAMS)
def test_a_command_s_flags_exist_and_its_config_is_there(command):
    words = shlex.split(re.sub(r"\s#\s.*", "", command))
    module = f"pipelines.{words[1]}" if words[0] == "ranker" else words[2]
    for word in words[2 if words[0] == "ranker" else 3 :]:
        if not word.startswith("--"):
            continue
        name, _, value = word.removeprefix("--").partition("=")
        name = name.replace("-", "_")
        assert re.search(rf"--(\[no\])?{name}:", helped(module)), f"{module} has no --{name}"
        if name == "config" and not re.search(
            r"NAME|FILE|\.\.\.|^table$|^(nightly|run)\.toml$", value
        ):
            assert (ROOT / value).exists() or (ROOT / f"configs/{value}.toml").exists(), value


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.splitlines()[0])
def test_a_script_is_one_that_the_shell_can_read(script):
    shell = script.splitlines()[0].removeprefix("#!")
    subprocess.run([shell, "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"\bmake ([a-z]+)\b`?", TEXTS["README.md"])))
)
def test_make_has_the_target(target):
    subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True)
