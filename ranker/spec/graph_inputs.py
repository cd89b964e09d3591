"""What of a run's settings its compiled step can read from variables: its graph inputs.

Two runs have one *graph signature* if they differ in graph inputs alone: the seed, unless there
is dropout, the learning rates, the floats of parts that vary (clippers, injectors, the spike
filter), and the attempts at which injectors are on. A float that is 0 is no input: 0 often
switches a part off, and what is switched off is not in the graph.
"""

import dataclasses
import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ranker.spec.load import plain
from ranker.spec.part import Part, values_of
from ranker.spec.run import RunConfig

_ALWAYS = ("seed", "optimizer.dense.learning_rate", "optimizer.embeddings.learning_rate")
_ATTEMPTS = ("start", "stop")  # of injectors


def find(config: RunConfig) -> dict[str, int | float]:
    """Returns the graph inputs of `config`: path to value."""
    found = {path: value for path, value in _leaves(config, ()) if path in _ALWAYS}
    if config.model.dropout:
        del found["seed"]  # each layer's masks are drawn by a number that is made of it
    return found | dict(_varying(config, ()))


def signature(config: RunConfig) -> str:
    """Returns a digest of all that is no graph input: equal ones can share one compiled step."""
    document = plain(config)
    for path in find(config):
        *parents, last = path.split(".")
        table: Any = document
        for name in parents:
            table = table[int(name)] if name.isdigit() else table[name]
        del table[last]
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def bind(config: RunConfig, values: Mapping[str, Any]) -> RunConfig:
    """Returns `config` with `values`, such as variables, in the place of its graph inputs.

    Raises:
      ValueError: for a path that is no graph input of it, naming the nearest.
    """
    known = find(config)
    for path in values:
        if path not in known:
            near = difflib.get_close_matches(path, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"no graph input {path!r}; there are: {', '.join(known)}{hint}")
    return _replaced(config, {tuple(path.split(".")): v for path, v in values.items()})


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name, field in values_of(value).items():
        inner = (*path, name)
        if dataclasses.is_dataclass(field):
            yield from _leaves(field, inner)
        else:
            yield ".".join(inner), field


def _varying(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, int | float]]:
    if isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _varying(item, (*path, str(index)))
    if not isinstance(value, Part):
        return
    for name, field in values_of(value).items():
        inner = (*path, name)
        is_input = (isinstance(field, float) and field != 0) or name in _ATTEMPTS
        if value.varies and is_input:
            yield ".".join(inner), field
        elif isinstance(field, Part | tuple):
            yield from _varying(field, inner)


def _replaced(value: Any, given: Mapping[tuple[str, ...], Any]) -> Any:
    if () in given:
        return given[()]
    inner: dict[str, dict[tuple[str, ...], Any]] = {}
    for path, new in given.items():
        inner.setdefault(path[0], {})[path[1:]] = new
    if isinstance(value, tuple):
        return tuple(
            _replaced(v, inner.get(str(i), {})) if str(i) in inner else v
            for i, v in enumerate(value)
        )
    changed = {name: _replaced(getattr(value, name), paths) for name, paths in inner.items()}
    return dataclasses.replace(value, **changed)
