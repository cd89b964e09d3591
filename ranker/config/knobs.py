"""The numbers of a run that its compiled step can read from variables: its knobs.

Two runs have one *form* if they differ in knobs alone: the seed, the learning rates, and
the numbers of clippers, injectors and the guard, and when injectors are on. Another number
that is 0 is no knob: 0 often switches a part off, and what is switched off is not in the
graph.
"""

import dataclasses
import hashlib
import json
from typing import Any

from ranker.config.settings import RunConfig


def find(config: RunConfig) -> dict[str, int | float]:
    """Returns the knobs of `config`: path to value."""
    found: dict[str, int | float] = {"seed": config.seed}
    for name in ("dense", "embeddings"):
        found[f"optimizer.{name}.learning_rate"] = getattr(config.optimizer, name).learning_rate
    for name in ("clip", "inject"):
        for place, settings in enumerate(getattr(config, name)):
            found |= _floats(f"{name}.{place}", settings)
    for place, settings in enumerate(config.inject):
        times = (name for name in ("start", "stop") if hasattr(settings, name))
        found |= {f"inject.{place}.{name}": getattr(settings, name) for name in times}
    if config.guard.skip:
        found |= _floats("guard.skip", config.guard.skip)
    return found


def form(config: RunConfig) -> str:
    """Returns a digest of all that is no knob: equal digests can share one compiled step."""
    document = dataclasses.asdict(config)
    for path in find(config):
        *parents, last = path.split(".")
        table: Any = document
        for name in parents:
            table = table[int(name)] if name.isdigit() else table[name]
        del table[last]
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _floats(path: str, settings: Any) -> dict[str, float]:
    values = {f.name: getattr(settings, f.name) for f in dataclasses.fields(settings)}
    return {f"{path}.{n}": v for n, v in values.items() if isinstance(v, float) and v != 0}
