"""What is said of a run at its end."""

import shutil

import pytest

from ranker.cli import trained


def said(workdir, **result):
    return "\n".join(trained.summary({"status": "completed", "step": 99, **result}, workdir))


@pytest.mark.parametrize("name", ["best", ".best.replaced"])
def test_a_completed_run_without_its_best_checkpoint_says_so(tmp_path, name):
    (tmp_path / "checkpoints" / name).mkdir(parents=True)
    assert "gone" not in said(tmp_path)
    shutil.rmtree(tmp_path / "checkpoints")
    lost = f"{tmp_path / 'checkpoints'}: the best checkpoint is gone, so nothing can be"
    assert lost in said(tmp_path)
    assert lost not in said(tmp_path, status="diverged")


def test_how_many_attempts_were_refused_is_said(tmp_path):
    assert "99 steps, 2 of 101 attempts refused: " in said(tmp_path, attempts=101, refused=2)
    assert "refused" not in said(tmp_path, attempts=99, refused=0)


@pytest.mark.parametrize(("batch_size", "is_said"), [(400, False), (401, True)])
def test_a_batch_that_repeats_rows_is_said(batch_size, is_said):
    rows = {"read": 404, "rejected": 4}
    found = {"rows": {"train": rows}, "parameters": 9, "attempts": 1, "batch_size": batch_size}
    lines = "\n".join(trained.rehearsal(found | {"losses": {}, "refused": {}}))
    assert (f"a batch of {batch_size} examples repeats the 400 rows of train" in lines) == is_said
