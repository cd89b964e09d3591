"""Says what the settings are: their values, defaults and bounds, and what each does.

  ranker settings                  the names of all tables of settings
  ranker settings clip             every clipper
  ranker settings clip.clippy      one
  ranker settings --all            all of it, as docs/settings.md has it
  ranker settings --table --all    of the spec of a table, as docs/table_spec.md has it
  ranker settings --nightly --all  of a nightly job, as docs/nightly_settings.md has it
  ranker settings --plugin=my_team.parts clip

Exit codes: 0 done; 2 no such settings, or a module that cannot be imported.
"""

from collections.abc import Sequence

from absl import flags

from ranker.cli import program
from ranker.spec import reference
from ranker.spec.nightly import NightlySettings
from ranker.spec.part import Part
from ranker.spec.plugins import import_plugins
from ranker.spec.run import RunConfig
from ranker.spec.table import TableSpec

_ALL = flags.DEFINE_bool("all", False, "Print every table.")
_TABLE = flags.DEFINE_bool("table", False, "Of the spec of a table of your own, not of a run.")
_NIGHTLY = flags.DEFINE_bool("nightly", False, "Of a nightly job, not of a run.")
_PLUGIN = flags.DEFINE_multi_string(
    "plugin", [], "A module that registers parts of your own; may be given again."
)

TABLE_HEADER = """# The spec of a table

Every setting of the file that `--dataset=table --spec=FILE` reads. `[features.NAME]`, `[past.NAME]`
and `[tasks.NAME]` have a `kind`, and one section here for each. Made by
`ranker settings --table --all`.
"""
NIGHTLY_HEADER = """# Settings of a nightly job

Every setting of the file that `ranker nightly --config=FILE` reads. Each of `[[gate.checks]]` has a
`kind`, and each kind a section here. Made by `ranker settings --nightly --all`.
"""
HEADER = """# Settings

Every setting of a run, as TOML names it. A table with a `kind` has one section for each. Made by
`ranker settings --all`.
"""


def main(arguments: Sequence[str]) -> int:
    """Prints; returns the exit code."""
    try:
        import_plugins(_PLUGIN.value)
        if _ALL.value:
            print(document(), end="")
            return 0
        if not arguments[1:]:
            for table in reference.tables(_chosen()[0]):
                print(f"{table.name or '(top)':24}  {table.summary}")
            return 0
        for name in arguments[1:]:
            for table in reference.find(_chosen()[0], name):
                print(reference.markdown(table))
    except (ValueError, ImportError) as error:
        return program.refuse(error)
    return 0


def document() -> str:
    """Returns the whole reference, Markdown."""
    root, header, whole = _chosen()
    tables = reference.tables(root)
    return "\n".join([header, *(reference.markdown(t, whole=whole) for t in tables)])


def _chosen() -> tuple[type[Part], str, str]:
    """Returns whose settings are asked for, the page's head, and what the outermost are of."""
    if _TABLE.value:
        return TableSpec, TABLE_HEADER, "The table"
    if _NIGHTLY.value:
        return NightlySettings, NIGHTLY_HEADER, "The job"
    return RunConfig, HEADER, "The run"


if __name__ == "__main__":
    program.run(main, takes_names=True)
