"""The bias of a user's running mean, which ranks coin flips backwards within the user."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import own_past
from ranker.schema import Feature, Schema, Task, write_schema


@pytest.mark.parametrize(("tail", "expected"), [(3, 0.083), (10, 0.245), (100, 0.409)])
def test_of_coin_flips_the_live_gauc_is_far_below_a_half_and_the_frozen_one_is_a_half(
    tail, expected
):
    live, frozen = own_past.coin_flips(tail=tail, users=20_000 // tail)
    assert live.gauc == pytest.approx(expected, abs=0.03)
    assert frozen.gauc == 0.5
    assert live.auc == pytest.approx(0.5, abs=0.02)
    assert frozen.auc == pytest.approx(0.5, abs=0.02)


def test_a_tail_of_two_is_always_backwards():
    # 1 then 0: the mean rose, so the 0 is ranked above. 0 then 1: it fell, and so again.
    assert own_past.coin_flips(tail=2, users=500)[0].gauc == 0.0


def test_numbers_of_a_user_s_past_are_ranked_live_and_frozen(tmp_path):
    past = {"kind": "numeric", "dtype": "float32", "past_of": "user_id"}
    ids = (
        Feature(name=name, kind="categorical", dtype="int64", vocabulary=name)
        for name in ("user_id", "item_id")
    )
    schema = Schema(
        dataset="small",
        features=(
            *ids,
            Feature(name="mean", **past),
            Feature(name="of_genre", frozen="of_genre_then", **past),
            Feature(name="age", kind="numeric", dtype="float32"),
        ),
        tasks=(Task(name="like", kind="binary", minimum=0, maximum=1),),
        vocabularies={"user_id": 2, "item_id": 2},
    )
    write_schema(schema, tmp_path / "schema.toml")
    columns = {
        "user_id": [1, 1, 1, 2, 2],
        "timestamp": [30, 10, 20, 5, 6],  # the first of user 1 is the second row
        "mean": [0.9, 0.5, 0.7, 0.1, 0.2],
        "of_genre": [0.9, 0.5, 0.7, 0.2, 0.1],
        "of_genre_then": [0.1, 0.2, 0.2, 0.4, 0.3],
        "age": [1.0] * 5,
        "like": [1.0, 0.0, None, 1.0, 0.0],
    }
    pq.write_table(pa.table(columns), tmp_path / "test.parquet")
    mean, of_genre = own_past.numbers(tmp_path, "like")
    # User 1: .9 over .5; user 2: .1 under .2. Frozen: ties, and .5 against .1 between users.
    assert mean == ("mean", (0.5, 0.5), (0.5, 0.5))
    # Live .9 and .2 against .5 and .1; frozen .1 and .4 against .2 and .3.
    assert of_genre == ("of_genre", (0.75, 1.0), (0.5, 0.5))


def test_a_task_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError):
        list(own_past.numbers(tmp_path, "like"))
    schema = Schema(
        dataset="small",
        features=(),
        tasks=(Task(name="rating", kind="regression", minimum=1, maximum=5),),
        vocabularies={},
    )
    write_schema(schema, tmp_path / "schema.toml")
    with pytest.raises(ValueError, match=r"no binary task 'rating'$"):
        list(own_past.numbers(tmp_path, "rating"))
