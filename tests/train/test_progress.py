"""What a run says of itself while it trains: a bar on a terminal, lines in a file."""

import io
import re

import numpy as np
import pytest

from ranker.train import Evaluation, Length, StepReport, show_progress
from ranker.train.progress import SECONDS, ProgressBar, ProgressLines

METRICS = {"like": {"auc": 0.75, "rows": 9}, "rating": {"rows": 0, "note": "no labelled rows"}}


class Terminal(io.StringIO):
    def isatty(self):
        return True


def length(monitor="like.auc"):
    return Length(total=1_000, done=200, batch_size=16, monitor=monitor)


def reports(num, loss=0.5):
    shapes = dict.fromkeys(StepReport._fields, np.zeros((num, 0)))
    taken = {"attempt": np.arange(num), "total": np.full(num, loss), "accept": np.ones(num, bool)}
    return StepReport(**shapes | taken)


def test_a_file_gets_a_line_with_the_time_now_and_then(capsys):
    now = [0.0]
    shown = ProgressLines(length(), clock=lambda: now[0])
    for _ in range(100):
        now[0] += SECONDS / 50
        shown.reports(reports(2), 0.1)
    shown.evaluation(400, 400, Evaluation(0.25, METRICS))
    shown.close()
    text = capsys.readouterr().err
    said = text.splitlines()
    assert len(said) == 1 + 2 + 1
    assert "\r" not in text
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d"
    assert all(re.match(f"{time} train: ", line) for line in said)
    assert said[0].endswith("train: 200 of 1,000 attempts (20%)")
    assert said[1].endswith(
        "300 of 1,000 attempts (30%), loss 0.5000, 53 examples a second, 03:30 left"
    )
    assert "400 of 1,000 attempts (40%), loss 0.5000, validation like.auc 0.7500" in said[3]


def test_an_event_is_a_line_at_once(capsys):
    refused = {"kind": "refused", "attempt": 1234, "step": 1200, "reason": "loss not finite"}
    refused |= {"task": "rating", "loss": float("nan"), "factor": 3e30, "row": None, "try": "Clip."}
    ProgressLines(length()).event(refused | {"losses": {"rating": "nan"}})
    ProgressLines(length()).event({"kind": "rolled_back", "attempt": 7, "to_attempt": 5})
    said = capsys.readouterr().err.splitlines()
    assert said[1].endswith(
        "train: attempt 1,234: refused: loss not finite, task rating, loss nan, factor 3e+30. Clip."
    )
    assert said[3].endswith("train: attempt 7: rolled back: to attempt 5")


@pytest.mark.parametrize(
    ("monitor", "said"),
    [("loss", "validation loss 0.2500"), ("like.auc", "validation like.auc 0.7500"),
     ("rating.rmse", "validation rating.rmse none")],
)  # fmt: skip
def test_the_monitored_number_is_shown(monkeypatch, monitor, said):
    for stream in (io.StringIO(), Terminal()):
        monkeypatch.setattr("sys.stderr", stream)
        shown = show_progress(length(monitor))
        shown.evaluation(300, 300, Evaluation(0.25, METRICS))
        shown.reports(reports(800), 0.1)
        shown.close()
        assert said.replace(" ", "=", 2).replace("=", " ", 1) in stream.getvalue().replace(
            f"{monitor} ", f"{monitor}="
        )


def test_only_a_terminal_gets_a_bar(monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    assert isinstance(show_progress(length()), ProgressBar)
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert isinstance(show_progress(length()), ProgressLines)


@pytest.mark.parametrize("kind", [ProgressBar, ProgressLines])
def test_the_loss_that_is_shown_is_that_of_what_was_accepted(kind, monkeypatch):
    monkeypatch.setattr("sys.stderr", text := Terminal())
    shown = kind(length())
    two = reports(2, loss=0.25)._replace(accept=np.array([True, False]))
    two.total[1] = np.nan
    shown.reports(two, 1.0)
    shown.reports(reports(1, loss=np.nan)._replace(accept=np.zeros(1, bool)), 1.0)
    shown.evaluation(4, 4, Evaluation(0.25, METRICS))
    shown.close()
    assert "nan" not in text.getvalue()
    assert "loss" in text.getvalue().splitlines()[-1]
    assert "0.2500" in text.getvalue().splitlines()[-1]
