"""NextRec's MMOE and its own `fit` (0.6)."""

import os
import tempfile
from collections.abc import Callable

from nextrec.basic.features import SequenceFeature, SparseFeature
from nextrec.models.multitask.mmoe import MMOE

from benchmarks.peers import torch_threads, workload


def turn(batch_size: int) -> Callable[[], None]:
    """Returns what fits an epoch to the examples of a turn."""
    torch_threads.settle()
    # Its model writes checkpoints and logs where it was made.
    os.chdir(tempfile.mkdtemp())
    model = _model()
    model.compile(
        optimizer="adagrad",
        optimizer_params={
            "lr": workload.RATE,
            "initial_accumulator_value": workload.INITIAL_ACCUMULATOR,
        },
        loss=["bce"] * len(workload.TASKS),
    )
    rows = workload.rows()
    data = {**rows.single, **rows.lists, **rows.labels}
    return lambda: model.fit(
        data,
        metrics=["logloss"],
        epochs=1,
        batch_size=batch_size,
        shuffle=True,
        use_tensorboard=False,
    )


def _model() -> MMOE:
    single = [
        SparseFeature(name=name, vocab_size=size + 1, embedding_dim=workload.WIDTH)
        for name, size in workload.SINGLE.items()
    ]
    lists = [
        SequenceFeature(
            name=name,
            vocab_size=size + 1,
            max_len=length,
            embedding_dim=workload.WIDTH,
            embedding_name="item_id" if name == "history" else name,
            combiner="mean",
        )
        for name, (size, length) in workload.LISTS.items()
    ]
    tasks = list(workload.TASKS)
    tower = {"hidden_dims": list(workload.TOWER_UNITS), "activation": "relu"}
    return MMOE(
        sparse_features=single,
        sequence_features=lists,
        expert_mlp_params={"hidden_dims": list(workload.EXPERT_UNITS), "activation": "relu"},
        num_experts=workload.NUM_EXPERTS,
        tower_mlp_params_list=[tower for _ in tasks],
        target=tasks,
        task=["binary"] * len(tasks),
        device="cpu",
    )
