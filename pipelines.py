"""In a checkout, `python -m pipelines.train` is `ranker train`: the programs of `ranker.cli`."""

from pathlib import Path

__path__ = [str(Path(__file__).parent / "ranker" / "cli")]
