"""Output is never worth the work: whatever becomes of it, a program ends as it would have."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from programs import ROOT

pytestmark = pytest.mark.runs

PROGRAMS = [p for p in ROOT.glob("ranker/cli/*.py") if '"__main__":' in p.read_text("utf-8")]
# A program that says things in every way: print, standard error, a bar, absl, its own C library.
SCRIPT = """
import os
import sys
from absl import logging
from ranker.cli import program
from tqdm import tqdm

def main(argv):
    from pathlib import Path
    for k in range(2000):
        print("caf\\u00e9 \\udcff line", k)
    for _ in tqdm(range(10)):
        sys.stderr.write("loss \\u2212 1\\n")
    logging.error("of absl")
    Path(os.environ["DONE"]).write_text("done")
    return {code}

program.run(main, is_result=lambda: {is_result})
"""
SHELLS = {
    "closed": '"$@" >&- 2>&- <&-',
    "standard output closed": '"$@" >&-',
    "standard error closed": '"$@" 2>&-',
    "full": '"$@" >/dev/full 2>/dev/full',
    "standard output full": '"$@" >/dev/full',
    "a reader that went away": '"$@" 2>&1 | head -1; exit "${PIPESTATUS[0]}"',
    "no reader at all": '"$@" 2>&1 | true; exit "${PIPESTATUS[0]}"',
    "letters that cannot be shown": 'PYTHONIOENCODING=ascii "$@"',
    "a locale of old": 'LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 "$@"',
    "read only": '"$@" 1</dev/null 2</dev/null',
}


NOT_WRITTEN = ("closed", "standard output closed", "full", "standard output full", "read only")


def call(shell, tmp_path, code=0, *, is_result=False):
    """Runs the script in bash with its output as `shell` has it."""
    path = tmp_path / "script.py"
    script = SCRIPT.replace("{code}", str(code)).replace("{is_result}", str(is_result))
    path.write_text(script)
    return subprocess.run(
        ["bash", "-c", shell, "bash", sys.executable, path],
        env=os.environ | {"PYTHONPATH": str(ROOT), "DONE": str(tmp_path / "done")},
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("shell", SHELLS.values(), ids=SHELLS)
@pytest.mark.parametrize("code", [0, 3])
def test_the_work_is_done_and_the_exit_code_is_its_own(shell, code, tmp_path):
    done = call(shell, tmp_path, code)
    assert done.returncode == code, done.stderr
    assert (tmp_path / "done").read_text() == "done"
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


@pytest.mark.parametrize("name", SHELLS)
def test_where_the_output_is_the_result_the_exit_code_says_that_it_was_not_written(name, tmp_path):
    assert call(SHELLS[name], tmp_path, 3, is_result=True).returncode == 3
    done = call(SHELLS[name], tmp_path, is_result=True)
    assert done.returncode == (2 if name in NOT_WRITTEN else 0), done.stderr


@pytest.mark.parametrize(
    ("program", "config"), [("train", "movielens_100k"), ("compare", "compare_quick")]
)
def test_a_check_that_was_not_written_is_no_success(program, config):
    command = [sys.executable, "-m", f"pipelines.{program}", f"--config=configs/{config}.toml"]
    shell = ["bash", "-c", SHELLS["standard output full"], "bash", *command, "--check"]
    done = subprocess.run(shell, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 2, done.stderr
    assert f"{os.strerror(errno.ENOSPC)}: not all was written" in done.stderr.decode()


def test_what_standard_output_lost_is_told_on_standard_error(tmp_path):
    last = call(SHELLS["standard output full"], tmp_path).stderr.splitlines()[-1]
    assert (
        last.decode()
        == f"script: standard output: {os.strerror(errno.ENOSPC)}: not all was written"
    )


def test_a_letter_that_cannot_be_shown_is_escaped_and_others_are_not(tmp_path):
    said = call(SHELLS["letters that cannot be shown"], tmp_path).stdout
    assert said.splitlines()[0] == rb"caf\xe9 \udcff line 0"
    assert call('"$@"', tmp_path).stdout.splitlines()[1].decode() == r"café \udcff line 1"


def test_a_closed_descriptor_is_no_file_that_is_opened_later(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import os\nfrom ranker.cli import output\noutput.protect()\n"
        "with open('mine', 'w') as file:\n    assert file.fileno() > 2\n"
        "    os.write(2, b'C++')\n    os.write(1, b'C++')\n"
    )
    shell = '"$@" >&- 2>&- <&-'
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = ["bash", "-c", shell, "bash", sys.executable, str(script)]
    assert subprocess.run(command, cwd=tmp_path, env=environment, check=False).returncode == 0
    assert (tmp_path / "mine").read_text() == ""


def test_a_descriptor_that_does_not_block_gets_everything(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import os\nfrom ranker.cli import output\nos.set_blocking(1, False)\noutput.protect()\n"
        "print('x' * 1_000_000)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", '"$0" "$1" | (sleep 0.2; wc -c)', sys.executable, script],
        env=environment,
        capture_output=True,
        check=False,
    )
    assert (int(done.stdout), done.stderr) == (1_000_001, b"")


def test_an_interrupt_of_what_has_nothing_to_save_is_no_traceback(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from ranker.cli import program\ndef main(_):\n    raise KeyboardInterrupt\n"
        "program.run(main)\n"
    )
    done = subprocess.run(
        [sys.executable, script],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 130
    assert done.stderr == b"script: interrupted; nothing is left half written\n"


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_every_program_is_run_so(path: Path):
    last = path.read_text("utf-8").rstrip().splitlines()[-1].strip()
    assert last.startswith(("run(main", "program.run(main"))
    done = subprocess.run(
        ["bash", "-c", '"$0" -m "$1" --help | true; exit "${PIPESTATUS[0]}"']
        + [sys.executable, f"pipelines.{path.stem}"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
