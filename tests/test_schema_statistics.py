"""A schema file states what only the data can say: no default stands in for it."""

import dataclasses

import pytest

from ranker.schema import Feature, Schema, Task, read_schema, write_schema

LIKE = Task(name="like", kind="binary", minimum=0, maximum=1)
STARS = Task(name="stars", kind="regression", minimum=1, maximum=5)
USER = Feature(name="user_id", kind="categorical", dtype="int64", vocabulary="user_id")
AGE = Feature(name="age", kind="numeric", dtype="float32")
SCHEMA = Schema(dataset="tiny", features=(USER, AGE), tasks=(LIKE,), vocabularies={"user_id": 3})


@pytest.mark.parametrize("value", ["default", 0.25])
@pytest.mark.parametrize(
    ("column", "field"),
    [
        (AGE, "mean"),
        (AGE, "standard_deviation"),
        (LIKE, "mean"),
        (STARS, "mean"),
        (STARS, "standard_deviation"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_statistic_that_the_file_does_not_state_is_asked_for(column, field, value, tmp_path):
    """Also where the value is the default's, which a file without it would be taken to mean."""
    if value != "default":
        column = dataclasses.replace(column, **{field: value})
    columns = {"features": (USER, AGE), "tasks": (LIKE, STARS)}
    for kind, of_kind in columns.items():
        columns[kind] = tuple(column if c.name == column.name else c for c in of_kind)
    schema = dataclasses.replace(SCHEMA, **columns)
    path = tmp_path / "schema.toml"
    write_schema(schema, path)
    assert read_schema(path) == schema
    before, name, after = path.read_text("utf-8").partition(f'name = "{column.name}"\n')
    lines = after.splitlines(keepends=True)
    place = next(i for i, line in enumerate(lines) if line.startswith(f"{field} ="))
    path.write_text(before + name + "".join(lines[:place] + lines[place + 1 :]), "utf-8")
    with pytest.raises(ValueError, match=r"schema\.toml: not a schema: ") as caught:
        read_schema(path)
    kind = type(column).__name__.lower()
    assert f"{kind} {column.name!r}: no {field}: state those of the training split" in str(
        caught.value
    )


def test_all_statistics_that_a_column_lacks_are_named(tmp_path):
    write_schema(SCHEMA, tmp_path / "s.toml")
    text = (tmp_path / "s.toml").read_text("utf-8")
    (tmp_path / "s.toml").write_text(text.replace("mean = 0.0\nstandard_deviation = 1.0\n", ""))
    with pytest.raises(ValueError, match="feature 'age': no mean and no standard_deviation: state"):
        read_schema(tmp_path / "s.toml")
