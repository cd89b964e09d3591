"""Sizes beyond what anybody trains are refused as settings, not by what they would break."""

import dataclasses
from pathlib import Path

import pytest

from ranker.spec import load
from ranker.spec.run import RunConfig

ROOT = Path(__file__).parents[2]
VARIANTS = {
    "as it is": [],
    "ple": ['model.sharing={kind="ple"}'],
    "dcn": ['model.interaction={kind="dcn"}'],
    "hash": ['model.encoding={kind="hash"}'],
}
# Numbers that are compared with a count and make nothing of their size.
COUNTS = {
    "seed", "data.window_examples", "data.buffer_examples", "guard.max_refusals",
    "guard.max_incidents", "train.max_attempts", "train.log_every_attempts",
    "train.evaluate_every_attempts", "train.checkpoint_every_attempts", "train.keep_checkpoints",
    "train.patience_evaluations", "optimizer.dense.schedule.warmup_steps",
    "optimizer.embeddings.schedule.warmup_steps",
}  # fmt: skip


def whole_numbers(value, path=()):
    """Yields the path of every setting that is a whole number."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from whole_numbers(getattr(value, field.name), (*path, field.name))
    elif isinstance(value, tuple):
        for place, item in enumerate(value):
            yield from whole_numbers(item, (*path, str(place)))
    elif type(value) is int:
        yield ".".join(path)


def read(*overrides):
    return load.load(ROOT / "configs/quick.toml", overrides, RunConfig)


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_every_size_has_a_bound(variant):
    for path in sorted(set(whole_numbers(read(*variant))) - COUNTS):
        with pytest.raises(load.ConfigError):
            read(*variant, f"{path}={2**31 - 1}")


@pytest.mark.parametrize("path", sorted(COUNTS))
def test_a_count_may_be_as_large_as_it_can_be(path):
    assert read(f"{path}={2**31 - 1}")


@pytest.mark.parametrize("value", ["1e308", "1e38", "1000001.0"])
def test_passes_have_a_bound(value):
    with pytest.raises(
        load.ConfigError, match=r"train: epochs must be|train\.epochs: must be 0 or"
    ):
        read(f"train.epochs={value}")


SLOW = (
    "model.embedding_width=4097", "model.sharing.num_experts=257", "data.batch_size=1000001",
    "model.tower_units=[8193]", "model.wide.factors=4097",
)  # fmt: skip


@pytest.mark.parametrize("setting", SLOW)
def test_what_is_far_beyond_any_published_model_is_refused(setting):
    with pytest.raises(load.ConfigError, match="must"):
        read(setting)
    name, _, value = setting.partition("=")
    number = int(value.strip("[]"))
    assert read(f"{name}={value.replace(str(number), str(number - 1))}")
