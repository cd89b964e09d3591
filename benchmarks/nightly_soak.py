"""Kills a night again and again, and checks that it ends as if nobody had.

  python -m benchmarks.nightly_soak --kills=30

Two nights of `ranker nightly` run undisturbed. Then the second is run again, in a copy of what the
first left, with up to five kills until it is over: each kill is a SIGKILL at a drawn
moment of a drawn stage. What is compared, bit for bit: the prepared day, every checkpoint, the
logs but for their times, numbers, what the served model scored on the day, the gate's findings,
NIGHT.json but for its seconds, what is served, and the scores of the export. A kill may fall into
a later stage than it was aimed at, on a machine with other work: both are counted.
Exit codes: 0 all the same; 1 the first difference; 2 bad settings.
"""

import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from absl import flags
from tqdm import tqdm

from benchmarks import nightly_logs, soak_ends
from benchmarks.soak_compare import SoakError
from benchmarks.thirty_days import Size
from ranker.cli import program
from ranker.files import read_sealed

_KILLS = flags.DEFINE_integer("kills", 30, "How many.", lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 0, "Of the stages and the moments.")
_ROWS = flags.DEFINE_integer("rows", 4_000, "Of a day.", lower_bound=100)
_POLL_SECONDS = 0.002
_A_NIGHT = 5  # kills
STAGES = {  # and the file that ends each
    "prepare": "facts.json",
    "score": "progressive.json",
    "train": "run/checkpoints/best/variables.npz",
    "export": "run/RESULT.json",
    "judge": "gate.json",
    "publish": "NIGHT.json",
}
_SEALED = ("facts.json", "progressive.json", "gate.json", "NIGHT.json")
_CLOCK = ("seconds", "milliseconds", "latency")


def stage(night: Path) -> str:
    """Returns the stage that a night is in; "over" if it is."""
    return next((name for name, end in STAGES.items() if not (night / end).exists()), "over")


def start(folder: Path, date: str) -> subprocess.Popen:
    """Starts the command of a night."""
    with (folder / "said.txt").open("wb") as said:
        return subprocess.Popen(
            nightly_logs.command(date),
            cwd=folder,
            env=nightly_logs.environment(),
            stdout=subprocess.DEVNULL,
            stderr=said,
        )


def finish(folder: Path, date: str) -> dict[str, float]:
    """Runs the night to its end; returns the seconds in each stage.

    Raises:
      SoakError: with its last line, if it fails.
    """
    process, before = start(folder, date), time.perf_counter()
    night, seconds = folder / "job" / "nights" / date, dict.fromkeys(STAGES, 0.0)
    while process.poll() is None:
        time.sleep(_POLL_SECONDS)
        now, name = time.perf_counter(), stage(night)
        if name in seconds:
            seconds[name] += now - before
        before = now
    _check(folder, process)
    return seconds


def kill(folder: Path, date: str, target: str, longest: float, draw: random.Random) -> str:
    """Kills the night at a moment of `target`; returns the stage it was in, "" if it had ended."""
    process, night = start(folder, date), folder / "job" / "nights" / date
    order = list(STAGES)
    while process.poll() is None and stage(night) in order[: order.index(target)]:
        time.sleep(_POLL_SECONDS)
    time.sleep(draw.random() * longest)
    process.kill()
    process.wait()
    _check(folder, process)
    return stage(night) if process.returncode == -signal.SIGKILL else ""


def compare(reference: Path, found: Path, date: str) -> None:
    """Compares two ends of a night.

    Raises:
      SoakError: naming the first thing in which the end in `found` differs.
    """
    nights = [each / "job" / "nights" / date for each in (reference, found)]
    soak_ends.compare(*nights)
    for name in _SEALED:
        one, other = (_without_clock(read_sealed(night / name)) for night in nights)
        if one != other:
            raise SoakError(f"{nights[1] / name}: {_first_difference(one, other)}")
    one, other = (read_sealed(each / "job" / "versions.json") for each in (reference, found))
    if one != other:
        raise SoakError(f"{found / 'job/versions.json'}: {other}, not {one}")
    for path in ("export", "nights"):
        one, other = (_hidden(each / "job" / path) for each in (reference, found))
        if other:
            raise SoakError(f"{found / 'job' / path}: left behind: {other}, undisturbed {one}")


