"""Settings by their former names are read, with one line that says what they are called now."""

import warnings
from typing import ClassVar

import pytest

from ranker.spec.load import ConfigError, load
from ranker.spec.part import Part, declared, register
from ranker.spec.run import RunConfig


class Loss(Part):
    """A family."""


@register("square")
class Square(Loss):
    """Squares."""


@register("bent")
class Bent(Loss):
    """Bends.

    Attributes:
      delta: where.
    """

    delta: float = 1.0


@declared
class Section(Part):
    """A table.

    Attributes:
      epochs: how many.
      loss: which.
    """

    renamed: ClassVar = {"passes": "epochs", "bend": "loss.delta", "error": "loss"}
    epochs: float = 1.0
    loss: Loss = Square()


@declared
class Config(Part):
    """All of it.

    Attributes:
      section: one.
    """

    section: Section = Section()


def read(tmp_path, text, *overrides):
    (tmp_path / "c.toml").write_text(text)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        config = load(tmp_path / "c.toml", overrides, Config)
    return config, [str(each.message).replace(str(tmp_path), "") for each in caught]


def test_a_former_name_is_read_and_the_new_one_told(tmp_path):
    config, said = read(tmp_path, "[section]\npasses = 3.0\n")
    assert config.section.epochs == 3.0
    assert said == ["/c.toml: section.passes is now called section.epochs"]
    config, said = read(tmp_path, "", "section.passes=4")
    assert config.section.epochs == 4.0
    assert said == ["--set=section.passes=4: section.passes is now called section.epochs"]


def test_one_that_moved_into_a_table_finds_it(tmp_path):
    config, said = read(tmp_path, "[section]\nerror = 'bent'\nbend = 2.5\n")
    assert config.section.loss == Bent(delta=2.5)
    assert said == [
        "/c.toml: section.error is now called section.loss",
        "/c.toml: section.bend is now called section.loss.delta",
    ]


def test_rejected_rows_by_their_former_names(tmp_path):
    (tmp_path / "c.toml").write_text("data = {bad_rows = 'fail', max_bad_rows = 0.25}\n")
    with pytest.warns(FutureWarning, match="is now called") as said:
        config = load(tmp_path / "c.toml", [], RunConfig)
    assert (config.data.rejected_rows, config.data.max_rejected_rows) == ("fail", 0.25)
    assert [str(each.message).partition(": ")[2] for each in said] == [
        "data.bad_rows is now called data.rejected_rows",
        "data.max_bad_rows is now called data.max_rejected_rows",
    ]


def test_both_names_at_once_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"section\.passes is the former name of section\.epochs"):
        read(tmp_path, "[section]\npasses = 3.0\nepochs = 2.0\n")


def test_the_new_names_are_read_without_a_word(tmp_path):
    config, said = read(tmp_path, "[section]\nepochs = 2.0\nloss = {kind = 'bent', delta = 3.0}\n")
    assert (config.section.epochs, config.section.loss, said) == (2.0, Bent(delta=3.0), [])
