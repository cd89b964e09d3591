"""What a run is, and whether the files that it reads are still those that it began with."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ranker.input import digests
from ranker.input.digests import check_prepared
from ranker.schema import Schema
from ranker.spec import load
from ranker.spec.run import RunConfig, TrainSettings
from ranker.train.identity import Identity

SPLITS = ("train", "validation", "test")
_LENGTH = ("epochs", "max_attempts")  # settings of train


def identify(config: RunConfig, schema: Schema, *, splits: Sequence[str] = SPLITS) -> Identity:
    """Returns the settings and the data of a run, by their digests.

    Args:
      schema: of the columns that it uses.
      splits: whose files to read; the others are not compared.

    Raises:
      FileNotFoundError: if the data are not prepared.
      ValueError: naming the files that are not as they were prepared.
    """
    folder = Path(config.data.path)
    data = digests(folder, schema, splits=splits)
    check_prepared(folder, data)
    return identity_of(config, data, splits=splits)


def identity_of(config: RunConfig, data: Mapping[str, str], *, splits: Sequence[str]) -> Identity:
    """Returns what a run of `config` is, on data whose digests are known."""
    return identity_as_written(load.plain(config), data, splits=splits)


def identity_as_written(
    document: Mapping[str, Any], data: Mapping[str, str], *, splits: Sequence[str]
) -> Identity:
    """Returns what a run is, on data whose digests are known, by its settings as TOML holds them.

    Args:
      document: the settings; of an earlier version they may have former names, and be fewer.
    """
    former = {new: old for old, new in TrainSettings.renamed.items()}
    length, train = load.plain(RunConfig().train), document["train"]
    names = {name: name if name in train else former.get(name, name) for name in _LENGTH}
    any_length = {**train, **{written: length[name] for name, written in names.items()}}
    return Identity(
        settings=_sha256(document),
        but_length=_sha256({**document, "train": any_length}),
        data=data,
        splits=splits,
    )


def settings_sha256(config: RunConfig) -> str:
    """Returns the SHA-256 of the settings but for where the data lie: what they are is known."""
    return _sha256(load.plain(config))


def _sha256(document: Mapping[str, Any]) -> str:
    return load.sha256({**document, "data": {**document["data"], "path": ""}})


def with_length(config: RunConfig, of: RunConfig) -> RunConfig:
    """Returns `config`, training for as long as `of` does."""
    length = {name: getattr(of.train, name) for name in _LENGTH}
    return dataclasses.replace(config, train=dataclasses.replace(config.train, **length))


def prolongs(config: RunConfig, before: RunConfig) -> bool:
    """Whether `config` is `before` but for a longer training: no other setting may differ."""
    longest, most = (train.max_attempts or math.inf for train in (config.train, before.train))
    is_shorter = config.train.epochs < before.train.epochs or longest < most
    return config != before and with_length(config, before) == before and not is_shorter
