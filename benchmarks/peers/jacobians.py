"""What TorchJD's methods cost to a plain sum, on the sizes of our studies; imports nothing of ours.

  make .venv/oracles/ready && .venv/oracles/bin/python benchmarks/peers/jacobians.py

A shared bottom and a tower a task, in PyTorch on two threads, without embeddings: forward, backward
to all shared variables and the towers, Adagrad. All run in turns in one process; a ratio is the
median of the rounds' own.
"""

import itertools
import statistics
import time

import torch
from torch import nn
from torchjd import aggregation
from torchjd.autojac import jac_to_grad, mtl_backward

ROUNDS, STEPS = 30, 10
SIZES = {  # inputs, batch, shared bottom, tower, tasks
    "compare_tasks": (202, 512, [256, 256], [64], 2),
    "compare_tasks_kuairand": (631, 1024, [64, 32], [16], 7),
}
METHODS = {
    "pcgrad": aggregation.PCGrad,
    "mgda": aggregation.MGDA,
    "cagrad": lambda: aggregation.CAGrad(c=0.5),
    "imtl_g": aggregation.IMTLG,
    "aligned_mtl": aggregation.AlignedMTL,
    "upgrad": aggregation.UPGrad,
    "dual_proj": aggregation.DualProj,
    "con_fig": aggregation.ConFIG,
    "fair_grad": lambda: aggregation.FairGrad(alpha=1.0),
}


def layers(sizes: list[int]) -> nn.Sequential:
    """Returns dense layers with ReLU."""
    pairs = itertools.pairwise(sizes)
    return nn.Sequential(*(part for a, b in pairs for part in (nn.Linear(a, b), nn.ReLU())))


def turn(method, inputs: int, batch: int, bottom: list[int], tower: list[int], tasks: int):
    """Returns what takes a few steps of a model of its own; `method` None is the sum."""
    torch.manual_seed(0)
    shared = layers([inputs, *bottom])
    heads = [
        nn.Sequential(layers([bottom[-1], *tower]), nn.Linear(tower[-1], 1)) for _ in range(tasks)
    ]
    variables = [*shared.parameters(), *(v for head in heads for v in head.parameters())]
    optimizer = torch.optim.Adagrad(variables, lr=0.05)
    rows, labels = torch.randn(batch, inputs), (torch.rand(tasks, batch, 1) < 0.3).float()
    aggregator = method and method()
    loss = nn.BCEWithLogitsLoss()

    def step() -> None:
        for _ in range(STEPS):
            optimizer.zero_grad()
            features = shared(rows)
            losses = [loss(head(features), labels[k]) for k, head in enumerate(heads)]
            if aggregator is None:
                sum(losses).backward()
            else:
                mtl_backward(losses, features=features)
                jac_to_grad(shared.parameters(), aggregator)
            optimizer.step()

    return step


def main() -> None:
    """Times all and prints a table a size."""
    torch.set_num_threads(2)
    for name, sizes in SIZES.items():
        turns = {"sum": turn(None, *sizes)}
        turns |= {method: turn(make, *sizes) for method, make in METHODS.items()}
        seconds = {method: [] for method in turns}
        for number in range(ROUNDS + 3):
            for method, work in turns.items():
                began = time.perf_counter()
                work()
                if number >= 3:
                    seconds[method].append(time.perf_counter() - began)
        milliseconds = 1e3 * statistics.median(seconds["sum"]) / STEPS
        print(f"\n| {name}, TorchJD | to the sum, {milliseconds:.2f} ms |\n|---|--:|")
        for method in METHODS:
            pairs = zip(seconds[method], seconds["sum"], strict=True)
            print(f"| {method} | {statistics.median(a / b for a, b in pairs):.2f} |")


if __name__ == "__main__":
    main()
