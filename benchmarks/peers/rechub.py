"""torch-rechub's MMOE and its own trainer and data loader (0.9)."""

from collections.abc import Callable

import numpy as np
import torch
from torch_rechub.basic.features import SequenceFeature, SparseFeature
from torch_rechub.models.multi_task import MMOE
from torch_rechub.trainers import MTLTrainer
from torch_rechub.utils.data import DataGenerator

from benchmarks.peers import torch_threads, workload


def turn(batch_size: int) -> Callable[[], None]:
    """Returns what trains an epoch over the examples of a turn."""
    torch_threads.settle()
    rows = workload.rows()
    features = [SparseFeature(n, s + 1, workload.WIDTH) for n, s in workload.SINGLE.items()]
    for name, (size, _) in workload.LISTS.items():
        shared = "item_id" if name == "history" else None
        features.append(
            SequenceFeature(
                name, size + 1, workload.WIDTH, pooling="mean", shared_with=shared, padding_idx=0
            )
        )
    model = MMOE(
        features,
        ["classification"] * len(workload.TASKS),
        workload.NUM_EXPERTS,
        expert_params={"dims": list(workload.EXPERT_UNITS)},
        tower_params_list=[{"dims": list(workload.TOWER_UNITS)} for _ in workload.TASKS],
    )
    trainer = MTLTrainer(
        model,
        ["classification"] * len(workload.TASKS),
        optimizer_fn=torch.optim.Adagrad,
        optimizer_params={
            "lr": workload.RATE,
            "initial_accumulator_value": workload.INITIAL_ACCUMULATOR,
        },
    )
    labels = np.stack(list(rows.labels.values()), axis=1)
    generator = DataGenerator(rows.single | rows.lists, labels)
    loader = generator.generate_dataloader(batch_size=batch_size, split_ratio=None)[0]
    return lambda: trainer.train_one_epoch(loader)
