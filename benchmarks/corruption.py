"""Damages files, has the programs read them, and counts what comes of it.

  python -m benchmarks.corruption --damages=500
  python -m benchmarks.corruption --damages=20 --probes=evaluate,predict --left=/tmp/left

Two prepared folders, runs, exports and comparisons are made. Then, so many times, a drawn file
or folder of a copy of the first is damaged in a drawn way, and the cheapest program that reads it
is run. What can come of it:

  same      the result is that of undamaged files
  told      another result, and a line on the terminal that names what was damaged
  refused   exit code 2, and one line that names what was damaged
  unnamed   exit code 2, but the line does not name it
  silent    another result, and not a word
  traceback any other end
  hang      killed for its time

Exit codes: 0 if the last four are none; 1 if not, with a line for each; 2 bad flags.
"""

import random
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from absl import flags
from tqdm import tqdm

from benchmarks import damages, warm
from benchmarks.damage_scene import HOMES, PROBES, build
from ranker.cli import program

VERDICTS = ("same", "told", "refused", "unnamed", "silent", "traceback", "hang")
FAULTS = VERDICTS[3:]
_DIGITS = re.compile(r"^[0-9a-f]{16}(?=\.)|^[0-9]+(?=\.)")  # of a trial's key or an attempt
_LOGGED = re.compile(r"[IWEF]\d{4} |\d{4}-\d\d-\d\d ")  # TensorFlow's log, which nobody reads

_DAMAGES = flags.DEFINE_integer("damages", 500, "How many.", lower_bound=1)
_DRAWS = flags.DEFINE_integer("draws", 0, "Seed of what is damaged, where and how.")
_PROBES = flags.DEFINE_list("probes", list(PROBES), "Which of the commands to run.")
_JOBS = flags.DEFINE_integer("jobs", 2, "Programs side by side.", lower_bound=1)
_LIMIT = flags.DEFINE_float("limit", 300, "Seconds after which a program hangs.")
_COLD = flags.DEFINE_integer("cold", 0, "So many again as users start them: the same verdict?")
_LEFT = flags.DEFINE_string("left", None, "Where the folders of the faults found are left.")


class Case(NamedTuple):
    """A damage: which probe sees it, what is damaged, and how."""

    number: int
    probe: str
    path: str
    kind: str

    def __str__(self) -> str:
        return f"{self.number}: {self.probe}: {self.path}: {self.kind}"


class Found(NamedTuple):
    """What came of a case: one of VERDICTS and, for people, more of it."""

    case: Case
    verdict: str
    detail: str


