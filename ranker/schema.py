"""What a row is: its features, its tasks, and the ranges each must keep.

A schema is data, written by `ranker.datasets` as `schema.toml` beside the Parquet
files and read by every other package. It imports neither TensorFlow nor NumPy.
"""

import dataclasses
import math
import re
import tomllib
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ranker import toml

FEATURE_KINDS = ("categorical", "numeric")
FEATURE_DTYPES = ("int64", "string", "float32")
TASK_KINDS = ("binary", "regression")
_MAX_NAME = 60
_ARGUMENT = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
MAX_LENGTH = 1 << 16  # of a list: each row of a batch is padded to it


@dataclasses.dataclass(frozen=True, kw_only=True)
class Feature:
    """One input column.

    Attributes:
      name: the column's name in Parquet and in a tf.Example.
      kind: "categorical" (looked up in a vocabulary) or "numeric".
      dtype: of the raw value: "int64" or "string" if categorical, "float32" if numeric.
      vocabulary: categorical only: whose values it takes. Features that name one
        vocabulary share it, as a history of items shares the item's.
      is_multivalued: categorical only: whether a row holds a list of values.
      max_length: most values a row may hold; 1 unless multi-valued.
      log1p: numeric only: log(1 + x) is taken before it is standardised.
      mean, standard_deviation: numeric only: of the training split, after log1p. A file must
        state both: the defaults are of no data.
      minimum, maximum: numeric only: the range a raw value must keep, inclusive.
      past_of: the schema's user, if a value is computed from what that user did before the
        row, as a running mean or a history is; else "". A final evaluation also scores with
        these *frozen*, as they were at the user's first row of the split.
      frozen: the column of the held-out splits that has the frozen values, where they are
        of the row's item too, as a user's mean in its genre is; "" if the value in the
        user's first row is that of all.
      argument: an exported model's: what its signature `serving_default` calls the
        feature, if `name` is none that a signature takes; else "".
    """

    name: str
    kind: str
    dtype: str
    vocabulary: str = ""
    is_multivalued: bool = False
    max_length: int = 1
    log1p: bool = False
    mean: float = 0.0
    standard_deviation: float = 1.0
    minimum: float | None = None
    maximum: float | None = None
    past_of: str = ""
    frozen: str = ""
    argument: str = ""

    def __post_init__(self) -> None:
        _check_types(f"feature {self.name!r:.80}", self)
        _check_name("feature", self.name)
        _check_member("feature", self.name, "kind", self.kind, FEATURE_KINDS)
        _check_member("feature", self.name, "dtype", self.dtype, FEATURE_DTYPES)
        if (self.kind == "numeric") != (self.dtype == "float32"):
            raise ValueError(f"feature {self.name!r}: {self.kind} cannot be {self.dtype}")
        if (self.kind == "categorical") != bool(self.vocabulary):
            raise ValueError(
                f"feature {self.name!r}: {self.kind}, with vocabulary {self.vocabulary!r}"
            )
        if not (deviation := self.standard_deviation) > 0:
            said = f"standard_deviation must be > 0, got {deviation}"
            raise ValueError(f"feature {self.name!r}: {said}")
        most = MAX_LENGTH if self.is_multivalued else 1
        if not 1 <= self.max_length <= most:
            raise ValueError(f"feature {self.name!r}: max_length is {self.max_length}")
        if self.frozen:
            _check_name("column", self.frozen)
            if not self.past_of:
                raise ValueError(
                    f"feature {self.name!r}: frozen is {self.frozen!r}, and past_of does not say "
                    "whose past the feature is of"
                )
        if self.argument and not _ARGUMENT.fullmatch(self.argument):
            raise ValueError(
                f"feature {self.name!r}: argument {self.argument!r:.80} is not a letter and then "
                "letters, digits and _"
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task:
    """One label column; a null in it masks the task for that row.

    Attributes:
      name: the column's name, and the output's.
      kind: "binary" (label 0 or 1) or "regression".
      minimum, maximum: the range of labels and predictions, inclusive; None if not stated.
      mean: of the training labels: the positive rate of a binary task. A file must state it.
      standard_deviation: of the training labels; of a regression task a file must state it.
      weight: of its loss, where a run's settings do not name the task; >= 0.
    """

    name: str
    kind: str
    minimum: float | None = None
    maximum: float | None = None
    mean: float = 0.0
    standard_deviation: float = 1.0
    weight: float = 1.0

    def __post_init__(self) -> None:
        _check_types(f"task {self.name!r:.80}", self)
        _check_name("task", self.name)
        _check_member("task", self.name, "kind", self.kind, TASK_KINDS)
        low, high = self.minimum, self.maximum
        if self.kind == "binary" and (low is None or high is None):
            raise ValueError(f"task {self.name!r}: binary, without its minimum and maximum")
        if low is not None and high is not None and not low < high:
            raise ValueError(f"task {self.name!r}: minimum {low} is not below maximum {high}")
        if self.weight < 0:
            raise ValueError(f"task {self.name!r}: weight must be >= 0, got {self.weight}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Schema:
    """A dataset's columns.

    Attributes:
      dataset: its name, such as "movielens-100k".
      features, tasks: in the order of the columns.
      vocabularies: name to number of values; the values stand in
        `vocabularies/<name>.txt`, one a line, UTF-8: most frequent first, behind those of an
        earlier vocabulary that it went on from.
      user, item, time: the features, and the column of Unix seconds, that say who,
        what and when. `time` is no feature; evaluation and ordering read it.
      weight: the column of sample weights, or "" if every row weighs 1.
      request: the column of whole numbers that says which rows were ranked against each other,
        for metrics by request; "" if there is none. It is no feature.
    """

    dataset: str
    features: tuple[Feature, ...]
    tasks: tuple[Task, ...]
    vocabularies: Mapping[str, int]
    user: str = "user_id"
    item: str = "item_id"
    time: str = "timestamp"
    weight: str = ""
    request: str = ""

    def __post_init__(self) -> None:
        _check_types("schema", self)
        names = [c.name for c in (*self.features, *self.frozen_columns(), *self.tasks)]
        twice = sorted({name for name in names if names.count(name) > 1})
        what = f"schema of {self.dataset!r}"
        if self.request in names:
            raise ValueError(f"{what}: request {self.request!r} is a feature or a task")
        if twice:
            raise ValueError(f"{what}: names used twice: {', '.join(twice)}")
        if not self.tasks:
            raise ValueError(f"{what} has no task")
        for name, size in self.vocabularies.items():
            _check_name("vocabulary", name)
            if type(size) is not int or size < 0:
                raise ValueError(f"vocabulary {name!r}: size {size!r:.80} is no whole number >= 0")
        self._check_features()

    def _check_features(self) -> None:
        dtypes: dict[str, str] = {}
        for feature in self.features:
            if feature.vocabulary and feature.vocabulary not in self.vocabularies:
                raise ValueError(
                    f"feature {feature.name!r}: no vocabulary {feature.vocabulary!r}; "
                    f"there are: {', '.join(self.vocabularies)}"
                )
            if dtypes.setdefault(feature.vocabulary, feature.dtype) != feature.dtype:
                raise ValueError(
                    f"feature {feature.name!r} is {feature.dtype}, and vocabulary "
                    f"{feature.vocabulary!r} has {dtypes[feature.vocabulary]} of another feature"
                )
            if feature.past_of not in ("", self.user):
                raise ValueError(
                    f"feature {feature.name!r}: past_of {feature.past_of!r} is not the user, "
                    f"{self.user!r}; leave it out for a feature that is of no user's past"
                )

    def frozen_columns(self) -> tuple[Feature, ...]:
        """Returns the columns of frozen values, each as the feature that it is of."""
        return tuple(
            dataclasses.replace(feature, name=feature.frozen, frozen="")
            for feature in self.features
            if feature.frozen
        )

    def feature(self, name: str) -> Feature:
        """Returns the feature of that name; KeyError if there is none."""
        return {feature.name: feature for feature in self.features}[name]

    def task(self, name: str) -> Task:
        """Returns the task of that name; KeyError if there is none."""
        return {task.name: task for task in self.tasks}[name]


def write_schema(schema: Schema, path: Path) -> None:
    """Writes `schema` as TOML that `read_schema` reads back equal."""
    fields = {f.name: getattr(schema, f.name) for f in dataclasses.fields(schema)}
    fields["features"] = [_table(feature) for feature in schema.features]
    fields["tasks"] = [_table(task) for task in schema.tasks]
    fields["vocabularies"] = dict(schema.vocabularies)
    if not schema.request:
        del fields["request"]  # a file without one stays as it was
    path.write_text(toml.dumps(fields), encoding="utf-8")


def read_schema(path: Path) -> Schema:
    """Returns the schema written at `path`.

    Raises:
      FileNotFoundError: if there is none.
      ValueError: naming the file, if it is no schema, or leaves out a mean or deviation.
    """
    try:
        fields = tomllib.loads(path.read_text(encoding="utf-8"))
        tables = [*fields["features"], *fields["tasks"]]
        fields["features"] = tuple(Feature(**table) for table in fields["features"])
        fields["tasks"] = tuple(Task(**table) for table in fields["tasks"])
        for column, table in zip((*fields["features"], *fields["tasks"]), tables, strict=True):
            _check_stated(column, table)
        return Schema(**fields)
    except (TypeError, KeyError, AttributeError, ValueError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise ValueError(f"{path}: not a schema: {said:.300}") from error


def _check_stated(column: Feature | Task, table: Mapping[str, Any]) -> None:
    """Raises ValueError if a file's table lacks what only the data can say."""
    if missing := [name for name in _of_data(column) if name not in table]:
        raise ValueError(
            f"{type(column).__name__.lower()} {column.name!r}: no {' and no '.join(missing)}: "
            "state those of the training split, or prepare the data again"
        )


def _of_data(column: Feature | Task) -> tuple[str, ...]:
    """Returns the names of the statistics without which a column cannot be trained on."""
    if column.kind == "categorical":
        return ()
    return ("mean",) if column.kind == "binary" else ("mean", "standard_deviation")


def _table(column: Feature | Task) -> dict[str, object]:
    """Returns what differs from the defaults, and statistics: a schema is also read by people."""
    return {
        f.name: getattr(column, f.name)
        for f in dataclasses.fields(column)
        if getattr(column, f.name) != f.default or f.name in _of_data(column)
    }


def _check_types(what: str, record: object) -> None:
    """Raises ValueError for a field of another type, or a number that is not finite."""
    for field in dataclasses.fields(record):  # type: ignore[arg-type]
        value, kind = getattr(record, field.name), field.type
        if not isinstance(kind, type | types.UnionType):
            continue  # lists and tables, whose parts check themselves
        is_whole = type(value) is int and kind in (float, float | None)
        is_kind = isinstance(value, kind) and (type(value) is not bool or kind is bool)
        if not (is_whole or is_kind):
            raise ValueError(f"{what}: {field.name} is {value!r:.80}, no {_kind_name(kind)}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{what}: {field.name} must be finite, got {value}")
        if type(value) is int and value.bit_length() > 63:
            raise ValueError(f"{what}: {field.name} has {value.bit_length()} bits, of at most 63")


def _kind_name(kind: type | types.UnionType) -> str:
    return str(kind) if isinstance(kind, types.UnionType) else kind.__name__


def _check_name(what: str, name: str) -> None:
    """Raises ValueError for a name that is no file's: vocabularies and tensors become files."""
    is_plain = name.isprintable() and not set("/\\") & set(name) and not name.startswith(".")
    if not (name and is_plain and len(name) <= _MAX_NAME):
        raise ValueError(
            f"{what} {name!r:.80}: a name is 1 to {_MAX_NAME} printable letters, without / and "
            "\\, and does not begin with a dot"
        )


def _check_member(what: str, name: str, field: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{what} {name!r}: {field} {value!r} is none of {', '.join(allowed)}")
