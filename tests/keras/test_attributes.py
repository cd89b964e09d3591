"""What Keras offers and this optimizer does not read is refused, when made and set later."""

import numpy as np
import pytest
import tensorflow as tf
from small_models import data, functional

from ranker import optim
from ranker.adapt import INSTEAD
from ranker.guard import SpikeFilter
from ranker.keras import GuardedOptimizer


def optimizer(**arguments):
    return GuardedOptimizer(**({"rule": optim.Sgd(), "learning_rate": 0.1} | arguments))


OWN = {
    "rule",
    "clippers",
    "weight_decay",
    "tables",
    "max_refusals",
    "spike_filter",
}  # are arguments
VALUES = {
    "rule": optim.Adam(),
    "clippers": [optim.Clippy()],
    "tables": "x",
    "spike_filter": SpikeFilter(),
}


def test_every_argument_of_an_optimizer_of_keras_is_known():
    theirs = [tf.keras.optimizers.Adam(), tf.keras.optimizers.SGD(), tf.keras.optimizers.RMSprop()]
    settable = {name for one in theirs for name in vars(one) if not name.startswith("_")}
    assert settable - {"name", "built", "adaptive_epsilon"} <= {*INSTEAD, "learning_rate"}


@pytest.mark.parametrize("name", INSTEAD)
@pytest.mark.parametrize("is_built", [False, True])
def test_setting_what_is_not_read_is_refused(name, is_built):
    made = optimizer(name="mine")
    if is_built:
        made.build([tf.Variable([1.0], name="w")])
    if name == "lr":  # which Keras has as another name of the rate
        return
    for value in (VALUES.get(name, 0.5), True, tf.constant(0.25)):
        with pytest.raises(ValueError, match=rf"^mine: {name}=.* would not be read: \w"):
            setattr(made, name, value)
    assert not getattr(made, name, None) or name == "ema_momentum"  # Keras's own, not in use


@pytest.mark.parametrize("name", sorted(set(INSTEAD) - OWN))
def test_giving_what_is_not_read_is_refused(name):
    with pytest.raises(ValueError, match=f"^GuardedOptimizer: {name}=.* would not be read"):
        optimizer(**{name: 0.5})
    for off in (None, False):
        optimizer(**{name: off})


def test_names_that_nobody_knows_are_refused_with_the_nearest():
    with pytest.raises(ValueError, match=r"learnin_rate=0\.5 would .*: did you mean learning_rate"):
        optimizer().learnin_rate = 0.5
    with pytest.raises(ValueError, match=r"clip_norm=1\.0 would .*: did you mean clipnorm"):
        optimizer(clip_norm=1.0)
    with pytest.raises(ValueError, match="zzz=1 would not be read: there is no such"):
        optimizer(zzz=1)


def test_what_changes_nothing_may_be_set():
    made = optimizer(weight_decay=0.25)
    for name, value in (("clipnorm", None), ("use_ema", False), ("weight_decay", 0.25)):
        setattr(made, name, value)
    made.jit_compile = made.jit_compile
    for value in (None, 0.5, False):
        with pytest.raises(ValueError, match=r"weight_decay=.* give it when the optimizer is made"):
            made.weight_decay = value
    assert made.get_config()["weight_decay"] == 0.25


def test_a_subclass_has_attributes_of_its_own():
    class Counting(GuardedOptimizer):
        calls = 0

    made = Counting(optim.Sgd(), 0.1)
    made.calls = 3
    made._secret = 4
    with pytest.raises(ValueError, match=r"clipnorm=1\.0 would not be read"):
        made.clipnorm = 1.0


def test_fit_with_xla_is_refused_and_nothing_moves():
    model = functional()
    model.compile(optimizer(), loss="mse", jit_compile=True)
    before = model.get_weights()
    columns = data(32)
    inputs = [columns["user"], columns["item"]]
    with pytest.raises(ValueError, match="GuardedOptimizer: XLA cannot compile this step"):
        model.fit(inputs, columns["rating"], verbose=0)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_mixed_precision_of_keras_trains():
    tf.keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = functional()
        model.compile(optimizer(clippers=[optim.Clippy()]), loss="mse")
    finally:
        tf.keras.mixed_precision.set_global_policy("float32")
    columns = data(64)
    model.fit([columns["user"], columns["item"]], columns["rating"], batch_size=16, verbose=0)
    assert int(model.optimizer.iterations) == 4


