"""What one attempt would write, and what is said of it: all of it is written, or nothing."""

import math
from collections.abc import Callable, Sequence

import tensorflow as tf

from ranker.numerics import choose, norm, norms
from ranker.optim import rows
from ranker.optim.change import Change, Gradient
from ranker.optim.context import refuse_replicas
from ranker.optim.scalars import Scalars


class Transaction:
    """Collects the proposed writes and the named scalars of one attempt; writes at `commit`.

    A part that remembers something keeps it in a variable that nothing but `write` changes: then
    a refused attempt leaves no trace in it. Made anew for each attempt, where its graph is traced.

    Attributes:
      changes: of trained variables and their slots, in the order proposed.
      writes: other variables, each with its new value: the count of steps, what clippers,
        aggregations and losses remember.
      starts: slots that are filled with a value before the changes are written, and whether so.
      unweighted_norm: of the gradients before a method weighed the tasks by their lengths, a
        float32 scalar; None where none did.
    """

    def __init__(self) -> None:
        """Starts empty."""
        self.changes: tuple[Change, ...] = ()
        self.writes: tuple[tuple[tf.Variable, tf.Tensor], ...] = ()
        self.starts: tuple[tuple[Sequence[tuple[tf.Variable, float]], tf.Tensor], ...] = ()
        self.unweighted_norm: tf.Tensor | None = None
        self._written: set = set()
        self._scalars: dict[str, tf.Tensor | float] = {}
        self._dear: list[tuple[Sequence[str], Callable[[], tf.Tensor]]] = []

    @property
    def gradients(self) -> tuple[Gradient, ...]:
        """What the changes were made of, before any clipper, in the same order."""
        return tuple(change.gradient for change in self.changes)

    def change(self, change: Change) -> None:
        """Proposes a change of a trained variable, or of rows of it, and of its slots.

        Raises:
          ValueError: for a variable or a slot that something has proposed to write before.
        """
        for variable in (change.variable, *(slot for slot, _ in change.slots)):
            self._enter(variable)
        self.changes += (change,)

    def write(self, variable: tf.Variable, value: tf.Tensor) -> None:
        """Proposes a new value [...] for a variable no gradient trains; the guard looks at floats.

        Raises:
          ValueError: for a variable that something has proposed to write before.
        """
        self._enter(variable)
        self.writes += ((variable, value),)

    def start_over(self, slots: Sequence[tuple[tf.Variable, float]], *, when: tf.Tensor) -> None:
        """Proposes to fill whole slots with the values they start from, before changes are written.

        Args:
          when: whether to, a bool scalar.
        """
        self.starts += ((slots, when),)

    def scalar(self, name: str, value: tf.Tensor | float) -> None:
        """Adds a scalar to what is reported of the attempt; float32.

        Args:
          name: such as "my_part/conflicts"; what is before the last "/" groups it in figures.

        Raises:
          ValueError: for a name that was given before, or a value that is no scalar.
        """
        shape = tf.TensorShape(getattr(value, "shape", ()))
        if shape.rank != 0:
            raise ValueError(f"scalar {name!r} must have shape (), got {shape}")
        self._refuse_named([name])
        self._scalars[name] = value

    def dear(self, names: Sequence[str], compute: Callable[[], tf.Tensor]) -> None:
        """Adds scalars that cost something: computed in attempts that are logged, else NaN.

        Args:
          compute: returns them, [N]; called at most once, before anything is written.

        Raises:
          ValueError: for a name that was given before.
        """
        self._refuse_named(names)
        self._dear.append((tuple(names), compute))

    def scalars(self, is_logged: tf.Tensor | bool = True) -> Scalars:
        """Returns all scalars; the dear ones are NaN unless `is_logged`, a bool scalar."""
        names = [name for dear, _ in self._dear for name in dear]
        unknown = tf.fill([len(names)], math.nan)

        def computed() -> tf.Tensor:
            parts = [tf.cast(compute(), tf.float32) for _, compute in self._dear]
            return tf.ensure_shape(tf.concat(parts, axis=0), [len(names)])

        if not names or is_logged is False:
            dear = unknown
        elif is_logged is True:
            dear = computed()
        else:
            dear = choose(is_logged, computed, lambda: unknown)
        cheap = [tf.cast(value, tf.float32) for value in self._scalars.values()]
        cheap = tf.stack(cheap) if cheap else tf.zeros([0])
        return Scalars([*self._scalars, *names], tf.concat([cheap, dear], axis=0))

    def gradient_norm(self) -> tf.Tensor:
        """Returns the norm of all gradients together, before any clipper, a float32 scalar.

        Where a method weighed the tasks by their gradients' lengths, the norm is that without its
        weights: what watches norms would else see none move.
        """
        if self.unweighted_norm is not None:
            return self.unweighted_norm
        return norm(norms([tf.cast(g.values, tf.float32) for g in self.gradients]))

    def commit(self, *, accept: tf.Tensor) -> None:
        """Writes everything that was proposed, or, unless `accept` (a bool scalar), nothing.

        Raises:
          ValueError: under a strategy of several replicas.
        """
        refuse_replicas("Transaction.commit")
        choose(accept, self._write, lambda: tf.constant(False))

    def _write(self) -> tf.Tensor:
        for slots, when in self.starts:
            choose(when, lambda slots=slots: _fill(slots), lambda: tf.constant(False))
        for change in self.changes:
            rows.write(change.variable, change.after, rows=change.rows)
            for slot, values in change.slots:
                rows.write(slot, values, rows=change.rows)
        for variable, value in self.writes:
            variable.assign(value)
        return tf.constant(True)

    def _enter(self, variable: tf.Variable) -> None:
        if variable.ref() in self._written:
            raise ValueError(
                f"{variable.name} is proposed twice in one attempt; which would be written?"
            )
        self._written.add(variable.ref())

    def _refuse_named(self, names: Sequence[str]) -> None:
        known = {*self._scalars, *(name for dear, _ in self._dear for name in dear)}
        for name in names:
            if name in known:
                raise ValueError(f"a scalar {name!r} is there already; name each once an attempt")


def _fill(slots: Sequence[tuple[tf.Variable, float]]) -> tf.Tensor:
    for slot, value in slots:
        slot.assign(tf.fill(slot.shape, tf.cast(value, slot.dtype)))
    return tf.constant(True)
