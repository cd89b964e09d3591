"""`ranker` and its sub-commands: found when asked for, told as they are typed, quick to help."""

import json
import subprocess
import sys
import types

import pytest
from programs import ROOT

from ranker.cli import command, programs, sentences

pytestmark = pytest.mark.runs

MODULES = sorted(
    path.stem
    for path in ROOT.glob("ranker/cli/*.py")
    if '"__main__":' in path.read_text("utf-8")
)  # fmt: skip
HEAVY = {"tensorflow", "numpy", "pandas", "pyarrow", "absl"}


def call(module, *words):
    """Runs `python -m module`; returns exit code, standard output and error, and what it loads."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", module, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stderr.splitlines()
    loaded = {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}
    said = [line for line in lines if not line.startswith("import time:")]
    return done.returncode, done.stdout, said, loaded


def test_the_table_has_every_program():
    assert sorted(programs.present()) == MODULES
    assert not (ROOT / "pipelines").exists(), "programs are in ranker/cli, or the wheel lacks them"


@pytest.mark.parametrize("flag", ["--help", "-h", "help"])
def test_help_lists_the_programs_and_loads_next_to_nothing(flag):
    code, out, said, loaded = call("ranker", flag)
    assert (code, said) == (0, [])
    assert not loaded & HEAVY
    listed = [line.split()[0] for line in out.splitlines() if line.startswith("  ")]
    assert listed[: len(MODULES)] == list(programs.present())


OF_PARTS = {"train": ("workers", "worker_wait"), "compare": ("on", "address")}  # of other modules


@pytest.mark.parametrize("name", MODULES)
def test_the_help_of_a_program_shows_it_as_it_is_typed_and_loads_no_tensorflow(name):
    for module, words, typed, other in (
        ("ranker", [name], f"ranker {name}", "python -m"),
        (f"pipelines.{name}", [], f"python -m pipelines.{name}", f"ranker {name}"),
    ):
        code, out, said, loaded = call(module, *words, "--help")
        assert (code, said) == (0, [])
        assert f"  {typed}" in out
        assert other not in out
        assert "tensorflow" not in loaded
        assert ("flags:" in out) == (name != "configs"), "absl shows those of its main module"
        for flag in OF_PARTS.get(name, ()):
            assert f"  --{flag}" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["trian"], "ranker: no command 'trian'; did you mean 'train'? ranker --help lists them"),
        (["--workdir=x"], "ranker: no command '--workdir=x'; ranker --help lists them"),
        (["train", "--confg=quick"], "train: no flag --confg; did you mean --config? --help"),
        (["train"], "train: --config is needed: TOML file with the settings, or the name of"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_code_2(words, said):
    code, out, lines, _ = call("ranker", *words)
    assert (code, out) == (2, "")
    assert len(lines) == 1
    assert lines[0].startswith(said)


@pytest.mark.parametrize("name", ["compare", "nightly"])
def test_what_one_process_does_refuses_to_be_started_on_several_workers(name, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", cluster("a:1", "b:1"))
    code, out, lines, _ = call("ranker", name, "--config=compare_quick", "--check")
    assert (code, out) == (2, "")
    assert lines == [
        f"{name}: TF_CONFIG: 2 workers, among which only training is shared: start this program "
        "once, without TF_CONFIG"
    ]


def cluster(*addresses):
    task = {"type": "worker", "index": 0}
    return json.dumps({"cluster": {"worker": addresses}, "task": task})


def test_a_cluster_of_one_worker_compares_as_any_process(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", cluster("a:1"))
    code, out, lines, _ = call("ranker", "compare", "--config=compare_quick", "--check")
    assert (code, lines) == (0, [])
    assert "runs" in out


def test_no_word_at_all_shows_the_help_and_is_no_success():
    code, out, lines, _ = call("ranker")
    assert (code, out) == (2, "")
    assert "usage: ranker COMMAND" in "\n".join(lines)


def test_a_program_that_is_not_there_yet_is_neither_listed_nor_run(monkeypatch, capsys):
    monkeypatch.setattr(programs, "PROGRAMS", {"train": "trains", "draw": "draws"})
    monkeypatch.setattr(sys, "argv", ["ranker", "draw"])
    with pytest.raises(SystemExit) as left:
        command.main()
    assert left.value.code == 2
    assert capsys.readouterr().err == "ranker: no command 'draw'; ranker --help lists them\n"


@pytest.mark.parametrize(
    ("main", "typed"),
    [
        ("pipelines.train", "python -m pipelines.train"),
        ("benchmarks.speed", "python -m pipelines.train"),
        ("ranker.cli.train", "ranker train"),
        (None, "ranker train"),
    ],
)
def test_a_command_is_said_as_this_process_was_started(monkeypatch, main, typed):
    spec = types.SimpleNamespace(name=main) if main else None
    monkeypatch.setitem(sys.modules, "__main__", types.SimpleNamespace(__spec__=spec))
    assert programs.words("train") == typed.split()
    text = "ranker train trains a ranker; a ranker trains, and ranker trained"
    assert programs.as_typed(text) == text.replace("ranker train trains", f"{typed} trains")


@pytest.mark.parametrize(
    ("words", "package"),
    [
        (["prepare", "--dataset=movielens-like", "--output=/nowhere/at/all"], "pyarrow"),
        (["predict", "--help"], "tqdm"),
        (["evaluate", "--workdir=/nowhere"], "pyarrow"),
    ],
)
def test_without_the_extra_a_program_says_what_to_install(words, package):
    missing = dict.fromkeys(sentences.EXTRAS["train"] - {"absl"})  # which TensorFlow needs too
    code = (
        f"import sys\nsys.modules |= {missing}\nsys.argv = ['ranker', *{words}]\n"
        "from ranker.cli.command import main\nmain()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    wanted = f'{package} is not installed, which this needs: pip install "ranker-trainer[train]"'
    assert done.stderr.splitlines() == [f"{words[0]}: {wanted}"]


@pytest.mark.parametrize(
    ("missing", "extra"),
    [
        ("pyarrow.parquet", "train"), ("tf_keras", "train"), ("scipy", "compare"), ("ray", "ray"),
        ("nonesuch", ""),
    ],
)  # fmt: skip
def test_a_missing_package_is_told_with_what_brings_it(missing, extra):
    said = sentences.not_installed(ModuleNotFoundError("no", name=missing))
    package = missing.partition(".")[0]
    assert said == (
        f'{package} is not installed, which this needs: pip install "ranker-trainer[{extra}]"'
        if extra
        else ""
    )
