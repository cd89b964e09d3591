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
PRINTABLE = st.text(st.characters(blacklist_categories=("C", "Z"), blacklist_characters="/\\"))
NAMES = PRINTABLE.filter(lambda name: 1 <= len(name) <= 60 and not name.startswith("."))
FEATURES = st.builds(
    categorical,
    NAMES,
    NAMES,
    st.sampled_from(["int64", "string"]),
    st.integers(1, 99),
) | st.builds(numeric, NAMES, st.booleans(), FINITE, DEVIATIONS, BOUNDS)
TASKS = st.builds(
    Task,
    name=NAMES,
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
    dtypes = {f.vocabulary: f.dtype for f in features}  # features of one share its type
    features = tuple(dataclasses.replace(f, dtype=dtypes[f.vocabulary]) for f in features)
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


def test_only_what_differs_from_the_defaults_is_written_and_what_the_data_say(tmp_path):
    write_schema(SCHEMA, tmp_path / "schema.toml")
    assert (tmp_path / "schema.toml").read_text("utf-8") == (
        'dataset = "tiny"\nuser = "user_id"\nitem = "item_id"\ntime = "timestamp"\nweight = ""\n\n'
        '[[features]]\nname = "user_id"\nkind = "categorical"\ndtype = "int64"\n'
        'vocabulary = "user_id"\n\n'
        '[[features]]\nname = "age"\nkind = "numeric"\ndtype = "float32"\n'
        "mean = 0.0\nstandard_deviation = 1.0\n\n"
        '[[tasks]]\nname = "like"\nkind = "binary"\nminimum = 0\nmaximum = 1\nmean = 0.0\n\n'
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
            "feature 'age': standard_deviation must be finite, got nan",
        ),
        (USER, {"max_length": 0}, "feature 'user_id': max_length is 0"),
        (USER, {"max_length": 5}, "feature 'user_id': max_length is 5"),
        (LIKE, {"kind": "count"}, "task 'like': kind 'count' is none of binary, regression"),
        (LIKE, {"maximum": 0}, "task 'like': minimum 0 is not below maximum 0"),
        (LIKE, {"maximum": None}, "task 'like': binary, without its minimum and maximum"),
        (LIKE, {"minimum": float("nan")}, "task 'like': minimum must be finite, got nan"),
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


NAMES_THAT_LEAD_AWAY = (
    "",
    ".",
    "..",
    "../x",
    "a/b",
    "a\\b",
    "/etc/passwd",
    "a\0",
    "a\nb",
    "x" * 61,
)


@pytest.mark.parametrize("name", NAMES_THAT_LEAD_AWAY)
def test_a_name_that_is_no_files_is_refused(name):
    for column in (USER, LIKE):
        with pytest.raises(ValueError, match="a name is 1 to 60 printable letters"):
            dataclasses.replace(column, name=name)
    if name:  # an empty one is no vocabulary at all
        user = dataclasses.replace(USER, vocabulary=name)
        with pytest.raises(ValueError, match=r"vocabulary .*: a name is 1 to 60 printable"):
            dataclasses.replace(SCHEMA, features=(user,), vocabularies={name: 3})


@pytest.mark.parametrize(
    ("text", "changed", "said"),
    [
        ('name = "age"', "name = 3", "feature 3: name is 3, no str"),
        ("mean = 2.5", "mean = nan", "feature 'age': mean must be finite, got nan"),
        ("mean = 2.5", "mean = true", "feature 'age': mean is True, no float"),
        ("mean = 2.5", f"mean = {2**70}", "feature 'age': mean has 71 bits, of at most 63"),
        ("user_id = 3", 'user_id = "3"', "vocabulary 'user_id': size '3' is no whole number"),
        ("user_id = 3", "user_id = -3", "vocabulary 'user_id': size -3 is no whole number"),
        ('name = "age"', 'name = "age"\nmax_length = 9.5', "max_length is 9.5, no int"),
        ("[vocabularies]", "[[vocabularies]]", "not a schema: "),
        ('name = "age"', "x = " + "[" * 5000, "not a schema: "),
    ],
)
def test_a_value_of_another_type_is_refused(text, changed, said, tmp_path):
    aged = dataclasses.replace(AGE, mean=2.5)
    schema = dataclasses.replace(SCHEMA, features=(USER, aged), vocabularies={"user_id": 3})
    write_schema(schema, tmp_path / "s.toml")
    before = (tmp_path / "s.toml").read_text("utf-8")
    assert text in before
    (tmp_path / "s.toml").write_text(before.replace(text, changed), "utf-8")
    with pytest.raises(ValueError, match=r"s\.toml: not a schema: ") as caught:
        read_schema(tmp_path / "s.toml")
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_features_of_one_vocabulary_are_of_one_type():
    other = Feature(name="word", kind="categorical", dtype="string", vocabulary="user_id")
    with pytest.raises(ValueError, match=r"'word' is string, and vocabulary 'user_id' has int64"):
        dataclasses.replace(SCHEMA, features=(USER, other))


def test_a_column_of_requests_is_kept_and_no_feature(tmp_path):
    schema = dataclasses.replace(SCHEMA, request="shown")
    write_schema(schema, tmp_path / "schema.toml")
    assert read_schema(tmp_path / "schema.toml") == schema
    write_schema(SCHEMA, tmp_path / "schema.toml")
    assert "request" not in (tmp_path / "schema.toml").read_text()
    with pytest.raises(ValueError, match=r"request .* is a feature or a task"):
        dataclasses.replace(SCHEMA, request=SCHEMA.features[0].name)
