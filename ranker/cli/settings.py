"""Says what the settings are: their values, defaults and bounds, and what each does.

  ranker settings                  the names of all tables of settings
  ranker settings clip             every clipper
  ranker settings clip.clippy      one
  ranker settings --all            all of it, as docs/settings.md has it
  ranker settings --table --all    of the spec of a table, as docs/table_spec.md has it
  ranker settings --plugin=my_team.parts clip

Exit codes: 0 done; 2 no such settings, or a module that cannot be imported.
"""

from collections.abc import Sequence

from absl import flags

from ranker.cli import program
from ranker.spec import reference
from ranker.spec.part import Part
from ranker.spec.plugins import import_plugins
from ranker.spec.run import RunConfig
from ranker.spec.table import TableSpec

_ALL = flags.DEFINE_bool("all", False, "Print every table.")
_TABLE = flags.DEFINE_bool("table", False, "Of the spec of a table of your own, not of a run.")
_PLUGIN = flags.DEFINE_multi_string(
    "plugin", [], "A module that registers parts of your own; may be given again."
)

TABLE_HEADER = """# The spec of a table

Every setting of the file that `--dataset=table --spec=FILE` reads. `[features.NAME]`, `[past.NAME]`
and `[tasks.NAME]` have a `kind`, and one section here for each. Made by
`ranker settings --table --all`.
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
            for table in reference.tables(_root()):
                print(f"{table.name or '(top)':24}  {table.summary}")
            return 0
        for name in arguments[1:]:
            for table in reference.find(_root(), name):
                print(reference.markdown(table))
    except (ValueError, ImportError) as error:
        return program.refuse(error)
    return 0


def document() -> str:
    """Returns the whole reference, Markdown."""
    header, whole = (TABLE_HEADER, "The table") if _TABLE.value else (HEADER, "The run")
    tables = reference.tables(_root())
    return "\n".join([header, *(reference.markdown(t, whole=whole) for t in tables)])


def _root() -> type[Part]:
    return TableSpec if _TABLE.value else RunConfig


if __name__ == "__main__":
    program.run(main, takes_names=True)
