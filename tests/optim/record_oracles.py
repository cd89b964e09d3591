"""Records what other implementations do, for `test_oracles.py`; run by hand, needs PyTorch.

    python -m venv /tmp/oracles
    /tmp/oracles/bin/pip install torch==2.13.0 numpy==2.4.6 pytorch_optimizer==4.1.0 zclip==1.0.0
    /tmp/oracles/bin/python tests/optim/record_oracles.py

Writes tests/golden/oracles/*.json: the gradients, and one file an implementation. Gradients do
not depend on the variables, so that one early difference does not become another problem.
"""

import importlib.metadata
import json
from pathlib import Path

import numpy as np
import pytorch_optimizer
import torch
import zclip

FOLDER = Path(__file__).parents[1] / "golden" / "oracles"
COMMAND = "python tests/optim/record_oracles.py"
SHAPES = {"kernel": (3, 2), "bias": (4,)}
NUM_STEPS = 60
# Step: how many times its usual size the gradient of each variable is.
SPIKES = {27: (40.0, 1.0), 33: (1.0, 300.0), 34: (1.0, 8.0), 38: (6.0, 6.0), 55: (1e4, 1e4)}
INITIAL = {"kernel": [[0.5, -1.0], [0.25, 2.0], [-0.75, 1.5]], "bias": [0.1, -0.2, 0.3, 0.0]}


def make_gradients() -> list[dict[str, np.ndarray]]:
    """Returns each step's gradients: noise around a mean, slowly growing, with spikes."""
    random = np.random.default_rng(20)
    steps = []
    for step in range(NUM_STEPS):
        sizes = SPIKES.get(step, (1.0, 1.0))
        noise = (random.normal(size=shape) + 0.3 for shape in SHAPES.values())
        grown = [
            0.4 * (1 + step / 40) * size * part for size, part in zip(sizes, noise, strict=True)
        ]
        steps.append({n: g.astype(np.float32) for n, g in zip(SHAPES, grown, strict=True)})
    return steps


def make_parameters() -> dict[str, torch.nn.Parameter]:
    """Returns the variables at their start."""
    return {name: torch.nn.Parameter(torch.tensor(value)) for name, value in INITIAL.items()}


def set_gradients(
    parameters: dict[str, torch.nn.Parameter], gradients: dict[str, np.ndarray]
) -> None:
    """Gives each variable its gradient."""
    for name, parameter in parameters.items():
        parameter.grad = torch.tensor(gradients[name])


def run(kind, steps, keep=(), **settings) -> dict:
    """Returns the variables after each step of an optimizer, and what it keeps under `keep`."""
    parameters = make_parameters()
    optimizer = kind(list(parameters.values()), **settings)
    recorded = []
    for gradients in steps:
        set_gradients(parameters, gradients)
        optimizer.step()
        step = {name: p.detach().tolist() for name, p in parameters.items()}
        for what in keep:
            step[what] = {n: optimizer.state[p][what].tolist() for n, p in parameters.items()}
        recorded.append(step)
    return {"kind": kind.__name__, "settings": settings, "steps": recorded}


def run_zclip(steps, **settings) -> dict:
    """Returns the clipped gradients, the mean and the deviation after each step of ZClip."""
    clipper = zclip.ZClip(**settings)
    parameters = make_parameters()
    module = torch.nn.ParameterDict(parameters)
    recorded = []
    for gradients in steps:
        set_gradients(parameters, gradients)
        clipper.step(module)
        clipped = {name: p.grad.tolist() for name, p in parameters.items()}
        spread = {"mean": clipper.mean, "deviation": clipper.var and clipper.var**0.5}
        recorded.append({"clipped": clipped} | (spread if clipper.initialized else {}))
    return {"kind": "ZClip", "settings": settings, "steps": recorded}


def write(name: str, content: dict) -> None:
    """Writes one recording, a line a step."""
    steps = ",\n".join(json.dumps(step) for step in content.pop("steps"))
    head = json.dumps({"command": COMMAND} | content, indent=1)[:-2]
    (FOLDER / f"{name}.json").write_text(f'{head},\n "steps": [\n{steps}\n]}}\n', "utf-8")


def record(name: str, package: str, content: dict) -> None:
    """Writes what an implementation did, with its package and versions."""
    versions = {p: importlib.metadata.version(p) for p in (package, "torch", "numpy")}
    write(name, {"versions": versions} | content)


def main() -> None:
    """Runs and records everything."""
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    steps = make_gradients()
    listed = [{name: g.tolist() for name, g in step.items()} for step in steps]
    write("gradients", {"initial": INITIAL, "steps": listed})
    adagc = run(
        pytorch_optimizer.AdaGC,
        steps,
        keep=("gamma",),
        lr=0.1,
        betas=(0.9, 0.99),
        beta=0.9,
        lambda_abs=1.2,
        lambda_rel=1.1,
        warmup_steps=11,
        weight_decay=0.0,
    )
    record("adagc", "pytorch_optimizer", adagc)
    spam = run(
        pytorch_optimizer.SPAM,
        steps,
        lr=0.1,
        betas=(0.9, 0.99),
        eps=1e-8,
        threshold=300,
        grad_accu_steps=6,
        update_proj_gap=41,
        warmup_epoch=9,
    )
    record("spam", "pytorch_optimizer", spam)
    adamw = run(
        pytorch_optimizer.StableAdamW,
        steps,
        lr=0.1,
        betas=(0.9, 0.95),
        eps=1e-8,
        weight_decay=0.05,
    )
    record("stable_adamw", "pytorch_optimizer", adamw)
    zclipped = run_zclip(steps, alpha=0.9, z_thresh=2.0, max_grad_norm=2.5, warmup_steps=12)
    record("zclip", "zclip", zclipped)


if __name__ == "__main__":
    main()
