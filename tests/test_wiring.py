"""Settings to objects: what does not fit the data is refused by name."""

import dataclasses
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_dataset import tiny_schema

from ranker import optim, wiring
from ranker.schema import write_schema
from ranker.spec.clip import Agc, Clippy, CowClip, GlobalNorm, Lamb, Norm, Rms, Value
from ranker.spec.clip_by_history import AdaGc, AutoClip, GradientStabilizer, Spam, ZClip
from ranker.spec.model import Dot, HashEncoding, ModelSettings, WideSettings
from ranker.spec.optimizer import GroupSettings, OptimizerSettings
from ranker.spec.rule import Adam
from ranker.spec.run import DataSettings, RunConfig, TrainSettings


def config(prepared, **sections):
    data = DataSettings(path=str(prepared), batch_size=32)
    return RunConfig(**({"data": data} | sections))


def test_features_and_tasks_are_those_named():
    data = DataSettings(features=("user_id", "item_id", "genres"), tasks=("rating",))
    schema = wiring.select(tiny_schema(), data)
    assert [f.name for f in schema.features] == ["user_id", "item_id", "genres"]
    assert [t.name for t in schema.tasks] == ["rating"]
    assert set(schema.vocabularies) == {"user_id", "item_id", "genres"}


def test_biases_are_of_features_by_name_or_by_role(prepared, tmp_path):
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    schema = tiny_schema()
    features = tuple(dataclasses.replace(f, past_of="") for f in schema.features)
    roles = {"user": "gender", "item": "user_id", "features": features}
    write_schema(dataclasses.replace(schema, **roles), tmp_path / "schema.toml")
    wide = WideSettings(biases=("user", "user_id", "item"))
    data = DataSettings(path=str(tmp_path))
    run = wiring.build_run(config(tmp_path, data=data, model=ModelSettings(wide=wide)))
    places = (v.name.partition(":")[0].split("bias/")[1:] for v in run.step.model.variables)
    assert {name for place in places for name in place} == {"gender", "user_id"}


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
        wiring.select(tiny_schema(), DataSettings(**data))


def test_rejected_rows_that_fail_are_refused_at_the_first(prepared, tmp_path):
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    table = pq.read_table(prepared / "test.parquet")
    at = table.column_names.index("rating")
    ratings = [7.0, *table["rating"].to_pylist()[1:]]
    changed = table.set_column(at, table.schema.field(at), pa.array(ratings, pa.float32()))
    pq.write_table(changed, tmp_path / "test.parquet")
    data = DataSettings(path=str(tmp_path), batch_size=32, max_rejected_rows=0.5)
    run = wiring.build_run(config(tmp_path, data=data))
    assert len(run.split("test")) == 99
    failing = dataclasses.replace(run.config, data=dataclasses.replace(data, rejected_rows="fail"))
    with pytest.raises(ValueError, match=r"test\.parquet: 1 of 100 rows is rejected: 1 in rating"):
        dataclasses.replace(run, config=failing).split("test")


def test_every_kind_of_setting_builds(prepared):
    clips = (
        Value(),
        Norm(),
        GlobalNorm(),
        Agc(),
        Clippy(scope="layer", targets="all"),
        Lamb(scale=0.3),
        Rms(of="gradient"),
        AutoClip(window=9),
        ZClip(),
        AdaGc(),
        GradientStabilizer(),
        Spam(rest_steps=3),
        CowClip(floor=0.1),
    )
    adam = GroupSettings(rule=Adam())
    run = wiring.build_run(
        config(
            prepared,
            clip=clips,
            optimizer=OptimizerSettings(dense=adam, embeddings=adam),
            model=ModelSettings(
                embedding_width=4,
                encoding=HashEncoding(num_buckets=50),
                interaction=Dot(),
            ),
        )
    )
    assert run.encoder.num_rows["user_id"] == 50
    assert "clip/12/num_steps" not in run.step.optimizer.variables  # CowClip keeps nothing
    assert "clip/11/num_steps" in run.step.optimizer.variables


def test_spam_settings_switch_on_all_its_parts(prepared):
    spam = Spam(reset_every=40, rest_steps=3, warmup_steps=7, targets="embeddings")
    adam = GroupSettings(rule=Adam(), learning_rate=0.3)
    groups = OptimizerSettings(dense=adam, embeddings=adam)
    run = wiring.build_run(config(prepared, clip=(spam,), optimizer=groups))
    dense, embeddings = run.step.optimizer.groups
    assert (dense.reset_every, embeddings.reset_every) == (0, 40)
    assert dense.schedule == optim.Constant(rate=0.3)
    assert embeddings.schedule == optim.Restarts(schedule=dense.schedule, every=40, warmup_steps=7)


def test_hashed_users_are_warm_by_their_raw_id(prepared):
    hashed = ModelSettings(encoding=HashEncoding(num_buckets=7))
    split = wiring.build_run(config(prepared, model=hashed)).split("test")
    assert (split.is_warm == (split.users <= 20)).all()


def test_a_pass_is_the_rows_over_the_batch(prepared):
    train = TrainSettings(epochs=2.5)
    plan = wiring.build_plan(config(prepared, train=train), 400)
    assert (plan.total, plan.evaluate_every, plan.checkpoint_every) == (30, 12, 12)
    capped = dataclasses.replace(train, max_attempts=7, checkpoint_every_attempts=3)
    plan = wiring.build_plan(config(prepared, train=capped), 400)
    assert (plan.total, plan.checkpoint_every) == (7, 3)
