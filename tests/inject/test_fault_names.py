"""Names and settings that do not fit are refused in one sentence; settings and injectors agree."""

import dataclasses
import math

import pytest
import tensorflow as tf
from sample_faults import WHEN, faults

from ranker import inject
from ranker.spec import load
from ranker.spec.inject import Injector
from ranker.spec.part import act, kinds
from ranker.spec.run import RunConfig

SETTINGS = kinds(Injector)
TASK, FEATURE = {"task": "like"}, {"feature": "user_count"}


@pytest.mark.parametrize(
    ("injector", "message"),
    [
        (inject.LabelFlip(task="rating", share=0.5, **WHEN),
         r"inject.0: label_flip: no binary task 'rating'; there are: like$"),
        (inject.ExtremeLabel(task="lik*", value=9.0, share=0.5, **WHEN),
         r"no regression task 'lik\*'; there are: rating$"),
        (inject.LabelScale(task="like", factor=9.0, **WHEN), "no regression task 'like'"),
        (inject.TaskVanishes(task="share", **WHEN), "no task 'share'; there are: like, rating$"),
        (inject.TaskWeight(task="Like", factor=2.0, **WHEN), "no task 'Like'"),
        (inject.NotFinite(task="share", **WHEN), "not_finite: no task 'share'"),
        (inject.NotFinite(feature="genres", **WHEN), "no numeric feature 'genres'; there"),
        (inject.FeatureScale(feature="user_id", factor=2.0, **WHEN), "no numeric feature 'user_i"),
        (inject.FeatureOutlier(feature="x", value=2.0, share=0.5, **WHEN), "numeric feature 'x'"),
        (inject.Noise(feature="x", level=0.5, **WHEN), "noise: no numeric feature 'x'"),
        (inject.UnknownIds(feature="user_count", share=0.5, **WHEN),
         "no categorical feature with a row for unknown values 'user_count'; "
         "there are: user_id, genres$"),
        (inject.GradientSpike(variable="top/*", factor=2.0, **WHEN),
         r"no trained variable 'top/\*'; there are: bottom/kernel, bottom/bias, embedding/"),
        (inject.GradientSpike(variable="bottom/kernel", row=3, factor=2.0, **WHEN),
         r"no row 3 in bottom/kernel, of shape \[3, 2\]$"),
        (inject.GradientSpike(variable="bottom/*", row=0, factor=2.0, **WHEN),
         r"no row 0 in bottom/bias, of shape \[\]$"),
        (inject.Bf16(variable="kernel", **WHEN), "bf16: no trained variable 'kernel'"),
        (inject.EmbeddingScale(table="bottom/kernel", factor=2.0, start=4),
         "no table 'bottom/kernel'; there are: embedding/user_id$"),
        (inject.OptimizerReset(slot="*/momentum", start=4),
         r"no slot '\*/momentum'; there are: bottom/kernel/accumulator, embedding/user_id/acc"),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)  # fmt: skip
def test_a_name_that_is_not_there_is_refused_with_those_that_are(injector, message):
    with pytest.raises(ValueError, match=message):
        faults(injector)


def test_the_error_says_which_injector_it_is():
    fine = inject.Bf16(**WHEN)
    with pytest.raises(ValueError, match=r"^inject\.1: task_vanishes: no task 'x'"):
        faults(fine, inject.TaskVanishes(task="x", **WHEN))


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        (inject.Bf16, {"start": -1, "stop": 3}, "start must be >= 0, got -1"),
        (inject.Bf16, {"start": 3, "stop": 3}, "stop must be > 3, got 3"),
        (inject.LabelFlip, WHEN | TASK | {"share": 1.5}, "share must be >= 0 and <= 1, got 1.5"),
        (inject.LabelFlip, WHEN | TASK | {"share": math.nan}, "share must be finite and >= 0"),
        (inject.ExtremeLabel, WHEN | TASK | {"share": 0.5, "value": math.inf}, "value must be"),
        (inject.LabelScale, WHEN | TASK | {"factor": math.nan}, "factor must be finite"),
        (inject.FeatureOutlier, WHEN | FEATURE | {"share": -0.5, "value": 1.0}, "share must be"),
        (inject.FeatureScale, WHEN | FEATURE | {"factor": math.nan}, "factor must be finite"),
        (inject.Noise, WHEN | FEATURE | {"level": -1.0}, "level must be >= 0"),
        (inject.NotFinite, WHEN | FEATURE | {"value": "null"}, "value 'null' is none of nan, inf"),
        (inject.NotFinite, WHEN | FEATURE | TASK, "feature or task must be given, one of them"),
        (inject.NotFinite, WHEN, "feature or task must be given, one of them, got '' and ''"),
        (inject.TaskWeight, WHEN | TASK | {"factor": -1.0}, "factor must be >= 0"),
        (inject.RateScale, WHEN | {"factor": -1.0}, "factor must be >= 0"),
        (inject.ShortWarmup, WHEN | {"factor": 0.0}, "factor must be > 0"),
        (inject.GradientSpike, WHEN | {"factor": math.inf}, "factor must be finite"),
        (inject.EmbeddingScale, {"start": 0, "table": "*", "factor": math.nan}, "factor must be"),
        (inject.OrderShift, WHEN | {"order": "random"}, "order 'random' is none of time, item_age"),
        (inject.RepeatedShard, WHEN | {"batches": 5}, ">= 1 and <= 4, got 5"),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)  # fmt: skip
