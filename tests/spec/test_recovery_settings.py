"""The recovery's settings: off unless asked for, any clipper but SPAM, ranges."""

import pytest

from ranker.spec import load
from ranker.spec.clip import Norm
from ranker.spec.clip_by_history import Spam
from ranker.spec.guard import GuardSettings, Recovery
from ranker.spec.run import RunConfig


@pytest.fixture
def read(tmp_path):
    (tmp_path / "run.toml").write_text("")
    return lambda *overrides: load.load(tmp_path / "run.toml", overrides, RunConfig)


def test_it_is_off_unless_asked_for_and_an_empty_table_asks():
    assert GuardSettings().recovery is None


def test_it_is_read_and_written_with_its_clipper(read):
    assert read().guard.recovery is None
    assert read("guard.recovery={}").guard.recovery == Recovery()
    config = read("guard.recovery.clip={kind = 'norm', max_norm = 0.25}")
    assert config.guard.recovery == Recovery(clip=Norm(max_norm=0.25))
    assert read("guard.recovery.clip=none").guard.recovery == Recovery(clip=None)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"within_attempts": 2}, "within_attempts must be >= 3, got 2"),
        ({"rate_factor": 0.0}, r"rate_factor must be > 0 and <= 1, got 0\.0"),
        ({"rate_factor": 1.5}, r"rate_factor must be > 0 and <= 1, got 1\.5"),
        ({"max_rollbacks": -1}, "max_rollbacks must be >= 0, got -1"),
        ({"healthy_attempts": 0}, "healthy_attempts must be >= 1, got 0"),
        ({"clip": Spam()}, "clip 'spam' is part of its rule"),
    ],
)
def test_what_cannot_be_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        Recovery(**wrong)


def test_its_clipper_must_fit_the_rules(read):
    with pytest.raises(load.ConfigError, match="goes by its rule's mean square"):
        read("guard.recovery.clip={kind = 'rms', of = 'gradient'}")
