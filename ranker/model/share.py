"""What tasks share: one input [B, W] to one input a task [B, W']."""

from collections.abc import Sequence

import tensorflow as tf

from ranker.model.dense import Mlp, dense


class SharedBottom(tf.Module):
    """Hard sharing: every task reads the same layers (Caruana 1997)."""

    def __init__(
        self,
        tasks: Sequence[str],
        *,
        units: Sequence[int],
        dropout: float,
        seed: int,
        precision: str = "float32",
    ) -> None:
        super().__init__(name="shared_bottom")
        self._tasks = tuple(tasks)
        self._bottom = Mlp("bottom", units, seed=seed, dropout=dropout, precision=precision)
        self.layers = self._bottom.layers

    def __call__(self, x: tf.Tensor, seed: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        """Returns the same [B, units[-1]] for every task."""
        shared = self._bottom(x, seed)
        return dict.fromkeys(self._tasks, shared)


class Mmoe(tf.Module):
    """Multi-gate mixture of experts (Ma et al. 2018, doi:10.1145/3219819.3220007)."""

    def __init__(
        self,
        tasks: Sequence[str],
        *,
        num_experts: int,
        units: Sequence[int],
        dropout: float,
        seed: int,
        precision: str = "float32",
    ) -> None:
        super().__init__(name="mmoe")
        self._experts = [
            Mlp(f"expert/{e}", units, seed=seed, dropout=dropout, precision=precision)
            for e in range(num_experts)
        ]
        self._gates = {
            t: dense(f"gate/{t}", num_experts, seed=seed, precision=precision) for t in tasks
        }
        self.layers = [layer for e in self._experts for layer in e.layers]
        self.layers += self._gates.values()

    def __call__(self, x: tf.Tensor, seed: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        """Returns for every task its gate's mixture of the experts, [B, units[-1]]."""
        experts = [expert(x, seed) for expert in self._experts]
        return {t: _mix(experts, gate(x)) for t, gate in self._gates.items()}


class Ple(tf.Module):
    """Progressive layered extraction (Tang et al. 2020, doi:10.1145/3383313.3412236).

    At each level a task's gate mixes its own experts with the shared ones, and a
    shared gate mixes all of them for the level above; the top level needs no
    shared gate.
    """

    def __init__(
        self,
        tasks: Sequence[str],
        *,
        num_levels: int,
        num_shared: int,
        num_own: int,
        units: Sequence[int],
        dropout: float,
        seed: int,
        precision: str = "float32",
    ) -> None:
        super().__init__(name="ple")
        self._tasks = tuple(tasks)
        self._levels: list[tuple[dict[str, list[Mlp]], dict[str, tf.keras.layers.Dense]]] = []
        self.layers = []
        for level in range(num_levels):
            is_top = level == num_levels - 1
            counts = {"": num_shared, **dict.fromkeys(tasks, num_own)}
            experts = {
                owner: [
                    Mlp(
                        f"ple/{level}/{owner or 'shared'}/{e}",
                        units,
                        seed=seed,
                        dropout=dropout,
                        precision=precision,
                    )
                    for e in range(count)
                ]
                for owner, count in counts.items()
            }
            gated = list(tasks) if is_top else ["", *tasks]
            gates = {
                owner: dense(
                    f"ple/{level}/gate/{owner or 'shared'}",
                    num_own + num_shared if owner else num_shared + num_own * len(tasks),
                    seed=seed,
                    precision=precision,
                )
                for owner in gated
            }
            self._levels.append((experts, gates))
            self.layers += [x for mlps in experts.values() for m in mlps for x in m.layers]
            self.layers += gates.values()

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


Sharing = SharedBottom | Mmoe | Ple


def _mix(experts: Sequence[tf.Tensor], logits: tf.Tensor) -> tf.Tensor:
    """Returns the softmax(logits)-weighted sum of `experts`; a sum beats stack and einsum here."""
    # A softmax of bfloat16 logits in float32: its shares would else sum to 1 within a hundredth.
    softmax = tf.cast(tf.nn.softmax(tf.cast(logits, tf.float32)), experts[0].dtype)
    shares = tf.split(softmax, len(experts), axis=1)
    return tf.add_n([share * expert for share, expert in zip(shares, experts, strict=True)])