def _without_clock(value: object) -> object:
    """Returns JSON without what is measured by a clock."""
    if isinstance(value, dict):
        is_timed = value.get("check") == "latency"
        kept = {k: _without_clock(v) for k, v in value.items() if k not in _CLOCK}
        return {} if is_timed else kept
    return [_without_clock(each) for each in value] if isinstance(value, list) else value


def _first_difference(one: object, other: object) -> str:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            if one.get(key) != other.get(key):
                return f"{key}: {_first_difference(one.get(key), other.get(key))}"
    return f"{json.dumps(other):.200}, not {json.dumps(one):.200}"


def _hidden(folder: Path) -> list[str]:
    """Returns what is being written, or was left by who was killed."""
    names = (path.relative_to(folder) for path in folder.rglob(".*"))
    return sorted(str(name) for name in names if name.name != ".lock")


def _check(folder: Path, process: subprocess.Popen) -> None:
    if process.returncode not in (0, -signal.SIGKILL):
        lines = (folder / "said.txt").read_text("utf-8", "replace").splitlines() or ["nothing"]
        raise SoakError(f"{folder}: exit code {process.returncode}: {lines[-1]}")


def soak(folder: Path, kills: int, seed: int) -> tuple[dict[str, float], Counter[tuple[str, str]]]:
    """Runs and kills; returns the seconds of each stage undisturbed, and the kills.

    Those are counted by the stage that they were aimed at, and the one that they fell into.

    Raises:
      SoakError: at the first night that ends otherwise than the undisturbed one.
    """
    size = Size(nights=1, rows=_ROWS.value, users=300, items=80, new_users=20, new_items=5)
    first, second = nightly_logs.date_of(1), nightly_logs.date_of(2)
    reference, before = folder / "reference", folder / "before"
    nightly_logs.write_job(reference, batch_size=32)
    nightly_logs.write_days(reference, size, seed)
    finish(reference, first)
    shutil.copytree(reference, before)
    seconds, draw, counts = finish(reference, second), random.Random(seed), Counter()
    with tqdm(total=kills, unit="kill", desc="nightly soak") as bar:
        number = 0
        while counts.total() < kills:
            number, stages = number + 1, []
            job = folder / f"run-{number}"
            shutil.copytree(before, job)
            left = kills - counts.total()
            for target in sorted(draw.sample(list(STAGES), k=_A_NIGHT), key=[*STAGES].index)[:left]:
                if not (was := kill(job, second, target, seconds[target], draw)):
                    break  # the night was over before its moment
                counts[target, was] += 1
                stages.append(was)
                bar.update()
            finish(job, second)
            compare(reference, job, second)
            bar.write(f"night {number}: killed in {', '.join(stages)}: the same", sys.stderr)
            shutil.rmtree(job)
    return seconds, counts


def table(seconds: dict[str, float], counts: Counter[tuple[str, str]]) -> Iterator[str]:
    """Yields the lines of a table of what `soak` returns, a stage each."""
    yield "| stage | seconds undisturbed | aimed at it | fell into it |\n| --- | --: | --: | --: |"
    for name in (*STAGES, "over"):
        aimed, fell = (sum(n for kill, n in counts.items() if kill[k] == name) for k in (0, 1))
        yield f"| {name} | {seconds.get(name, 0.0):.2f} | {aimed} | {fell} |"


def main(_: Sequence[str]) -> int:
    """Soaks and prints; returns the exit code."""
    folder = Path(tempfile.mkdtemp(prefix="nightly-soak-"))
    try:
        seconds, counts = soak(folder, _KILLS.value, _SEED.value)
    except SoakError as error:
        print(f"nightly_soak: {error} (kept in {folder})", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    print("\n".join(table(seconds, counts)))
    print(f"{counts.total()} kills, seed {_SEED.value}: not a bit differs")
    return 0


if __name__ == "__main__":
    program.run(main)
