"""A gradient that does not fit its variable is refused: no shape is ever broadcast."""

import numpy as np
import pytest
import tensorflow as tf

from ranker import optim

RATE = 0.5


def trained(*, shape=(2, 3)):
    """Returns a variable and an optimizer of it."""
    variable = tf.Variable(tf.ones(shape), name="w")
    group = optim.Group(
        name="dense",
        variables=[variable],
        rule=optim.Sgd(),
        schedule=optim.Constant(rate=RATE),
    )
    return variable, optim.Optimizer([group], clippers=[optim.Clippy()])


def slices(values, ids, dense_shape=None):
    shape = None if dense_shape is None else tf.constant(dense_shape)
    return tf.IndexedSlices(tf.ones(values), tf.constant(ids), shape)


def commit(optimizer, gradient):
    optimizer.propose([gradient]).commit(accept=tf.constant(True))


MISFITS = {  # of a variable [6, 2]
    "a row": lambda: tf.ones([2]),
    "a scalar": lambda: tf.constant(1.0),
    "a Python number": lambda: 1.0,
    "a column": lambda: tf.ones([6, 1]),
    "one row": lambda: tf.ones([1, 2]),
    "turned": lambda: tf.ones([2, 6]),
    "more axes": lambda: tf.ones([1, 6, 2]),
    "a list": lambda: [[1.0, 1.0]],
    "narrow slices": lambda: slices([2, 1], [0, 1]),
    "wide slices": lambda: slices([2, 4], [0, 1]),
    "flat slices": lambda: slices([2], [0, 1]),
    "deep slices": lambda: slices([2, 2, 2], [0, 1]),
    "more slices than ids": lambda: slices([5, 2], [0, 1, 2]),
    "fewer slices than ids": lambda: slices([1, 2], [0, 1, 2]),
    "slices with repeated ids": lambda: slices([2, 2], [1, 1, 1]),
    "ids of rank 2": lambda: slices([1, 2], [[0]]),
    "an id of no axis": lambda: slices([2], 0),
    "dense shape": lambda: slices([2, 2], [0, 1], [7, 2]),
    "flat dense shape": lambda: slices([2, 2], [0, 1], [12]),
}


@pytest.mark.parametrize("name", MISFITS)
def test_a_misfit_is_refused_with_both_shapes_and_nothing_moves(name):
    variable, optimizer = trained(shape=(6, 2))
    said = r"gradient of 'w' has .*shape \(.*; its variable has shape \(6, 2\)"
    with pytest.raises(ValueError, match=said):
        commit(optimizer, MISFITS[name]())
    with pytest.raises(ValueError, match=said):
        tf.function(lambda: commit(optimizer, MISFITS[name]()), autograph=False)()
    np.testing.assert_array_equal(variable, np.ones((6, 2)))
    assert optimizer.step == 0


@pytest.mark.parametrize("shape", [(), (3,), (1,), (4, 1), (2, 2, 2)], ids=str)
def test_a_scalar_or_a_row_is_refused_for_every_shape_but_its_own(shape):
    _, optimizer = trained(shape=shape)
    for other in {(), (1,), (3,), (4, 1), (1, 4), (2, 2), (2, 2, 2), (1, 2, 2, 2)} - {shape}:
        with pytest.raises(ValueError, match="gradient of 'w' has shape"):
            optimizer.propose([tf.ones(other)])
    if not shape:
        with pytest.raises(ValueError, match="gradient of 'w' has slices"):
            optimizer.propose([slices([1], [0])])


def given(values, ids=None):
    return values if ids is None else tf.IndexedSlices(values, ids)


@pytest.mark.parametrize(
    ("specs", "wrong", "right"),
    [
        ([tf.TensorSpec([None, None])], [tf.ones([1, 2])], [tf.ones([6, 2])]),
        ([tf.TensorSpec(None)], [tf.ones([2])], [tf.ones([6, 2])]),
        ([tf.TensorSpec([None, 2])], [tf.ones([1, 2])], [tf.ones([6, 2])]),
        (
            [tf.TensorSpec([None, None]), tf.TensorSpec([None], tf.int32)],
            [tf.ones([2, 1]), tf.constant([0, 1])],
            [tf.ones([6, 2]), tf.range(6)],
        ),
        (
            [tf.TensorSpec([None, 2]), tf.TensorSpec([None], tf.int32)],
            [tf.ones([5, 2]), tf.constant([0, 1])],
            [tf.ones([6, 2]), tf.range(6)],
        ),
        (
            [tf.TensorSpec(None), tf.TensorSpec([None], tf.int32)],
            [tf.ones([2]), tf.constant([0, 1])],
            [tf.ones([6, 2]), tf.range(6)],
        ),
    ],
    ids=["no size", "no rank", "rows", "width of slices", "number of slices", "rank of slices"],
)
def test_what_the_graph_does_not_know_is_looked_at_when_it_runs(specs, wrong, right):
    variable, optimizer = trained(shape=(6, 2))
    step = tf.function(
        lambda *parts: commit(optimizer, given(*parts)), input_signature=specs, autograph=False
    )
    with pytest.raises(tf.errors.InvalidArgumentError, match="gradient of w: shape beside"):
        step(*wrong)
    np.testing.assert_array_equal(variable, np.ones((6, 2)))
    assert optimizer.step == 0
    step(*right)
    np.testing.assert_allclose(variable, np.full((6, 2), 0.5), rtol=1e-6)  # under the bound, 0.51


