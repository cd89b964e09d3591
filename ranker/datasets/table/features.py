"""Kinds of features: which of them makes its columns how."""

from collections.abc import Mapping

import pyarrow as pa

from ranker.datasets.table.lists import ListMaker, TextMaker
from ranker.datasets.table.maker import Maker, sources_of
from ranker.datasets.table.moments import TimeMaker
from ranker.datasets.table.scalars import CategoricalMaker, CrossedMaker, NumberMaker
from ranker.datasets.table.types import is_whole
from ranker.spec import table_features as spec

_MAKERS: Mapping[type[spec.TableFeature], type[Maker]] = {
    spec.Id: CategoricalMaker,
    spec.Category: CategoricalMaker,
    spec.Number: NumberMaker,
    spec.List: ListMaker,
    spec.Text: TextMaker,
    spec.Time: TimeMaker,
    spec.Crossed: CrossedMaker,
}


def maker_of(
    name: str, part: spec.TableFeature, columns: Mapping[str, pa.Array], dtype: str = ""
) -> Maker:
    """Returns what makes the columns of a feature, by the types of `columns`, of any rows, [N].

    Args:
      dtype: of its ids, where that was decided before; "" for that of the columns.
    """
    if dtype:
        return _MAKERS[type(part)](name, part, dtype)
    first = columns[sources_of(name, part)[0]].type
    kind = first.value_type if pa.types.is_list(first) else first
    while pa.types.is_list(kind):
        kind = kind.value_type
    dtype = "int64" if is_whole(kind) and not pa.types.is_null(kind) else "string"
    return _MAKERS[type(part)](name, part, dtype)
