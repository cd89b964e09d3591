"""What a run is, and whether the files that it reads are still those that it began with."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from ranker.input import digests
from ranker.input.digests import check_prepared
from ranker.schema import Schema
from ranker.spec import load
from ranker.spec.run import RunConfig
from ranker.train.identity import Identity

SPLITS = ("train", "validation", "test")


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
    return Identity(settings=settings_sha256(config), data=data, splits=splits)


def settings_sha256(config: RunConfig) -> str:
    """Returns the SHA-256 of the settings but for where the data lie: what they are is known."""
    data = dataclasses.replace(config.data, path="")
    return load.sha256(dataclasses.replace(config, data=data))
