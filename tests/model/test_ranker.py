"""The model: every part trains, names are stable, one row scores as many do."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from tiny_dataset import tiny_schema

from ranker import model
from ranker.input import Encoder, read_split, read_vocabularies
from ranker.spec import model as spec
from ranker.spec.part import actor

TASKS = ("like", "rating")
INTERACTIONS = {
    "none": spec.NoInteraction(),
    "dcn": spec.Dcn(num_layers=2),
    "dcn-low-rank": spec.Dcn(num_layers=1, projection_width=3),
    "dot": spec.Dot(),
}
SHARINGS = {
    "shared_bottom": spec.SharedBottom(units=(8,)),
    "mmoe": spec.Mmoe(num_experts=3, units=(8, 6)),
    "ple": spec.Ple(num_levels=2, num_shared=2, num_own=1, units=(8,)),
}


def make(
    rows,
    *,
    interaction="none",
    sharing="mmoe",
    seed=0,
    dropout=0.5,
    factors=2,
    precision="float32",
):
    schema = tiny_schema()
    context = model.Context(TASKS, width=4, seed=seed, dropout=0.5, precision=precision)
    return model.Ranker(
        schema,
        embedding=model.Embedding(schema, rows, width=4, seed=seed, scale=0.1),
        wide=model.Wide(
            schema,
            rows,
            biases=("user_id", "item_id"),
            has_numeric=True,
            factors=factors,
            histories=("liked_items",) if factors else (),
            seed=seed,
            scale=0.1,
        ),
        interaction=actor(INTERACTIONS[interaction])(INTERACTIONS[interaction], context),
        sharing=actor(SHARINGS[sharing])(SHARINGS[sharing], context),
        tower_units=(5,),
        dropout=dropout,
        has_layer_norm=interaction == "dcn",
        logit_residuals={"like": "rating"},
        esmm_products={},
        seed=seed,
        precision=precision,
    )


@pytest.fixture(scope="module")
def data(prepared):
    schema = tiny_schema()
    vocabularies = read_vocabularies(prepared, schema)
    encoder = Encoder(schema, vocabularies)
    split = read_split(
        prepared / "train.parquet", schema, encoder, known_users=vocabularies["user_id"]
    )
    return encoder.num_rows, split.take(np.arange(16))


@pytest.mark.parametrize("sharing", SHARINGS)
@pytest.mark.parametrize("interaction", INTERACTIONS)
def test_every_variable_is_trained(data, interaction, sharing):
    num_rows, batch = data
    ranker = make(num_rows, interaction=interaction, sharing=sharing, dropout=0.0)
    named = ranker.tables | ranker.dense
    with tf.GradientTape() as tape:
        logits = ranker(batch.features)
        total = tf.add_n([tf.reduce_sum(v * tf.range(16.0)) for v in logits.values()])
    gradients = dict(zip(named, tape.gradient(total, list(named.values())), strict=True))
    for name, gradient in gradients.items():
        values = gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient
        assert np.abs(values).max() > 0, name
    assert all(logits[task].shape == (16,) for task in TASKS)


@pytest.mark.parametrize("sharing", SHARINGS)
@pytest.mark.parametrize("interaction", INTERACTIONS)
def test_a_batch_of_one_scores_as_in_a_batch(data, interaction, sharing):
    num_rows, batch = data
    ranker = make(num_rows, interaction=interaction, sharing=sharing)
    many = ranker(batch.features)
    one = ranker({name: value[3:4] for name, value in batch.features.items()})
    for task in TASKS:
        np.testing.assert_allclose(one[task], many[task][3:4], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("sharing", SHARINGS)
@pytest.mark.parametrize("interaction", INTERACTIONS)
def test_bfloat16_is_in_the_activations_alone(data, interaction, sharing):
    num_rows, batch = data
    exact, rounded = (
        make(num_rows, interaction=interaction, sharing=sharing, dropout=0.0, precision=precision)
        for precision in ("float32", "bfloat16")
    )
    assert list(exact.dense) == list(rounded.dense)
    named = rounded.tables | rounded.dense
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(list(named.values()))
        logits = rounded(batch.features)
        total = tf.add_n([tf.reduce_sum(v) for v in logits.values()])
    for gradient, variable in zip(
        tape.gradient(total, list(named.values())), named.values(), strict=True
    ):
        assert gradient.dtype == variable.dtype == tf.float32
        assert isinstance(variable, tf.Variable)
    for task, value in exact(batch.features).items():
        # 8 bits a number, and a few sums of numbers of about 1.
        np.testing.assert_allclose(logits[task], value, atol=0.05)
        assert (logits[task].numpy() != value.numpy()).any()


def test_the_seed_and_nothing_else_decides_the_initial_values(data):
    num_rows, _ = data
    first, again, other = (make(num_rows, interaction="dcn", seed=s) for s in (4, 4, 5))
    assert list(first.dense) == list(again.dense)
    for name, variable in (first.tables | first.dense).items():
        np.testing.assert_array_equal(variable, (again.tables | again.dense)[name])
    kernels = [name for name in first.dense if "kernel" in name]
    assert all((first.dense[n].numpy() != other.dense[n].numpy()).any() for n in kernels)
    drawn = [first.dense[n].numpy().reshape(-1)[:8] for n in kernels]
    assert len({array.tobytes() for array in drawn}) == len(kernels)


def test_dropout_needs_a_seed_and_repeats_with_it(data):
    num_rows, batch = data
    ranker = make(num_rows)
    seeds = [None, None, tf.constant([1, 2]), tf.constant([1, 2]), tf.constant([1, 3])]
    a, b, c, d, e = (ranker(batch.features, seed=seed)["like"].numpy() for seed in seeds)
    assert (a == b).all()
    assert (c == d).all()
    assert (a != c).any()
    assert (c != e).any()


def test_before_training_a_model_says_what_the_labels_say(data):
    # Tables at 0 and heads' biases at 0: the logit of the rate, and the mean.
    num_rows, batch = data
    ranker = make(num_rows)
    for variable in (ranker.tables | ranker.dense).values():
        variable.assign(tf.zeros_like(variable))
    scores = model.scores(ranker(batch.features), tiny_schema())
    np.testing.assert_allclose(scores["like"], np.full(16, 0.6), rtol=1e-6)
    np.testing.assert_allclose(scores["rating"], np.full(16, 3.5), rtol=1e-6)


def test_scores_keep_to_the_range_of_the_task():
    logits = {"like": tf.constant([0.0]), "rating": tf.constant([9.0])}
    scores = model.scores(logits, tiny_schema())
    assert scores["like"].numpy() == 0.5
    assert scores["rating"].numpy() == 5.0


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [((None, None), [-9e9, 9e9]), ((1.0, None), [1.0, 9e9]), ((None, 5.0), [-9e9, 5.0])],
)
def test_scores_have_no_bound_that_the_task_does_not_state(bounds, expected):
    low, high = bounds
    like, rating = tiny_schema().tasks
    rating = dataclasses.replace(rating, minimum=low, maximum=high)
    schema = dataclasses.replace(tiny_schema(), tasks=(like, rating))
    logits = {"like": np.zeros(2, np.float32), "rating": np.float32([-9e9, 9e9])}
    for given in (logits, {name: tf.constant(values) for name, values in logits.items()}):
        scores = model.scores(given, schema)
        assert scores["rating"].numpy().tolist() == np.float32(expected).tolist()


def pool(table, rows, **kwargs):
    values = model.lists.read(tf.constant(rows), num_rows=table.shape[0])
    return model.lists.embed(table, values, **kwargs)


def test_pooling_is_the_mean_of_what_is_there():
    table = tf.Variable([[1.0, 2.0], [3.0, 4.0], [100.0, 100.0]])
    pooled = pool(table, [[0, 1, -1], [1, -1, -1], [-1, -1, -1]])
    np.testing.assert_allclose(pooled, [[2, 3], [3, 4], [0, 0]])
    rooted = pool(table, [[0, 1, -1]], power=0.5)
    np.testing.assert_allclose(rooted, [[4 / 2**0.5, 6 / 2**0.5]], rtol=1e-6)


def test_padding_touches_no_row():
    table = tf.Variable(tf.ones((5, 2)))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(pool(table, [[3, -1], [-1, -1], [1, 3]]))
    touched = tape.gradient(total, table)
    assert sorted(touched.indices.numpy().tolist()) == [1, 3]


@pytest.mark.parametrize("num_rows", [5, 1000], ids=["marked", "hashed"])
@pytest.mark.parametrize("width", [1, 8, 33])
def test_pooling_and_its_gradient_are_those_of_each_value(num_rows, width):
    rng = np.random.default_rng(1)
    table = tf.Variable(rng.normal(size=(num_rows, width)).astype(np.float32))
    rows = rng.integers(-1, num_rows, size=(9, 4)).astype(np.int32)
    upstream = rng.normal(size=(9, width)).astype(np.float32)
    with tf.GradientTape() as tape:
        pooled = pool(table, rows)
    gradient = tape.gradient(pooled, table, output_gradients=tf.constant(upstream))
    lists = [row[row >= 0] for row in rows]
    means = [table.numpy()[ids].mean(axis=0) if len(ids) else np.zeros(width) for ids in lists]
    np.testing.assert_allclose(pooled, means, rtol=1e-5, atol=1e-6)
    expected = np.zeros((num_rows, width))
    for ids, value in zip(lists, upstream, strict=True):
        np.add.at(expected, ids, value / max(1, len(ids)))
    np.testing.assert_allclose(tf.convert_to_tensor(gradient), expected, rtol=1e-5, atol=1e-6)


def test_tells_how_often_each_table_is_read(data):
    num_rows, batch = data
    ranker = make(num_rows)
    read = {name: ranker.reads(name, batch.features) for name in ranker.tables}
    items, lists = batch.features["item_id"].tolist(), batch.features["liked_items"]
    in_lists = lists[lists >= 0].tolist()
    assert len(set(in_lists)) < len(in_lists)
    assert sorted(read["factor/liked_items"].numpy()) == sorted(in_lists)
    assert sorted(read["embedding/item_id"].numpy()) == sorted(items + in_lists)
    assert read["bias/user_id"].numpy().tolist() == batch.features["user_id"].tolist()


def test_a_bias_of_no_feature_is_refused(data):
    num_rows, _ = data
    with pytest.raises(ValueError, match="no feature 'user_count' to have a bias"):
        model.Wide(
            tiny_schema(),
            num_rows,
            biases=("user_count",),
            has_numeric=False,
            factors=0,
            histories=(),
            seed=0,
            scale=0.1,
        )
