"""Dense layers with weights and dropout that depend on the seed and the name alone."""

import urllib.parse
import zlib
from collections.abc import Sequence

import tensorflow as tf


def glorot(seed: int, name: str) -> tf.keras.initializers.Initializer:
    """Returns an initializer whose draw depends on `seed` and `name`, not on what ran before."""
    return tf.keras.initializers.GlorotUniform(seed=_fold(seed, name))


def policy(precision: str) -> tf.keras.mixed_precision.Policy:
    """Returns how a layer computes: all in "float32", or with bfloat16 activations.

    Variables are float32 either way, and so are their gradients.
    """
    return tf.keras.mixed_precision.Policy(
        "mixed_bfloat16" if precision == "bfloat16" else precision
    )


def dense(
    name: str,
    units: int,
    *,
    seed: int,
    activation: str | None = None,
    use_bias: bool = True,
    precision: str = "float32",
    seeded_as: str = "",
) -> tf.keras.layers.Dense:
    """Returns a Keras Dense layer called `scope(name)`, Glorot-uniform, biases at 0.

    Args:
      seeded_as: a former name, by which its initial values are drawn; "" for `name`.
    """
    return tf.keras.layers.Dense(
        units,
        activation,
        use_bias,
        kernel_initializer=glorot(seed, seeded_as or name),
        name=scope(name),
        dtype=policy(precision),
    )


def scope(name: str) -> str:
    """Returns `name` as a scope of a graph: letters beyond ASCII, blanks and signs as ">C3".

    Names of tasks come from people's columns; a graph takes few letters. `unscoped` gives
    them back.
    """
    return urllib.parse.quote(name).replace("~", "%7E").replace("%", ">")


def unscoped(name: str) -> str:
    """Returns the name of which `scope` made `name`."""
    return urllib.parse.unquote(name.replace(">", "%"))


def normal(name: str, shape: Sequence[int], *, seed: int, scale: float) -> tf.Variable:
    """Returns a float32 variable `scope(name)` of N(0, scale^2) draws, by `seed` and `name`."""
    draws = tf.random.stateless_normal(shape, (_fold(seed, name), 0), stddev=scale)
    return tf.Variable(draws, name=scope(name))


class Mlp(tf.Module):
    """Dense layers with ReLU, each followed by dropout when a seed is given."""

    def __init__(
        self,
        name: str,
        units: Sequence[int],
        *,
        seed: int,
        dropout: float = 0.0,
        precision: str = "float32",
    ) -> None:
        super().__init__()
        self.layers = [
            dense(f"{name}/{i}", u, seed=seed, activation="relu", precision=precision)
            for i, u in enumerate(units)
        ]
        self._dropout = dropout
        self._salt = _fold(seed, name)

    def __call__(self, x: tf.Tensor, seed: tf.Tensor | None = None) -> tf.Tensor:
        """Returns [B, units[-1]] for `x` [B, W]; `seed` int32 [2] switches dropout on."""
        for i, layer in enumerate(self.layers):
            x = layer(x)
            x = drop(x, self._dropout, seed=seed, salt=self._salt + i)
        return x


def drop(x: tf.Tensor, rate: float, *, seed: tf.Tensor | None, salt: int) -> tf.Tensor:
    """Returns `x` with a share `rate` of its elements at 0 and the rest scaled up.

    The same `seed` (int32 [2]) and `salt` drop the same elements, in any process;
    `seed` None, or a rate of 0, drops nothing. A third number of `seed` says that row 0 of `x`
    is that row of a batch which several workers share: each drops what one would of its rows.
    """
    if seed is None or rate == 0.0:
        return x
    if seed.shape[0] == 3:
        key = tf.random.experimental.stateless_fold_in(seed[:2], salt)
        return tf.nn.experimental.general_dropout(
            x, rate, uniform_sampler=lambda shape, dtype: _uniform(shape, dtype, key, seed[2])
        )
    return tf.nn.experimental.stateless_dropout(
        x, rate, seed=tf.random.experimental.stateless_fold_in(seed, salt), rng_alg="philox"
    )


def _uniform(shape: tf.Tensor, dtype: tf.DType, seed: tf.Tensor, first: tf.Tensor) -> tf.Tensor:
    """Returns rows `first` and on of what Philox draws by `seed`, of this `shape` [B, ...].

    It draws four numbers at a time, by a counter of 128 bits, which is set to where those rows
    begin. Source: Salmon et al. 2011, doi:10.1145/2063384.2063405.
    """
    key, counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=seed)
    size = tf.cast(tf.reduce_prod(shape), tf.int64)
    start = tf.cast(first, tf.int64) * tf.cast(tf.reduce_prod(shape[1:]), tf.int64)
    low = counter[0] + tf.cast(tf.math.floordiv(start, 4), tf.uint64)
    high = counter[1] + tf.cast(low < counter[0], tf.uint64)
    before = tf.math.floormod(start, 4)
    draws = tf.raw_ops.StatelessRandomUniformV2(
        shape=[before + size], key=key, counter=tf.stack([low, high]), alg=1, dtype=dtype
    )
    return tf.reshape(draws[before:], shape)


def _fold(seed: int, name: str) -> int:
    """Returns a non-negative int32 that differs by name and by seed."""
    return zlib.crc32(f"{seed}/{name}".encode()) & 0x7FFFFFFF
