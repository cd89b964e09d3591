"""Says what the settings are: their values, defaults and bounds, and what each does.

  ranker settings                  the names of all tables of settings
  ranker settings clip             every clipper
  ranker settings clip.clippy      one
  ranker settings --all            all of it, as docs/settings.md has it
  ranker settings --table --all    of the spec of a table, as docs/table_spec.md has it
  ranker settings --nightly --all  of a nightly job, as docs/nightly_settings.md has it
  ranker settings --compare --all  of a comparison, as docs/compare_settings.md has it
  ranker settings --plugin=my_team.parts clip

Exit codes: 0 done; 2 no such settings, or a module that cannot be imported.
"""

from collections.abc import Sequence

from absl import flags

from ranker.cli import program
from ranker.spec import reference
from ranker.spec.plugins import import_plugins
from ranker.spec.reference_pages import PAGES, Page

_ALL = flags.DEFINE_bool("all", False, "Print every table.")
_OTHERS = {
    "table": flags.DEFINE_bool("table", False, "Of the spec of a table of your own."),
    "nightly": flags.DEFINE_bool("nightly", False, "Of a nightly job."),
    "compare": flags.DEFINE_bool("compare", False, "Of a comparison."),
}
_PLUGIN = flags.DEFINE_multi_string(
    "plugin", [], "A module that registers parts of your own; may be given again."
)


def main(arguments: Sequence[str]) -> int:
    """Prints; returns the exit code."""
    try:
        import_plugins(_PLUGIN.value)
        if _ALL.value:
            print(_page().text(), end="")
            return 0
        if not arguments[1:]:
            for table in reference.tables(_page().root):
                print(f"{table.name or '(no table)':24}  {table.summary}")
            return 0
        for name in arguments[1:]:
            for table in reference.find(_page().root, name):
                print(reference.markdown(table))
    except (ValueError, ImportError) as error:
        return program.refuse(error)
    return 0


def _page() -> Page:
    """Returns the page of the settings that are asked for."""
    asked = (name for name, flag in _OTHERS.items() if flag.value)
    return PAGES[next(asked, "run")]


if __name__ == "__main__":
    program.run(main, takes_names=True)
