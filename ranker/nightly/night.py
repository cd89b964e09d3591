"""One night: prepare, compare, judge the served model, train on, judge the new one, publish.

Each stage leaves a file that is whole or not there, and a night that is begun again goes on
behind the last of them.
"""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

from ranker import files, job
from ranker.files import DamagedError, read_sealed, temporary_directory, write_sealed
from ranker.gate import judge
from ranker.nightly import scores
from ranker.nightly.day import SPLITS, prepare_day
from ranker.nightly.facts import changes, check_allowed, facts
from ranker.nightly.ledger import PROGRESSIVE, Ledger, LedgerError, Published
from ranker.nightly.measured import measured
from ranker.nightly.publish import export_of, heal, publish, roll_back
from ranker.nightly.rows import rows_to_train_on
from ranker.report.nights import NIGHTS, SHOWN, rolled_back, write_nights
from ranker.spec.nightly import NightlySettings
from ranker.spec.run import RunConfig
from ranker.train.run_directory import hold
from ranker.wiring.saved import finished

_ALL, _LAST = SPLITS, ("test",)
_ALLOW = (
    "The day is unlike the days before. If it is as it should be, --allow= lets it pass: rows, "
    "repeated, time, or the name of a task or a feature"
)
STATUSES = {"accepted": 0, "stopped": 2, "diverged": 3, "refused": 4}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hooks:
    """What a night asks of who runs it.

    Attributes:
      is_stopping: whether to save and stop.
      interruptible: makes a context for work that can be done again.
      say: takes a line for the user.
      sentence: what an error is to a user.
      command: as it was typed.
    """

    is_stopping: Callable[[], bool]
    say: Callable[[str], None]
    interruptible: Callable[[], AbstractContextManager] = contextlib.nullcontext
    sentence: Callable[[BaseException], str] = lambda error: " ".join(str(error).split())
    command: tuple[str, ...] = ()


def run_night(
    settings: NightlySettings,
    config: RunConfig,
    ledger: Ledger,
    date: str,
    *,
    hooks: Hooks,
    allowed: Collection[str] = (),
) -> dict[str, Any]:
    """Does what is left of the night of `date`; returns what it came to.

    Args:
      config: of the run, but for its data and what it begins from.
      allowed: what may be unlike the days before; see `changes`.

    Returns:
      `status`: "accepted", "refused" (by the gate), "diverged", "stopped" (by what the day is
      like) or "preempted"; `reason`; `version`, if one was published.

    Raises:
      ValueError: in a sentence, for a day or a directory that cannot be used.
      OSError: for files that cannot be read or written.
    """
    done = ledger.read(date)
    if done and done["status"] != "stopped":
        since = ", and rolled back since" if date in rolled_back(ledger.versions()) else ""
        hooks.say(f"The night of {date} is over: {done['status']}{since}")
        return done
    if done:
        ledger.begin_again(date)
    began = time.time()
    _check_order(ledger, date)
    if said := heal(ledger, keep=settings.keep_versions):
        hooks.say(said)
    folder = ledger.night(date)
    night = {"date": date, **_stages(settings, config, ledger, date, hooks, allowed)}
    if night["status"] == "preempted":
        return night
    night["seconds"] = time.time() - began
    ledger.write(date, night)
    write_page(ledger, hooks.say)
    ledger.prune(keep_nights=settings.keep_nights)
    hooks.say(f"{folder}: {night['status']}{': ' if night['reason'] else ''}{night['reason']}")
    return night


def go_back(ledger: Ledger, *, keep: int, say: Callable[[str], None]) -> Published:
    """Serves the model before the present one again, as the newest version, and says so on the
    page.

    Raises:
      LedgerError: if there is none before it, or its run is gone.
      OSError: for files that cannot be written, or if another process works in the directory.
    """
    with files.hold(ledger.workdir / ".lock"):
        published = roll_back(ledger, keep=keep)
        write_page(ledger, say)
    return published


def write_page(ledger: Ledger, say: Callable[[str], None]) -> None:
    """Writes nights.html; a night is worth more than its page, so what fails is only said."""
    try:
        nights = [night for date in ledger.dates()[-SHOWN:] if (night := ledger.read(date))]
        write_nights(ledger.workdir, nights, ledger.versions())
    except Exception as error:  # noqa: BLE001
        said = " ".join(str(error).split()) or type(error).__name__
        say(f"{ledger.workdir / NIGHTS}: not written: {said:.200}")


