"""The workload's model in JAX: a jitted scan over some steps a call, one table for all features."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.peers import workload

STEPS_PER_CALL = 20
_ABSOLUTE, _RELATIVE = 1e-2, 0.5  # Clippy's thresholds, as the paper has them

Tree = Any


def turn(batch_size: int, safeguard: str = "none") -> Callable[[], None]:
    """Returns what trains the model on the examples of a turn.

    Args:
      safeguard: "clippy" for Clippy by tensor, a look at every value, and all of a step's
        writes or none; "none" for plain Adagrad.
    """
    ids, labels = _columns()
    state = _initial(jax.random.key(0))
    step = partial(_step, is_safe=safeguard == "clippy")
    call = jax.jit(lambda state, batches: jax.lax.scan(step, state, batches), donate_argnums=0)
    random = np.random.default_rng(0)
    per_call = min(STEPS_PER_CALL, workload.NUM_EXAMPLES // batch_size)

    def run() -> None:
        nonlocal state
        order = random.permutation(workload.NUM_EXAMPLES)
        chunks = order.reshape(-1, per_call, batch_size) if _fits(batch_size, per_call) else None
        parts = chunks if chunks is not None else order.reshape(-1, 1, batch_size)
        losses = []
        for batches in _ahead(ids, labels, parts):
            state, loss = call(state, batches)
            losses.append(loss)
        if not np.isfinite(np.concatenate(losses)).all():
            raise RuntimeError("the loss is not finite")

    return run


def _fits(batch_size: int, per_call: int) -> bool:
    return workload.NUM_EXAMPLES % (batch_size * per_call) == 0


def _ahead(
    ids: np.ndarray, labels: np.ndarray, parts: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields the rows of each part; a thread takes the next ones meanwhile."""
    with ThreadPoolExecutor(1) as pool:
        taken = [pool.submit(lambda p=part: (ids[p], labels[p])) for part in parts]
        for rows in taken:
            yield rows.result()


def _columns() -> tuple[np.ndarray, np.ndarray]:
    """Returns ids of all features in one table, int32 [N, F] with 0 for padding; labels [N, T]."""
    rows = workload.rows()
    columns = [
        np.where(values > 0, values + _offset(name), 0).reshape(workload.NUM_EXAMPLES, -1)
        for name, values in (rows.single | rows.lists).items()
    ]
    return (
        np.concatenate(columns, axis=1).astype(np.int32),
        np.stack(list(rows.labels.values()), axis=1),
    )


def _sizes() -> dict[str, int]:
    return workload.SINGLE | {"genres": workload.LISTS["genres"][0]}


def _offset(name: str) -> int:
    sizes = _sizes()
    before = list(sizes).index("item_id" if name == "history" else name)
    return sum(list(sizes.values())[:before])


def _initial(key: jax.Array) -> tuple[Tree, Tree]:
    """Returns the weights, and Adagrad's sums."""
    keys = iter(jax.random.split(key, 64))
    width = workload.NUM_FIELDS * workload.WIDTH

    def dense(inputs: int, units: int) -> Tree:
        limit = (6 / (inputs + units)) ** 0.5
        kernel = jax.random.uniform(next(keys), (inputs, units), minval=-limit, maxval=limit)
        return {"kernel": kernel, "bias": jnp.zeros(units)}

    def stack(inputs: int, units: tuple[int, ...]) -> list[Tree]:
        return [dense(a, b) for a, b in zip((inputs, *units), units, strict=False)]

    rows = 1 + sum(_sizes().values())
    last = workload.EXPERT_UNITS[-1]
    weights = {
        "table": 0.05 * jax.random.normal(next(keys), (rows, workload.WIDTH)),
        "experts": [stack(width, workload.EXPERT_UNITS) for _ in range(workload.NUM_EXPERTS)],
        "gates": [dense(width, workload.NUM_EXPERTS) for _ in workload.TASKS],
        "towers": [stack(last, (*workload.TOWER_UNITS, 1)) for _ in workload.TASKS],
    }
    sums = jax.tree.map(lambda w: jnp.full_like(w, workload.INITIAL_ACCUMULATOR), weights)
    return weights, sums


def _loss(weights: Tree, ids: jax.Array, labels: jax.Array) -> jax.Array:
    found = weights["table"][ids] * (ids > 0)[..., None]  # [B, F, D]
    first = len(workload.SINGLE)
    fields = [found[:, :first].reshape(len(ids), -1)]
    for _, length in workload.LISTS.values():
        count = jnp.maximum((ids[:, first : first + length] > 0).sum(1, keepdims=True), 1)
        fields.append(found[:, first : first + length].sum(1) / count)
        first += length
    x = jnp.concatenate(fields, axis=1)
    experts = jnp.stack([_mlp(x, layers) for layers in weights["experts"]], axis=1)  # [B, E, D]
    total = jnp.zeros(())
    for task, (gate, tower) in enumerate(zip(weights["gates"], weights["towers"], strict=True)):
        shares = jax.nn.softmax(x @ gate["kernel"] + gate["bias"])
        mixed = _mlp(jnp.einsum("be,bed->bd", shares, experts), tower[:-1])
        logit = (mixed @ tower[-1]["kernel"] + tower[-1]["bias"])[:, 0]
        total += (jnp.logaddexp(0.0, logit) - logit * labels[:, task]).mean()
    return total


def _mlp(x: jax.Array, layers: list[Tree]) -> jax.Array:
    for layer in layers:
        x = jax.nn.relu(x @ layer["kernel"] + layer["bias"])
    return x


def _step(
    state: tuple[Tree, Tree], batch: tuple[jax.Array, jax.Array], *, is_safe: bool
) -> tuple[tuple[Tree, Tree], jax.Array]:
    weights, sums = state
    loss, gradients = jax.value_and_grad(_loss)(weights, *batch)
    new_sums = jax.tree.map(lambda s, g: s + g * g, sums, gradients)
    updates = jax.tree.map(
        lambda g, s: -workload.RATE * g * jax.lax.rsqrt(s + 1e-7), gradients, new_sums
    )
    if is_safe:
        updates = jax.tree.map(_clip, updates, weights)
    new = jax.tree.map(jnp.add, weights, updates), new_sums
    if is_safe:
        parts = jax.tree.leaves((gradients, updates, new_sums))
        is_good = jnp.isfinite(loss) & jnp.all(jnp.stack([jnp.isfinite(p).all() for p in parts]))
        new = jax.tree.map(lambda after, before: jnp.where(is_good, after, before), new, state)
    return new, loss


def _clip(update: jax.Array, weight: jax.Array) -> jax.Array:
    """Clippy: the largest factor in [0, 1] with |update| at most its bound everywhere."""
    bound = _RELATIVE * jnp.abs(weight) + _ABSOLUTE
    ratio = jnp.max(jnp.abs(update) / bound)
    return update / jnp.maximum(1.0, ratio)
