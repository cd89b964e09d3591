"""What a job leaves at its end, and whether two ends are the same."""

import filecmp
import json
import re
import subprocess
import sys
from pathlib import Path

from benchmarks.soak_compare import SoakError

_TIME = re.compile(rb'^\{"time": "[^"]*", ', re.MULTILINE)
_NUMBERS = ("status", "step", "attempts", "best_attempt", "refused", "metrics")


def compare(reference: Path, job: Path) -> None:
    """Compares the folders of two jobs, with `data` and `run` in each.

    Raises:
      SoakError: naming the first thing in which the end of `job` differs.
    """
    for where in ("data", "run/checkpoints", "run/metrics.jsonl", "run/events.jsonl"):
        expected, found = (each / where for each in (reference, job))
        if visible(expected) != visible(found):
            raise SoakError(f"{found}: has {visible(found)}, not {visible(expected)}")
        for name in visible(expected):
            if not same(expected / name, found / name):
                raise SoakError(f"{found / name}: differs from {expected / name}")
    expected, found = (numbers(each) for each in (reference, job))
    if expected != found:
        raise SoakError(f"{job / 'run/RESULT.json'}: {found}, not {expected}")
    for version in versions(job):
        if scores(reference, job, version) != scores(reference, reference, "1"):
            raise SoakError(f"{job / 'run/export' / version}: gives other scores")
    if bool(versions(job)) != bool(versions(reference)):
        raise SoakError(f"{job / 'run/export'}: has versions {versions(job)}")


def same(expected: Path, found: Path) -> bool:
    """Whether two files are the same bytes; of two logs, but for when each line was written."""
    if expected.suffix != ".jsonl":
        return filecmp.cmp(expected, found, shallow=False)
    texts = (_TIME.sub(b"{", path.read_bytes()) for path in (expected, found))
    return next(texts) == next(texts)


def visible(path: Path) -> list[str]:
    """Returns the files under a folder, relative to it, hidden ones apart; of a file "."."""
    if path.is_file():
        return ["."]
    names = (str(p.relative_to(path)) for p in path.rglob("*") if p.is_file())
    return sorted(name for name in names if not name.startswith("."))


def numbers(job: Path) -> dict:
    """Returns what RESULT.json says that does not depend on the clock."""
    result = json.loads((job / "run" / "RESULT.json").read_text("utf-8"))
    return {name: result.get(name) for name in _NUMBERS}


def versions(job: Path) -> list[str]:
    """Returns the exported versions; a kill after the export makes the next one."""
    return sorted(p.name for p in (job / "run" / "export").glob("[0-9]*"))


def scores(reference: Path, job: Path, version: str) -> bytes:
    """Returns the file of the scores that an exported version gives the test rows."""
    output = job / f"scores-{version}.parquet"
    if not output.exists():
        command = [sys.executable, "-m", "pipelines.predict", f"--output={output}"]
        command += [f"--model={job / 'run/export' / version}"]
        command += [f"--input={reference / 'data/test.parquet'}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SoakError(f"exit code {done.returncode} of {command}: {done.stderr.strip()}")
    return output.read_bytes()
