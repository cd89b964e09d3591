"""What is damaged: two prepared folders with runs, exports and comparisons, and who reads them."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq

from benchmarks import warm

HOMES = ("home", "other")  # what is damaged, and what "replace" takes the same file from
_KILL_AFTER = 20
_LIMIT_SECONDS = 600
_NUMBERS = ("status", "step", "attempts", "best_attempt", "refused", "metrics")
_CLOCK = ("time", "seconds")  # in the names of what no two runs have alike
_DATE = re.compile(r"\d{4}-\d\d-\d\d")

_SETTINGS = """
seed = {seed}
[data]
path = "data"
batch_size = 64
features = ["user_id", "item_id", "genres", "liked_items"]
tasks = ["like", "rating"]
[model]
embedding_width = 4
tower_units = [4]
sharing = {{kind = "shared_bottom", units = [4]}}
[[clip]]
kind = "clippy"
[train]
epochs = 2
attempts_per_call = 5
log_every_attempts = 5
checkpoint_every_attempts = 10
evaluate_every_attempts = 10
[export]
enabled = {export}
warmup_requests = 4
"""
_FAULT = """
[[inject]]
kind = "not_finite"
task = "rating"
share = 0.5
start = 11
stop = 12
"""
_COMPARISON = """
base = "cut.toml"
set = ["train.epochs=1", "inject=[]"]
rates = [0.1]
seeds = [{seed}]
workers = 1
[[safeguards]]
name = "none"
[[safeguards]]
name = "Clippy"
set = ["clip=[{{kind = 'clippy'}}]"]
"""
_PREPARE = ["prepare", "--dataset=movielens-like", "--rows=1500", "--users=30", "--items=40"]
_DATA = ("data", "data/*", "data/vocabularies/*")
_RUN = ("", "*", "*/*", "*/*/*")


class Probe(NamedTuple):
    """A command that reads something, and what of its output must not change.

    Attributes:
      needs: folders and files that it is run beside.
      reads: patterns of what is damaged.
      share: of all damages, relative to the others'.
      outcome: takes the folder it ran in and its standard output.
    """

    command: list[str]
    needs: tuple[str, ...]
    reads: tuple[str, ...]
    share: float
    outcome: Callable[[Path, str], Any]


def build(folder: Path, home: str, probes: Collection[Probe]) -> None:
    """Makes what `probes` need in `folder`.

    Raises:
      RuntimeError: with the last line of a program that failed.
    """
    seed = HOMES.index(home) + 3
    folder.mkdir(parents=True)
    (folder / "run.toml").write_text(_SETTINGS.format(seed=seed, export="true") + _FAULT)
    (folder / "cut.toml").write_text(_SETTINGS.format(seed=seed, export="false"))
    (folder / "compare.toml").write_text(_COMPARISON.format(seed=seed))
    needed = {name for probe in probes for name in probe.needs}
    _do(folder, *_PREPARE, f"--seed={seed}", "--output=data")
    if "run" in needed:
        _do(folder, "train", "--config=run.toml", "--workdir=run")
    if needed & {"cut", "ended", "done"}:
        command = ["train", "--config=cut.toml", "--workdir=cut"]
        _do(folder, *command, kill_after=_KILL_AFTER)
        shutil.copytree(folder / "cut", folder / "done")
        _do(folder, *command[:2], "--workdir=done")
        shutil.copytree(folder / "done", folder / "ended")
        (folder / "ended/RESULT.json").unlink()
    if "study" in needed:
        _do(folder, "compare", "--config=compare.toml", "--workdir=study")


def _do(folder: Path, *command: str, kill_after: int = 0) -> None:
    ended = warm.call(command, folder, limit=_LIMIT_SECONDS, kill_after=kill_after)
    if ended.code not in (0, 137 if kill_after else 0):
        last = (ended.err.strip().splitlines() or ["nothing"])[-1]
        raise RuntimeError(f"{' '.join(command)}: exit code {ended.code}: {last}")


def _printed(folder: Path, out: str) -> Any:
    return out


def _trained(run: str) -> Callable[[Path, str], Any]:
    """Returns what reads a run's numbers, logs and variables; damage may be told in its events."""

    def outcome(folder: Path, out: str) -> Any:
        result = json.loads((folder / run / "RESULT.json").read_text("utf-8"))
        logs = [_lines(folder / run / name) for name in ("metrics.jsonl", "events.jsonl")]
        checkpoints = folder / run / "checkpoints"
        newest = max(checkpoints.glob("[0-9]*"))  # an older one is not read, and may be damaged
        variables = [_digest(path / "variables.npz") for path in (newest, checkpoints / "best")]
        return {name: result.get(name) for name in _NUMBERS}, *logs, newest.name, variables

    return outcome


