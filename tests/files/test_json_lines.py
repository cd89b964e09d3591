"""A log of one object a line: whole, cut back at a resume, refused when it has changed."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest

from ranker.files import DamagedError, JsonLines, json_lines


def lines(path):
    """Returns the records of a log without their times, which every one must have."""
    records = [json.loads(line) for line in path.read_text().splitlines()]
    for record in records:
        assert datetime.fromisoformat(record.pop("time")).tzinfo == UTC
    return records


def write(path, *records, seen=None):
    log = JsonLines(path, seen)
    for record in records:
        log.write(record)
    mark = log.mark()
    log.close()
    return mark


def test_a_log_goes_back_to_where_the_checkpoint_saw_it(tmp_path):
    seen = write(tmp_path / "log", {"attempt": 1})
    write(tmp_path / "log", {"attempt": 2}, seen=seen)
    write(tmp_path / "log", {"attempt": 3}, seen=seen)
    assert lines(tmp_path / "log") == [{"attempt": 1}, {"attempt": 3}]


def test_a_log_that_was_taken_up_has_the_mark_of_one_that_was_not(tmp_path, monkeypatch):
    records = [{"attempt": k, "losses": {"a": k / 3}} for k in range(5)]
    whole = write(tmp_path / "whole", *records)
    seen = None
    monkeypatch.setattr(json_lines, "datetime", Clock)  # other times than those of the whole
    for record in records:
        seen = write(tmp_path / "parts", record, seen=seen)
    assert seen == whole
    assert lines(tmp_path / "parts") == lines(tmp_path / "whole") == records
    assert (tmp_path / "parts").read_text() != (tmp_path / "whole").read_text()


class Clock(datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2001, 2, 3, tzinfo=tz)


def test_a_log_that_lost_its_end_is_refused_at_every_length_and_left_as_it_is(tmp_path):
    path = tmp_path / "log"
    seen = write(path, {"attempt": 1}, {"attempt": 2})
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DamagedError, match=r"log: not as .*: it lost its end; put it"):
            JsonLines(path, seen)
        assert path.read_bytes() == whole[:length]
    path.write_bytes(whole + b"what came later")
    assert write(path, seen=seen) == seen


def test_a_log_that_was_changed_is_refused_wherever_it_was(tmp_path):
    path = tmp_path / "log"
    seen = write(path, {"attempt": 1}, {"attempt": 2})
    whole = path.read_bytes()
    behind_time = whole.index(b', "attempt')
    for place in (*range(10), *range(behind_time, whole.index(b"\n") + 9), len(whole) - 1):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(DamagedError, match=r"log: not as .* bytes were changed; put"):
            JsonLines(path, seen)


def test_a_log_that_is_gone_begins_anew_and_says_so(tmp_path):
    seen = write(tmp_path / "log", {"attempt": 1})
    (tmp_path / "log").unlink()
    log = JsonLines(tmp_path / "log", seen)
    assert log.is_lost
    log.write({"attempt": 2})
    log.close()
    assert lines(tmp_path / "log") == [{"attempt": 2}]
    assert not JsonLines(tmp_path / "other").is_lost


def test_what_is_not_finite_is_written_as_text(tmp_path):
    write(tmp_path / "log", {"losses": {"like": float("nan")}, "factors": [np.inf, 0.5]})
    assert lines(tmp_path / "log") == [{"losses": {"like": "nan"}, "factors": ["inf", 0.5]}]


def test_a_log_that_cannot_grow_is_named_and_resumes_without_its_half_line(
    tmp_path, files_of_at_most
):
    log = JsonLines(tmp_path / "log")
    log.write({"attempt": 1})
    seen = log.mark()
    with (
        files_of_at_most(seen["length"] + 4),
        pytest.raises(OSError, match=r"File too large: '.*/log'"),
    ):
        log.write({"attempt": 2})
    log.close()
    assert (tmp_path / "log").read_text().endswith('1}\n{"ti')
    write(tmp_path / "log", {"attempt": 2}, seen=seen)
    assert lines(tmp_path / "log") == [{"attempt": 1}, {"attempt": 2}]