def test_an_injector_refuses_what_is_out_of_range(kind, wrong, message):
    with pytest.raises(ValueError, match=message):
        kind(**wrong)


def test_a_tensor_passes_for_a_number():
    fault = act(inject.LabelFlip(task="like", share=tf.Variable(7.0), **WHEN))
    assert fault.settings()["share"] == 7.0


def _minimal(kind):
    """Returns the least that a table of `kind` must say."""
    needed = {"task": "like", "feature": "user_count", "start": 12, "stop": 15}
    table = {"kind": kind} | {
        field.name: needed[field.name]
        for field in dataclasses.fields(SETTINGS[kind])
        if field.default is dataclasses.MISSING
    }
    return table | ({"task": "like"} if kind == "not_finite" else {})


def read(tmp_path, *tables):
    lines = []
    for table in tables:
        lines += ["[[inject]]", *(f"{name} = {value!r}" for name, value in table.items())]
    (tmp_path / "c.toml").write_text("\n".join(lines))
    return load.load(tmp_path / "c.toml", [], RunConfig)


def test_every_kind_is_read_in_its_order_and_comes_back_equal(tmp_path):
    config = read(tmp_path, *(_minimal(kind) for kind in SETTINGS))
    assert [table.kind for table in config.inject] == list(SETTINGS)
    (tmp_path / "again.toml").write_text(load.dump(config))
    assert load.load(tmp_path / "again.toml", [], RunConfig) == config


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        ("label_flip", {"share": 1.5}, "c.toml: inject.0: share must be >= 0 and <= 1, got 1.5"),
        ("label_flip", {"stop": 12}, "inject.0: stop must be > 12, got 12"),
        ("label_flip", {"start": -1}, "inject.0: start must be >= 0, got -1"),
        ("noise", {"level": -0.5}, "inject.0: level must be >= 0, got -0.5"),
        ("not_finite", {"feature": "x"}, "inject.0: feature or task must be given, one of them"),
        ("not_finite", {"value": "nil"}, "inject.0.value: must be one of nan, inf, -inf"),
        ("rate_scale", {"factor": -1.0}, "inject.0: factor must be >= 0, got -1"),
        ("task_weight", {"factor": -1.0}, "inject.0: factor must be >= 0, got -1"),
        ("short_warmup", {"factor": 0.0}, "inject.0: factor must be > 0, got 0"),
        ("gradient_spike", {"row": -1}, "inject.0: row must be >= 0, got -1"),
        ("embedding_scale", {"stop": 13}, "inject.0: no setting 'stop'"),
        ("order_shift", {"order": "age"}, "inject.0.order: must be one of time, item_age"),
        ("repeated_shard", {"batches": 13}, "inject.0: batches must be >= 1 and <= 12, got 13"),
        ("label_filp", {}, "inject.0: no kind 'label_filp'. Did you mean 'label_flip'?"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_named(tmp_path, kind, wrong, message):
    table = _minimal(kind) if kind in SETTINGS else {"kind": kind}
    with pytest.raises(load.ConfigError) as error:
        read(tmp_path, table | wrong)
    assert message in str(error.value)


def test_settings_made_in_code_are_checked_for_nan_too():
    with pytest.raises(ValueError, match="factor must be finite, got nan"):
        SETTINGS["feature_scale"](start=0, stop=1, feature="x", factor=math.nan)
