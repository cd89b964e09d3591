"""Which numbers are graph inputs, and which runs share a compiled step."""

import pytest

from ranker.spec import load
from ranker.spec.graph_inputs import bind, find, signature
from ranker.spec.run import RunConfig


def read(folder, *overrides):
    path = folder / "run.toml"
    path.write_text("[[clip]]\nkind = 'clippy'\n[[clip]]\nkind = 'norm'\n", encoding="utf-8")
    return load.load(path, overrides, RunConfig)


def test_finds_the_seed_the_rates_and_the_clippers_numbers_but_no_zero(tmp_path):
    assert find(read(tmp_path, "seed=7")) == {
        "seed": 7,
        "optimizer.dense.learning_rate": 0.05,
        "optimizer.embeddings.learning_rate": 0.05,
        "clip.0.relative": 0.5,
        "clip.0.absolute": 0.01,
        "clip.1.max_norm": 0.1,
    }


@pytest.mark.parametrize(
    "override",
    ["seed=3", "optimizer.dense.learning_rate=1", "clip.1.max_norm=9", "clip.0.relative=2"],
)
def test_graph_inputs_leave_the_signature_alone(tmp_path, override):
    assert signature(read(tmp_path, override)) == signature(read(tmp_path))


@pytest.mark.parametrize(
    "override",
    [
        "clip.0.accumulator_relative=1",  # from 0: it switches a part on
        "clip.0.relative=0",
        "clip.0.scope=row",
        "clip.1.targets=dense",
        "data.batch_size=9",
        "optimizer.dense.weight_decay=0.5",
        "train.epochs=9",
    ],
)
def test_all_else_is_another_form(tmp_path, override):
    assert signature(read(tmp_path, override)) != signature(read(tmp_path))


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("clip.1.max_nrom", "clip.1.max_norm"),
        ("sed", "seed"),
    ],
)
def test_binding_an_unknown_name_is_refused_with_the_nearest(tmp_path, name, nearest):
    with pytest.raises(ValueError, match=rf"no graph input '{name}'.*; did you mean '{nearest}'\?"):
        bind(read(tmp_path), {"seed": 1, name: 0.5})


def test_binding_puts_each_value_in_its_place(tmp_path):
    bound = bind(read(tmp_path), {"clip.1.max_norm": 0.75, "seed": 5})
    assert (bound.seed, bound.clip[1].max_norm) == (5, 0.75)
