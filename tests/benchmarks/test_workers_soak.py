"""Whom the soak of several workers starts again, and what it takes for a failure."""

import types

import pytest
from without_flags import load

from benchmarks.soak_compare import SoakError

workers_soak = load("workers_soak")


@pytest.fixture
def workers(tmp_path, monkeypatch):
    """Two workers that run; which were started again is in `again`."""
    found = object.__new__(workers_soak.Workers)
    found._folder, found.codes, found.again = tmp_path, {}, []
    found.running = {0: ended(None), 1: ended(None)}

    def start(rank):
        found.again.append(rank)
        return ended(None)

    monkeypatch.setattr(found, "_start", start)
    for rank in (0, 1):
        (tmp_path / f"worker-{rank}.txt").write_text(f"all of it\nthe last of {rank}\n")
    return found


def ended(code):
    return types.SimpleNamespace(poll=lambda: code)


@pytest.mark.parametrize("code", [-9, 128, 134])
def test_who_was_killed_or_lost_another_is_started_again_by_itself(workers, code):
    workers.running[1] = ended(code)
    workers.poll()
    workers.poll()
    assert workers.again == [1]
    assert not workers.codes


def test_all_end_as_the_run_does(workers):
    workers.running = {0: ended(3), 1: ended(3)}
    workers.poll()
    assert (workers.running, workers.codes, workers.again) == ({}, {0: 3, 1: 3}, [])


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        ((2, None), r"exit codes {0: 2}: \['the last of 0'\]"),
        ((0, 3), "exit codes {0: 0, 1: 3}"),
        ((0, 128), "worker 1 ended with 128 after the others"),
    ],
)
def test_a_worker_that_ends_otherwise_than_the_others_is_a_failure(workers, codes, said):
    workers.running = {rank: ended(code) for rank, code in enumerate(codes)}
    with pytest.raises(SoakError, match=said):
        workers.poll()