def main(_: Sequence[str]) -> int:
    """Damages and prints; returns the exit code."""
    unknown = set(_PROBES.value) - set(PROBES)
    if unknown:
        return program.refuse(f"--probes: no {sorted(unknown)}; there are {list(PROBES)}")
    began = time.perf_counter()
    warm.warm_up()
    with tempfile.TemporaryDirectory(prefix="corruption-") as temporary:
        scene = Scene(Path(temporary), _PROBES.value)
        scene.make()
        cases = list(draw_cases(scene.folder / HOMES[0], _DAMAGES.value))
        found = list(scene.try_all(cases))
        unlike = list(scene.try_cold(found[:: max(1, len(found) // (_COLD.value or 1))]))
    print("\n".join(table(found)))
    faults = [each for each in found if each.verdict in FAULTS]
    for each in faults + unlike:
        print(f"{each.verdict}: {each.case}: {each.detail}")
    seconds = time.perf_counter() - began
    print(
        f"{len(found)} damages, draws {_DRAWS.value}: {len(faults)} faults; {seconds:.0f} seconds"
    )
    return 1 if faults or unlike else 0


class Scene:
    """The folders that are damaged, and what the probes give while nothing is."""

    def __init__(self, folder: Path, probes: Sequence[str]) -> None:
        """Takes an empty folder."""
        self.folder = folder
        self._probes = {name: PROBES[name] for name in probes}
        self._expected: dict[str, tuple[warm.Ended, Any]] = {}

    def make(self) -> None:
        """Makes both homes and runs every probe undamaged.

        Raises:
          RuntimeError: if a program fails on whole files.
        """
        with ThreadPoolExecutor(_JOBS.value) as pool:
            probes = self._probes.values()
            list(pool.map(lambda home: build(self.folder / home, home, probes), HOMES))
            for name, (ended, outcome) in zip(
                self._probes, pool.map(self._undamaged, self._probes), strict=True
            ):
                if ended.code != 0:
                    raise RuntimeError(f"{name}: exit code {ended.code}: {_last(ended)}")
                self._expected[name] = ended, outcome

    def try_all(self, cases: Sequence[Case]) -> Iterator[Found]:
        """Yields what comes of each case, and shows how far it is."""
        with ThreadPoolExecutor(_JOBS.value) as pool:
            yield from tqdm(pool.map(self.attempt, cases), total=len(cases), unit=" damages")

    def try_cold(self, found: Sequence[Found]) -> Iterator[Found]:
        """Yields those that have another verdict if the program is started as users do."""
        for each in found if _COLD.value else ():
            again = self.attempt(each.case, is_cold=True)
            if again.verdict != each.verdict:
                yield Found(each.case, f"{each.verdict} in a fork, not so cold", str(again))

    def attempt(self, case: Case, *, is_cold: bool = False) -> Found:
        """Returns what comes of a case; one whose damage would change nothing is a deletion."""
        folder = self._copy(case.probe, f"case-{case.number}")
        try:
            others = [self.folder / HOMES[1] / case.path, *_relatives(folder / case.path)]
            draw = random.Random(f"{_DRAWS.value} {case}")
            if not damages.inflict(case.kind, folder / case.path, others, draw):
                case = case._replace(kind="delete")
                damages.inflict(case.kind, folder / case.path, others, draw)
            found = Found(case, *self._judge(case, *self._call(case.probe, folder, is_cold)))
            if found.verdict in FAULTS and _LEFT.value and not is_cold:
                left = Path(_LEFT.value) / f"{found.verdict}-{case.number}"
                shutil.copytree(folder, left, symlinks=True, dirs_exist_ok=True)
            return found
        finally:
            shutil.rmtree(folder)

    def _undamaged(self, probe: str) -> tuple[warm.Ended, Any]:
        folder = self._copy(probe, f"whole-{probe}")
        try:
            return self._call(probe, folder, is_cold=False)
        finally:
            shutil.rmtree(folder)

    def _copy(self, probe: str, name: str) -> Path:
        """Returns a folder with what a probe needs."""
        folder = self.folder / name
        folder.mkdir()
        for needed in self._probes[probe].needs:
            source = self.folder / HOMES[0] / needed
            (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / needed)
        return folder

    def _call(self, probe: str, folder: Path, is_cold: bool) -> tuple[warm.Ended, Any]:
        call = warm.call_cold if is_cold else warm.call
        ended = call(self._probes[probe].command, folder, limit=_LIMIT.value)
        if ended.code != 0:
            return ended, None
        try:
            return ended, self._probes[probe].outcome(folder, ended.out)
        except (OSError, ValueError) as error:
            return ended, f"no result: {error}"

    def _judge(self, case: Case, ended: warm.Ended, outcome: Any) -> tuple[str, str]:
        """Returns the verdict and what led to it."""
        whole, expected = self._expected[case.probe]
        is_same = (ended.code, outcome) == (whole.code, expected)
        said = f"{ended.out}\n{ended.err}".splitlines()
        new = [line for line in said if line not in whole.out + whole.err]
        name = self._probes[case.probe].command[0]
        what = verdict(ended._replace(err="\n".join(new)), name, case.path, is_same=is_same)
        if what in ("told", "silent"):
            return what, _difference((whole.code, expected), (ended.code, outcome))
        return what, f"exit code {ended.code}: {_last(ended)}"


def verdict(ended: warm.Ended, name: str, path: str, *, is_same: bool) -> str:
    """Returns what came of a damage to `path`, one of VERDICTS.

    Args:
      ended: with what it said of undamaged files left out.
      name: of the program.
      is_same: whether exit code and result are those of undamaged files.
    """
    if ended.code is None:
        return "hang"
    if "Traceback (most recent" in ended.err or ended.code not in (0, 2, 3):
        return "traceback"
    if ended.code == program.BAD_INPUT:
        is_sentence = _last(ended).startswith(f"{name}: ")
        is_named = is_sentence and _names(_last(ended), path)
        return "refused" if is_named else "unnamed"
    if is_same:
        return "same"
    lines = [line for line in ended.err.splitlines() if not _LOGGED.match(line)]
    return "told" if any(_names(line, path) for line in lines) else "silent"


def draw_cases(home: Path, count: int) -> Iterator[Case]:
    """Yields `count` cases, of each probe as its share is: in turn all damages of all it reads."""
    draw = random.Random(_DRAWS.value)
    shares = {name: PROBES[name].share for name in _PROBES.value}
    decks: dict[str, list[tuple[str, str]]] = {name: [] for name in shares}
    dealt = Counter()
    for number in range(count):
        name = min(shares, key=lambda name: (dealt[name] + 0.5) / shares[name])
        dealt[name] += 1
        if not decks[name]:
            paths = {p for pattern in PROBES[name].reads for p in home.glob(pattern)}
            files = sorted(paths)
            decks[name] = [(str(p.relative_to(home)), k) for p in files for k in damages.kinds(p)]
            draw.shuffle(decks[name])
        yield Case(number, name, *decks[name].pop())


def table(found: Sequence[Found]) -> Iterator[str]:
    """Yields the lines of a table: what came of the damages to each kind of file."""
    counts: dict[str, Counter] = {}
    for each in found:
        counts.setdefault(_file_kind(each.case.path), Counter())[each.verdict] += 1
    yield f"| file | damages | {' | '.join(VERDICTS)} |"
    yield f"|---|{'--:|' * (len(VERDICTS) + 1)}"
    total = Counter(each.verdict for each in found)
    for name, of in [*sorted(counts.items()), ("all", total)]:
        cells = [of.total(), *(of[verdict] for verdict in VERDICTS)]
        yield f"| {name} | {' | '.join(map(str, cells))} |"


def _file_kind(path: str) -> str:
    """Returns a path without what only tells files of a kind apart."""
    top, *parts = path.split("/")
    parts = ["N" if part.isdigit() else _DIGITS.sub("N", part) for part in parts]
    if parts[:1] == ["tensorboard"]:
        parts = parts[:1]
    top = "run" if top in ("cut", "ended", "done") else top
    return "/".join([top, *parts])


def _relatives(path: Path) -> list[Path]:
    """Returns where a run has a file or folder of the same meaning: other checkpoints'."""
    if path.parent.name == "checkpoints":
        return [other for other in sorted(path.parent.iterdir()) if other != path]
    if path.parent.parent.name == "checkpoints":
        return [other / path.name for other in _relatives(path.parent)]
    return []


def _names(line: str, path: str) -> bool:
    """Whether a line names a path, or the folder below the top that it is in."""
    names = Path(path).parts[1:] or (f"{path}/", f"{path}:")
    return any(name in line for name in names)


def _difference(expected: Any, found: Any) -> str:
    """Returns both from shortly before the first letter in which they differ as text."""
    texts = str(expected), str(found)
    pairs = enumerate(zip(*texts, strict=False))
    at = next((i for i, (a, b) in pairs if a != b), min(map(len, texts)))
    wanted, got = (text[max(0, at - 40) : at + 20] for text in texts)
    return f"{got!r} in place of {wanted!r}"


def _last(ended: warm.Ended) -> str:
    lines = [line for line in ended.err.replace("\r", "\n").split("\n") if line.strip()]
    return (lines or ["nothing"])[-1]


if __name__ == "__main__":
    program.run(main)
