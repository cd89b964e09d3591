"""Gradients as they are given, held against their variables: shape and dtype."""

from typing import Any

import numpy as np
import tensorflow as tf

Given = Any  # a tensor, slices, or nested lists and arrays of numbers; slices of these too


def fit(
    gradient: Given, variable: tf.Variable, *, name: str, dtype: tf.DType
) -> tf.Tensor | tf.IndexedSlices:
    """Returns `gradient` as tensors of `dtype`, after a look at its shape.

    Broadcasting would make some change of every wrong shape, so none but the variable's is
    taken. What is not known before the graph runs is looked at when it runs.

    Args:
      gradient: dense, or slices [N, ...] with ids [N]; a floating dtype of another width is cast.
      name: the variable's.

    Raises:
      ValueError: for a shape that is not the variable's, an id of no row, or what is no array
        of floats.
      tf.errors.InvalidArgumentError: in a graph, for a shape that was not known before.
    """
    if isinstance(gradient, tf.IndexedSlices):
        return _fit_slices(gradient, variable, name, dtype)
    values = _numbers(gradient, name, dtype)
    if not values.shape.is_compatible_with(variable.shape):
        raise _misfit(name, f"shape {values.shape}", variable)
    if values.shape.is_fully_defined():
        return values
    return _look_later(values, [(tf.shape(values), tf.shape(variable))], name, variable.shape)


def _fit_slices(
    slices: tf.IndexedSlices, variable: tf.Variable, name: str, dtype: tf.DType
) -> tf.IndexedSlices:
    values, ids = _numbers(slices.values, name, dtype), _ids(slices.indices, name)
    row = variable.shape[1:]
    wanted = ids.shape[:1].concatenate(row)
    if not (
        variable.shape.rank
        and ids.shape.is_compatible_with([None])
        and values.shape.is_compatible_with(wanted)
    ):
        said = f"slices of shape {values.shape} with ids of shape {ids.shape}"
        raise _misfit(name, said, variable)
    _check_rows(ids, variable, name)
    whole = _known(slices.dense_shape)
    if whole is not None and not variable.shape.is_compatible_with(whole):
        raise _misfit(name, f"slices of dense_shape {tf.TensorShape(whole)}", variable)
    later = []
    if not (values.shape.rank and values.shape[1:].is_fully_defined()):
        later.append((tf.shape(values)[1:], tf.shape(variable)[1:]))
    if not (values.shape.rank and values.shape[0] is not None and ids.shape[0] is not None):
        later.append((tf.shape(values)[:1], tf.shape(ids)))
    return tf.IndexedSlices(_look_later(values, later, name, wanted), ids)


def _check_rows(ids: tf.Tensor, variable: tf.Variable, name: str) -> None:
    """Raises ValueError for an id of no row, where ids are known before the graph runs.

    Elsewhere TensorFlow refuses it, which does not know the variable's name.
    """
    known = tf.get_static_value(ids)
    if known is None or variable.shape[0] is None:
        return
    is_none = (known < 0) | (known >= variable.shape[0])
    if is_none.any():
        raise ValueError(
            f"gradient of {name!r} has slices with the id {known[is_none][0]}, which is no row; "
            f"its variable has shape {variable.shape}"
        )


def _misfit(name: str, said: str, variable: tf.Variable) -> ValueError:
    return ValueError(f"gradient of {name!r} has {said}; its variable has shape {variable.shape}")


def _known(dense_shape: Any) -> np.ndarray | None:
    """Returns a dense shape that is known before the graph runs."""
    return None if dense_shape is None else tf.get_static_value(tf.convert_to_tensor(dense_shape))


def _look_later(
    values: tf.Tensor,
    pairs: list[tuple[tf.Tensor, tf.Tensor]],
    name: str,
    shape: tf.TensorShape,
) -> tf.Tensor:
    """Returns `values`, which the graph has only where both of each pair of shapes are equal."""
    if not pairs:
        return values
    equal = [_is_equal(*pair) for pair in pairs]
    is_like = tf.reduce_all(tf.stack(equal)) if equal[1:] else equal[0]
    said = [
        f"gradient of {name}: shape beside what its variable asks for:",
        *(x for pair in pairs for x in pair),
    ]
    with tf.control_dependencies([tf.debugging.Assert(is_like, said)]):
        values = tf.identity(values)
    values.set_shape(shape)
    return values


def _is_equal(one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Returns whether two shapes are equal, whose lengths may differ."""
    if one.shape.is_fully_defined() and one.shape == other.shape:
        return tf.reduce_all(tf.equal(one, other))
    return tf.cond(
        tf.equal(tf.size(one), tf.size(other)),
        lambda: tf.reduce_all(tf.equal(one, other)),
        lambda: tf.constant(False),
    )


def _numbers(given: Any, name: str, dtype: tf.DType) -> tf.Tensor:
    """Returns an array of floats, or of whole numbers in lists, as a tensor of `dtype`."""
    if isinstance(given, tf.Tensor | tf.Variable):
        if not given.dtype.is_floating:
            raise ValueError(f"gradient of {name!r} must be of floats, got {given.dtype.name}")
        return tf.cast(given, dtype)
    try:
        array = np.asarray(given)
        if not (array.dtype.kind in "iuf" or tf.as_dtype(array.dtype).is_floating):
            raise TypeError(f"it has the type {array.dtype}")
        return tf.convert_to_tensor(array.astype(dtype.as_numpy_dtype))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"gradient of {name!r} must be an array of floats, got {type(given)}: {error}"
        ) from error


def _ids(given: Any, name: str) -> tf.Tensor:
    """Returns row ids as a tensor, int32 or int64."""
    ids = given if tf.is_tensor(given) else np.asarray(given)
    if not tf.is_tensor(ids) and not ids.size:
        ids = ids.astype(np.int64)
    ids = tf.convert_to_tensor(ids)
    if not ids.dtype.is_integer:
        raise ValueError(f"gradient of {name!r}: ids must be integers, got {ids.dtype.name}")
    return ids if ids.dtype in (tf.int32, tf.int64) else tf.cast(ids, tf.int64)
