"""What is judged of a finished run, and which finished runs are still of use."""

import json

import numpy as np
import pytest
from sample_comparison import read_comparison, write_comparison

from ranker.compare import grid
from ranker.compare.failure import failed
from ranker.compare.results import Results


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
    results.add(trial, {"status": "completed", "losses": [1.0, 0.5]})
    assert results.missing([trial]) == [trial]
    assert results.table([trial]).empty
    results.add(trial, columns(np.ones(9)))
    assert results.missing([trial]) == []
    assert results.table([trial])["divergence"].tolist() == ["none"]


def test_a_failed_run_is_in_the_table_and_tried_again(tmp_path, trial):
    results = Results(tmp_path)
    results.add(trial, failed(ValueError("no memory")))
    for each in (results, Results(tmp_path)):
        assert each.missing([trial]) == [trial]
        assert each.table([trial])["error"].tolist() == ["ValueError: no memory"]
    results.add(trial, columns(np.ones(9)))
    for each in (results, Results(tmp_path)):
        assert each.missing([trial]) == []
        assert each.table([trial])["status"].tolist() == ["completed"]
    assert len(list((tmp_path / "runs").iterdir())) == 1


def write(folder, trial):
    """Writes a comparison of one run into `folder`; returns its three files by kind."""
    results = Results(folder)
    results.add(trial, columns(np.ones(9)))
    results.write(results.table([trial]), {"planned": 1})
    (run,) = (folder / "runs").iterdir()
    return {
        "run": run,
        "results": folder / "results.parquet",
        "metadata": folder / "comparison.json",
    }


DAMAGES = {
    "cut": lambda content: content[: len(content) // 2],
    "emptied": lambda content: b"",
    "first byte": lambda content: bytes([content[0] ^ 1]) + content[1:],
    "middle byte": lambda content: flipped(content, len(content) // 2),
    "byte of the footer": lambda content: flipped(content, len(content) - 20),
    "zeros": lambda content: bytes(len(content)),
    "longer": lambda content: content + b" ",
    "not Parquet": lambda content: b"{}",
}


def flipped(content, place):
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_run_is_told_and_made_again(tmp_path, trial, damage):
    path = write(tmp_path, trial)["run"]
    path.write_bytes(damage(path.read_bytes()))
    results = Results(tmp_path)
    assert results.missing([trial]) == [trial]
    assert results.table([trial]).empty
    (said,) = results.notices([trial])
    assert said == f"{path}: damaged, so not used: made again"
    results.add(trial, columns(np.ones(9)))
    assert results.notices([trial]) == Results(tmp_path).notices([trial]) == []


@pytest.mark.parametrize(
    ("kind", "name"),
    [("results", name) for name in DAMAGES]
    + [("metadata", name) for name in DAMAGES if name != "longer"],  # a blank more says the same
)
def test_a_damaged_table_is_told_and_written_again(tmp_path, trial, kind, name):
    path = write(tmp_path, trial)[kind]
    path.write_bytes(DAMAGES[name](path.read_bytes()))
    results = Results(tmp_path)
    (said,) = results.notices([trial])
    assert str(tmp_path / "results.parquet") in said
    assert "written again" in said
    write(tmp_path, trial)
    assert Results(tmp_path).notices([trial]) == []


def test_a_run_under_another_runs_name_is_damaged(tmp_path, trial):
    path = write(tmp_path, trial)["run"]
    other = trial.of_data("others")
    path.rename(path.with_name(path.name.replace(trial.key, other.key)))
    results = Results(tmp_path)
    assert results.missing([trial, other]) == [trial, other]
    assert "damaged" in results.notices([other])[0]


def test_damage_after_the_first_look_is_a_sentence(tmp_path, trial):
    path = write(tmp_path, trial)["run"]
    results = Results(tmp_path)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ValueError, match="damaged since this command began"):
        results.table([trial])


def test_runs_of_other_data_are_counted_and_not_used(tmp_path, trial):
    results = Results(tmp_path)
    before, now = trial.of_data("before"), trial.of_data("now")
    assert len({before.key, now.key, trial.key}) == 3
    results.add(before, columns(np.ones(9)))
    (tmp_path / "runs" / f"{trial.settings}.parquet").touch()  # as it was once named
    results = Results(tmp_path)
    assert results.missing([now]) == [now]
    assert results.notices([now]) == [
        f"{tmp_path}: 2 stored runs of these settings, of other data: not used"
    ]
    assert results.missing([before]) == []
