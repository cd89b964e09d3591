"""Faults of the batch: what exactly changes, that nothing else does, and when."""

import numpy as np
import pytest
import tensorflow as tf
from sample_faults import ON, START, STOP, WHEN, bits, changed, corrupt, corrupter, faults, rows

from ranker import inject

pytestmark = pytest.mark.runs

BATCH = rows()
NUMERIC = BATCH.features["user_count"]
INJECTORS = {
    "label_flip": inject.LabelFlip(task="like", share=0.25, **WHEN),
    "extreme_label": inject.ExtremeLabel(task="rating", value=-1e6, share=0.25, **WHEN),
    "label_scale": inject.LabelScale(task="rating", factor=-3.0, **WHEN),
    "feature_scale": inject.FeatureScale(feature="user_count", factor=-3.0, **WHEN),
    "feature_outlier": inject.FeatureOutlier(feature="user_count", value=7e8, share=0.25, **WHEN),
    "not_finite": inject.NotFinite(feature="user_count", value="-inf", share=0.25, **WHEN),
    "not_finite_label": inject.NotFinite(task="rating", share=0.25, **WHEN),
    "unknown_ids": inject.UnknownIds(feature="user_id", share=0.25, **WHEN),
    "unknown_ids_lists": inject.UnknownIds(feature="genres", share=0.25, **WHEN),
    "task_vanishes": inject.TaskVanishes(task="rating", **WHEN),
    "noise": inject.Noise(feature="user_count", level=0.5, **WHEN),
}
COLUMNS = {
    "label_flip": "labels/like",
    "extreme_label": "labels/rating",
    "label_scale": "labels/rating",
    "unknown_ids": "features/user_id",
    "unknown_ids_lists": "features/genres",
    "task_vanishes": "weights/rating",
    "not_finite_label": "labels/rating",
}
RANDOM = sorted(INJECTORS.keys() - {"feature_scale", "label_scale", "task_vanishes"})


def column(name, batch):
    part, _, feature = COLUMNS.get(name, "features/user_count").partition("/")
    return getattr(batch, part)[feature]


def hit(name, batch):
    """Returns which elements of the injector's column differ from those of BATCH."""
    after, before = column(name, batch), column(name, BATCH)
    return ~((after == before) | (np.isnan(after) & np.isnan(before)))


def with_odd_numbers():
    """Returns the batch with what arithmetic would not leave alone: -0, NaN, infinities, 1e30."""
    odd = np.resize(np.array([-0.0, np.nan, np.inf, -np.inf, 1e30, 1e-30], np.float32), 64)
    odd[1:2].view(np.uint32)[:] = 0x7FC00123  # a NaN with a payload
    labels = dict.fromkeys(BATCH.labels, odd)
    weights = dict.fromkeys(BATCH.weights, odd)
    return BATCH._replace(
        features=BATCH.features | {"user_count": odd}, labels=labels, weights=weights
    )


@pytest.mark.parametrize("name", INJECTORS)
def test_one_column_changes_and_only_inside_the_range(name):
    corrupt_at = corrupter(INJECTORS[name])
    for attempt in (START, ON, STOP - 1):
        expected = {COLUMNS.get(name, "features/user_count")}
        assert changed(BATCH, corrupt_at(BATCH, attempt)) == expected
    odd = with_odd_numbers()
    for attempt in (0, START - 1, STOP, 10**12):
        assert bits(corrupt_at(odd, attempt)) == bits(odd)


@pytest.mark.parametrize("name", INJECTORS)
def test_compiled_is_eager_bit_for_bit(name):
    injector = INJECTORS[name]
    assert bits(corrupt(injector, BATCH, compiled=False)) == bits(corrupt(injector, BATCH))


@pytest.mark.parametrize("name", RANDOM)
def test_draws_depend_on_the_seed_the_attempt_and_the_index_alone(name):
    injector = INJECTORS[name]

    def drawn(**settings):
        return bits(corrupt(injector, BATCH, compiled=False, **settings))

    assert drawn(seed=tf.Variable(11)) == drawn()
    assert drawn() != drawn(seed=12)
    assert drawn() != drawn(attempt=ON + 1)
    assert drawn() != drawn(index=1)


@pytest.mark.parametrize("name", ["label_flip", "extreme_label", "feature_outlier", "not_finite"])
@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_share_is_that_of_the_rows(name, share):
    injector = type(INJECTORS[name])(**vars(INJECTORS[name]) | {"share": share})
    num_hit = hit(name, corrupt(injector, BATCH)).sum()
    # 64 draws at 0.25: 16 +- 3.5; six deviations are never missed.
    assert abs(num_hit - 64 * share) <= 6 * (64 * share * (1 - share)) ** 0.5


