"""The model: fields, their interaction, what the tasks share, a tower a task."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import tensorflow as tf

from ranker.model.block import Interaction, Sharing
from ranker.model.dense import Mlp, dense, policy, scope, unscoped
from ranker.model.embed import Embedding
from ranker.model.lists import present
from ranker.model.product import check_products, joint_logit, prior_rate
from ranker.model.variables import Partition, left_out, name_of, part
from ranker.model.wide import Wide
from ranker.schema import Schema, Task
from ranker.spec.aggregate import Shared

_SHARED = get_args(Shared)


class Ranker(tf.Module):
    """A multitask ranking model.

    Attributes:
      tables: the embedding variables, of which a step touches few rows, by name.
      dense: all other variables, by name: "<layer>/<kernel or bias>"; also those of a part
        which it does not list among its layers, by their own names.
    """

    def __init__(
        self,
        schema: Schema,
        *,
        embedding: Embedding,
        wide: Wide,
        interaction: Interaction,
        sharing: Sharing,
        tower_units: Sequence[int],
        dropout: float,
        has_layer_norm: bool,
        logit_residuals: Mapping[str, str],
        esmm_products: Mapping[str, str],
        seed: int,
        precision: str = "float32",
    ) -> None:
        """Puts the parts together and makes every variable.

        Args:
          precision: of what is between the embeddings and the heads; `interaction` and
            `sharing` are made with the same. Embeddings, heads and the wide part are
            float32 whatever it is.
          logit_residuals: task to another task, whose logit, times a trained number that starts
            at 1, joins its own: what says much about one says much about the other.
          esmm_products: binary task to the binary task without which it does not happen. Its
            own tower then predicts how likely it is where the other happens, and its logit
            is that of the two chances multiplied, over all rows: ESMM, arXiv:1804.07931.

        Raises:
          ValueError: if two variables have one name: checkpoints go by name; if one does not
            train: nothing would save it; or if a tie or a product names no such task, or one
            that is tied, or a product, itself.
        """
        super().__init__(name="ranker")
        self._schema = schema
        self._embedding = embedding
        self._wide = wide
        self._interaction = interaction
        self._dtype = policy(precision).compute_dtype
        self._norm = None
        if has_layer_norm:
            self._norm = tf.keras.layers.LayerNormalization(name="norm", dtype=policy(precision))
        self._sharing = sharing
        self._towers = {
            t.name: Mlp(
                f"tower/{t.name}", tower_units, seed=seed, dropout=dropout, precision=precision
            )
            for t in schema.tasks
        }
        self._heads = {t.name: dense(f"head/{t.name}", 1, seed=seed) for t in schema.tasks}
        names = [task.name for task in schema.tasks]
        for task, other in logit_residuals.items():
            if task not in names or other not in names or other in logit_residuals:
                raise ValueError(f"cannot tie {task!r} to {other!r}; tasks: {', '.join(names)}")
        shares = {t: tf.Variable(tf.ones([]), name=scope(f"residual/{t}")) for t in logit_residuals}
        self._residuals = {t: (o, shares[t]) for t, o in logit_residuals.items()}
        check_products(esmm_products, schema.tasks)
        self._products = dict(esmm_products)
        by_name = {task.name: task for task in schema.tasks}
        self._priors = {t.name: prior_rate(t, by_name, esmm_products) for t in schema.tasks}
        with tf.GradientTape() as tape:
            self(_zeros(schema))  # Keras makes a layer's variables at its first call
        readers = [*embedding.readers, *wide.readers]
        tables = [table for table, _ in readers]
        self.tables = {name_of(v): v for v in tables}
        self._readers = {name_of(v): names for v, names in readers}
        self.dense = _by_layer(self._layers())
        self.dense |= {f"residual/{task}": share for task, share in shares.items()}
        if len(self.tables) < len(tables) or self.tables.keys() & self.dense.keys():
            raise ValueError(f"two variables have one name: {sorted(map(name_of, tables))}")
        known = self.tables | self.dense
        self.dense |= left_out(self, tape.watched_variables(), known)

    def __call__(
        self, features: Mapping[str, tf.Tensor], *, seed: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        """Returns the logits of each task, [B]; a regression's are in label units.

        Args:
          features: encoded, as `ranker.input.Batch.features`.
          seed: int32 [2] of this attempt; switches dropout on.
        """
        read = self._embedding.read(features)
        fields = self._embedding(read)
        x = self._interaction({name: tf.cast(f, self._dtype) for name, f in fields.items()})
        if self._norm is not None:
            x = self._norm(x)
        inputs = self._sharing(x, seed)
        wide = self._wide(read)
        own = {}
        for task, tower in self._towers.items():
            deep = self._heads[task](tower(inputs[task], seed))[:, 0]
            own[task] = deep + wide[task]
        tied = {task: share * own[other] for task, (other, share) in self._residuals.items()}
        logits = {
            t.name: self._from_prior(t, own[t.name] + tied.get(t.name, 0.0))
            for t in self._schema.tasks
        }
        joint = {t: joint_logit(logits[t], logits[other]) for t, other in self._products.items()}
        return logits | joint

    def reads(self, table: str, features: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Returns the rows that `features` read of one of `tables`, as often as they do, [J].

        Its gradient does not say: of a list's values it has the sums.
        """
        return tf.concat([present(features[name]) for name in self._readers[table]], axis=0)

    def vocabulary_of(self, table: str) -> str:
        """Returns the vocabulary whose values have the rows of one of `tables`."""
        return self._schema.feature(self._readers[table][0]).vocabulary

    def partition(self) -> Partition:
        """Returns which variables the tasks share, and which are of one task alone.

        A table of biases or factors has columns of every task, so it is shared.
        """
        return part(self.tables | self.dense, lambda: self(_zeros(self._schema)))

    def shared(self, of: Shared) -> tuple[str, ...]:
        """Returns the names of what the tasks share: "all", "dense" or "last" of it.

        Of a model that shares no such variable those of the next larger choice.
        """
        last = {_own(v).ref() for x in getattr(self._sharing, "last", ()) for v in x.weights}
        everything = self.partition().shared
        dense = tuple(name for name in everything if name in self.dense)
        kernels = [n for n in dense if self.dense[n].ref() in last and self.dense[n].shape.rank > 1]
        found = {"last": tuple(kernels), "dense": dense, "all": everything}
        return next((found[n] for n in _SHARED[_SHARED.index(of) :] if found[n]), ())

    def _from_prior(self, task: Task, logit: tf.Tensor) -> tf.Tensor:
        """Returns `logit` counted from what the training labels say before any feature."""
        if task.kind == "regression":
            return task.mean + task.standard_deviation * logit
        rate = self._priors[task.name]
        return math.log(rate / (1 - rate)) + logit

    def _layers(self) -> list[tf.keras.layers.Layer]:
        layers = [*self._interaction.layers, *([self._norm] if self._norm else [])]
        layers += self._sharing.layers
        for task in self._schema.tasks:
            layers += [*self._towers[task.name].layers, self._heads[task.name]]
        return layers + self._wide.layers


