"""What tasks share: one input [B, W] to one input a task [B, W']."""

from collections.abc import Sequence

import tensorflow as tf

from ranker.model.block import Context
from ranker.model.dense import Mlp, dense
from ranker.spec import model as spec


class SharedBottomBlock(tf.Module):
    """Hard sharing: every task reads the same layers (Caruana 1997)."""

    def __init__(self, part: spec.SharedBottom, context: Context) -> None:
        super().__init__(name="shared_bottom")
        self._tasks = tuple(context.tasks)
        self._bottom = _mlp("bottom", part.units, context)
        self.layers = self._bottom.layers
        self.last = self.layers[-1:]

    def __call__(self, x: tf.Tensor, seed: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        """Returns the same [B, units[-1]] for every task."""
        shared = self._bottom(x, seed)
        return dict.fromkeys(self._tasks, shared)


class MmoeBlock(tf.Module):
    """Multi-gate mixture of experts (Ma et al. 2018, doi:10.1145/3219819.3220007)."""

    def __init__(self, part: spec.Mmoe, context: Context) -> None:
        super().__init__(name="mmoe")
        self._experts = [_mlp(f"expert/{e}", part.units, context) for e in range(part.num_experts)]
        self._gates = {t: _gate(f"gate/{t}", part.num_experts, context) for t in context.tasks}
        self.layers = [layer for e in self._experts for layer in e.layers]
        self.layers += self._gates.values()
        self.last = [layer for e in self._experts for layer in e.layers[-1:]]

    def __call__(self, x: tf.Tensor, seed: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        """Returns for every task its gate's mixture of the experts, [B, units[-1]]."""
        experts = [expert(x, seed) for expert in self._experts]
        return {t: _mix(experts, gate(x)) for t, gate in self._gates.items()}


class PleBlock(tf.Module):
    """Progressive layered extraction (Tang et al. 2020, doi:10.1145/3383313.3412236).

    At each level a task's gate mixes its own experts with the shared ones, and a
    shared gate mixes all of them for the level above; the top level needs no
    shared gate.
    """

    def __init__(self, part: spec.Ple, context: Context) -> None:
        super().__init__(name="ple")
        self._tasks = tuple(context.tasks)
        self._levels: list[tuple[dict[str, list[Mlp]], dict[str, tf.keras.layers.Dense]]] = []
        self.layers = []
        for level in range(part.num_levels):
            is_top = level == part.num_levels - 1
            counts = {"": part.num_shared, **dict.fromkeys(self._tasks, part.num_own)}
            experts = {
                owner: [
                    _mlp(f"ple/{level}/{owner or 'shared'}/{e}", part.units, context)
                    for e in range(count)
                ]
                for owner, count in counts.items()
            }
            gated = [*([] if is_top else [""]), *self._tasks]
            everyone = part.num_shared + part.num_own * len(self._tasks)
            gates = {
                owner: _gate(
                    f"ple/{level}/gate/{owner or 'shared'}",
                    part.num_own + part.num_shared if owner else everyone,
                    context,
                )
                for owner in gated
            }
            self._levels.append((experts, gates))
            self.layers += [x for mlps in experts.values() for m in mlps for x in m.layers]
            self.layers += gates.values()
        shared = self._levels[-1][0][""]
        self.last = [layer for mlp in shared for layer in mlp.layers[-1:]]

    def __call__(self, x: tf.Tensor, seed: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        """Returns for every task its top level's mixture, [B, units[-1]]."""
        inputs = dict.fromkeys(("", *self._tasks), x)
        for experts, gates in self._levels:
            out = {o: [m(inputs[o], seed) for m in mlps] for o, mlps in experts.items()}
            everyone = [value for values in out.values() for value in values]
            inputs = {
                owner: _mix(out[owner] + out[""] if owner else everyone, gate(inputs[owner]))
                for owner, gate in gates.items()
            }
        return inputs


def _mlp(name: str, units: Sequence[int], context: Context) -> Mlp:
    return Mlp(name, units, seed=context.seed, dropout=context.dropout, precision=context.precision)


def _gate(name: str, num_experts: int, context: Context) -> tf.keras.layers.Dense:
    return dense(name, num_experts, seed=context.seed, precision=context.precision)


def _mix(experts: Sequence[tf.Tensor], logits: tf.Tensor) -> tf.Tensor:
    """Returns the softmax(logits)-weighted sum of `experts`; a sum beats stack and einsum here."""
    # A softmax of bfloat16 logits in float32: its shares would else sum to 1 within a hundredth.
    softmax = tf.cast(tf.nn.softmax(tf.cast(logits, tf.float32)), experts[0].dtype)
    shares = tf.split(softmax, len(experts), axis=1)
    return tf.add_n([share * expert for share, expert in zip(shares, experts, strict=True)])
