"""What makes the columns of one feature of a spec."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from ranker.datasets.table.judged import Judged
from ranker.schema import Feature
from ranker.spec import table_features as spec


@dataclasses.dataclass(frozen=True)
class Maker:
    """Makes the columns of one feature of the spec.

    Attributes:
      name: of the feature.
      part: what the spec says of it.
      dtype: of ids, "int64" or "string".
    """

    name: str
    part: spec.TableFeature
    dtype: str = "int64"

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns of the source that it reads."""
        return sources_of(self.name, self.part)

    def features(self) -> tuple[Feature, ...]:
        """Returns what its columns are; statistics not yet."""
        raise NotImplementedError(self.name)

    def made(self, rows: Judged, time: np.ndarray | None) -> Mapping[str, pa.Array]:
        """Returns its columns, by name, [N]; rejects the rows that it cannot make them of.

        Args:
          time: microseconds of the rows, [N]; None for rows of no time.
        """
        raise NotImplementedError(self.name)

    def read(self, rows: Judged) -> pa.Array:
        """Returns its column of the source, [N]."""
        return rows.columns[self.sources[0]]

    def reject(self, rows: Judged, bad: np.ndarray | None, what: str) -> None:
        """Rejects rows, bool [N], whose value is, in words, `what`."""
        source = self.sources[0]
        rows.reject("value", bad, f"column {source!r:.80}: {{}} is {what}", rows.columns[source])

    def indicator(self) -> str:
        """Returns the name of the number that says where it is missing."""
        return f"{self.name}_is_missing"


def sources_of(name: str, part: spec.TableFeature) -> tuple[str, ...]:
    """Returns the columns of the source that a feature of the spec reads."""
    return part.columns if isinstance(part, spec.Crossed) else (part.column or name,)


def hashed(ids: pa.Array, num_buckets: int) -> pa.Array:
    """Returns a bucket for each id or word, int64 [N]; the same in every process and release."""
    coded = ids.dictionary_encode()
    words = coded.dictionary
    if pa.types.is_string(words.type):
        words = words.to_numpy(zero_copy_only=False).astype(object)
    else:
        words = words.to_numpy()
    buckets = pd.util.hash_array(words, categorize=False) % np.uint64(num_buckets)
    return pa.array(buckets.astype(np.int64)).take(coded.indices)
