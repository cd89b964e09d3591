"""The tasks against each other on a run's page: matrix, curves, and a sentence of advice."""

import json

import pytest
from sample_run import SCRIPT, TASKS, write_run

from ranker.report.run import write_report
from ranker.report.run.pulls import advice, matrix, tasks_of
from ranker.report.run.record import read_record

A_THIRD = (0.5, -0.25, 0.25)  # cosines, over and over


def both(*sizes):
    return zip(TASKS, sizes, strict=True)


@pytest.fixture
def write(tmp_path):
    """Writes a run whose second task's gradient is so much of the first's."""

    def write(share):
        workdir = write_run(tmp_path / "run")
        lines = [json.loads(x) for x in (workdir / "metrics.jsonl").read_text().splitlines()]
        for place, line in enumerate(line for line in lines if "scalars" in line):
            norms = {
                f"task_gradient_norm/{t}": s for t, s in zip(TASKS, (8.0, 8.0 * share), strict=True)
            }
            cosine = {f"task_cosine/{TASKS[0]}/{SCRIPT}": A_THIRD[place // 2 % 3]}
            told = norms | cosine if place % 2 else dict.fromkeys(norms | cosine, "nan")
            line["scalars"] |= told
        (workdir / "metrics.jsonl").write_text("".join(f"{json.dumps(x)}\n" for x in lines))
        return read_record(workdir)

    return write


def test_the_matrix_has_norms_on_its_diagonal_and_cosines_beside(write):
    record = write(0.125)
    assert tasks_of(record) == list(TASKS)
    (group,) = matrix(record).groups
    cells = [[(field.text, field.note) for field in row[1:]] for row in group.rows]
    pair = ("0.16", "against in 35%")  # 20 measurements: 7 of 0.5 and of -0.25, 6 of 0.25
    assert cells == [[("8", "norm"), pair], [pair, ("1", "norm")]]


@pytest.mark.parametrize("share", [1.0, 1 / 29, 30.0**-0.5])
def test_norms_that_are_near_enough_deserve_no_word(write, share):
    assert advice(write(share)) == ""


def test_a_norm_of_a_fortieth_is_told_with_what_to_set(write):
    record = write(1 / 40)
    assert advice(record).startswith(f"The gradient of like is 40 times that of {SCRIPT} ")
    page = write_report(record.workdir).read_text("utf-8")
    assert page.count("is 40 times that of") == 1
    assert 'id="pulls"' in page
    assert "Cosine of each pair of tasks" in page
    assert SCRIPT not in page.replace("&lt;script&gt;", "")


def test_a_run_that_measured_nothing_has_no_such_section(tmp_path):
    record = read_record(write_run(tmp_path / "run"))
    assert (tasks_of(record), advice(record), matrix(record).groups) == ([], "", ())
    assert 'id="pulls"' not in write_report(record.workdir).read_text("utf-8")
