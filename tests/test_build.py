"""Settings to objects: what does not fit the data is refused by name."""

import dataclasses
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_dataset import tiny_schema

from ranker import build, optim
from ranker.build.optimizer import build_clipper
from ranker.config import settings
from ranker.config.optimizer import AdamRule
from ranker.optim import clip


def config(prepared, **sections):
    data = settings.DataSettings(path=str(prepared), batch_size=32)
    return settings.RunConfig(**({"data": data} | sections))


def test_features_and_tasks_are_those_named():
    data = settings.DataSettings(features=("user_id", "item_id", "genres"), tasks=("rating",))
    schema = build.select(tiny_schema(), data)
    assert [f.name for f in schema.features] == ["user_id", "item_id", "genres"]
    assert [t.name for t in schema.tasks] == ["rating"]
    assert set(schema.vocabularies) == {"user_id", "item_id", "genres"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"features": ("user_id", "item_id", "genre")}, "data.features: no 'genre' in the data"),
        ({"tasks": ("share",)}, r"data.tasks: no 'share' in the data; it has \['like', 'rating'\]"),
        ({"features": ("user_id",)}, "data.features must hold user_id and item_id"),
    ],
)
def test_names_that_the_data_lack_are_refused(data, message):
    with pytest.raises(ValueError, match=message):
        build.select(tiny_schema(), settings.DataSettings(**data))


def test_bad_rows_that_fail_are_refused_at_the_first(prepared, tmp_path):
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    table = pq.read_table(prepared / "test.parquet")
    at = table.column_names.index("rating")
    ratings = [7.0, *table["rating"].to_pylist()[1:]]
    changed = table.set_column(at, table.schema.field(at), pa.array(ratings, pa.float32()))
    pq.write_table(changed, tmp_path / "test.parquet")
    data = settings.DataSettings(path=str(tmp_path), batch_size=32, max_bad_rows=0.5)
    run = build.build_run(config(tmp_path, data=data))
    assert len(run.split("test")) == 99
    failing = dataclasses.replace(run.config, data=dataclasses.replace(data, bad_rows="fail"))
    with pytest.raises(ValueError, match=r"test\.parquet: 1 of 100 rows is bad: 1 in rating"):
        dataclasses.replace(run, config=failing).split("test")


def test_every_kind_of_setting_builds(prepared):
    clips = (
        settings.ValueClip(),
        settings.NormClip(),
        settings.GlobalNormClip(),
        settings.AgcClip(),
        settings.ClippyClip(scope="layer", targets="all"),
        settings.LambClip(scale=0.3),
        settings.RmsClip(of="gradient"),
        settings.AutoClipClip(window=9),
        settings.ZClipClip(),
        settings.AdaGcClip(),
        settings.GradientStabilizerClip(),
        settings.SpamClip(rest_steps=3),
        settings.CowClipClip(floor=0.1),
    )
    adam = settings.GroupSettings(rule=AdamRule())
    run = build.build_run(
        config(
            prepared,
            clip=clips,
            optimizer=settings.OptimizerSettings(dense=adam, embeddings=adam),
            model=settings.ModelSettings(
                embedding_width=4,
                encoding=settings.HashEncoding(num_buckets=50),
                interaction=settings.DotInteraction(),
            ),
        )
    )
    assert run.encoder.num_rows["user_id"] == 50
    made = [build_clipper(c) for c in clips]
    kinds = [
        *(clip.Value, clip.Norm, clip.GlobalNorm, clip.Agc, clip.Clippy, clip.Lamb, clip.Rms),
        *(clip.AutoClip, clip.ZClip, clip.AdaGc, clip.GradientStabilizer, clip.Spam, clip.CowClip),
    ]
    assert [type(m) for m in made] == kinds
    assert made[4].scope == "layer"
    for got, wanted in zip(made, clips, strict=True):
        for field in dataclasses.fields(got):
            assert getattr(got, field.name) == getattr(wanted, field.name, got.stage)


def test_spam_settings_switch_on_all_its_parts(prepared):
    spam = settings.SpamClip(reset_every=40, rest_steps=3, warmup_steps=7, targets="embeddings")
    adam = settings.GroupSettings(rule=AdamRule(), learning_rate=0.3)
    groups = settings.OptimizerSettings(dense=adam, embeddings=adam)
    run = build.build_run(config(prepared, clip=(spam,), optimizer=groups))
    dense, embeddings = run.step.optimizer.groups
    assert (dense.reset_every, embeddings.reset_every) == (0, 40)
    assert dense.schedule == optim.Constant(rate=0.3)
    assert embeddings.schedule == optim.Restarts(schedule=dense.schedule, every=40, warmup_steps=7)


def test_hashed_users_are_warm_by_their_raw_id(prepared):
    hashed = settings.ModelSettings(encoding=settings.HashEncoding(num_buckets=7))
    split = build.build_run(config(prepared, model=hashed)).split("test")
    assert (split.is_warm == (split.users <= 20)).all()


def test_a_pass_is_the_rows_over_the_batch(prepared):
    train = settings.TrainSettings(passes=2.5)
    plan = build.build_plan(config(prepared, train=train), 400)
    assert (plan.total, plan.evaluate_every, plan.checkpoint_every) == (30, 12, 12)
    capped = dataclasses.replace(train, max_attempts=7, checkpoint_every_attempts=3)
    plan = build.build_plan(config(prepared, train=capped), 400)
    assert (plan.total, plan.checkpoint_every) == (7, 3)