@pytest.mark.parametrize("floatx", ["float16", "bfloat16", "float64"])
def test_a_model_of_another_dtype_trains(floatx):
    before = tf.keras.backend.floatx()
    tf.keras.backend.set_floatx(floatx) if floatx != "bfloat16" else None
    try:
        layer = tf.keras.layers.Dense(2, dtype=floatx)
        layer.build([None, 3])
    finally:
        tf.keras.backend.set_floatx(before)
    clippers = [optim.GlobalNorm(max_norm=0.5), optim.Clippy()]
    made = optimizer(rule=optim.Adam(), clippers=clippers)
    kernel = layer.kernel.numpy()
    for _ in range(2):
        made.apply_gradients([(tf.ones_like(v), v) for v in layer.trainable_variables])
    assert int(made.iterations) == 2
    assert (layer.kernel.numpy() != kernel).all()
    assert layer.kernel.dtype == floatx


@pytest.mark.parametrize("is_built", [False, True])
def test_a_variable_given_twice_is_refused(is_built):
    trained = [tf.Variable([1.0, 2.0], name="w"), tf.Variable([3.0], name="b")]
    made = optimizer()
    if is_built:
        made.build(trained)
    first, second = tf.constant([1.0, 0.0]), tf.constant([0.0, 1.0])
    for twice in ((first, second), (first, None)):
        pairs = [(twice[0], trained[0]), (tf.constant([1.0]), trained[1]), (twice[1], trained[0])]
        with pytest.raises(ValueError, match="w is given 2 times; add its gradients up"):
            made.apply_gradients(pairs)
    np.testing.assert_array_equal(trained[0], [1.0, 2.0])
    with pytest.raises(ValueError, match="w is given 2 times"):
        optimizer().build([trained[0], trained[0]])
    made.apply_gradients([(first + second, trained[0])])
    np.testing.assert_allclose(trained[0], [0.9, 1.9])


@pytest.mark.parametrize("shape", [(), (3,), (1, 2), (6, 1), (2, 6)], ids=str)
@pytest.mark.parametrize("is_sparse", [False, True])
def test_a_gradient_that_does_not_fit_is_refused_by_name_and_shapes(shape, is_sparse):
    table = tf.Variable(tf.ones([6, 2]), name="user/embeddings")
    made = optimizer()
    gradient = tf.ones(shape)
    if is_sparse:
        gradient = tf.IndexedSlices(tf.ones([2, *shape[1:], 1]), tf.constant([0, 1]))
    said = r"gradient of 'user/embeddings' has .*shape \(.*its variable has shape \(6, 2\)"
    with pytest.raises(ValueError, match=said):
        made.apply_gradients([(gradient, table)])
    np.testing.assert_array_equal(table, np.ones([6, 2]))
    assert int(made.iterations) == 0


def test_a_build_that_was_refused_can_be_mended():
    kernel = tf.Variable([1.0], name="w")
    made = optimizer(clippers=[optim.Clippy(targets="embeddings")])
    table = tf.Variable([[1.0]], name="t/embeddings")
    with pytest.raises(ValueError, match="no group 'embeddings'"):
        made.build([kernel])
    made.build([kernel, table])
    assert [v.name for v in made.variables] == ["iteration:0", "refused:0", "refused_in_a_row:0"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rule": "adam"}, "rule must be a rule of ranker.optim .*; did you mean Adam"),
        ({"rule": tf.keras.optimizers.Adam()}, "got a tf_keras.*Adam; did you mean Adam"),
        ({"rule": optim.Adam}, "got the class Adam"),
        ({"clippers": optim.Clippy()}, "clippers must be a list: \\[Clippy"),
        ({"clippers": [optim.Clippy]}, "got the class Clippy"),
        ({"learning_rate": "0.1"}, "learning_rate must be a number or a schedule, got '0.1'"),
        ({"learning_rate": lambda: 0.1}, "takes 0 positional arguments"),
        ({"learning_rate": optim.Constant}, "got the class Constant"),
        ({"weight_decay": "0.1"}, "weight_decay must be a number, got '0.1'"),
        ({"tables": "("}, "tables='\\(' is no regular expression: missing"),
        ({"tables": 3}, "tables must be a regular expression as text, got 3"),
        ({"max_refusals": "3"}, "max_refusals must be a number, got '3'"),
        ({"max_refusals": 1.5}, "max_refusals must be a whole number, got 1.5"),
        ({"name": 3}, "name must be text, got 3"),
        ({"spike_filter": SpikeFilter}, "spike_filter must be one such as SpikeFilter"),
    ],
)
def test_wrong_arguments_are_refused_where_they_are_given(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        optimizer(**arguments)


@pytest.mark.parametrize(
    "value", [tf.Variable(0, dtype=tf.int32), tf.Variable([0], dtype=tf.int64), 3, tf.constant(3)]
)
def test_iterations_that_are_no_int64_variable_are_refused_where_they_are_given(value):
    made = optimizer()
    with pytest.raises(TypeError, match=r"iterations must be an int64 tf\.Variable of"):
        made.iterations = value
    made.iterations = tf.Variable(7, dtype=tf.int64)
    assert made.iterations.numpy() == 7
