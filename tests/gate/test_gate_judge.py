"""The gate's verdicts, and its intervals against others' formulas."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as oracle

from ranker.gate import Export, Scored, judge
from ranker.gate.checks import ks_distance
from ranker.gate.resample import METRICS, draws, resampled
from ranker.spec.gate import Bound, Calibration, Fall, GateSettings, Latency, Scores, Size


def some_rows(n=600, users=80, *, kind="binary", seed=0, noise=1.0):
    """Rows of a task that two models know something of, with ties among the scores."""
    random = np.random.default_rng(seed)
    truth = random.normal(size=n)
    served = truth + random.normal(size=n)
    candidate = truth + noise * random.normal(size=n)
    owner = np.concatenate([np.arange(users), random.integers(0, users, n - users)])
    weights = random.uniform(0.5, 2.0, n)
    if kind == "regression":
        return Scored("watch", kind, truth, weights, owner, candidate, served)
    labels = (truth + random.normal(size=n) > 0.5).astype(float)
    as_chance = [np.round(1 / (1 + np.exp(-s)), 2) for s in (candidate, served)]
    return Scored("click", kind, labels, weights, owner, *as_chance)


ORACLES = {
    "auc": lambda y, s, w, u: oracle.roc_auc_score(y, s, sample_weight=w),
    "log_loss": lambda y, s, w, u: oracle.log_loss(y, np.clip(s, 2e-7, 1 - 2e-7), sample_weight=w),
    "calibration": lambda y, s, w, u: np.average(s, weights=w) / np.average(y, weights=w),
    "rmse": lambda y, s, w, u: oracle.mean_squared_error(y, s, sample_weight=w) ** 0.5,
    "mae": lambda y, s, w, u: oracle.mean_absolute_error(y, s, sample_weight=w),
    "gauc": lambda y, s, w, u: _gauc(y, s, w, u),
}


def _gauc(y, s, w, u):
    """Each user once a draw of theirs: a user drawn twice counts twice, not as one of more rows."""
    each = [(oracle.roc_auc_score(y[u == k], s[u == k], sample_weight=w[u == k]), w[u == k].sum())
            for k in np.unique(u) if len(np.unique(y[u == k])) > 1]  # fmt: skip
    values, weights = zip(*each, strict=True)
    return np.average(values, weights=weights)


def test_every_metric_has_an_oracle():
    assert ORACLES.keys() == METRICS.keys()


@pytest.mark.parametrize("metric", METRICS)
def test_a_resample_is_the_metric_of_its_rows(metric):
    rows = some_rows(kind="regression" if metric in ("rmse", "mae") else "binary")
    counts = draws(80, 6, seed=3)
    found = resampled(metric, rows, rows.candidate, counts)
    for value, times in zip(found, counts, strict=True):
        drawn = np.repeat(np.arange(600), times[rows.users])
        parts = [each[drawn] for each in (rows.labels, rows.candidate, rows.weights, rows.users)]
        assert value == pytest.approx(ORACLES[metric](*parts), rel=1e-6)


def test_chunks_of_draws_change_nothing(monkeypatch):
    rows, counts = some_rows(), draws(80, 9, seed=1)
    whole = resampled("auc", rows, rows.candidate, counts)
    monkeypatch.setattr("ranker.gate.resample._CHUNK", 1_300)
    assert np.array_equal(resampled("auc", rows, rows.candidate, counts), whole)


@pytest.mark.runs
def test_the_interval_of_a_difference_is_that_of_another_bootstrap():
    rows = some_rows(users=600)  # a row a user, which is what SciPy resamples
    rows = rows._replace(users=np.arange(600), weights=np.ones(600))
    verdict = judge(GateSettings(checks=(Fall(),), resamples=4_000), [rows])
    (fall,) = [f for f in verdict.findings if f.check == "fall"]

    def difference(index):
        own = [oracle.roc_auc_score(rows.labels[index], s[index])
               for s in (rows.candidate, rows.served)]  # fmt: skip
        return own[0] - own[1]

    other = stats.bootstrap((np.arange(600),), difference, n_resamples=1_500, vectorized=False,
                            method="percentile", rng=np.random.default_rng(0))  # fmt: skip
    wide = other.confidence_interval.high - other.confidence_interval.low
    assert fall.low == pytest.approx(other.confidence_interval.low, abs=0.1 * wide)
    assert fall.high == pytest.approx(other.confidence_interval.high, abs=0.1 * wide)


def only(check, rows, **more):
    return judge(GateSettings(checks=(check,), resamples=300), [rows], **more)


def test_a_fall_that_the_rows_tell_blocks_and_says_so():
    verdict = only(Fall(), some_rows(4_000, noise=4.0))
    assert not verdict.accept
    assert "click.auc got worse" in verdict.reason


def test_a_fall_that_the_rows_do_not_tell_from_nothing_does_not_block():
    few = some_rows(60, 30, seed=4, noise=1.3)
    verdict = only(Fall(largest=0.0), few)
    (fall,) = [f for f in verdict.findings if f.check == "fall"]
    assert fall.candidate < fall.served
    assert fall.low < 0 < fall.high
    assert verdict.accept


def test_a_small_fall_of_many_rows_is_allowed_up_to_the_share():
    rows = some_rows(20_000, noise=1.1)
    (fall,) = [f for f in only(Fall(largest=0.0), rows).findings if f.check == "fall"]
    assert fall.high < 0
    share = (fall.served - fall.candidate) / fall.served
    assert not only(Fall(largest=share * 0.9), rows).accept
    assert only(Fall(largest=share * 1.1), rows).accept


def test_less_is_better_for_an_error():
    better, worse = (some_rows(3_000, kind="regression", noise=n) for n in (0.5, 3.0))
    assert only(Fall(largest=0.0), better).accept
    assert "watch.rmse got worse" in only(Fall(largest=0.0), worse).reason
    assert not only(Fall(metric="mae", largest=0.1), worse).accept


def test_bounds_and_calibration():
    rows = some_rows(3_000)
    assert only(Bound(at_least=0.6), rows).accept
    assert "must be in 0.99 to inf" in only(Bound(at_least=0.99), rows).reason
    assert not only(Bound(metric="log_loss", at_most=0.1), rows).accept
    few = some_rows(60, 30)
    (bound,) = [f for f in only(Bound(at_least=0.8), few).findings if f.check == "bound"]
    assert bound.candidate < 0.8 < bound.high
    assert bound.passed  # the rows do not tell it from one that keeps to the bound
    fair = rows._replace(candidate=np.full(3_000, np.average(rows.labels, weights=rows.weights)))
    assert only(Calibration(), fair).accept
    assert "click.calibration" in only(
        Calibration(), fair._replace(candidate=fair.candidate * 2)).reason  # fmt: skip


def test_the_gate_s_own_calibration_wants_a_model_to_compare_with():
    rows = some_rows(3_000)
    fair = np.average(rows.labels, weights=rows.weights)
    one, half, third = (np.full(3_000, fair / n) for n in (1, 2, 3))
    (own,) = [check for check in GateSettings().checks if isinstance(check, Calibration)]

    def passes(check, candidate, served):
        return only(check, rows._replace(candidate=candidate, served=served)).accept

    assert passes(own, half, None)  # a first model
    assert not passes(Calibration(), half, None)  # a range that somebody has asked for
    assert passes(own, half, half)  # no worse
    assert passes(own, half, third)  # on its way
    assert passes(own, one, half)
    assert not passes(own, half, one)
    assert not passes(own, third, half)
    assert not passes(Calibration(), half, third)
    assert "served model's 1," in f"{only(own, rows._replace(candidate=half, served=one)).reason},"
    assert not only(own, rows._replace(candidate=half * 0, served=half)).accept
    assert only(own, rows._replace(candidate=half * 0, served=half * 0)).accept


def test_scores_that_are_distributed_otherwise_or_moved_block():
    rows = some_rows(2_000)
    same = rows._replace(candidate=rows.served)
    assert only(Scores(largest_distance=0.0, largest_changed=0.0), same).accept
    assert "distance" in only(Scores(), rows._replace(candidate=rows.served * 0.3)).reason
    turned = rows._replace(candidate=np.random.default_rng(0).permutation(rows.served))
    verdict = only(Scores(changed_by=0.5), turned)
    assert [f.metric for f in verdict.findings if not f.passed] == ["changed"]


def test_the_distance_is_scipys():
    random = np.random.default_rng(5)
    one, other = np.round(random.normal(size=300), 1), np.round(random.normal(0.3, 1, 400), 1)
    assert ks_distance(one, other) == pytest.approx(stats.ks_2samp(one, other).statistic)


def test_scores_that_are_not_finite_always_block():
    rows = some_rows()
    bad = rows._replace(candidate=np.where(np.arange(600) == 7, np.nan, rows.candidate))
    verdict = judge(GateSettings(checks=()), [bad])
    assert not verdict.accept
    assert verdict.reason == "click: 1 of 600 scores are not finite"
    assert [f.check for f in judge(GateSettings(), [bad]).findings] == ["finite"]
    broken_before = rows._replace(served=np.full(600, np.nan))
    assert judge(GateSettings(checks=(Fall(), Scores())), [broken_before]).accept


def test_without_a_served_model_only_the_candidate_is_judged():
    verdict = judge(GateSettings(resamples=50), [some_rows()._replace(served=None)])
    assert {f.check for f in verdict.findings} == {"finite", "calibration"}


def test_one_class_or_no_rows_blocks_nothing_and_is_plain_json():
    rows = some_rows(100, 20)._replace(labels=np.zeros(100))
    verdict = judge(GateSettings(checks=(Fall(), Bound(at_least=0.5), Calibration())), [rows])
    assert verdict.accept
    assert all(f["low"] is None or f["low"] == f["low"] for f in verdict.as_json()["findings"])
    empty = Scored("click", "binary", *(np.zeros(0) for _ in range(2)), np.zeros(0, int),
                   np.zeros(0), np.zeros(0))  # fmt: skip
    assert judge(GateSettings(checks=()), [empty, some_rows()]).accept
    nothing = judge(GateSettings(), [empty, empty])
    assert not nothing.accept
    assert nothing.reason == "no task has a labelled row, so nothing was judged"


def test_size_and_latency_are_of_the_export():
    export = Export(megabytes=20.0, milliseconds=None)
    verdict = judge(GateSettings(checks=(Size(largest_mb=10.0), Latency())), [], export=export)
    assert verdict.reason == "the export: 20 megabytes, at most 10 allowed"


def test_an_unknown_task_or_metric_is_refused():
    with pytest.raises(ValueError, match="'clik' is none of click"):
        judge(GateSettings(checks=(Fall(task="clik"),)), [some_rows()])
    with pytest.raises(ValueError, match="'aux' is none of auc"):
        judge(GateSettings(checks=(Fall(metric="aux"),)), [some_rows()])
    with pytest.raises(ValueError, match=r"at_least 0\.9 is above at_most 0\.1"):
        Bound(at_least=0.9, at_most=0.1)
