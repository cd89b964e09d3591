"""Settings of every type, for the tests of reading them."""

import dataclasses
from pathlib import Path
from typing import Any, Literal

from ranker.spec.load import load
from ranker.spec.part import Part, register


class Clip(Part):
    """A family."""


@register("soft")
class Soft(Clip):
    strength: float = 0.25
    floor: float = 0.0


@register("hard")
class Hard(Clip):
    strength: float = 4.0
    units: tuple[int, ...] = (8, 4)

    def check(self) -> None:
        if not self.strength > 0:
            raise ValueError(f"strength must be > 0, got {self.strength}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Section:
    rate: float = 0.5
    count: int = 3
    is_on: bool = False
    text: str = "plain"
    order: Literal["first", "last"] = "first"
    maximum: float | None = None
    limit: int | None = 7
    weights: dict[str, float] = dataclasses.field(default_factory=dict)
    clip: Clip = dataclasses.field(default_factory=lambda: Soft(strength=0.75))
    extra: Clip | None = None

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ValueError(f"count must be >= 0, got {self.count}")
        if self.order == "last" and self.count == 0:
            raise ValueError("nothing can be last of 0")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    seed: int = 0
    section: Section = dataclasses.field(default_factory=lambda: Section(rate=0.125))
    clips: tuple[Clip, ...] = ()


def read_text(text: str = "", *overrides: str, base: str | None = None, kind: type = Config) -> Any:
    """Loads `text` as run.toml of the working directory, beside `base` as base.toml."""
    if base is not None:
        Path("base.toml").write_text(base, "utf-8")
    Path("run.toml").write_text(text, "utf-8")
    return load(Path("run.toml"), list(overrides), kind)