def test_a_flipped_label_is_one_less_it():
    soft = BATCH._replace(labels=BATCH.labels | {"like": np.full(64, 0.25, np.float32)})
    injector = INJECTORS["label_flip"]
    assert set(corrupt(injector, soft).labels["like"].tolist()) == {0.25, 0.75}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("extreme_label", -1e6),
        ("feature_outlier", 7e8),
        ("not_finite", -np.inf),
        ("not_finite_label", np.nan),
    ],
)
def test_the_rows_hit_have_the_value(name, value):
    corrupted = corrupt(INJECTORS[name], BATCH)
    np.testing.assert_array_equal(
        column(name, corrupted),
        np.where(hit(name, corrupted), np.float32(value), column(name, BATCH)),
    )


def test_a_feature_is_scaled():
    corrupted = corrupt(INJECTORS["feature_scale"], BATCH).features["user_count"]
    np.testing.assert_array_equal(corrupted, NUMERIC * np.float32(-3))


def test_a_label_is_scaled():
    corrupted = corrupt(INJECTORS["label_scale"], BATCH).labels
    np.testing.assert_array_equal(corrupted["rating"], BATCH.labels["rating"] * np.float32(-3))
    np.testing.assert_array_equal(corrupted["like"], BATCH.labels["like"])


def test_a_task_without_weights_has_vanished():
    corrupted = corrupt(INJECTORS["task_vanishes"], BATCH)
    assert not corrupted.weights["rating"].any()
    assert column("task_vanishes", BATCH).all()


def test_noise_is_as_large_as_the_level_of_the_largest():
    many = BATCH._replace(features={"user_count": np.resize(NUMERIC, 20_000)})
    added = corrupt(INJECTORS["noise"], many).features["user_count"] - many.features["user_count"]
    sigma = 0.5 * np.abs(NUMERIC).max()
    assert abs(added.std() / sigma - 1) < 0.03  # six times 1 / sqrt(2 * 20,000)
    assert abs(added.mean() / sigma) < 0.043


def test_unknown_ids_take_the_rows_for_unknown_values_and_padding_stays():
    one = corrupt(INJECTORS["unknown_ids"], BATCH)
    assert set(one.features["user_id"][hit("unknown_ids", one)].tolist()) == {20}
    everyone = inject.UnknownIds(feature="genres", share=1.0, **WHEN)
    genres = corrupt(everyone, BATCH).features["genres"]
    assert set(genres[:, :2].ravel().tolist()) == {3, 4, 5}
    assert (genres[:, 2] == -1).all()


def test_columns_of_one_pattern_have_draws_of_their_own():
    both = inject.NotFinite(task="*", share=0.5, **WHEN)
    corrupted = corrupt(both, BATCH).labels
    assert np.isnan(corrupted["like"]).any()
    assert (np.isnan(corrupted["like"]) != np.isnan(corrupted["rating"])).any()


def test_injectors_act_one_on_what_the_other_leaves():
    by_three = inject.FeatureScale(feature="user_count", factor=3.0, **WHEN)
    outlier = inject.FeatureOutlier(feature="user_count", value=10.0, share=1.0, **WHEN)
    batch = BATCH._replace(features={"user_count": tf.constant(NUMERIC)})
    corrupted = faults(outlier, by_three).batch(batch, tf.constant(ON, tf.int64))
    assert set(corrupted.features["user_count"].numpy().tolist()) == {30.0}


@pytest.mark.parametrize("name", ["feature_scale", "noise", "extreme_label"])
@pytest.mark.parametrize("size", [0.0, 1e-30, 1.0, 1e30])
def test_sizes_from_nothing_to_absurd(name, size):
    setting = {"feature_scale": "factor", "noise": "level", "extreme_label": "value"}[name]
    injector = type(INJECTORS[name])(**vars(INJECTORS[name]) | {setting: size})
    corrupted = column(name, corrupt(injector, BATCH))
    assert np.isfinite(corrupted).all()
    assert abs(np.abs(corrupted).max()) <= max(7.0, 20 * size)


def test_one_graph_serves_several_sizes():
    factor, share = tf.Variable(2.0), tf.Variable(0.0)
    with_faults = faults(
        inject.FeatureScale(feature="user_count", factor=factor, **WHEN),
        inject.LabelFlip(task="like", share=share, **WHEN),
    )
    call = tf.function(with_faults.batch, autograph=False)
    batch = tf.nest.map_structure(tf.constant, BATCH)
    for scale, flipped in ((2.0, 0.0), (-5.0, 1.0)):
        factor.assign(scale)
        share.assign(flipped)
        corrupted = call(batch, tf.constant(ON, tf.int64))
        np.testing.assert_array_equal(corrupted.features["user_count"], NUMERIC * np.float32(scale))
        like = BATCH.labels["like"]
        np.testing.assert_array_equal(corrupted.labels["like"], 1 - like if flipped else like)
    assert call.experimental_get_tracing_count() == 1