def scores(logits: Mapping[str, Any], schema: Schema) -> dict[str, tf.Tensor]:
    """Returns what is served, [B] a task: probabilities, and predictions kept in range."""
    return {
        task.name: tf.sigmoid(logits[task.name])
        if task.kind == "binary"
        else _in_range(logits[task.name], task)
        for task in schema.tasks
    }


def _in_range(logits: Any, task: Task) -> tf.Tensor:
    """Returns logits, [B], within the bounds that the task states."""
    values = tf.convert_to_tensor(logits)
    if task.minimum is None and task.maximum is None:
        return values
    lowest = values.dtype.min if task.minimum is None else task.minimum
    highest = values.dtype.max if task.maximum is None else task.maximum
    return tf.clip_by_value(values, lowest, highest)


def _by_layer(layers: Sequence[tf.keras.layers.Layer]) -> dict[str, tf.Variable]:
    """Returns the layers' variables by names that do not depend on what was built before.

    Keras numbers the layers inside a layer through the whole process; here only the
    outer layer's name counts, and its second kernel is `kernel_1`.
    """
    named: dict[str, tf.Variable] = {}
    for layer in layers:
        for variable in layer.trainable_variables:
            kind = name_of(variable).split("/")[-1]
            first = name = f"{unscoped(layer.name)}/{kind}"
            copies = 0
            while name in named:
                copies += 1
                name = f"{first}_{copies}"
            # Under mixed precision Keras wraps a variable in one that is cast as it is read.
            named[name] = _own(variable)
    return named


def _own(variable: Any) -> tf.Variable:
    """Returns what mixed precision may have wrapped."""
    return getattr(variable, "_variable", variable)


def _zeros(schema: Schema) -> dict[str, tf.Tensor]:
    """Returns the encoded features of one row of zeros."""

    def zeros(is_multivalued: bool, kind: str) -> tf.Tensor:
        dtype = tf.float32 if kind == "numeric" else tf.int32
        return tf.zeros((1, 1) if is_multivalued else (1,), dtype)

    return {f.name: zeros(f.is_multivalued, f.kind) for f in schema.features}
