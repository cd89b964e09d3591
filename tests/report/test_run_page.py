"""A run's page: what it says of every end, beside which run, and that nothing breaks it."""

import json
import re
from html.parser import HTMLParser

import pytest
from fuzz import fuzz
from hypothesis import strategies as st
from sample_run import SCRIPT, write_run

from ranker.files import read_sealed, write_sealed
from ranker.report.run import write_report
from ranker.report.run.interventions import attempts
from ranker.report.run.previous import previous_run
from ranker.report.run.quality import difference
from ranker.report.run.record import read_record
from ranker.report.run.series import Series, read_logs
from ranker.report.text import DASH, MINUS


class Reader(HTMLParser):
    """Gathers what could run or load, and all text."""

    def __init__(self):
        super().__init__()
        self.scripts, self.loading, self.ids, self.links, self.text = 0, [], [], [], ""

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.scripts += tag == "script"
        self.loading += [k for k in named if k in ("src", "srcset") or k.startswith("on")]
        self.ids += [named["id"]] if "id" in named else []
        self.links += [named["href"]] if "href" in named else []

    def handle_data(self, data):
        self.text += f" {data}"


def read(page):
    reader = Reader()
    reader.feed(page.replace("<wbr>", ""))  # where a line may end
    reader.text = " ".join(reader.text.split())
    return reader


def written(workdir, **options):
    return write_report(workdir, **options).read_text("utf-8")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder / "older", seed=1, auc=0.71, ended=1_000)
    write_run(folder / "last", seed=2, auc=0.72, ended=2_000)
    write_run(folder / "later", seed=3, auc=0.99, ended=9_000)
    write_run(folder / "diverged", seed=4, status="diverged", ended=2_500)
    other = "seed = 5\n[train]\nepochs = 3.0\n"
    write_run(folder / "other", config=other, auc=0.99, ended=2_600)
    write_run(folder / "own", ended=3_000)
    return folder


@pytest.fixture(scope="module")
def page(runs):
    return written(runs / "own")


def test_the_page_is_one_file_in_which_no_name_runs_and_nothing_loads(page):
    reader = read(page)
    assert reader.scripts == 0
    assert reader.loading == []
    assert SCRIPT in reader.text
    assert {link[1:] for link in reader.links} <= set(reader.ids)
    assert len(set(reader.ids)) == len(reader.ids)
    assert "script-src &#39;none&#39;" in page
    assert len(page.encode()) < 200_000


def test_the_verdict_and_what_deserves_a_look_come_first(page):
    said = read(page).text
    assert "Completed The best model on validation is of attempt 200. Not exported." in said
    assert "Much of the time was spent waiting for input" in said  # a share of 0.4
    assert "2 rows of train rejected." in said
    assert "5,000/s" in said
    assert "1.3 GB" in said
    assert "0.8% of attempts" in said  # 3 of 400


def test_metrics_stand_beside_the_last_run_of_the_same_settings(runs, page):
    assert previous_run(read_record(runs / "own")).name == "last"
    said = read(page).text
    assert "Metrics, beside those of last" in said
    assert "auc 0.7500 0.7200 +0.03 better" in said
    assert "log_loss 0.5000 0.5000 0 the same" in said


def test_a_run_to_set_beside_can_be_named(runs):
    said = read(written(runs / "own", against=runs / "later", output=runs / "x.html")).text
    assert f"auc 0.7500 0.9900 {MINUS}0.24 worse" in said


@pytest.mark.parametrize(
    ("metric", "value", "old", "kind"),
    [
        ("auc", 0.8, 0.7, "better"),
        ("log_loss", 0.8, 0.7, "worse"),
        ("calibration", 0.9, 1.3, "better"),  # nearer to 1
        ("calibration", 1.3, 1.1, "worse"),
        ("rmse", 0.5, 0.5, "number"),
        ("rmse", 0.5, float("nan"), "number"),
    ],
)
def test_what_is_better_depends_on_the_metric(metric, value, old, kind):
    assert difference("like", metric, value, old).kind == kind


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("diverged", "Diverged Too many refusals in a row. First, at attempt 396: loss not finite, "
                     "task like, column age. Not exported."),
        ("preempted", "Stopped, and saved The same command goes on"),
        ("failed", "Failed Too many refusals in a row."),
        ("running", "Not finished yet The last line is of attempt 400, written at "
                    "2026-05-01T02:03:40 (UTC)."),
    ],
)  # fmt: skip
def test_every_end_has_its_page(tmp_path, status, expected):
    assert expected in read(written(write_run(tmp_path / "run", status=status))).text


def test_a_run_that_failed_before_its_first_attempt_has_a_page_of_what_there_is(tmp_path):
    workdir = write_run(tmp_path / "run", status="failed")
    for name in ("metrics.jsonl", "events.jsonl", "scores.json"):
        (workdir / name).unlink()
    result = {"status": "failed", "reason": "data/x.parquet: damaged", "seconds": 0.0}
    write_sealed(workdir / "RESULT.json", result)
    said = read(written(workdir)).text
    assert "Failed data/x.parquet: damaged." in said  # the path as it is
    assert "No attempt was made." in said
    assert "second" not in said
    assert "so far" not in said


def test_every_intervention_is_marked_with_its_cause(page):
    said = read(page).text
    cause = f"task {SCRIPT}, column like first bad: label Fix the labels."
    assert f"loss not finite 3 101 to 103 kept: incidents/101.parquet and 2 more {cause}" in said
    assert "rolled back 110 divergence of like to attempt 90" in said
    # Eleven panels over attempts; three refusals fall into two columns of 1/150 of 400.
    assert page.count('<use class="rolled_back"') == 11
    assert page.count('<use class="refused"') == 11 * 2
    assert page.count('class="span" x="25.25%" width="0.50%"') == 11  # 101 to 103 of 400


