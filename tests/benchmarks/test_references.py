"""The references recover what was planted, and are ridge regressions."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.linear_model import Ridge
from without_flags import load

from benchmarks import references
from benchmarks.references import Rows, Settings

quality = load("quality")

NUM_USERS, NUM_ITEMS = 60, 40


def planted(rank: int, *, noise: float = 0.0) -> tuple[Rows, Rows]:
    """Returns seen and held-out ratings: 3 + biases + a product of `rank` factors."""
    random = np.random.default_rng(7)
    user, item = (v.ravel() for v in np.mgrid[:NUM_USERS, :NUM_ITEMS])
    biases = random.normal(0, 0.5, NUM_USERS)[user] + random.normal(0, 0.5, NUM_ITEMS)[item]
    factors = [random.normal(size=(n, rank)) for n in (NUM_USERS, NUM_ITEMS)]
    products = (factors[0][user] * factors[1][item]).sum(1)
    ratings = 3 + biases + products + random.normal(0, noise, len(user))
    rows = Rows(user * 10 + 5, item * 3, ratings, (ratings >= 3.5).astype(float))
    is_seen = random.random(len(user)) < 0.7
    return tuple(Rows(*(v[mask] for v in rows)) for mask in (is_seen, ~is_seen))


def test_bias_means_are_exact_where_ratings_are_additive():
    seen, held_out = planted(0)
    model = references.fit(seen, Settings(0, 0.0, 0.0, False), sweeps=100)
    predicted = model.predict(held_out.users, held_out.items)
    np.testing.assert_allclose(predicted, held_out.ratings, atol=1e-9)


def test_als_recovers_factors_that_bias_means_cannot():
    seen, held_out = planted(2, noise=0.1)
    scores = {}
    for rank in (0, 2):
        model = references.fit(seen, Settings(rank, 0.2, 0.2, False), seed=1)
        scores[rank] = references.evaluate(model, held_out)
    assert scores[2]["rating"]["rmse"] < 0.3 < 1.0 < scores[0]["rating"]["rmse"]
    assert scores[0]["like"]["auc"] < 0.8 < 0.97 < scores[2]["like"]["auc"]


def test_one_sweep_at_rank_0_gives_shrunken_means_by_hand():
    rows = Rows(np.array([1, 1, 2]), np.array([8, 9, 8]), np.array([5.0, 3.0, 1.0]), np.zeros(3))
    model = references.fit(rows, Settings(0, 1.0, 2.0, False), sweeps=1)
    # mean 3. items first: 8 has (2 - 2) / (2 + 2) = 0, 9 has 0 / (1 + 2) = 0;
    # then users: 1 has (2 + 0) / (2 + 1), 2 has -2 / (1 + 1)
    np.testing.assert_allclose(model.items.vectors[:, 0], [0, 0], atol=1e-12)
    np.testing.assert_allclose(model.users.vectors[:, 0], [2 / 3, -1])
    again = references.fit(rows, Settings(0, 1.0, 2.0, True), sweeps=2)
    # a penalty per rating: users 2 / (2 + 2) and -2 / (1 + 1), then items
    # 8: (2 - 1/2 - 2 + 1) / (2 + 4), 9: (0 - 1/2) / (1 + 2)
    np.testing.assert_allclose(again.items.vectors[:, 0], [0.5 / 6, -0.5 / 3])


@pytest.mark.parametrize("sizes", [[1], [3, 1, 40], [7, 7]], ids=str)
@pytest.mark.parametrize("penalty", [1e-3, 0.7, 50.0])
def test_each_group_s_solution_is_scikit_learn_s_ridge(sizes, penalty):
    random = np.random.default_rng(0)
    features, targets = random.normal(size=(sum(sizes), 4)), random.normal(size=sum(sizes))
    penalties = penalty * np.arange(1, len(sizes) + 1)
    got = references.solve_ridges(features, targets, sizes=np.array(sizes), penalties=penalties)
    ends = np.cumsum(sizes)[:-1]
    parts = zip(np.split(features, ends), np.split(targets, ends), penalties, strict=True)
    for mine, (x, y, alpha) in zip(got, parts, strict=True):
        np.testing.assert_allclose(
            mine, Ridge(alpha, fit_intercept=False).fit(x, y).coef_, rtol=1e-8, atol=1e-12
        )


def test_at_the_end_every_user_solves_the_ridge_given_the_items():
    seen, _ = planted(2, noise=0.5)
    model = references.fit(seen, Settings(3, 0.3, 0.8, True), seed=2, sweeps=4)
    for place in (0, 17, NUM_USERS - 1):
        mine = seen.users == model.users.ids[place]
        items = model.items.take(seen.items[mine])
        features = np.column_stack([items[:, :-1], np.ones(mine.sum())])
        left = seen.ratings[mine] - seen.ratings.mean() - items[:, -1]
        oracle = Ridge(0.3 * mine.sum(), fit_intercept=False).fit(features, left)
        np.testing.assert_allclose(model.users.vectors[place], oracle.coef_, rtol=1e-7)


def test_the_cold_get_what_is_known_of_the_other():
    seen, _ = planted(2)
    model = references.fit(seen, Settings(2, 0.1, 0.1, False))
    user, item, unknown = model.users.ids[4], model.items.ids[6], 10**6
    users, items = np.array([user, unknown, -1]), np.array([unknown, item, 1])
    expected = model.mean + np.array([model.users.vectors[4, -1], model.items.vectors[6, -1], 0])
    np.testing.assert_allclose(model.predict(users, items), expected)


def test_ratings_are_clipped_for_the_error_and_not_for_the_ranking():
    ids = np.arange(1, 4)
    sides = (
        references.Side(ids, np.zeros((3, 1))),
        references.Side(ids, np.array([[2.0], [4], [-9]])),
    )
    model = references.Model(3.0, *sides, lowest=1.0, highest=5.0)
    rows = Rows(np.ones(3, int), ids, np.array([5.0, 5.0, 1.0]), np.array([0.0, 1.0, 0.0]))
    got = references.evaluate(model, rows)  # 5, 7 and -6: clipped, the first two would tie
    assert got == {"like": {"auc": 1.0, "gauc": 1.0}, "rating": {"rmse": 0.0, "mae": 0.0}}


def test_settings_are_chosen_by_the_error_on_validation():
    seen, held_out = planted(1, noise=0.2)
    grid = [Settings(rank, p, p, False) for rank in (0, 1) for p in (0.3, 300.0)]
    assert references.choose(seen, held_out, grid) == Settings(1, 0.3, 0.3, False)


def write(folder: Path) -> None:
    seen, held_out = planted(1, noise=0.2)
    for name, rows in (("train", seen), ("validation", held_out), ("test", held_out)):
        names = ("user_id", "item_id", "rating", "like")
        pq.write_table(pa.table(dict(zip(names, rows, strict=True))), folder / f"{name}.parquet")


def test_references_of_a_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(references, "BIAS_GRID", [Settings(0, 1.0, 1.0, False)])
    monkeypatch.setattr(references, "ALS_GRID", [Settings(1, 0.3, 0.3, False)])
    write(tmp_path)
    bias, bias_both, als, als_both = references.compute(tmp_path, seeds=2)
    assert [len(r.metrics["test"]) for r in (bias, bias_both, als, als_both)] == [1, 1, 2, 2]
    assert set(als.metrics) == {"validation", "test"}
    assert set(als_both.metrics) == {"test"}  # it has seen the validation split
    error = {r.name: r.metrics["test"][0]["rating"]["rmse"] for r in (bias, als, als_both)}
    assert error[bias.name] > error[als.name] > error[als_both.name]
    assert als.metrics["test"][0] != als.metrics["test"][1]  # other first factors


@pytest.mark.parametrize("lost", ["rating", "user_id"])
def test_a_file_without_a_column_is_refused(tmp_path, lost):
    write(tmp_path)
    path = tmp_path / "test.parquet"
    table = pq.read_table(path).drop_columns(lost)
    pq.write_table(table, path)
    with pytest.raises(ValueError, match=rf"test\.parquet: no column {lost}"):
        references.read_rows(path)


def test_a_missing_label_is_refused(tmp_path):
    write(tmp_path)
    path = tmp_path / "train.parquet"
    table = pq.read_table(path)
    like = pa.array([None, None, *table["like"].to_pylist()[2:]], pa.float64())
    pq.write_table(table.set_column(table.column_names.index("like"), "like", like), path)
    with pytest.raises(ValueError, match="2 rows lack like"):
        references.read_rows(path)


def test_the_table_has_means_and_deviations_of_samples():
    runs = [{"like": {"auc": v}, "rating": {"rmse": 1.0}} for v in (0.7, 0.8, 0.9)]
    text = references.markdown([references.Result("one", {"test": runs, "validation": runs[:1]})])
    heads, _, test, validation = text.splitlines()
    assert heads.startswith("| ranker | split | like AUC | like GAUC |")
    assert test == "| one | test | 0.8000 ± 0.1000 | - | - | 1.0000 ± 0.0000 | - |"
    assert validation == "| one | validation | 0.7000 | - | - | 1.0000 | - |"


@pytest.mark.parametrize("has_past", [True, False])
def test_every_seed_is_a_run_of_its_own(has_past, tmp_path, monkeypatch):
    def pretend(command: list[str], **_: object) -> None:
        given = dict(part.removeprefix("--").split("=", 1) for part in command[3:5])
        assert {"--set=export.enabled=false"} < set(command)
        seed = int(command[5].removeprefix("--set=seed="))
        folder = Path(given["workdir"])
        folder.mkdir()
        like = {"auc": seed / 10}
        like |= {"frozen": {"auc": seed / 5}} if has_past else {}
        metrics = {s: {"like": like} for s in ("validation", "test")}
        (folder / "RESULT.json").write_text(json.dumps({"metrics": metrics}))

    monkeypatch.setattr(subprocess, "run", pretend)
    result = quality.train(Path("configs/some.toml"), tmp_path, seeds=3)
    assert result.name == "some"
    assert [run["like"]["auc"] for run in result.metrics["test"]] == [0.0, 0.1, 0.2]
    lines = references.markdown([result]).splitlines()[2:]
    names = ["validation", "test"] + ["validation, frozen", "test, frozen"] * has_past
    assert [line.split(" | ")[1] for line in lines] == names
    if has_past:
        assert lines[-1].startswith("| some | test, frozen | 0.2000 ± 0.2000 |")
    quality.write_rows([result], tmp_path / "rows.csv")
    rows = (tmp_path / "rows.csv").read_text("utf-8").splitlines()
    assert rows[0] == "ranker,split,seed,task,metric,value"
    assert rows[2] == "some,validation,1,like,auc,0.1"
    assert len(rows) == 1 + 3 * len(names)
