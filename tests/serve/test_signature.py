"""The names that signatures take: any column's, by itself or by an argument that is told."""

import json
import re

import pytest

from ranker import schema
from ranker.serve.signature import argument_names

NAMES = {
    "user_id": "user_id",
    "A1": "A1",
    "zip code": "zip_code",
    "a-b": "a_b",
    "class": "feature_class",
    "None": "none",
    "self": "feature_self",
    "größe": "grosse",
    "名前": "feature",
    "1st": "feature_1st",
    "_hidden": "hidden",
    "x:0": "x_0",
    "%": "feature",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_itself_or_letters_that_a_signature_takes(name):
    assert argument_names([name]) == {name: NAMES[name]}


@pytest.mark.parametrize(
    "names",
    [
        list(NAMES),
        ["zip code", "zip_code", "zip-code", "Zip_Code", "zip_code_2"],
        ["User", "user", "USER"],
        ["名前", "前名", "feature", "%", "&"],
        ["a_2", "a", "A", "á"],
    ],
)
def test_no_two_names_are_one_whatever_the_case(names):
    found = argument_names(names)
    assert set(found) == set(names)
    assert len({value.lower() for value in found.values()}) == len(names)
    for value in found.values():
        assert re.fullmatch("[A-Za-z][A-Za-z0-9_]*", value)


def test_a_name_that_can_stand_keeps_it_before_those_that_are_made():
    assert argument_names(["zip code", "Zip-Code", "zip_code", "user", "User"]) == {
        "zip code": "zip_code_2",
        "Zip-Code": "zip_code_3",
        "zip_code": "zip_code",
        "user": "user",
        "User": "user_2",
    }


@pytest.mark.parametrize("argument", ["zip code", "1a", "_a", "größe", "a\n", "a-b"])
def test_a_schema_refuses_an_argument_that_is_none(argument, tmp_path):
    text = (
        'dataset = "d"\nuser = "u"\nitem = "u"\ntime = "t"\nweight = ""\n[[features]]\n'
        'name = "u"\nkind = "categorical"\ndtype = "int64"\nvocabulary = "u"\n'
        f'argument = {json.dumps(argument)}\n[[tasks]]\nname = "y"\nkind = "binary"\n'
        "minimum = 0.0\nmaximum = 1.0\n[vocabularies]\nu = 1\n"
    )
    (tmp_path / "schema.toml").write_text(text, "utf-8")
    with pytest.raises(ValueError, match=r"feature 'u': argument .* is not a letter"):
        schema.read_schema(tmp_path / "schema.toml")
