"""A comparison's settings: what cannot be a fair grid is refused."""

import pytest

from ranker.spec import load
from ranker.spec.compare import CompareConfig

FILE = """
base = "base.toml"
rates = [0.1, 0.2]
[[safeguards]]
name = "none"
[[safeguards]]
name = "gc"
tune = "clip.0.max_norm"
values = [0.1, 0.01]
"""


def read(folder, *overrides, text=FILE):
    (folder / "compare.toml").write_text(text, encoding="utf-8")
    return load.load(folder / "compare.toml", overrides, CompareConfig)


def test_defaults_are_five_seeds_one_workload_and_no_fault(tmp_path):
    config = read(tmp_path)
    assert config.seeds == (0, 1, 2, 3, 4)
    assert [len(c) for c in (config.models, config.optimizers, config.injectors)] == [1, 1, 1]
    assert config.injectors[0].name == "none"


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("rates=[0.2, 0.1]", "rates must be > 0 and rising"),
        ("rates=[0.0, 0.1]", "rates must be > 0 and rising"),
        ("rates=[]", "rates must name at least one"),
        ("seeds=[1, 1]", "seeds must be distinct"),
        ("seeds=[1000]", "tuning_seed must be none of seeds"),
        ("reference=nobody", "reference must be a safeguard's name, got 'nobody'"),
        ("safeguards.0.name=gc", "safeguards must be distinct"),
        ("safeguards.1.values=[]", "give both or none"),
        ("safeguards.1.values=[0.1, 0.1]", "values must be distinct"),
        ("safeguards.0.name=' '", "name must not be blank"),
        ("workers=0", "workers must be >= 1"),
        ("safeguards.1.tun=x", "no setting 'tun'. Did you mean 'tune'?"),
    ],
)
def test_refuses(tmp_path, override, said):
    with pytest.raises(load.ConfigError) as error:
        read(tmp_path, override)
    assert said in str(error.value)


def test_nobody_is_given_more_trials_than_another(tmp_path):
    more = '[[safeguards]]\nname = "agc"\ntune = "clip.0.max_ratio"\nvalues = [1, 2, 3]\n'
    with pytest.raises(load.ConfigError, match=r"equally many values to tune.*'gc': 2, 'agc': 3"):
        read(tmp_path, text=FILE + more)
