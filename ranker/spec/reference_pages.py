"""The pages of the settings reference, each of one kind of file."""

from typing import NamedTuple

from ranker.spec import reference
from ranker.spec.compare import CompareConfig
from ranker.spec.nightly import NightlySettings
from ranker.spec.part import Part
from ranker.spec.run import RunConfig
from ranker.spec.table import TableSpec

_TABLE = """# The spec of a table

Every setting of the file that `--dataset=table --spec=FILE` reads. Made by
`ranker settings --table --all`.

Labels and conditions are expressions, such as `watch_ms >= 0.8 * length_ms`. An expression has

- columns, in backquotes where a name is no word; numbers; 'text';
- `+ - * /`, comparisons, `in ('a', 'b')`, `and`, `or`, `not`;
- the functions `abs`, `log1p`, `min`, `max`, `is_null(x)` and `if_null(x, y)`.

What is computed of a null is null. A null label does not train its task.
"""
_NIGHTLY = """# Settings of a nightly job

Every setting of the file that `ranker nightly --config=FILE` reads. Made by
`ranker settings --nightly --all`. A list in the file takes the place of its default.
"""
_COMPARE = """# Settings of a comparison

Every setting of the file that `ranker compare --config=FILE` reads. Made by
`ranker settings --compare --all`.
"""
_RUN = """# Settings

Every setting of a run. Made by `ranker settings --all`.

- A section such as `data` is the table `[data]` in TOML. A section such as `clip.clippy` is one
  kind of clipper, and says which tables may have it.
- A table whose default is "none" is off. Its heading alone switches it on: `[guard.detect]`. Every
  other table is in effect, with these defaults.
- These are the defaults of a setting that no file names. A config such as `table` sets many:
  `ranker train --config=table --check` prints what is in effect.
- A list in the file takes the place of its default.
"""


class Page(NamedTuple):
    """All settings of one kind of file.

    Attributes:
      root: what declares them.
      header: Markdown, what the page begins with.
      whole: what the outermost settings are of.
    """

    root: type[Part]
    header: str
    whole: str

    def text(self) -> str:
        """Returns the page, Markdown."""
        tables = list(reference.tables(self.root))
        sections = (reference.markdown(table, whole=self.whole) for table in tables)
        return "\n".join([self.header, f"{reference.groups(tables)}\n", *sections])


PAGES = {
    "run": Page(RunConfig, _RUN, "The run"),
    "table": Page(TableSpec, _TABLE, "The table"),
    "nightly": Page(NightlySettings, _NIGHTLY, "The job"),
    "compare": Page(CompareConfig, _COMPARE, "The comparison"),
}
