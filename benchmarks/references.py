"""Two rankers that a ranker must beat: `python -m benchmarks.references --data=data/NAME`.

Both predict the rating from who and what alone; the predicted rating is also what ranks
by like. **Bias means** are mean + user's bias + item's bias; **ALS** adds the product of a
user's and an item's factors (Koren, Bell and Volinsky 2009, "Matrix Factorization
Techniques for Recommender Systems"). Both come from ridge regressions of all items on the
users' vectors and of all users on the items', in turns; a penalty may be multiplied by
the number of ratings (Zhou et al. 2008, "Large-Scale Parallel Collaborative Filtering for
the Netflix Prize"). Rank and penalties are those of the grids below with the least
validation RMSE at the first seed.

Each is fitted twice: to the training split, and with the same settings to training and
validation. The features of a prepared dataset hold what happened before an event, so a
model trained on the training split still reads, at test, ratings of the validation split.
"""

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq
from absl import flags

from ranker import measure
from ranker.cli import program
from ranker.cli.display import Display

METRICS = {  # (task, metric): its column in the table
    ("like", "auc"): "like AUC",
    ("like", "gauc"): "like GAUC",
    ("like", "log_loss"): "like log loss",
    ("rating", "rmse"): "rating RMSE",
    ("rating", "mae"): "rating MAE",
}
Metrics = Mapping[str, Mapping[str, float]]  # by task and metric, as in RESULT.json

_SWEEPS = 20  # 40 more move no RMSE on MovieLens-100K by more than 0.003
_INITIAL_SCALE = 0.1


class Rows(NamedTuple):
    """A split: raw ids, stars, and 1 for a like. All [N]; stars and likes float64."""

    users: np.ndarray
    items: np.ndarray
    ratings: np.ndarray
    likes: np.ndarray


class Settings(NamedTuple):
    """What is chosen on validation; the penalties are on squared biases and factors alike."""

    rank: int
    user_penalty: float
    item_penalty: float
    is_per_rating: bool

    def __str__(self) -> str:
        unit = " per rating" if self.is_per_rating else ""
        penalties = f"penalties {self.user_penalty:g}, {self.item_penalty:g}{unit}"
        return f"rank {self.rank}, {penalties}" if self.rank else penalties


_SHRINKAGES = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
BIAS_GRID = [Settings(0, user, item, False) for user in _SHRINKAGES for item in _SHRINKAGES]
ALS_GRID = [
    Settings(rank, penalty, penalty, is_per_rating)
    for rank in (2, 4, 8, 16, 32)
    for is_per_rating, penalties in (
        (True, (0.05, 0.07, 0.1, 0.14, 0.2)),
        (False, (5.0, 7.0, 10.0, 14.0, 20.0)),
    )
    for penalty in penalties
]


class Side(NamedTuple):
    """The users, or the items, that were fitted: sorted ids [G]; factors, then bias [G, D + 1]."""

    ids: np.ndarray
    vectors: np.ndarray

    def take(self, ids: np.ndarray) -> np.ndarray:
        """Returns the vectors of raw `ids`; zeros for those never seen. [N, D + 1]"""
        places = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        is_known = self.ids[places] == ids
        return np.where(is_known[:, None], self.vectors[places], 0.0)


