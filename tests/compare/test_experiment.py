"""What is known of a comparison before any run of it begins."""

import pytest
from sample_comparison import read_comparison, write_comparison

from ranker.compare import experiment


def test_a_primary_metric_that_no_task_has_is_refused_at_once(tmp_path, prepared):
    path = write_comparison(tmp_path, prepared)
    with pytest.raises(ValueError, match=r"primary 'like\.aucc' is none of loss, like\.auc"):
        experiment.compare(
            read_comparison(path, "primary=like.aucc"),
            tmp_path,
            tmp_path / "run",
            command=[],
            is_stopping=lambda: False,
            on_run=lambda progress: pytest.fail(f"{progress} began"),
            say=lambda line: pytest.fail(line),
        )
    assert list((tmp_path / "run/runs").iterdir()) == []
