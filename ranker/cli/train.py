"""Trains a ranker from a configuration, and resumes if the run directory holds a run.

  ranker train --config=movielens_100k --workdir=runs/first
  ranker train --config=... --workdir=... --set=optimizer.dense.learning_rate=0.1
  ranker train --config=... --check  (or --dry-run)
  ranker train --config=... --workdir=... --workers=2

`ranker settings` lists the settings, `ranker configs` what is shipped. --check says what is
wrong with the settings, by the data's schema if there is one; --dry-run reads the data too,
builds, tries one batch, and writes nothing. Exit codes: 0 completed; 2 bad settings or input; 3
diverged (a retry would too); 143, 130 or 129 stopped by SIGTERM, SIGINT or SIGHUP after saving,
128 another worker was lost: the same command goes on.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from ranker.cli import beforehand, local, named, programs, several, trained
from ranker.cli import cluster as environment
from ranker.cli.cluster import say
from ranker.cli.program import end_at_signals, load_tensorflow, refuse, run, sentence
from ranker.spec import load
from ranker.spec.run import RunConfig
from ranker.workers import LostError

_CONFIG = flags.DEFINE_string(
    "config",
    None,
    "TOML file with the settings, or the name of one that is shipped.",
    required=True,
)
_SET = flags.DEFINE_multi_string(
    "set", [], "One setting in place of the file's, as section.name=value; may be given again"
)
_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Where checkpoints, metrics and the export go. Made if missing."
)
_CHECK = flags.DEFINE_bool(
    "check", False, "Print the settings in full, say what does not fit the data's schema, and stop."
)
_DRY_RUN = flags.DEFINE_bool(
    "dry_run", False, "Read the data, build the model, try one batch, write nothing, and stop."
)


def main(_: Sequence[str]) -> int:
    """Runs the job; returns the exit code."""
    try:
        config = load.load(named.find(_CONFIG.value), _SET.value, RunConfig)
    except (ValueError, OSError) as error:
        return refuse(error)
    if _CHECK.value:
        return beforehand.check(config)
    if _DRY_RUN.value:
        return beforehand.dry_run(config)
    if not _WORKDIR.value:
        return refuse("--workdir is needed: where the run's files go")
    if environment.NUMBER.value > 1:
        return local.start(environment.NUMBER.value)
    return _run(config, Path(_WORKDIR.value))


def _run(config: RunConfig, workdir: Path) -> int:
    end_at_signals()
    load_tensorflow()
    from ranker import job, train, wiring

    train.share_cores()
    command = [*programs.words("train"), *sys.argv[1:]]
    try:
        cluster = environment.cluster_of(config)
        if cluster and not cluster.is_chief:
            return several.follow(config, cluster)
        with train.hold(workdir) as held:
            job.open_run_directory(config, workdir, command=command, cluster=cluster)
            done = wiring.finished(config, workdir, say=say)
            with several.leading(config, cluster, done) as lead, train.StopSignals(say) as signals:
                result = done or job.run_job(
                    config,
                    workdir,
                    is_stopping=lambda: environment.signal(signals, lead) is not None,
                    interruptible=signals.interruptible,
                    say=say,
                    check=held.check,
                    sentence=sentence,
                    leading=lead,
                )
                code = trained.code(result, environment.signal(signals, lead))
                several.end(lead, code)
    except (ValueError, OSError, LostError) as error:
        return environment.refuse(error)
    print(*trained.summary(result, workdir), sep="\n")
    return code


if __name__ == "__main__":
    run(main, is_result=lambda: bool(_CHECK.value or _DRY_RUN.value))
