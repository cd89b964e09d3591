"""A job for every night: prepare a day, judge the served model on it, train on, judge, publish.

  ranker nightly --config=nightly.toml --workdir=runs/nightly --date=2026-11-28
  ranker nightly --config=nightly.toml --workdir=runs/nightly --date=2026-11-28 --allow=rows
  ranker nightly --config=nightly.toml --workdir=runs/nightly --rollback
  ranker nightly --config=nightly.toml --check

The same command again goes on, or says what the night came to. `export/` holds the versions: serve
the newest. --allow lets a day pass that is unlike the days before. Exit codes: 0 published; 2 bad
settings or input, or a day unlike the days before; 3 diverged; 4 trained, but the gate refused the
model; 143, 130 or 129 stopped by a signal after saving: the same command goes on.
"""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from absl import flags

from ranker.cli import named, programs
from ranker.cli.program import load_tensorflow, refuse, run, sentence
from ranker.spec import load
from ranker.spec.nightly import NightlySettings
from ranker.spec.plugins import import_plugins
from ranker.spec.run import RunConfig
from ranker.workers import check_alone

_CONFIG = flags.DEFINE_string("config", None, "TOML file of the job.", required=True)
_SET = flags.DEFINE_multi_string("set", [], "One setting of the job in place of the file's.")
_WORKDIR = flags.DEFINE_string("workdir", None, "The job's directory. Made if missing.")
_DATE = flags.DEFINE_string("date", None, "The day whose rows are trained on, as 2026-11-28.")
_ALLOW = flags.DEFINE_list(
    "allow", [], "What may be unlike the days before: rows, repeated, time, tasks, features."
)
_ROLLBACK = flags.DEFINE_bool("rollback", False, "Serve the model before the present one again.")
_CHECK = flags.DEFINE_bool("check", False, "Print the settings in full, and stop.")


def main(_: Sequence[str]) -> int:
    """Runs the night; returns the exit code."""
    try:
        check_alone()
        settings = load.load(Path(_CONFIG.value), _SET.value, NightlySettings)
        import_plugins(settings.plugins)
        config = named.run_of(_CONFIG.value, settings.config, settings.set)
        if _CHECK.value:
            print(load.dump(settings))
            return 0
        if not _WORKDIR.value:
            return refuse("--workdir is needed: where nights and versions go")
        return _rolled_back(settings) if _ROLLBACK.value else _night(settings, config)
    except (ValueError, OSError) as error:
        return refuse(error)


def _night(settings: NightlySettings, config: RunConfig) -> int:
    from ranker.nightly.ledger import Ledger, is_date

    if not _DATE.value or not is_date(_DATE.value):
        return refuse(f"--date must be a day, as 2026-11-28, got {_DATE.value or 'none'}")
    load_tensorflow()
    from ranker import files, train
    from ranker.nightly.night import STATUSES, Hooks, run_night

    train.share_cores()
    workdir = Path(_WORKDIR.value)
    workdir.mkdir(parents=True, exist_ok=True)
    say = partial(print, file=sys.stderr, flush=True)
    with files.hold(workdir / ".lock"), train.StopSignals(say) as signals:
        hooks = Hooks(
            is_stopping=lambda: signals.received is not None,
            interruptible=signals.interruptible,
            say=say,
            sentence=sentence,
            command=(*programs.words("nightly"), *sys.argv[1:]),
        )
        try:
            night = run_night(
                settings, config, Ledger(workdir), _DATE.value, hooks=hooks, allowed=_ALLOW.value
            )
        except train.Stopped:
            night = {"status": "preempted"}
    return {**STATUSES, "preempted": 128 + (signals.received or 15)}[night["status"]]


def _rolled_back(settings: NightlySettings) -> int:
    load_tensorflow()
    from ranker.nightly.ledger import Ledger
    from ranker.nightly.night import go_back

    say = partial(print, file=sys.stderr)
    published = go_back(Ledger(Path(_WORKDIR.value)), keep=settings.keep_versions, say=say)
    print(f"version {published.version} is the model of {published.date}: serve that")
    return 0


if __name__ == "__main__":
    run(main)
