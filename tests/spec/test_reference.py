"""The settings reference: where each kind may stand, and what is there by default."""

import pytest

from ranker.spec import reference
from ranker.spec.compare import CompareConfig
from ranker.spec.nightly import NightlySettings
from ranker.spec.reference_pages import PAGES
from ranker.spec.run import RunConfig


def section(root, name):
    """Returns the section of one table, Markdown."""
    (table,) = [table for table in reference.tables(root) if table.name == name]
    return reference.markdown(table)


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("clip.clippy", "`[[clip]]` or `[guard.recovery.clip]`"),
        ("clip.spam", "`[[clip]]`"),  # part of its rule: recovery refuses it
        ("loss.cross_entropy", "`[objective.binary]` or `[objective.losses.NAME]`"),
        ("loss.huber", "`[objective.regression]` or `[objective.losses.NAME]`"),
        ("rule.adam", "`[optimizer.dense.rule]` or `[optimizer.embeddings.rule]`"),
    ],
)
def test_a_kind_is_said_to_stand_where_it_is_taken_and_nowhere_else(name, places):
    kind = name.partition(".")[2]
    assert f'\nWith `kind = "{kind}"` in {places}.\n' in section(RunConfig, name)


@pytest.mark.parametrize(
    ("root", "table", "row"),
    [
        (
            RunConfig,
            "model",
            '| `sharing` | [sharing](#sharingshared_bottom) | `{kind = "mmoe"}` |',
        ),
        (RunConfig, "", "| `clip` | list of [clip](#clipvalue) | `[]` |"),
        (RunConfig, "guard", '| `detect` | [table](#guarddetect), or none | `"none"` |'),
        (RunConfig, "objective", "| `losses` | [loss](#losscross_entropy) by name | `{}` |"),
        (NightlySettings, "gate", '{kind = "calibration", absolute = false}'),
        (CompareConfig, "", '| `models` | list of [tables](#models) | `[{name = "base"}]` |'),
    ],
)
def test_a_setting_that_holds_other_settings_has_a_row_with_its_default(root, table, row):
    assert row in section(root, table)


def test_a_table_that_is_always_there_has_a_section_and_no_row():
    assert "| `guard` |" not in section(RunConfig, "")
    assert section(RunConfig, "guard").startswith("## guard\n")


@pytest.mark.parametrize("name", PAGES)
def test_every_link_of_a_page_leads_to_a_section_of_it(name):
    text = PAGES[name].text()
    sections = {line[3:].replace(".", "") for line in text.splitlines() if line.startswith("## ")}
    links = {link.partition(")")[0] for link in text.split("(#")[1:]}
    assert links
    assert links <= sections