def _stages(
    settings: NightlySettings,
    config: RunConfig,
    ledger: Ledger,
    date: str,
    hooks: Hooks,
    allowed: Collection[str],
) -> dict[str, Any]:
    night: dict[str, Any] = {"reason": "", "facts": _prepared(settings, ledger, date, hooks)}
    check_allowed(night["facts"], allowed)
    last = ledger.accepted_before(date, newest=settings.intake.nights)
    before = [each["facts"] for each in last]
    if unlike := changes(settings.intake, night["facts"], before, allowed=allowed):
        if night["facts"]["rows"]:
            hooks.say(_ALLOW)
        return night | {"status": "stopped", "reason": "; ".join(unlike)}
    night["served_before"] = _progressive(ledger, date, hooks)
    rows = rows_to_train_on(settings.days, ledger, date)
    result = _trained(config, rows, ledger, date, hooks)
    night["run"] = {key: result.get(key) for key in ("status", "step", "attempts", "refused")}
    night["metrics"] = result.get("metrics", {})
    if result["status"] != "completed":
        return night | {"status": result["status"], "reason": result.get("reason", "")}
    judge_once = partial(_judged, settings, ledger, date, hooks)
    night["gate"] = _once(ledger.night(date) / "gate.json", judge_once)
    if not night["gate"]["accept"]:
        return night | {"status": "refused", "reason": night["gate"]["reason"]}
    served = ledger.served()
    if served is None or served.date != date:  # else a process that was killed published it
        publish(ledger, date, keep=settings.keep_versions)
    version = ledger.versions()[-1].version
    return night | {"status": "accepted", "version": version}


def _check_order(ledger: Ledger, date: str) -> None:
    accepted = ledger.accepted_dates()
    if accepted and date < accepted[-1]:
        raise LedgerError(
            f"{date} is before {accepted[-1]}, whose model was accepted: nights go forward, "
            "so its rows are left out"
        )


def _prepared(settings: NightlySettings, ledger: Ledger, date: str, hooks: Hooks) -> dict[str, Any]:
    """Prepares the day, once; returns what it is like."""
    hooks.say(f"Preparing the day {date}")
    with hooks.interruptible():
        folder = prepare_day(settings.days, ledger, date)
    return _once(ledger.night(date) / "facts.json", lambda: facts(folder))


def _progressive(ledger: Ledger, date: str, hooks: Hooks) -> dict[str, Any]:
    """Scores the day with the served model, before anything trains on it; its metrics."""
    served = ledger.served_before(date)
    if served is None:
        return {}
    folder = ledger.night(date) / "data"

    def measure() -> Mapping[str, Any]:
        hooks.say(f"Scoring the day with version {served.version}, of {served.date}")
        rows = scores.read_labels(folder, _ALL)
        with hooks.interruptible(), temporary_directory(ledger.night(date) / ".scoring") as scratch:
            found = scores.score(ledger.version(served), folder, _ALL, scratch)
        is_warm = scores.known_users(folder, _ALL, ledger.night(served.date) / "data")
        tasks = scores.metrics(rows, found, is_warm)
        return {"version": served.version, "date": served.date, "tasks": tasks}

    return _once(ledger.night(date) / PROGRESSIVE, measure)


def _trained(
    config: RunConfig, rows: Path, ledger: Ledger, date: str, hooks: Hooks
) -> dict[str, Any]:
    """Trains on from the served night's run, or goes on with it; its result."""
    workdir, served = ledger.night(date) / "run", ledger.served_before(date)
    data = dataclasses.replace(config.data, path=str(rows))
    start = str(ledger.night(served.date) / "run") if served else ""
    train = dataclasses.replace(config.train, start_from=start)
    export = dataclasses.replace(config.export, enabled=True)
    config = dataclasses.replace(config, data=data, train=train, export=export)
    with hold(workdir) as held:
        job.open_run_directory(config, workdir, command=list(hooks.command))
        return finished(config, workdir, say=hooks.say) or job.run_job(
            config,
            workdir,
            is_stopping=hooks.is_stopping,
            interruptible=hooks.interruptible,
            say=hooks.say,
            check=held.check,
            sentence=hooks.sentence,
        )


def _judged(settings: NightlySettings, ledger: Ledger, date: str, hooks: Hooks) -> dict[str, Any]:
    folder, served = ledger.night(date) / "data", ledger.served_before(date)
    hooks.say(f"Judging the new model{' beside the served one' if served else ''}")
    with temporary_directory(ledger.night(date) / ".scoring") as scratch:
        new = scores.score(export_of(ledger, date), folder, _LAST, scratch)
        old = None
        if served:
            old = scores.score(ledger.version(served), folder, _LAST, scratch)
    rows = scores.scored(scores.read_labels(folder, _LAST), new, old)
    export = measured(export_of(ledger, date), folder / "test.parquet")
    return judge(settings.gate, rows, export=export).as_json()


def _once(path: Path, make: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the document at `path`, made and written if it is not there, or damaged."""
    with contextlib.suppress(FileNotFoundError, DamagedError):
        return read_sealed(path)
    write_sealed(path, made := dict(make()))
    return made
