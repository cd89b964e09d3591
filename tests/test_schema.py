"""The schema is read back as it was written, and says what is wrong with a bad one."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranker.schema import Feature, Schema, Task, read_schema, write_schema

FINITE = st.floats(allow_nan=False, allow_infinity=False)
BOUNDS = st.fixed_dictionaries({}, optional={"minimum": FINITE, "maximum": FINITE})


def categorical(name: str, vocabulary: str, dtype: str, max_length: int) -> Feature:
    return Feature(
        name=name,
        kind="categorical",
        dtype=dtype,
        vocabulary=vocabulary,
        is_multivalued=max_length > 1,
        max_length=max_length,
    )


def numeric(name: str, log1p: bool, mean: float, deviation: float, bounds: dict) -> Feature:
    return Feature(
        name=name,
        kind="numeric",
        dtype="float32",
        log1p=log1p,
        mean=mean,
        standard_deviation=deviation,
        **bounds,
    )


DEVIATIONS = st.floats(1e-300, 1e300)
FEATURES = st.builds(
    categorical,
    st.text(),
    st.text(min_size=1),
    st.sampled_from(["int64", "string"]),
    st.integers(1, 99),
) | st.builds(numeric, st.text(), st.booleans(), FINITE, DEVIATIONS, BOUNDS)
TASKS = st.builds(
    Task,
    name=st.text(),
    kind=st.sampled_from(["binary", "regression"]),
    minimum=st.floats(-1e300, 0),
    maximum=st.floats(1, 1e300),
    mean=FINITE,
    standard_deviation=FINITE,
)


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    columns = st.lists(FEATURES | TASKS, unique_by=lambda c: c.name, max_size=6)
    drawn = draw(columns.filter(lambda found: any(isinstance(c, Task) for c in found)))
    features = tuple(c for c in drawn if isinstance(c, Feature))
    names = {f.vocabulary for f in features if f.vocabulary}
    others = draw(st.fixed_dictionaries({n: st.text() for n in ("user", "item", "time", "weight")}))
    return Schema(
        dataset=draw(st.text()),
        features=features,
        tasks=tuple(c for c in drawn if isinstance(c, Task)),
        vocabularies={name: draw(st.integers(0, 10**9)) for name in names},
        **others,
    )


@given(schema=schemas())
@settings(deadline=None)
def test_what_is_written_is_read_back_equal(schema, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "schema.toml"
    write_schema(schema, path)
    assert read_schema(path) == schema


@given(
    text=st.text() | st.from_regex(r"(features|tasks|dataset|kind|name) = .{0,9}", fullmatch=True)
)
@settings(deadline=None)
def test_what_is_no_schema_is_refused_with_the_files_name(text, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "fuzzed.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=r"fuzzed\.toml: not a schema: "):
        read_schema(path)


LIKE = Task(name="like", kind="binary", minimum=0, maximum=1)
USER = Feature(name="user_id", kind="categorical", dtype="int64", vocabulary="user_id")
AGE = Feature(name="age", kind="numeric", dtype="float32")
SCHEMA = Schema(dataset="tiny", features=(USER, AGE), tasks=(LIKE,), vocabularies={"user_id": 3})


def test_columns_are_found_by_name():
    assert SCHEMA.feature("age") is AGE
    assert SCHEMA.task("like") is LIKE
    for find in (SCHEMA.feature, SCHEMA.task):
        with pytest.raises(KeyError, match="'height'"):
            find("height")


def test_only_what_differs_from_the_defaults_is_written(tmp_path):
    write_schema(SCHEMA, tmp_path / "schema.toml")
    assert (tmp_path / "schema.toml").read_text("utf-8") == (
        'dataset = "tiny"\nuser = "user_id"\nitem = "item_id"\ntime = "timestamp"\nweight = ""\n\n'
        '[[features]]\nname = "user_id"\nkind = "categorical"\ndtype = "int64"\n'
        'vocabulary = "user_id"\n\n'
        '[[features]]\nname = "age"\nkind = "numeric"\ndtype = "float32"\n\n'
        '[[tasks]]\nname = "like"\nkind = "binary"\nminimum = 0\nmaximum = 1\n\n'
        "[vocabularies]\nuser_id = 3\n"
    )


@pytest.mark.parametrize(
    ("column", "changes", "message"),
    [
        (USER, {"kind": "id"}, "feature 'user_id': kind 'id' is none of categorical, numeric"),
        (
            USER,
            {"dtype": "int32"},
            "feature 'user_id': dtype 'int32' is none of int64, string, float32",
        ),
        (USER, {"dtype": "float32"}, "feature 'user_id': categorical cannot be float32"),
        (AGE, {"dtype": "int64"}, "feature 'age': numeric cannot be int64"),
        (USER, {"vocabulary": ""}, "feature 'user_id': categorical, with vocabulary ''"),
        (AGE, {"vocabulary": "age"}, "feature 'age': numeric, with vocabulary 'age'"),
        (
            AGE,
            {"standard_deviation": 0.0},
            "feature 'age': standard_deviation must be > 0, got 0.0",
        ),
        (
            AGE,
            {"standard_deviation": float("nan")},
            "feature 'age': standard_deviation must be > 0, got nan",
        ),
        (USER, {"max_length": 0}, "feature 'user_id': max_length is 0"),
        (USER, {"max_length": 5}, "feature 'user_id': max_length is 5"),
        (LIKE, {"kind": "count"}, "task 'like': kind 'count' is none of binary, regression"),
        (LIKE, {"maximum": 0}, "task 'like': minimum 0 is not below maximum 0"),
        (LIKE, {"minimum": float("nan")}, "task 'like': minimum nan is not below maximum 1"),
        (SCHEMA, {"tasks": ()}, "schema of 'tiny' has no task"),
        (
            SCHEMA,
            {"features": (USER, USER, AGE, AGE)},
            "schema of 'tiny': names used twice: age, user_id",
        ),
        (
            SCHEMA,
            {"tasks": (LIKE, dataclasses.replace(LIKE, name="age"))},
            "schema of 'tiny': names used twice: age",
        ),
        (
            SCHEMA,
            {"vocabularies": {"item_id": 2, "genres": 1}},
            "feature 'user_id': no vocabulary 'user_id'; there are: item_id, genres",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_name_and_value(column, changes, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole message is compared)
        dataclasses.replace(column, **changes)
    assert str(caught.value) == message


def test_a_missing_file_and_an_unknown_field_are_told_apart(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_schema(tmp_path / "schema.toml")
    write_schema(SCHEMA, tmp_path / "schema.toml")
    text = (tmp_path / "schema.toml").read_text("utf-8").replace("dtype", "type", 1)
    (tmp_path / "schema.toml").write_text(text)
    with pytest.raises(ValueError, match=r"schema\.toml: not a schema: .*'type'"):
        read_schema(tmp_path / "schema.toml")


def test_a_statistic_that_is_not_finite_is_not_written(tmp_path):
    spoiled = dataclasses.replace(AGE, mean=float("inf"))
    with pytest.raises(ValueError, match="a setting must be finite, got inf"):
        write_schema(dataclasses.replace(SCHEMA, features=(USER, spoiled)), tmp_path / "s.toml")
    assert not (tmp_path / "s.toml").exists()
