"""The example of docs/serving.md scores rows as `predict` does."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from documents import TEXTS, blocks

from ranker.serve import predict

pytestmark = pytest.mark.runs

EXAMPLE = blocks(TEXTS["docs/serving.md"], "python")[0]


@pytest.fixture
def scope(version, prepared):
    code = EXAMPLE.replace("runs/movielens-100k/export/1", str(version))
    code = code.replace("data/movielens-100k", str(prepared))
    assert str(version) in code
    assert str(prepared) in code
    scope: dict = {}
    exec(compile(code, "serving.md", "exec"), scope)
    return scope


def test_the_scores_are_those_of_predict(scope, version, prepared, tmp_path):
    predict(version, prepared / "test.parquet", tmp_path / "scores.parquet")
    scores = pq.read_table(tmp_path / "scores.parquet")
    assert len(scope["scores"]) == 2
    for task, values in scope["scores"].items():
        np.testing.assert_allclose(values, scores[f"{task}_score"].to_numpy()[:8], rtol=1e-5)


def test_the_signatures_are_those_of_the_page(scope):
    for name in scope["model"].signatures:
        assert f"| `{name}` |" in TEXTS["docs/serving.md"]
    assert f"[{len(scope['model'].signatures)} signatures]" in TEXTS["README.md"]


def test_the_client_asks_for_the_same_by_names_that_the_model_has():
    client = blocks(TEXTS["docs/serving.md"], "python")[1]
    compile(client, Path("serving.md").name, "exec")
    assert '"serving_default"' in client
