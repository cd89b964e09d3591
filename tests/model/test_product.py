"""Products of tasks: against NumPy in float64, in the model, in an export."""

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from tiny_dataset import tiny_schema, write_tiny

from ranker import model, serve, wiring
from ranker.input import read_raw
from ranker.model.product import joint_logit
from ranker.objective import Objective
from ranker.schema import Schema, Task, write_schema
from ranker.spec.model import ModelSettings
from ranker.spec.run import DataSettings, RunConfig

SIZES = [-500.0, -80.0, -5.0, -0.3, 0.0, 1.0, 7.0, 80.0, 500.0]
LIKE = Task(name="like", kind="binary", minimum=0, maximum=1, mean=0.6)
BUY = Task(name="buy", kind="binary", minimum=0, maximum=1, mean=0.15)


def schema_with(*tasks: Task) -> Schema:
    return dataclasses.replace(tiny_schema(), tasks=tasks)


def pairs() -> tuple[np.ndarray, np.ndarray]:
    first, second = np.meshgrid(SIZES, SIZES)
    return first.ravel(), second.ravel()


def oracle(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns log p and log(1 - p) of the product, float64."""
    log_p = -np.logaddexp(0, -a) - np.logaddexp(0, -b)
    return log_p, np.log(-np.expm1(log_p))


def test_the_logit_is_that_of_the_product_at_every_size():
    a, b = pairs()
    log_p, log_rest = oracle(a, b)
    got = joint_logit(tf.constant(a, tf.float32), tf.constant(b, tf.float32))
    np.testing.assert_allclose(got, log_p - log_rest, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("label", [0.0, 1.0])
@pytest.mark.parametrize("compiled", [False, True])
def test_loss_and_gradients_are_those_of_the_two_chances(label, compiled):
    # -y log p - (1 - y) log(1 - p); d log p / da = 1 - sigmoid(a), and
    # d log(1 - p) / da = -p / (1 - p) (1 - sigmoid(a)).
    a, b = pairs()
    log_p, log_rest = oracle(a, b)
    of_loss = np.where(label == 1.0, -1.0, np.exp(log_p - log_rest))
    objective = Objective([BUY])

    def differentiate(first, second):
        with tf.GradientTape() as tape:
            tape.watch([first, second])
            logits = {"buy": joint_logit(first, second)}
            ones = {"buy": tf.ones_like(first)}
            loss = objective.losses(logits, {"buy": label * ones["buy"]}, ones)[0]
        return loss, *tape.gradient(loss, [first, second])

    run = tf.function(differentiate) if compiled else differentiate
    loss, *gradients = run(tf.constant(a, tf.float32), tf.constant(b, tf.float32))
    np.testing.assert_allclose(loss, -np.mean(log_p if label else log_rest), rtol=1e-6)
    for gradient, logit in zip(gradients, (a, b), strict=True):
        expected = of_loss * np.exp(-np.logaddexp(0, logit)) / len(a)
        np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-9)


def test_what_is_not_finite_stays_so():
    got = joint_logit(tf.constant([np.nan, 1.0]), tf.constant([2.0, np.nan])).numpy()
    assert np.isnan(got).all()


def make(folder: Path, products: dict[str, str]) -> wiring.Run:
    config = RunConfig(
        data=DataSettings(path=str(folder)),
        model=ModelSettings(embedding_width=4, tower_units=(4,), esmm_products=products),
    )
    return wiring.build_run(config)


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    """The tiny dataset with `buy`, which happens to some of what is liked."""
    folder = write_tiny(tmp_path_factory.mktemp("shop"))
    for path in folder.glob("*.parquet"):
        table = pq.read_table(path)
        like = table["like"].fill_null(0.0).to_numpy()
        buy = (like * (table["rating"].to_numpy() > 4.5)).astype(np.float32)
        pq.write_table(table.append_column("buy", [buy]), path)
    write_schema(schema_with(LIKE, BUY), folder / "schema.toml")
    return folder


def test_before_training_the_product_is_the_rate_of_its_labels(shop):
    # 0.6 of the rows are liked, and a quarter of those bought: 0.6 * 0.25 = 0.15.
    run = make(shop, {"buy": "like"})
    for variable in run.model.variables:
        variable.assign(tf.zeros_like(variable))
    raw = read_raw(shop / "test.parquet", run.schema, num_rows=5)
    scores = model.scores(run.model(run.encoder(raw)), run.schema)
    np.testing.assert_allclose(scores["like"], np.full(5, 0.6), rtol=1e-6)
    np.testing.assert_allclose(scores["buy"], np.full(5, 0.15), rtol=1e-6)


def test_the_loss_of_the_product_trains_both_towers(shop):
    run = make(shop, {"buy": "like"})
    raw = read_raw(shop / "test.parquet", run.schema, num_rows=5)
    heads = {name: run.model.dense[f"head/{name}/bias"] for name in ("like", "buy")}
    with tf.GradientTape() as tape:
        logits = run.model(run.encoder(raw))
        total = tf.reduce_sum(logits["buy"])
    assert (logits["buy"].numpy() < logits["like"].numpy()).all()
    for name, gradient in tape.gradient(total, heads).items():
        assert np.abs(gradient).max() > 0, name


@pytest.mark.parametrize(
    ("tasks", "products"),
    [
        ((LIKE, BUY), {"buy": "click"}),
        ((LIKE, BUY), {"buy": "buy"}),
        (tiny_schema().tasks, {"like": "rating"}),
        ((LIKE, BUY, dataclasses.replace(BUY, name="pay")), {"pay": "buy", "buy": "like"}),
    ],
)
def test_a_product_that_is_none_is_refused_by_name(shop, tasks, products):
    task, other = next(iter(products.items()))
    with pytest.raises(ValueError, match=f"^cannot make '{task}' a product with '{other}'"):
        model.product.check_products(products, tasks)


@pytest.mark.slow
def test_an_export_serves_the_product(shop, tmp_path):
    run = make(shop, {"buy": "like"})
    generator = np.random.default_rng(3)
    for variable in run.model.variables:
        variable.assign(generator.normal(0, 0.5, variable.shape))
    raw = read_raw(shop / "test.parquet", run.schema, num_rows=12)
    where = serve.export(run.model, run.encoder, run.schema, tmp_path, examples=raw, card={})
    served = tf.saved_model.load(str(where)).signatures["serving_default"]
    inputs = {name: tf.constant(value) for name, value in raw.items()}
    logits = run.model(run.encoder(raw))
    expected = model.scores(logits, run.schema)
    got = served(**inputs)
    assert (got["buy"].numpy() < got["like"].numpy()).all()
    np.testing.assert_allclose(got["buy"], expected["buy"], atol=1e-6)
