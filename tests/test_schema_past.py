"""A schema says which features are of the user's own past, and where their frozen values are."""

import dataclasses

import pytest
from test_schema import AGE, SCHEMA, USER

from ranker.schema import read_schema, write_schema


@pytest.mark.parametrize(
    ("column", "changes", "message"),
    [
        (
            AGE,
            {"frozen": "age_frozen"},
            "feature 'age': frozen is 'age_frozen', and past_of does not say whose past the "
            "feature is of",
        ),
        (
            SCHEMA,
            {"features": (USER, dataclasses.replace(AGE, past_of="item_id"))},
            "feature 'age': past_of 'item_id' is not the user, 'user_id'; leave it out for a "
            "feature that is of no user's past",
        ),
        (
            SCHEMA,
            {"features": (USER, dataclasses.replace(AGE, past_of="user_id", frozen="like"))},
            "schema of 'tiny': names used twice: like",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_name_and_value(column, changes, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole message is compared)
        dataclasses.replace(column, **changes)
    assert str(caught.value) == message


def test_whose_past_a_feature_is_of_is_read_back_and_gives_its_frozen_column(tmp_path):
    plain = dataclasses.replace(AGE, past_of="user_id")
    crossed = dataclasses.replace(plain, name="mood", frozen="mood_then", log1p=True)
    schema = dataclasses.replace(SCHEMA, features=(USER, plain, crossed))
    write_schema(schema, tmp_path / "schema.toml")
    assert read_schema(tmp_path / "schema.toml") == schema
    expected = dataclasses.replace(crossed, name="mood_then", frozen="")
    assert schema.frozen_columns() == (expected,)
    assert SCHEMA.frozen_columns() == ()