class Model(NamedTuple):
    """A fitted reference, and the range of the ratings that it was fitted to."""

    mean: float
    users: Side
    items: Side
    lowest: float
    highest: float

    def predict(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        """Returns ratings, not clipped, so that they still rank; of the cold: what is known."""
        user, item = self.users.take(users), self.items.take(items)
        products = np.einsum("nd,nd->n", user[:, :-1], item[:, :-1])
        return self.mean + user[:, -1] + item[:, -1] + products


class Result(NamedTuple):
    """A line or two of the table: a ranker's metrics by split, one entry a seed."""

    name: str
    metrics: Mapping[str, Sequence[Metrics]]


def read_rows(path: Path) -> Rows:
    """Returns what the references read of a prepared split.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: naming the file, if a column is not there or a label is missing.
    """
    names = ("user_id", "item_id", "rating", "like")
    present = pq.read_schema(path).names
    missing = [name for name in names if name not in present]
    if missing:
        raise ValueError(f"{path}: no column {', '.join(missing)}")
    table = pq.read_table(path, columns=list(names))
    for name in names:
        if table.column(name).null_count:
            raise ValueError(f"{path}: {table.column(name).null_count} rows lack {name}")
    users, items, ratings, likes = (table.column(name).to_numpy() for name in names)
    return Rows(users, items, ratings.astype(np.float64), likes.astype(np.float64))


def fit(rows: Rows, settings: Settings, *, seed: int = 0, sweeps: int = _SWEEPS) -> Model:
    """Returns biases and factors after `sweeps` over items, then users.

    Items come first, given users whose biases are 0 and whose factors are random: so a
    single sweep at rank 0 gives the usual shrunken means of residuals.
    """
    mean = rows.ratings.mean()
    user_ids, user = np.unique(rows.users, return_inverse=True)
    item_ids, item = np.unique(rows.items, return_inverse=True)
    random = np.random.default_rng(seed)
    users = np.zeros((len(user_ids), settings.rank + 1))
    users[:, :-1] = random.normal(0, _INITIAL_SCALE, (len(user_ids), settings.rank))
    residuals = rows.ratings - mean
    by_item, by_user = _Turn(item, user, residuals), _Turn(user, item, residuals)
    for _ in range(sweeps):
        items = by_item.solve(users, settings.item_penalty, settings.is_per_rating)
        users = by_user.solve(items, settings.user_penalty, settings.is_per_rating)
    sides = Side(user_ids, users), Side(item_ids, items)
    return Model(mean, *sides, rows.ratings.min(), rows.ratings.max())


class _Turn:
    """The ratings in the order of one side, which is solved given the other."""

    def __init__(self, own: np.ndarray, other: np.ndarray, residuals: np.ndarray) -> None:
        order = np.argsort(own, kind="stable")
        self._sizes = np.bincount(own)
        self._other, self._residuals = other[order], residuals[order]

    def solve(self, others: np.ndarray, penalty: float, is_per_rating: bool) -> np.ndarray:
        features = others[self._other]
        targets = self._residuals - features[:, -1]  # what the other side's biases leave
        features[:, -1] = 1.0  # the own side's bias
        penalties = penalty * (self._sizes if is_per_rating else np.ones(len(self._sizes)))
        return solve_ridges(features, targets, sizes=self._sizes, penalties=penalties)


def solve_ridges(
    features: np.ndarray, targets: np.ndarray, *, sizes: np.ndarray, penalties: np.ndarray
) -> np.ndarray:
    """Returns, of each group of rows, the w of least |features w - targets|² + penalty |w|².

    Args:
      features, targets: the rows of the first group, then of the second ... [N, K], [N]
      sizes, penalties: of each group; no size is 0. [G]

    Returns: [G, K]
    """
    ends = np.cumsum(sizes)[:-1]
    groups = np.split(features, ends)
    grams = np.stack([rows.T @ rows for rows in groups])
    grams += penalties[:, None, None] * np.eye(features.shape[1])
    moments = np.add.reduceat(features * targets[:, None], np.append(0, ends))
    return np.linalg.solve(grams, moments[:, :, None])[:, :, 0]


def evaluate(model: Model, rows: Rows) -> Metrics:
    """Returns the metrics of `METRICS`, but the log loss: a rating is no probability."""
    predicted, weights = model.predict(rows.users, rows.items), np.ones(len(rows.users))
    by_user = measure.auc_by_user(rows.likes, predicted, weights, rows.users)
    like = {
        "auc": measure.auc(rows.likes, predicted, weights),
        "gauc": by_user and by_user.value,
    }
    stars = rows.ratings, np.clip(predicted, model.lowest, model.highest), weights
    rating = {
        "rmse": measure.root_mean_squared_error(*stars),
        "mae": measure.mean_absolute_error(*stars),
    }
    like = {name: value for name, value in like.items() if value is not None}
    return {"like": like, "rating": rating}


def choose(train: Rows, validation: Rows, grid: Sequence[Settings]) -> Settings:
    """Returns the settings of `grid` with the least RMSE on `validation`, at the seed 0."""
    errors = []
    with Display("setting") as display:
        for done, settings in enumerate(grid, start=1):
            errors.append(evaluate(fit(train, settings), validation)["rating"]["rmse"])
            display.at(done, len(grid), str(settings))
    return grid[int(np.argmin(errors))]


def compute(folder: Path, *, seeds: int) -> Iterator[Result]:
    """Yields bias means and ALS as fitted to training, then to training and validation.

    Args:
      folder: what `pipelines.prepare` wrote.
      seeds: fits of ALS; bias means have nothing random.

    Raises:
      FileNotFoundError, ValueError: as `read_rows`.
    """
    train, validation, test = (
        read_rows(folder / f"{name}.parquet") for name in ("train", "validation", "test")
    )
    both = Rows(*(np.concatenate(pair) for pair in zip(train, validation, strict=True)))
    held_out = {"validation": validation, "test": test}
    for name, grid, fits in (("bias means", BIAS_GRID, 1), ("ALS", ALS_GRID, seeds)):
        settings = choose(train, validation, grid)
        name = f"{name} ({settings})"
        yield _result(name, [fit(train, settings, seed=s) for s in range(fits)], held_out)
        refitted = [fit(both, settings, seed=s) for s in range(fits)]
        yield _result(f"{name}, fitted to validation too", refitted, {"test": test})


def _result(name: str, models: Sequence[Model], held_out: Mapping[str, Rows]) -> Result:
    metrics = {split: [evaluate(m, rows) for m in models] for split, rows in held_out.items()}
    return Result(name, metrics)


def markdown(results: Iterable[Result]) -> str:
    """Returns a table, a line a ranker and split: means over seeds ± standard deviations."""
    heads = ["ranker", "split", *METRICS.values()]
    lines = [
        [result.name, split, *(_cell(runs, task, metric) for task, metric in METRICS)]
        for result in results
        for split, runs in result.metrics.items()
    ]
    rules = ["---", "---", *("---:" for _ in METRICS)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, rules, *lines))


