"""Says what the settings are: their values, defaults and bounds, and what each does.

  ranker settings                  the names of all tables of settings
  ranker settings clip             every clipper
  ranker settings clip.clippy      one
  ranker settings --all            all of it, as docs/settings.md has it
  ranker settings --plugin=my_team.parts clip

Exit codes: 0 done; 2 no such settings, or a module that cannot be imported.
"""

from collections.abc import Sequence

from absl import flags

from ranker.cli import program
from ranker.spec import reference
from ranker.spec.plugins import import_plugins
from ranker.spec.run import RunConfig

_ALL = flags.DEFINE_bool("all", False, "Print every table.")
_PLUGIN = flags.DEFINE_multi_string(
    "plugin", [], "A module that registers parts of your own; may be given again."
)

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
            for table in reference.tables(RunConfig):
                print(f"{table.name or '(top)':24}  {table.summary}")
            return 0
        for name in arguments[1:]:
            for table in reference.find(RunConfig, name):
                print(reference.markdown(table))
    except (ValueError, ImportError) as error:
        return program.refuse(error)
    return 0


def document() -> str:
    """Returns the whole reference, Markdown."""
    return "\n".join([HEADER, *(reference.markdown(t) for t in reference.tables(RunConfig))])


if __name__ == "__main__":
    program.run(main, takes_names=True)
