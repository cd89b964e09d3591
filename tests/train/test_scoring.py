"""Evaluation with the features of each user's past as they were when the split began."""

import dataclasses

import numpy as np
import pyarrow.parquet as pq
import pytest
from tiny_dataset import tiny_schema, write_tiny

from ranker import wiring
from ranker.schema import write_schema
from ranker.spec.run import DataSettings, RunConfig

pytestmark = pytest.mark.runs

PAST = ("liked_items", "user_count")


def built(folder, **data):
    chosen = DataSettings(path=str(folder), batch_size=32, **data)
    return wiring.build_run(RunConfig(data=chosen))


@pytest.fixture(scope="module")
def run(prepared):
    return built(prepared)


def by_hand(run, split):
    """The metrics of the split with each user's past copied, row by row, from its first."""
    features = {name: values.copy() for name, values in split.rows.features.items()}
    for row, user in enumerate(split.users):
        own = np.flatnonzero(split.users == user)
        first = own[np.argmin(split.times[own])]
        for name in PAST:
            features[name][row] = split.rows.features[name][first]
    rows = split.rows._replace(features=features)
    return run.scorer.evaluate(dataclasses.replace(split, rows=rows)).metrics


@pytest.mark.parametrize("name", ["validation", "test"])
def test_frozen_is_what_the_first_row_of_each_user_says(run, name):
    split = run.split(name)
    live, found = run.scorer.evaluate(split).metrics, run.evaluate(name).metrics
    frozen = by_hand(run, split)
    for task in ("like", "rating"):
        assert list(found[task])[-3:] == ["warm", "cold", "frozen"]
        kept = {k: v for k, v in frozen[task].items() if k not in ("warm", "cold")}
        assert found[task].pop("frozen") == pytest.approx(kept, rel=1e-6)
        assert kept["log_loss" if task == "like" else "rmse"] != pytest.approx(
            live[task]["log_loss" if task == "like" else "rmse"], rel=1e-4
        ), "frozen and live are the same here: the test sees nothing"
    assert found == live


def test_it_is_the_time_that_counts_and_not_the_order_of_the_rows(run):
    split = run.split("test")
    order = np.random.default_rng(0).permutation(len(split))
    mixed = dataclasses.replace(
        split,
        rows=split.take(order),
        users=split.users[order],
        is_warm=split.is_warm[order],
        times=split.times[order],
    )
    one, other = (run.scorer.evaluate(s, with_frozen=True).metrics for s in (split, mixed))
    for task in one:
        assert other[task]["frozen"] == pytest.approx(one[task]["frozen"], rel=1e-5)


def test_an_evaluation_in_mid_training_has_no_frozen_group_and_training_rows_none(run):
    assert "frozen" not in run.scorer.evaluate(run.split("validation")).metrics["like"]
    assert "frozen" not in run.evaluate("train").metrics["like"]


def test_data_without_a_feature_of_the_past_have_no_frozen_group(prepared):
    run = built(prepared, features=("user_id", "item_id", "genres"))
    assert list(run.evaluate("test").metrics["like"])[-2:] == ["warm", "cold"]


def test_a_column_of_frozen_values_goes_before_the_first_row(tmp_path):
    schema = tiny_schema()
    features = tuple(
        dataclasses.replace(f, frozen="count_then") if f.name == "user_count" else f
        for f in schema.features
    )
    folder = write_tiny(tmp_path)
    write_schema(dataclasses.replace(schema, features=features), folder / "schema.toml")
    with pytest.raises(ValueError, match=r"test\.parquet: no column count_then"):
        built(folder).check_split("test")  # known before the training
    for name in ("validation", "test"):
        table = pq.read_table(folder / f"{name}.parquet")
        pq.write_table(
            table.append_column("count_then", table["user_count"]), folder / f"{name}.parquet"
        )
    run = built(folder)
    split = run.split("test")
    first = split.first_rows()
    then = split.rows.features | {"liked_items": split.rows.features["liked_items"][first]}
    expected = run.scorer.evaluate(
        dataclasses.replace(split, rows=split.rows._replace(features=then))
    ).metrics
    for task, found in run.evaluate("test").metrics.items():
        kept = {k: v for k, v in expected[task].items() if k not in ("warm", "cold")}
        assert found["frozen"] == pytest.approx(kept, rel=1e-6)
