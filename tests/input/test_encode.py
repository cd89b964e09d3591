"""Raw values to rows: known, unknown, padded, hashed."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from tiny_dataset import GENRES, NUM_ITEMS, NUM_USERS, tiny_schema

from ranker.input import Encoder

VOCABULARIES = {
    "user_id": [str(i) for i in range(1, NUM_USERS + 1)],
    "item_id": [str(i) for i in range(1, NUM_ITEMS + 1)],
    "gender": ["M", "F"],
    "genres": list(GENRES),
}


def raw_row(**changes):
    row = {
        "user_id": np.array([3, 999]),
        "item_id": np.array([1, 30]),
        "gender": np.array(["F", "?"], object),
        "genres": np.array([["Drama", "Film-Noir"], ["", ""]], object),
        "liked_items": np.array([[2, 777, -1], [-1, -1, -1]]),
        "user_count": np.array([0.0, 7.0], np.float32),
    }
    return row | changes


def test_known_values_are_their_place_and_unknown_ones_come_behind():
    encoded = Encoder(tiny_schema(), VOCABULARIES, num_unknown=2)(raw_row())
    user, item = encoded["user_id"].numpy(), encoded["item_id"].numpy()
    assert user[0] == 2
    assert user[1] in (NUM_USERS, NUM_USERS + 1)
    assert item.tolist() == [0, 29]
    assert encoded["genres"].numpy().tolist() == [[0, 2], [-1, -1]]
    liked = encoded["liked_items"].numpy()
    assert liked[0, 0] == 1
    assert liked[0, 1] in (NUM_ITEMS, NUM_ITEMS + 1)
    assert liked[0, 2] == -1
    assert encoded["user_count"].numpy().tolist() == [0.0, 7.0]


@pytest.mark.parametrize("num_unknown", [1, 2])
@pytest.mark.parametrize("name", ["genres", "item_id"])
def test_of_a_vocabulary_without_a_value_all_is_unknown(name, num_unknown):
    schema = dataclasses.replace(tiny_schema(), vocabularies=tiny_schema().vocabularies | {name: 0})
    encoder = Encoder(schema, VOCABULARIES | {name: []}, num_unknown=num_unknown)
    encoded = encoder(raw_row())[{"genres": "genres", "item_id": "liked_items"}[name]].numpy()
    assert encoder.num_rows[name] == num_unknown
    assert set(encoded[0].tolist()) <= set(range(-1, num_unknown))
    assert encoded[0, 0] >= 0
    assert (encoded[1] == -1).all()


def test_the_same_code_encodes_inside_a_graph():
    encoder = Encoder(tiny_schema(), VOCABULARIES)
    eager, graph = encoder(raw_row()), tf.function(encoder)(raw_row())
    for name, value in eager.items():
        np.testing.assert_array_equal(value, graph[name])


def test_hashing_keeps_every_value_in_its_buckets_and_padding_out():
    encoded = Encoder(tiny_schema(), {}, num_buckets=7)(raw_row())
    assert set(encoded["user_id"].numpy()) <= set(range(7))
    assert encoded["liked_items"].numpy()[1].tolist() == [-1, -1, -1]
    assert encoded["liked_items"].numpy()[0, 0] in range(7)


def test_a_vocabulary_of_another_size_is_refused():
    with pytest.raises(ValueError, match="'gender' has 1 values, its schema says 2"):
        Encoder(tiny_schema(), VOCABULARIES | {"gender": ["M"]})


def test_there_is_always_a_row_for_the_unknown():
    with pytest.raises(ValueError, match="num_unknown must be >= 1, got 0"):
        Encoder(tiny_schema(), VOCABULARIES, num_unknown=0)
