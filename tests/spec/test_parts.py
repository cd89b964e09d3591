"""Every part that is registered: its declaration, its bounds, its help, and what acts."""

import dataclasses
import itertools
import math
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import pytest
from annotated_types import Ge, Gt
from each import of_each
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ranker.spec import load, reference
from ranker.spec.clip import Clip, Clippy
from ranker.spec.inject import Injector
from ranker.spec.load import plain
from ranker.spec.model import Sharing
from ranker.spec.nightly import NightlySettings
from ranker.spec.part import (
    Part,
    act,
    actor,
    declared,
    fields_of,
    kinds,
    register,
)
from ranker.spec.rule import Rule, Schedule
from ranker.spec.run import RunConfig
from ranker.spec.table import TableSpec

ROOT = Path(__file__).parents[2]
assert "" == RunConfig.kind == TableSpec.kind == NightlySettings.kind  # they register all
FAMILIES = [
    family
    for family in Part.__subclasses__()
    if kinds(family) and family.__module__.startswith("ranker.")
]
PARTS = [
    part
    for family in FAMILIES
    for part in kinds(family).values()
    if part.__module__.startswith("ranker.")  # not of another test in this process
]
TABLES = list(reference.tables(RunConfig))
NEEDED = {
    "start": 12, "stop": 15, "task": "like", "feature": "user_count", "batches": 3,
    "columns": ("city", "device"), "of": "price",
}  # fmt: skip
ALSO = {"not_finite": {"task": "like"}, "bound": {"at_least": 0.5}}  # of which one is needed


def minimal(kind):
    """Returns a part of the least that must be said."""
    given = {f.name: NEEDED[f.name] for f in fields_of(kind) if f.default is dataclasses.MISSING}
    return kind(**given, **ALSO.get(kind.kind, {}))


NUMBERS = [(kind, f) for kind in PARTS for f in fields_of(kind) if f.hint in (int, float)]


def setting(number):
    """Returns what a number is called."""
    kind, field = number
    return f"{kind.kind}.{field.name}"


def test_every_family_has_its_kinds_and_the_settings_name_them_all():
    named = {table.name for table in TABLES}
    assert len(FAMILIES) >= 14
    assert len(PARTS) >= 68
    words = {Clip: "clip", Injector: "inject", Rule: "rule", Sharing: "sharing"}
    for family, word in words.items():
        assert {f"{word}.{p.kind}" for p in PARTS if issubclass(p, family)} <= named


@pytest.mark.parametrize("kind", PARTS, ids=lambda kind: kind.kind)
def test_what_acts_is_there_and_acts_with_the_settings_declared(kind):
    part = minimal(kind)
    if not part.acts:
        return
    found = actor(part)
    if issubclass(found, kind):
        more = {"rate": 0.5} if issubclass(kind, Schedule) else {}
        acting = act(part, **more)
        assert type(acting) is found
        assert plain(acting) == plain(part) | more
        assert act(acting) is acting
    assert found.__module__.startswith("ranker.")


BAD = (math.nan, math.inf, -math.inf, "1", True, None)


@of_each(list(itertools.product(NUMBERS, BAD)), lambda case: f"{setting(case[0])} = {case[1]!r}")
def test_no_number_is_taken_that_is_none(case):
    (kind, field), bad = case
    with pytest.raises((ValueError, TypeError), match=rf"^{kind.__name__}: {field.name} must be "):
        dataclasses.replace(minimal(kind), **{field.name: bad})


@of_each(NUMBERS, setting)
def test_a_number_within_its_bounds_comes_back_and_one_outside_is_refused(number):
    within_bounds_or_refused(*number)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def within_bounds_or_refused(kind, field, data):
    wide = st.integers(-5, 2000) if field.hint is int else st.floats(-5, 2000, width=32)
    value = data.draw(wide)
    holds = all(
        (not hasattr(b, "gt") or value > b.gt)
        and (not hasattr(b, "ge") or value >= b.ge)
        and (not hasattr(b, "le") or value <= b.le)
        and (not hasattr(b, "lt") or value < b.lt)
        for b in field.bounds
    )
    try:
        part = dataclasses.replace(minimal(kind), **{field.name: value})
    except ValueError:
        assert not holds or kind.check is not Part.check  # of another field
        return
    assert holds
    assert getattr(part, field.name) == value


@pytest.mark.parametrize("kind", PARTS, ids=lambda kind: kind.kind)
def test_every_part_survives_a_round_trip_through_toml(kind, tmp_path):
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Holder:
        part: Part

    family = next(family for family in FAMILIES if issubclass(kind, family))
    Holder.__annotations__["part"] = family
    part = minimal(kind)
    (tmp_path / "held.toml").write_text(load.dump(Holder(part=part)), "utf-8")
    assert load.load(tmp_path / "held.toml", [], Holder).part == part


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name or "run")
def test_every_setting_has_a_sentence_of_help(table):
    assert table.summary
    assert [field.name for field, said in table.fields if len(said) < 4] == []
    assert len(table.summary) <= 110


def test_help_has_no_field_that_is_not_there():
    for table in TABLES:
        names = {field.name for field, _ in table.fields} | {
            "stage",
            "is_with_rule",
            "gives",
            "order",
            "accumulate",
            "task_kind",
            "higher_is_better",
        }
        assert set(reference.help_of(table.part)) <= names


def test_a_kind_is_taken_once():
    with pytest.raises(ValueError, match=r"kind 'clippy' is ranker\.spec\.clip\.Clippy already"):

        @register("clippy")
        class Other(Clip):
            pass

    assert kinds(Clip)["clippy"] is Clippy


def test_bounds_are_told_in_words_and_those_of_one_field_by_another_too():
    @declared
    class Window(Part):
        low: Annotated[int, Ge(2)] = 3
        high: int = 5

        def check(self):
            self.require("high", Gt(self.low))

    assert Window(high=4).high == 4
    for given_, said in (
        ({"low": 1}, "Window: low must be >= 2, got 1"),
        ({"low": 2.5}, "Window: low must be a whole number, got 2.5"),
        ({"high": 3}, "Window: high must be > 3, got 3"),
    ):
        with pytest.raises((ValueError, TypeError), match=said):
            Window(**given_)


@pytest.mark.parametrize(
    ("flags", "file"),
    [
        ((), "settings.md"),
        (("--table",), "table_spec.md"),
        (("--nightly",), "nightly_settings.md"),
        (("--compare",), "compare_settings.md"),
    ],
)
def test_the_settings_reference_is_what_the_declarations_say(flags, file):
    told = subprocess.run(
        [sys.executable, "-m", "ranker", "settings", *flags, "--all"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    written = (ROOT / "docs" / file).read_text("utf-8")
    command = " ".join(["ranker settings", *flags, "--all"])
    assert written == told.stdout, f"{command} > docs/{file}"