def _lines(path: Path) -> list[dict]:
    records = map(json.loads, path.read_text("utf-8").splitlines())
    kept = (record for record in records if record.get("kind") not in ("damaged", "log_lost"))
    return [{k: v for k, v in record.items() if k not in _CLOCK} for record in kept]


def _scored(folder: Path, out: str) -> Any:
    return _digest(folder / "scores.parquet")


def _card(folder: Path, out: str) -> Any:
    """Returns the tables of the new version's model card, but for when and by what it was made."""
    text = (folder / "new/1/assets.extra/model_card.md").read_text("utf-8")
    lines = (line for line in text.splitlines() if line.startswith("|"))
    return [line for line in lines if not (_DATE.search(line) or "| commit of" in line)]


def _compared(folder: Path, out: str) -> Any:
    table = pq.read_table(folder / "study/results.parquet")
    kept = [name for name in table.column_names if not any(word in name for word in _CLOCK)]
    return str(table.select(kept).to_pylist())  # as text, since NaN equals nothing


def _prepared(folder: Path, out: str) -> Any:
    paths = sorted(path for path in (folder / "data").rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): _digest(path) for path in paths}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _evaluate(split: str, reads: tuple[str, ...], share: float) -> Probe:
    command = ["evaluate", "--workdir=run", "--json", f"--split={split}"]
    return Probe(command, ("data", "run"), reads, share, _printed)


def _train(run: str, share: float, *reads: str) -> Probe:
    command = ["train", "--config=cut.toml", f"--workdir={run}"]
    inside = tuple(f"{run}/{pattern}".rstrip("/") for pattern in _RUN)
    needs = ("data", "cut.toml", *([run] if run != "new" else []))
    return Probe(command, needs, reads or (*_DATA, *inside), share, _trained(run))


_BEST = ("run/config.toml", "run/checkpoints", "run/checkpoints/best", "run/checkpoints/best/*")
PROBES = {
    "evaluate": _evaluate(
        "validation",
        ("data", "data/schema.toml", "data/manifest.json", "data/vocabularies")
        + ("data/vocabularies/*", "data/validation.parquet", "run", *_BEST),
        30,
    ),
    "evaluate-train": _evaluate("train", ("data/train.parquet",), 3),
    "evaluate-test": _evaluate("test", ("data/test.parquet",), 3),
    "predict": Probe(
        ["predict", "--model=run", "--input=data/test.parquet", "--output=scores.parquet"],
        ("data", "run"),
        tuple(f"run/export{inside}" for inside in ("", "/*", "/*/*", "/*/*/*")),
        20,
        _scored,
    ),
    "again": _train("done", 8, "done/RESULT.json", "done/config.toml", "done/.lock", *_DATA),
    "finish": _train("ended", 14),
    "resume": _train("cut", 4),
    "begin": _train("new", 2, *_DATA),
    "replay": Probe(
        ["replay", "--workdir=run"],
        ("data", "run"),
        ("run/incidents", "run/incidents/*", "run/config.toml", "run/events.jsonl")
        + ("run/checkpoints", "run/checkpoints/*", "run/checkpoints/*/*", *_DATA),
        4,
        _printed,
    ),
    "export": Probe(
        ["export", "--workdir=run", "--output=new"],
        ("data", "run"),
        ("run/RESULT.json", *_BEST, *_DATA),
        2,
        _card,
    ),
    "compare": Probe(
        ["compare", "--config=compare.toml", "--workdir=study"],
        ("data", "cut.toml", "compare.toml", "study"),
        ("study", "study/*", "study/*/*"),
        8,
        _compared,
    ),
    "prepare": Probe([*_PREPARE, "--seed=3", "--output=data"], ("data",), _DATA, 2, _prepared),
}
