"""Named scalars of an attempt: whatever a part has to say of it, in one array beside its names."""

from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf

Array = Any  # a tf.Tensor or an np.ndarray


class Scalars:
    """Scalars by name; of several attempts, each is an array over them.

    Attributes:
      names: of the N scalars, in order.
      values: float32 [N], or [K, N] of K attempts; NaN where one was not computed.
    """

    def __init__(self, names: Sequence[str], values: Array) -> None:
        self.names = tuple(names)
        self.values = values
        self._indices = {name: index for index, name in enumerate(self.names)}

    def __getitem__(self, name: str) -> Array:
        """Returns one scalar, [] or [K]; KeyError, naming those there are, for another name."""
        if name not in self._indices:
            raise KeyError(f"no scalar {name!r}; there are: {', '.join(self.names)}")
        return self.values[..., self._indices[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def items(self) -> Iterator[tuple[str, Array]]:
        """Yields each name with its scalar, [] or [K]."""
        return ((name, self[name]) for name in self.names)

    def under(self, prefix: str) -> "Scalars":
        """Returns those called "<prefix>/<name>", by <name>."""
        found = {n.removeprefix(f"{prefix}/"): n for n in self.names if n.startswith(f"{prefix}/")}
        indices = [self._indices[name] for name in found.values()]
        if tf.is_tensor(self.values):
            return Scalars(tuple(found), tf.gather(self.values, indices, axis=-1))
        return Scalars(tuple(found), self.values[..., indices])

    def at(self, k: int) -> dict[str, float]:
        """Returns those of the k-th attempt, of NumPy arrays [K, N], as Python's numbers."""
        return dict(zip(self.names, self.values[k].tolist(), strict=True))

    def numpy(self) -> "Scalars":
        """Returns them as NumPy arrays."""
        return Scalars(self.names, self.values.numpy())