def test_attempts_are_told_as_ranges():
    assert attempts([5, 1, 2, 3, 9]) == "1 to 3, 5, 9"
    assert attempts(range(1, 20, 2)).endswith("11 and 4 more times")


def test_calibration_scores_and_segments_are_there(page):
    said = read(page).text
    assert "Calibration of like, test" in said
    assert "6 rows: mean score 0.25, mean label 0.2" in said
    assert "label 0 label 1" in said
    assert f"cold users no labelled rows 0 {DASH} {DASH} {DASH}" in said
    assert "all rows, frozen 900 0.7400" in said


def test_settings_that_differ_come_first_and_all_are_folded(tmp_path):
    said = read(written(write_run(tmp_path / "run", seed=77))).text
    assert "seed 77 0 All settings" in said
    assert "batch_size = 512" in said


def test_what_is_damaged_is_said_and_the_rest_is_shown(tmp_path):
    run = write_run(tmp_path / "run")
    (run / "RESULT.json").write_text((run / "RESULT.json").read_text().replace("397", "398"))
    (run / "scores.json").write_text("{")
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"attempt": 410, "los')
    said = read(written(run)).text
    assert "RESULT.json is not as it was written" in said
    assert "scores.json cannot be read" in said
    assert "1 line of the logs cannot be read" in said
    assert "Training loss by task" in said


def test_a_directory_without_a_run_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no run here"):
        write_report(tmp_path)
    assert list(tmp_path.iterdir()) == []


_NUMBERS = st.one_of(
    st.floats(), st.integers(), st.sampled_from(["nan", "inf", "-inf", "1e999", SCRIPT]),
    st.none(), st.booleans(), st.lists(st.none(), max_size=1),
)  # fmt: skip
_NAMES = st.sampled_from(["like", "watch", SCRIPT, "", "a/b", "\ud7ff\n"])
_TABLES = st.one_of(_NUMBERS, st.dictionaries(_NAMES, _NUMBERS, max_size=3))
_LINES = st.fixed_dictionaries(
    {},
    optional={
        "attempt": st.one_of(_NUMBERS, st.integers(0, 1000)),
        "loss": _NUMBERS, "losses": _TABLES, "learning_rates": st.lists(_NUMBERS, max_size=2),
        "gradient_norm": _NUMBERS, "scalars": _TABLES, "clip_factors": _TABLES,
        "validation_loss": _NUMBERS, "validation": st.dictionaries(_NAMES, _TABLES, max_size=2),
        "kind": st.sampled_from(["refused", "halted", "injected", "injection_ended", "new", 5]),
        "reason": _TABLES, "until": _NUMBERS, "task": _NUMBERS, "try": _TABLES,
    },
)  # fmt: skip


@pytest.mark.runs
def test_no_line_of_a_log_breaks_the_page(tmp_path):
    (tmp_path / "config.toml").write_text("")

    def check(logs):
        for name, lines in zip(("metrics.jsonl", "events.jsonl"), logs, strict=True):
            (tmp_path / name).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        page = written(tmp_path)
        reader = read(page)
        assert reader.scripts == 0
        assert "Not finished yet" in reader.text
        drawn = re.findall(r' (?:x|y|x1|x2|y1|y2|width|d)="([^"]*)"', page)
        assert not [place for place in drawn if "nan" in place or "inf" in place]

    logs = st.tuples(st.lists(_LINES, max_size=4), st.lists(_LINES, max_size=4))
    fuzz("report", logs, check, num_cases=150)


def test_a_nightly_job_is_no_run_and_has_a_page_of_its_own(tmp_path):
    (tmp_path / "nights").mkdir()
    with pytest.raises(FileNotFoundError, match=r"of a nightly job see nights\.html"):
        read_record(tmp_path)


def test_a_run_that_goes_on_says_how_fast(tmp_path):
    said = read(written(write_run(tmp_path / "run", status="running"))).text
    assert "Throughput 5,120/s examples, between log lines" in said  # ten batches of 512 a second


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([(50, "00:10"), (100, "00:20"), (150, "00:25")], [(100, 5.0), (150, 10.0)]),
        ([(50, "00:10"), (100, "00:10"), (150, "00:20")], [(150, 10.0)]),  # of one call
        ([(50, "00:10"), (40, "00:20"), (90, "00:30")], [(90, 5.0)]),  # rolled back
        ([(50, "no time"), (100, "00:20"), (150, "00:30")], [(150, 5.0)]),
        ([(50, "00:30"), (100, "00:20"), (150, "00:30")], [(150, 5.0)]),  # a clock set back
    ],
)
def test_the_pace_is_of_lines_a_second_apart(tmp_path, lines, expected):
    said = [{"attempt": at, "time": f"2026-05-01T10:{time}+00:00"} for at, time in lines]
    (tmp_path / "metrics.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in said))
    found = read_logs(tmp_path).steps.get("attempts_per_second", Series([], []))
    assert list(zip(*found, strict=True)) == expected


def test_a_task_that_is_predicted_no_better_than_by_its_mean_is_said_to_be(tmp_path):
    run = write_run(tmp_path / "run")
    result = read_sealed(run / "RESULT.json")
    for entropy, is_said in ((0.99, False), (1.02, True)):
        result["metrics"]["validation"]["like"]["normalized_entropy"] = entropy
        write_sealed(run / "RESULT.json", result)
        said = "like is predicted no better than by its mean: normalized entropy 1.020."
        assert (said in read(written(run)).text) == is_said
