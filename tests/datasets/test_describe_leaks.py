"""What is left out of the features, and what is warned of."""

import datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ranker.datasets.describe.association import auc
from ranker.datasets.describe.description import Asked, describe
from ranker.datasets.describe.writing import spec_of

N = 2_000
NOW = 1.8e9
START = 1_750_000_000


def rows(**more) -> dict:
    """Returns rows of a log without fault, and others beside."""
    rng = np.random.default_rng(0)
    return {
        "user_id": rng.integers(0, 200, N),
        "item_id": rng.integers(0, 50, N),
        "ts": pa.array(START + np.arange(N) * 60, pa.timestamp("s")),
        "age": rng.integers(18, 80, N),
        "click": (rng.random(N) < 0.3).astype(int),
        "purchase": (rng.random(N) < 0.3).astype(int),
    } | more


def found(tmp_path, columns, **asked):
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    return describe([str(tmp_path / "t.parquet")], Asked(**asked), now=NOW)


CLICK = rows()["click"]
RNG = np.random.default_rng(1)
SECONDS = START + np.arange(N) * 60
FOUND_OUT = {
    "constant": (np.ones(N), "constant"),
    "row_number": (RNG.permutation(N).astype(str), "one value a row"),
    "same": (CLICK.astype(str), "a leak: it alone predicts click (AUC 1.0000)"),
    "unlike": (1 - CLICK, "a leak: it alone predicts click"),
    "nearly": (
        np.where(RNG.random(N) < 0.001, 1 - CLICK, CLICK),
        "a leak: it alone predicts click",
    ),
    "status": (np.where(CLICK == 1, "seen", "shown"), "a leak: it alone predicts click"),
    "landing": (pa.array(["page"] * N, mask=CLICK == 0), "a leak: it alone predicts click"),
    "number": (CLICK * 5.0 + RNG.random(N), "a leak: it alone predicts click"),
    "closed": (pa.array(SECONDS + 30, pa.timestamp("s")), "a future time: after ts in 100.0%"),
    "counter": (np.arange(N) * 3 + 10, "it grows with ts"),
    "day": (pa.array(SECONDS // 86_400, pa.int32()).cast(pa.date32()), "the day of ts"),
    "nothing": (pa.nulls(N), "it has no values"),
    "older": (rows()["age"] + 7, "it says the same as age, row by row"),
    "rank": (RNG.integers(1, 9, N), "the place at which the row was shown"),
    "parts": (pa.array([{"a": 1}] * N), "write its parts as columns of their own"),
}


@pytest.mark.parametrize("name", FOUND_OUT)
def test_what_cannot_be_a_feature_is_left_out_and_said(tmp_path, name):
    values, why = FOUND_OUT[name]
    description = found(tmp_path, rows(**{name: values}))
    assert why in description.left_out[name]
    assert description.left_out.keys() == {name}
    assert f"# '{name}': {description.left_out[name]}"[:60] in spec_of(description)


HONEST = {
    "noise": RNG.random(N),
    "good": CLICK + RNG.normal(0, 0.5, N),
    "opened_at": pa.array(SECONDS - 10_000_000 - RNG.integers(0, 9e6, N), pa.timestamp("s")),
    "sort_order": RNG.integers(0, 9, N),
}


@pytest.mark.parametrize("name", HONEST)
def test_what_is_known_before_a_row_stays(tmp_path, name):
    description = found(tmp_path, rows(**{name: HONEST[name]}))
    assert name in description.features
    assert not description.left_out


def test_what_only_clicked_rows_have_is_a_task(tmp_path):
    secret = np.where(CLICK == 1, RNG.random(N) + 0.5, np.nan)
    description = found(tmp_path, rows(x7=secret))
    (label,) = (label for label in description.labels if label.name == "x7")
    assert label.task.kind == "regression"
    assert "so it was recorded with it or after" in label.why
    other = found(tmp_path, rows(x7=secret), labels=("click",))
    assert [label.name for label in other.labels] == ["click"]
    assert "x7" in other.left_out


def test_a_feature_that_tells_a_label_well_is_warned_of(tmp_path):
    description = found(tmp_path, rows(strong=CLICK + RNG.normal(0, 0.3, N)))
    assert "strong" in description.features
    assert any("'strong' alone predicts click well" in told for told in description.warnings)
    assert "alone predicts" not in " ".join(found(tmp_path, rows()).warnings)


def test_an_area_is_that_of_all_pairs():
    scores, positive = np.array([1.0, 2.0, 2.0, np.nan, 3.0]), np.array([0, 1, 0, 0, 1], bool)
    pairs = [(a > b) + 0.5 * (a == b) for a in (2.0, 3.0) for b in (1.0, 2.0, -9.0)]
    assert auc(scores, positive) == pytest.approx(np.mean(pairs))


def said(tmp_path, columns):
    return " | ".join(found(tmp_path, columns).warnings)


def test_what_will_hurt_is_said(tmp_path):
    assert said(tmp_path, rows()) == ""
    few = (np.arange(N) % 400 == 7).astype(int)
    assert "task purchase: few positives, about 5 (0.250%)" in said(tmp_path, rows(purchase=few))
    assert "few negatives" in said(tmp_path, rows(purchase=1 - few))
    shuffled = pa.array(RNG.permutation(SECONDS), pa.timestamp("s"))
    assert "rows are not in the order of ts" in said(tmp_path, rows(ts=shuffled))
    late = pa.array(SECONDS + 40_000_000, pa.timestamp("s"))
    after = datetime.datetime.fromtimestamp(START + 40_000_000 + N * 60 - 60, datetime.UTC)
    assert f"a clock in the future: ts goes to {after:%Y-%m-%d %H:%M}" not in said(tmp_path, rows())
    description = describe([_written(tmp_path, rows(ts=late))], Asked(), now=START)
    assert any(f"ts goes to {after:%Y-%m-%d %H:%M}" in told for told in description.warnings)
    watched = {"watch_ms": RNG.lognormal(9, 1, N)}
    assert "task watch_ms: its label has a standard deviation of" in said(tmp_path, rows(**watched))
    ones = {"conversion": np.ones(N, int)}
    assert "'conversion' is '1' in every row" in said(tmp_path, rows(**ones))


def test_rows_told_twice_are_said(tmp_path):
    table = pa.table(rows())
    pq.write_table(pa.concat_tables([table, table[:200]]), tmp_path / "t.parquet")
    warnings = describe([str(tmp_path / "t.parquet")], Asked(), now=NOW).warnings
    assert any("duplicates: 9.1% of the rows" in told for told in warnings)


def test_users_who_are_all_new_in_the_last_tenth_are_split_each(tmp_path):
    description = found(tmp_path, rows(user_id=np.arange(N) // 5))
    assert description.split.by == "user_time"
    assert any("100% of the users" in told for told in description.warnings)
    assert found(tmp_path, rows()).split.by == "time"


def test_without_names_users_items_and_times_are_found_by_their_values(tmp_path):
    table = rows()
    columns = {
        "c0": RNG.integers(0, 600, N), "c1": [f"sku-{number}" for number in table["item_id"]],
        "c2": table["ts"], "target": table["click"],
    }  # fmt: skip
    description = found(tmp_path, columns)
    roles = description.roles
    assert (roles.user, roles.item, roles.time) == ("c0", "c1", "c2")
    assert "check it" in roles.why["user"]
    assert [label.name for label in description.labels] == ["target"]


def test_labels_of_many_writings(tmp_path):
    writings = {
        "is_click": (np.where(CLICK == 1, "Y", "N"), "is_click == 'Y'"),
        "liked": (pa.array(CLICK.astype(float), mask=CLICK == 0), "if_null(liked, 0)"),
        "Shared": (CLICK.astype(bool), "Shared"),
        "convert": (CLICK * 2 - 1, "convert == 1"),
        "add to cart": (CLICK, "`add to cart`"),
        "saves": (CLICK * 3, "saves == 3"),
        "orders": (CLICK * RNG.integers(1, 5, N), "orders > 0"),
    }
    for name, (values, label) in writings.items():
        if name == "saves":
            continue
        columns = {k: v for k, v in rows(**{name: values}).items() if k not in ("click",)}
        labels = {one.name: one for one in found(tmp_path, columns).labels}
        assert labels[name].task.label == label
        assert np.array_equal(labels[name].values == 1, CLICK == 1)


def test_a_request_is_found_by_its_rows(tmp_path):
    description = found(tmp_path, rows(request_id=np.arange(N) // 4, user_id=np.arange(N) // 40))
    assert description.roles.request == "request_id"
    assert "request_id" not in description.features


def _written(tmp_path, columns) -> str:
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    return str(tmp_path / "t.parquet")
