"""DeepCTR-Torch's MMOE and its own `fit` (0.3)."""

from collections.abc import Callable

import numpy as np
import torch
from deepctr_torch.inputs import SparseFeat, VarLenSparseFeat
from deepctr_torch.models import MMOE

from benchmarks.peers import torch_threads, workload


def turn(batch_size: int) -> Callable[[], None]:
    """Returns what fits an epoch to the examples of a turn."""
    torch_threads.settle()
    rows = workload.rows()
    columns: list = [SparseFeat(n, s + 1, workload.WIDTH) for n, s in workload.SINGLE.items()]
    for name, (size, length) in workload.LISTS.items():
        table = "item_id" if name == "history" else name
        column = SparseFeat(name, size + 1, workload.WIDTH, embedding_name=table)
        columns.append(VarLenSparseFeat(column, maxlen=length, combiner="mean"))
    model = MMOE(
        columns,
        num_experts=workload.NUM_EXPERTS,
        expert_dnn_hidden_units=workload.EXPERT_UNITS,
        gate_dnn_hidden_units=(),
        tower_dnn_hidden_units=workload.TOWER_UNITS,
        l2_reg_linear=0,
        l2_reg_embedding=0,
        task_types=("binary",) * len(workload.TASKS),
        task_names=workload.TASKS,
        device="cpu",
    )
    optimizer = torch.optim.Adagrad(
        model.parameters(),
        lr=workload.RATE,
        initial_accumulator_value=workload.INITIAL_ACCUMULATOR,
    )
    model.compile(optimizer, loss=["binary_crossentropy"] * len(workload.TASKS))
    labels = np.stack(list(rows.labels.values()), axis=1)
    features = rows.single | rows.lists
    return lambda: model.fit(dict(features), labels, batch_size=batch_size, epochs=1, verbose=0)