ARRAYS = {
    "lists": ([[1.0, 2.0], [3.0, 4.0]], [4, 4]),
    "whole numbers": ([[1, 2], [3, 4]], (4, 4)),
    "numpy": (np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([4, 4])),
    "numpy of other widths": (np.array([[1, 2], [3, 4]], np.float16), np.array([4, 4], np.uint8)),
    "a wider tensor": (tf.constant([[1, 2], [3, 4]], tf.float64), tf.constant([4, 4], tf.int16)),
}


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("is_compiled", [False, True])
def test_arrays_and_lists_are_what_tensors_of_their_numbers_are(name, is_compiled):
    table, optimizer = trained(shape=(6, 2))
    values, ids = ARRAYS[name]

    def run():
        commit(optimizer, tf.IndexedSlices(values, ids))

    (tf.function(run, autograph=False) if is_compiled else run)()
    # A share of Clippy's bound 0.51 over the worst update, 0.5 * (2 + 4).
    np.testing.assert_allclose(table[4], 1 - 0.51 * np.array([4, 6]) / 6, rtol=1e-6)
    np.testing.assert_array_equal(table[3], [1, 1])
    commit(optimizer, tf.IndexedSlices(np.zeros((0, 2)), []))
    assert optimizer.step == 2
    kernel, other = trained(shape=(2, 2))
    commit(other, values)
    np.testing.assert_allclose(kernel, 1 - 0.51 * np.array([[1, 2], [3, 4]]) / 4, rtol=1e-6)


@pytest.mark.parametrize(
    ("gradient", "message"),
    [
        (tf.ones([2, 3], tf.int32), "must be of floats, got int32"),
        (tf.ones([2, 3], tf.complex64), "must be of floats, got complex64"),
        (tf.constant("x"), "must be of floats, got string"),
        ("text", "must be an array of floats, got <class 'str'>"),
        ([[1.0, 2.0], [3.0]], "must be an array of floats, got <class 'list'>"),
        (tf.IndexedSlices(tf.ones([1, 3]), tf.constant([0.5])), "ids must be integers, got float"),
        (tf.RaggedTensor.from_row_lengths([1.0], [1, 0]), "must be an array of floats"),
        (tf.sparse.from_dense([[1.0]]), "must be an array of floats"),
    ],
)
def test_what_is_no_array_of_floats_is_refused(gradient, message):
    _, optimizer = trained()
    with pytest.raises(ValueError, match=f"gradient of 'w'.* {message}"):
        optimizer.propose([gradient])


NO_FLOATS = {
    "complex": np.ones([2, 3], np.complex64),
    "booleans": [[True] * 3] * 2,
    "an array of booleans": np.ones([2, 3], bool),
    "text": [["1"] * 3] * 2,
    "bytes": np.full([2, 3], b"1"),
    "nothing": [[None] * 3] * 2,
    "objects": np.full([2, 3], object()),
    "days": np.ones([2, 3], "timedelta64[D]"),
}


@pytest.mark.parametrize("is_sliced", [False, True])
@pytest.mark.parametrize("name", NO_FLOATS)
def test_what_is_no_number_is_refused_by_name_and_nothing_moves(name, is_sliced):
    variable, optimizer = trained()
    gradient = NO_FLOATS[name]
    if is_sliced:
        gradient = tf.IndexedSlices(gradient, [0, 1], None)
    with pytest.raises(ValueError, match="gradient of 'w' must be an array of floats, got"):
        commit(optimizer, gradient)
    np.testing.assert_array_equal(variable, np.ones([2, 3]))
    assert optimizer.step.numpy() == 0


@pytest.mark.parametrize("kind", [float, int, np.float16, np.int8, tf.bfloat16.as_numpy_dtype])
def test_numbers_of_any_width_are_cast(kind):
    variable, optimizer = trained()
    commit(optimizer, np.ones([2, 3]).astype(kind))
    np.testing.assert_array_less(variable, np.ones([2, 3]))


@pytest.mark.parametrize("ids", [[0, -1], [6, 0], [2**40, 1]])
def test_an_id_of_no_row_is_named_with_its_variable(ids):
    variable, optimizer = trained(shape=(6, 2))
    said = rf"gradient of 'w' has slices with the id ({'|'.join(map(str, ids))}), which is no row"
    with pytest.raises(ValueError, match=said):
        commit(optimizer, tf.IndexedSlices(tf.ones([2, 2]), tf.constant(ids, tf.int64)))
    np.testing.assert_array_equal(variable, np.ones([6, 2]))
