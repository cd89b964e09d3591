"""Rows to be scored, as files, and what is read or refused of them."""

import csv

import pyarrow as pa
import pyarrow.csv
import pytest

from ranker.serve import rows as rows_module


def as_csv(table, path):
    """Writes lists as a|b|c."""
    for place, field in enumerate(table.schema):
        if pa.types.is_list(field.type):
            lists = table.column(place).to_pylist()
            texts = ["|".join(map(str, values)) for values in lists]
            table = table.set_column(place, field.name, pa.array(texts))
    pyarrow.csv.write_csv(table, path)


def csv_of(table, path, **columns):
    """Writes `table`, with text columns beside, as CSV without a quote that is not needed."""
    lists = {f.name for f in table.schema if pa.types.is_list(f.type)}
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*table.column_names, *columns])
        for row, *more in zip(table.to_pylist(), *columns.values(), strict=True):
            cells = ["|".join(map(str, v)) if n in lists else v for n, v in row.items()]
            writer.writerow([*cells, *more])
    return path


def with_column(table, name, values):
    return table.set_column(table.column_names.index(name), name, pa.array(values))


def read(path, schema, keep=("user_id",)):
    return list(rows_module.Rows(path, schema, keep=keep).batches())


def refusal(path, schema, **named):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole message is compared)
        read(path, schema, **named)
    return str(caught.value)
