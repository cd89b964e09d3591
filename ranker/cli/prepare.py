"""Prepares a dataset for training: raw files to checked Parquet.

  ranker prepare --list
  ranker prepare --dataset=movielens-100k
  ranker prepare --dataset=movielens-20m --split=global-temporal \
      --boundaries=2014-01-01,2014-07-01 --negatives=4
  ranker prepare --dataset=table --spec=spec.toml --past_from=data/day-1 --output=data/day-2
  ranker prepare --dataset=table --spec=spec.toml --vocabulary_from=data/day-1 --minimum_count=5
  ranker prepare --plugin=my_team.rows --dataset=my-rows --source=~/rows

Writes data/<dataset>/ as a whole or not at all. data/README.md says where the data
comes from, under what terms, and by which rules it is split.
"""

from collections.abc import Sequence
from pathlib import Path

from absl import flags

from ranker import datasets
from ranker.cli import prepared, program
from ranker.spec.plugins import import_plugins

_DEFAULTS = datasets.Options()

_DATASET = flags.DEFINE_string("dataset", "movielens-100k", "Which dataset of those --list names.")
_PLUGIN = flags.DEFINE_multi_string("plugin", [], "A module that registers datasets of your own.")
_CHECK = flags.DEFINE_bool("check", False, "Say all that is wrong with a spec, and end.")
_LIST = flags.DEFINE_bool("list", False, "Say which datasets there are, and end.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder to write; data/<dataset> if not given.")
_FOLDERS = [
    flags.DEFINE_string("source", None, "Folder or archive of the raw files to read."),
    flags.DEFINE_string("spec", None, "Dataset table: the TOML file that describes it."),
    flags.DEFINE_string("cache", None, "Folder for downloads; the user's if not given."),
    flags.DEFINE_string("vocabulary_from", None, "Earlier data or run whose ids keep their rows."),
    flags.DEFINE_string("past_from", None, "Dataset table: earlier data whose past goes on."),
]
_SPLIT = flags.DEFINE_enum("split", None, datasets.SPLITS, "Which rows are of which part.")
_BOUNDARIES = flags.DEFINE_list(
    "boundaries", list(_DEFAULTS.boundaries), "global-temporal: two shares of the rows, or dates."
)
_PAST = flags.DEFINE_enum("past", _DEFAULTS.past, datasets.PASTS, "Whose past features may know.")
_NUMBERS = [
    (flags.DEFINE_integer if type(value) is int else flags.DEFINE_float)(name, value, text)
    for name, text in {
        "window_days": "Split window: days of validation, and of test.",
        "seed": "Of all that is drawn.",
        "history": "Most liked items in a row.",
        "negatives": "Unrated items sampled for each rated row (task watch).",
        "minimum_count": "Training rows that hold an id before it has a row of its own.",
        "max_rejected_rows": "Share of a file's rows that may be rejected.",
    }.items()
    for value in [getattr(_DEFAULTS, name)]
]
_SIZES = [
    flags.DEFINE_integer(name, None, f"movielens-like: how many {name} to make up.")
    for name in ("rows", "users", "items")
]
_CORRELATION = flags.DEFINE_float("task_correlation", None, "movielens-like: of tasks, 0 to 1.")


def main(argv: Sequence[str]) -> int:
    """Prepares and prints what was made; returns 2 if the data cannot be used."""
    try:
        import_plugins(_PLUGIN.value)
        if _LIST.value:
            print(*datasets.listing(), sep="\n")
            return 0
        options = datasets.Options(
            split=_SPLIT.value or "",
            boundaries=tuple(_BOUNDARIES.value),
            past=_PAST.value,
            simulation=_simulation(),
            **{flag.name: _path(flag) for flag in _FOLDERS},
            **{flag.name: flag.value for flag in _NUMBERS},
        )
        folder = _path(_OUTPUT) or Path("data") / datasets.title(_DATASET.value, options)
        if _CHECK.value:
            print(f"{folder.name}: nothing is wrong with it")
            return 0
        manifest = datasets.prepare(_DATASET.value, folder, options=options, shows_progress=True)
    except (datasets.DatasetError, ImportError, OSError) as error:
        return program.refuse(error)
    prepared.show(manifest, folder)
    return 0


def _path(flag: flags.FlagHolder) -> Path | None:
    """Returns where a flag leads, or None if it is not given."""
    return datasets.expanded(f"--{flag.name}", flag.value) if flag.value else None


def _simulation() -> datasets.Simulation | None:
    """Returns the size that the flags ask for, or None if they ask for none."""
    given = {f.name: f.value for f in (*_SIZES, _CORRELATION) if f.value is not None}
    return datasets.Simulation(**given) if given else None


if __name__ == "__main__":
    program.run(main)
