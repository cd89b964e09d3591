"""What the README says is so: counts are those of the registries, numbers those of their pages."""

import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from ranker import measure
from ranker.datasets.catalogue import DATASETS
from ranker.schema import Task
from ranker.spec.aggregate import Aggregation
from ranker.spec.clip import Clip
from ranker.spec.inject import Injector
from ranker.spec.metric import Metric
from ranker.spec.model import Interaction, NoInteraction, Sharing
from ranker.spec.objective import Loss
from ranker.spec.part import kinds
from ranker.spec.rule import Rule, Schedule
from ranker.spec.run import RunConfig

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
assert RunConfig.kind == ""  # its modules register every family


def own(family):
    """Returns how many parts of a family the package itself has, not the tests."""
    return sum(part.__module__.startswith("ranker.") for part in kinds(family).values())


def _is_own(dataset):
    return dataset.load.startswith("ranker.")


def metrics():
    """Returns the names of all metrics of a binary task and of a regression."""
    labels, users = np.array([0.0, 1.0, 1.0, 0.0]), np.zeros(4, np.int64)
    tasks = (
        Task(name="click", kind="binary", minimum=0.0, maximum=1.0),
        Task(name="seconds", kind="regression", minimum=0.0, maximum=9.0),
    )
    same = {task.name: labels for task in tasks}
    half = {task.name: np.array([0.2, 0.7, 0.6, 0.4]) for task in tasks}
    told = measure.evaluate(
        tasks,
        labels=same,
        scores=half,
        weights={task.name: np.ones(4) for task in tasks},
        users=users,
        is_warm=np.ones(4, bool),
    )
    no_metrics = {"rows", "gauc_users", "gauc_rows", "warm", "cold", "frozen", "note"}
    return {name for values in told.values() for name in values} - no_metrics


def test_it_is_short_and_has_no_blank_left_to_fill():
    assert len(README.splitlines()) <= 150
    assert "@@" not in README


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("clippers", own(Clip)),
        ("injectors", own(Injector)),
        ("rules", own(Rule)),
        ("schedules", own(Schedule)),
        ("ways to share", own(Sharing)),
        ("interactions", own(Interaction) - (NoInteraction.kind == "none")),
        ("losses", own(Loss)),
        ("ways to weigh tasks", own(Aggregation) - 1),  # the sum is none
        ("datasets", sum(not each.adapt for each in DATASETS.values() if _is_own(each))),
        ("14, exact", len(metrics()) + own(Metric)),
    ],
)
def test_what_is_counted_is_what_the_registries_hold(words, count):
    if words[0].isdigit():
        assert f"[{words}]" in README
        assert words.partition(",")[0] == str(count)
    else:
        assert re.findall(rf"\b(\d+) {words}\b", README) == [str(count)]


BULLETS = re.findall(r"(?ms)^- \*\*(.*?)\]\(([\w/]+\.md)\)", README)


def test_there_are_four_results():
    assert len(BULLETS) == 4


@pytest.mark.parametrize(("said", "page"), BULLETS)
def test_every_number_of_a_result_is_in_the_page_that_it_links(said, page):
    text = (ROOT / page).read_text("utf-8")
    for number in re.findall(r"\d[\d.,]*\d|\d", said):
        assert re.search(rf"(?<![\d.]){re.escape(number)}(?![\d])", text), (number, page)


def test_the_caption_is_of_the_rows():
    rows = (ROOT / "docs/results/learning_rates.csv").read_text("utf-8").splitlines()[1:]
    for name, words in (("none", "runs diverged without"), ("Clippy", "with it")):
        ends = [row.rpartition(",")[2] for row in rows if row.startswith(f"{name},")]
        assert f"{ends.count('True')} of {len(ends)} {words}" in README


def test_the_output_is_that_of_the_quick_start():
    blocks = re.findall(r"```text\n(.*?)```", README, re.DOTALL)
    page = (ROOT / "docs/quick_start.md").read_text("utf-8")
    for line in "".join(blocks).splitlines()[1:-1]:
        assert line in page


@pytest.mark.parametrize("path", ["README.md", "docs/library.md"])
@pytest.mark.parametrize(("label", "refused"), [(1.0, 0), (np.nan, 1)])
def test_the_keras_example_trains_and_refuses_the_nan(path, label, refused):
    examples = re.findall(r"```python\n(.*?)```", (ROOT / path).read_text("utf-8"), re.DOTALL)
    (example,) = [code for code in examples if "from ranker.keras import" in code]
    model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(2,))])
    before = model.get_weights()[0].copy()
    scope = {"model": model, "x": np.ones((4, 2), np.float32), "y": np.full((4, 1), label)}
    exec(compile(example, path, "exec"), scope)
    assert int(scope["optimizer"].refused) == refused
    assert (model.get_weights()[0] == before).all() == bool(refused)


def test_keras_own_callback_stops_with_weights_that_are_not_finite():
    model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(2,))])
    model.compile(optimizer=tf.keras.optimizers.Adagrad(0.1, clipnorm=1.0), loss="mse")
    nan = np.full((4, 1), np.nan)
    stop = tf.keras.callbacks.TerminateOnNaN()
    model.fit(np.ones((4, 2)), nan, callbacks=[stop], verbose=0)
    assert np.isnan(model.get_weights()[0]).all()
