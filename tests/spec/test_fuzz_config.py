"""Whatever a settings file or `--set` holds: settings that hold, or one short line."""

from pathlib import Path

import pytest
from fuzz import fuzz, mutated
from hypothesis import strategies as st

from ranker.spec.load import ConfigError, dump, load
from ranker.spec.run import RunConfig

pytestmark = pytest.mark.runs

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.toml"))
NAMES = st.sampled_from(
    [
        *("seed", "data", "data.path", "data.max_rejected_rows", "clip", "clip.0", "clip.0.kind"),
        *("optimizer.dense.rule.kind", "model.sharing.kind", "objective.task_weights.like"),
        *("train.epochs", "train.monitor", "extends", "model.tower_units.0", "a.b", ""),
    ]
)
TEXT = st.text(st.characters(), max_size=20)  # with halves of surrogate pairs
VALUES = st.one_of(
    TEXT,
    st.sampled_from(["none", "nan", "1e999", "[]", "{}", "[[]]", "true", "'''", "9" * 5000]),
    st.text("0123456789.e-+_xinfa'\"[]{},= \n#", max_size=9),
    st.integers().map(str),
    st.floats().map(repr),
)
OVERRIDES = st.lists(st.builds("{}={}".format, NAMES, VALUES) | TEXT, max_size=2)


@pytest.mark.parametrize("budget", [150, pytest.param(2_000, marks=pytest.mark.slow)])
def test_settings(budget, tmp_path):
    path = tmp_path / "run.toml"
    contents = st.sampled_from(CONFIGS).flatmap(
        lambda config: st.just(config.read_bytes()) | mutated(config.read_bytes())
    )

    def check(case):
        content, overrides = case
        path.write_bytes(content)
        try:
            config = load(path, overrides, RunConfig)
        except ConfigError as error:
            said = str(error)
        else:
            path.write_text(dump(config), encoding="utf-8")
            assert load(path, [], RunConfig) == config
            return
        assert len(said.splitlines()) == 1, said
        said.encode()  # a half of a surrogate pair would fail
        assert len(said) < 3_100

    fuzz("settings", st.tuples(contents, OVERRIDES), check, num_cases=budget)
