"""A plain PyTorch loop over the workload's model: eager or compiled, in float32 or bfloat16."""

import contextlib
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from benchmarks.peers import torch_threads, workload


def turn(batch_size: int, mode: str, dtype: str = "float32") -> Callable[[], None]:
    """Returns what trains the model on the examples of a turn.

    Args:
      mode: "eager" or "compile".
      dtype: "bfloat16" for autocast.
    """
    torch_threads.settle()
    model = Mmoe()
    optimizer = torch.optim.Adagrad(
        model.parameters(),
        lr=workload.RATE,
        initial_accumulator_value=workload.INITIAL_ACCUMULATOR,
        fused=True,
    )
    rows = workload.rows()
    features = {n: torch.from_numpy(v) for n, v in (rows.single | rows.lists).items()}
    labels = {n: torch.from_numpy(v) for n, v in rows.labels.items()}

    def loss(x: dict[str, torch.Tensor], y: dict[str, torch.Tensor]) -> torch.Tensor:
        logits = model(x)
        losses = [
            functional.binary_cross_entropy_with_logits(logits[task].float(), y[task])
            for task in workload.TASKS
        ]
        return torch.stack(losses).sum()

    forward = torch.compile(loss) if mode == "compile" else loss
    is_bf16 = dtype == "bfloat16"

    def run() -> None:
        total = torch.zeros(())
        for order in torch.randperm(workload.NUM_EXAMPLES).split(batch_size):
            x = {name: value[order] for name, value in features.items()}
            y = {name: value[order] for name, value in labels.items()}
            with torch.autocast("cpu", torch.bfloat16) if is_bf16 else contextlib.nullcontext():
                value = forward(x, y)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            total += value.detach()
        if not torch.isfinite(total):
            raise RuntimeError("the loss is not finite")

    return run


class Mmoe(nn.Module):
    """The workload's model."""

    def __init__(self) -> None:
        super().__init__()
        sizes = workload.SINGLE | {"genres": workload.LISTS["genres"][0]}
        self.tables = nn.ModuleDict(
            {n: nn.Embedding(s + 1, workload.WIDTH, padding_idx=0) for n, s in sizes.items()}
        )
        width, experts = workload.NUM_FIELDS * workload.WIDTH, range(workload.NUM_EXPERTS)
        self.experts = nn.ModuleList(_mlp(width, workload.EXPERT_UNITS) for _ in experts)
        self.gates = nn.ModuleDict({t: nn.Linear(width, len(experts)) for t in workload.TASKS})
        last = workload.EXPERT_UNITS[-1]
        self.towers = nn.ModuleDict({t: _mlp(last, workload.TOWER_UNITS) for t in workload.TASKS})
        self.heads = nn.ModuleDict(
            {t: nn.Linear(workload.TOWER_UNITS[-1], 1) for t in workload.TASKS}
        )

    def forward(self, x: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Returns the logits of each task, [B]."""
        fields = [self.tables[name](x[name]) for name in workload.SINGLE]
        for name in workload.LISTS:
            table = self.tables["item_id" if name == "history" else name]
            fields.append(
                functional.embedding_bag(x[name], table.weight, mode="mean", padding_idx=0)
            )
        fields = torch.cat(fields, dim=1)
        experts = torch.stack([expert(fields) for expert in self.experts], dim=1)
        logits = {}
        for task, gate in self.gates.items():
            shares = torch.softmax(gate(fields), dim=1)
            mixed = torch.bmm(shares.unsqueeze(1), experts).squeeze(1)
            logits[task] = self.heads[task](self.towers[task](mixed))[:, 0]
        return logits


def _mlp(width: int, units: tuple[int, ...]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for out in units:
        layers += [nn.Linear(width, out), nn.ReLU()]
        width = out
    return nn.Sequential(*layers)
