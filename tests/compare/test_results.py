"""What is judged of a finished run, and which finished runs are still of use."""

import json

import numpy as np
import pandas as pd
import pytest
from sample_comparison import read_comparison, write_comparison

from ranker.compare import grid
from ranker.compare.results import Results, failed


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    path = write_comparison(tmp_path_factory.mktemp("comparison"), tmp_path_factory.mktemp("data"))
    return grid.finals(read_comparison(path), path.parent, {})[0]


def columns(*task_losses):
    """Returns the columns of a healthy run with these losses, a vector a task."""
    numbers = {
        "status": "completed",
        "validation": json.dumps([{"like.auc": 0.5}, {"like.auc": 0.7}]),
        "accepted": [True] * len(task_losses[0]),
        "task_losses": [each.tolist() for each in task_losses],
    }
    return failed(ValueError("none")) | numbers


def judged(folder, trial, *task_losses):
    results = Results(folder)
    results.add(trial, columns(*task_losses))
    (row,) = results.table([trial]).to_dict("records")
    return row["divergence"], row["micro_divergences"], row["full_attempt"]


def falling(num_attempts, *, start, end):
    return end + (start - end) * np.exp(-np.arange(num_attempts) / 5)


def test_a_task_that_appears_is_measured_from_its_own_first_loss(tmp_path, trial):
    like, rating = falling(158, start=0.7, end=0.55), np.zeros(158)
    rating[60:] = falling(98, start=13.0, end=1.0)
    assert judged(tmp_path, trial, like, rating) == ("none", 0, -1)
    rating[60:] = falling(98, start=2.0, end=13.0)  # worse and worse, too early for a jump
    assert judged(tmp_path, trial, like, rating)[0] == "full"
    assert judged(tmp_path, trial, like, np.zeros(158)) == ("none", 0, -1)  # it never appears


def test_a_run_that_lacks_what_is_judged_is_to_be_run_again(tmp_path, trial):
    results = Results(tmp_path)
    assert results.missing([trial]) == [trial]
    path = tmp_path / "runs" / f"{trial.key}.parquet"
    pd.DataFrame([{"status": "completed", "losses": [1.0, 0.5]}]).to_parquet(path)
    assert results.missing([trial]) == [trial]
    assert results.table([trial]).empty
    results.add(trial, columns(np.ones(9)))
    assert results.missing([trial]) == []
    results.add(trial, failed(ValueError("no data")))  # nor is a failed one tried again
    assert results.missing([trial]) == []
    assert results.table([trial])["divergence"].tolist() == ["none"]
