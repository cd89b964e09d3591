"""The resolved settings of every experiment: a changed default shows here as a difference.

To accept one: python -m pipelines.train --config=configs/X.toml --check > tests/golden/X.toml
A comparison, configs/compare_X.toml, is checked by pipelines.compare.
"""

from pathlib import Path

import pytest

from ranker.spec import load
from ranker.spec.compare import CompareConfig
from ranker.spec.run import RunConfig

ROOT = Path(__file__).parents[2]
CONFIGS = sorted((ROOT / "configs").glob("*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_resolves_as_it_did(path):
    golden = ROOT / "tests/golden" / path.name
    kind = CompareConfig if path.name.startswith("compare_") else RunConfig
    kept = [line for line in golden.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert load.dump(load.load(path, [], kind)).splitlines() == kept


def test_every_golden_has_its_config():
    assert {p.name for p in (ROOT / "tests/golden").glob("*.toml")} == {p.name for p in CONFIGS}
