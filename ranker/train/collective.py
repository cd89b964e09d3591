"""What several workers have of one batch, summed and gathered by TensorFlow's collectives."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from ranker.optim.rows import touched
from ranker.train.reduce import Part

_GROUP = 7_001  # of all workers, in which collectives know each other by their keys
_KEYS = 1_024  # for one collective: one for each length that it may have
_PIECE = 1 << 24  # numbers that are sent at a time
_DEVICE = "/CPU:0"
# A timeout of an operation is a thread of TensorFlow's that sleeps as long, whether or not it ended
# before: six thousand were there after seconds. Who is silent is known by `ranker.workers`.
_NO_TIMEOUT = 0.0
_made = itertools.count(1)  # in this process, whose keys are of one table


class Collectives:
    """Sums over N workers, the same bits on all of them.

    Rows of a table are summed by id on each worker first; what is left goes out once, with the
    rows of every other table. A dense sum is one collective, and so are the lengths of the rows,
    and the rows, however many variables there are. Made of collectives on the processor, in the
    cluster that `tf.distribute.MultiWorkerMirroredStrategy` started; variables are plain ones, and
    no strategy is entered.

    Every worker must call it as often, with parts of the same shapes, in the same order.
    """

    def __init__(self, size: int, rank: int) -> None:
        """Takes who takes part.

        Args:
          size: N, how many workers there are.
          rank: of this one.
        """
        self._size = size
        self._rank = rank

    def __call__(self, parts: Sequence[Part]) -> list[Part]:
        """Returns the sum of each part over all workers; see `ranker.train.reduce.Reduce`.

        Slices come back with the ids of all workers, those of the first worker first: each worker's
        once, so that an id is there as often as there are workers that have it.
        """
        dense = [p for p in parts if p is not None and not isinstance(p, tf.IndexedSlices)]
        slices = [p for p in parts if isinstance(p, tf.IndexedSlices)]
        sums = iter(self._sums(dense))
        rows = iter(self._rows(slices))
        found: list = []
        for part in parts:
            if part is None:
                found.append(None)
            else:
                found.append(next(rows if isinstance(part, tf.IndexedSlices) else sums))
        return found

    def gather(self, columns: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Returns columns of the whole batch, [B] each, of every worker's, [B / N], float32."""
        if not columns:
            return []
        with tf.device(_DEVICE):
            own = tf.stack(columns)[tf.newaxis]
            return tf.unstack(
                tf.reshape(
                    tf.transpose(self._gather(own, self._key()), [1, 0, 2]), [len(columns), -1]
                ),
                len(columns),
            )

    def send(self, variables: Mapping[str, tf.Variable]) -> None:
        """Gives the others the values of variables, all of which wait for them in `receive`."""
        for index, variable in enumerate(variables.values()):
            values = _numbers(variable.numpy())
            for number, start in enumerate(range(0, len(values), _PIECE)):
                self._broadcast(index, number, values[start : start + _PIECE], None)

    def receive(self, variables: Mapping[str, tf.Variable]) -> None:
        """Gives variables the values that the chief's have."""
        for index, variable in enumerate(variables.values()):
            like = variable.numpy()
            length = len(_numbers(like))
            pieces = [
                self._broadcast(index, number, None, min(_PIECE, length - start))
                for number, start in enumerate(range(0, length, _PIECE))
            ]
            data = np.concatenate([*pieces, np.zeros(0, np.int32)]).tobytes()
            variable.assign(np.frombuffer(data, like.dtype, like.size).reshape(like.shape))

    def _sums(self, parts: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        found: dict[int, tf.Tensor] = {}
        with tf.device(_DEVICE):
            for dtype in dict.fromkeys(part.dtype for part in parts):
                of = [index for index, part in enumerate(parts) if part.dtype == dtype]
                flat = [tf.reshape(parts[index], [-1]) for index in of]
                total = self._add(tf.concat(flat, axis=0))
                pieces = tf.split(total, tf.stack([tf.size(piece) for piece in flat]), num=len(of))
                for index, piece in zip(of, pieces, strict=True):
                    whole = tf.reshape(piece, tf.shape(parts[index]))
                    found[index] = tf.ensure_shape(whole, parts[index].shape)
        return [found[index] for index in range(len(parts))]

    def _rows(self, parts: Sequence[tf.IndexedSlices]) -> list[tf.IndexedSlices]:
        if not parts:
            return []
        with tf.device(_DEVICE):
            own = [touched(part)[:2] for part in parts]
            packed = [_packed(rows, values) for rows, values in own]
            lengths = self._gather(
                tf.stack([tf.size(rows) for rows, _ in own])[tf.newaxis], self._key()
            )
            lengths = tf.reshape(lengths, [self._size, len(parts)])
            widths = [1 + _width(values) for _, values in own]
            sizes = lengths * tf.constant([widths])
            every = self._gather_padded(tf.concat(packed, axis=0), tf.reduce_sum(sizes, axis=1))
            pieces = [
                tf.split(numbers, sizes[rank], num=len(parts)) for rank, numbers in enumerate(every)
            ]
            return [
                _unpacked([of[j] for of in pieces], lengths[:, j], part)
                for j, part in enumerate(parts)
            ]

    def _gather_padded(self, own: tf.Tensor, sizes: tf.Tensor) -> list[tf.Tensor]:
        """Returns the int32 vectors of all workers, whose lengths are `sizes` [N].

        They go out at one length, the longest rounded up, by a key that stands for that length: an
        operation is known by the key and the shape that it was first met with.
        """
        most = tf.cast(tf.maximum(tf.reduce_max(sizes), 8), tf.int64)
        # Eight lengths to each power of two: at most an eighth goes out for nothing.
        powers = tf.constant([1 << power for power in range(32)], tf.int64)
        power = tf.searchsorted(powers, most[tf.newaxis], side="right")[0] - 1
        unit = tf.gather(powers, power - 3)
        eighths = (most + unit - 1) // unit
        length = tf.cast(eighths * unit, tf.int32)
        key = self._key() + 16 * power + tf.cast(eighths % 16, tf.int32)
        padded = tf.pad(own, [[0, length - tf.size(own)]])
        every = tf.reshape(self._gather(padded[tf.newaxis], key), [self._size, -1])
        return [every[rank, : sizes[rank]] for rank in range(self._size)]

    def _key(self) -> int:
        """Returns the first of the keys of one more collective: the same on every worker."""
        made = next(_made)
        if made * _KEYS >= 1 << 30:
            raise ValueError(f"{made} collectives in one process: more than there are keys for")
        return made * _KEYS

    def _add(self, value: tf.Tensor) -> tf.Tensor:
        return tf.raw_ops.CollectiveReduceV2(
            input=value,
            group_size=self._size,
            group_key=_GROUP,
            instance_key=self._key(),
            ordering_token=[],
            merge_op="Add",
            final_op="Id",
            communication_hint="ring",
            timeout_seconds=_NO_TIMEOUT,
        )

    def _gather(self, value: tf.Tensor, key: int | tf.Tensor) -> tf.Tensor:
        """Returns `value`, [1, ...], of all workers, [N, ...]."""
        return tf.raw_ops.CollectiveGatherV2(
            input=value,
            group_size=self._size,
            group_key=_GROUP,
            instance_key=key,
            ordering_token=[],
            communication_hint="ring",
            timeout_seconds=_NO_TIMEOUT,
        )

    def _broadcast(
        self, index: int, number: int, values: np.ndarray | None, length: int | None
    ) -> np.ndarray:
        """Returns numbers, int32, that the chief gives and the others take by their length."""
        key = (1 << 30) + (index << 12) + number
        common = {
            "group_size": self._size,
            "group_key": _GROUP,
            "instance_key": key,
            "communication_hint": "ring",
            "timeout_seconds": _NO_TIMEOUT,
        }
        with tf.device(_DEVICE):
            if values is not None:
                return tf.raw_ops.CollectiveBcastSendV2(input=values, **common).numpy()
            return tf.raw_ops.CollectiveBcastRecvV2(T=tf.int32, shape=[length], **common).numpy()


def _numbers(value: np.ndarray) -> np.ndarray:
    """Returns the bytes of an array as int32 [M], with zeros at the end."""
    data = np.ascontiguousarray(value).tobytes()
    return np.frombuffer(data + bytes(-len(data) % 4), np.int32)


def _width(values: tf.Tensor) -> int:
    """Returns how many int32 a row of `values` [U, ...] is."""
    count = values.shape[1:].num_elements()
    if count is None:
        raise ValueError(f"slices of shape {values.shape}: the shape of a row must be known")
    return count * (values.dtype.size // 4)


def _packed(rows: tf.Tensor | None, values: tf.Tensor) -> tf.Tensor:
    """Returns ids [U] and values [U, ...] as one vector of int32."""
    assert rows is not None
    bits = tf.reshape(tf.bitcast(values, tf.int32), [-1])
    return tf.concat([tf.cast(rows, tf.int32), bits], axis=0)


def _unpacked(
    pieces: Sequence[tf.Tensor], lengths: tf.Tensor, part: tf.IndexedSlices
) -> tf.IndexedSlices:
    """Returns the slices that all workers packed, in their order."""
    rows = [piece[: lengths[rank]] for rank, piece in enumerate(pieces)]
    bits = tf.concat([piece[lengths[rank] :] for rank, piece in enumerate(pieces)], axis=0)
    dtype, shape = part.values.dtype, part.values.shape[1:]
    ends = [] if dtype.size == 4 else [dtype.size // 4]
    values = tf.bitcast(tf.reshape(bits, [-1, *shape, *ends]), dtype)
    ids = tf.cast(tf.concat(rows, axis=0), part.indices.dtype)
    return tf.IndexedSlices(values, ids, part.dense_shape)