def rows(results: Iterable[Result]) -> Iterator[tuple[str, str, int, str, str, float]]:
    """Yields what the table is made of: ranker, split, seed, task, metric and value."""
    for result in results:
        for split, runs in result.metrics.items():
            for seed, run in enumerate(runs):
                for task, metric in METRICS:
                    if metric in run.get(task, {}):
                        yield result.name, split, seed, task, metric, run[task][metric]


def _cell(runs: Sequence[Metrics], task: str, metric: str) -> str:
    values = [run[task][metric] for run in runs if metric in run.get(task, {})]
    if not values:
        return "-"
    mean = f"{statistics.fmean(values):.4f}"
    return f"{mean} ± {statistics.stdev(values):.4f}" if len(values) > 1 else mean


def main(_: Sequence[str]) -> int:
    """Fits both and prints the table; returns the exit code."""
    try:
        results = list(compute(Path(flags.FLAGS.data), seeds=flags.FLAGS.seeds))
    except (ValueError, OSError) as error:
        return program.refuse(error)
    print(markdown(results))
    return 0


if __name__ == "__main__":  # the flags too: `benchmarks.quality` has others
    flags.DEFINE_string("data", "data/movielens-100k", "What pipelines.prepare wrote.")
    flags.DEFINE_integer("seeds", 3, "Fits of ALS, from other first factors.", lower_bound=1)
    program.run(main)
