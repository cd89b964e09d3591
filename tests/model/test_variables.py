"""Every variable of a model is found, or the build fails by name; and whose each is."""

import pytest
import tensorflow as tf
from test_ranker import SHARINGS, make
from tiny_dataset import tiny_schema

from ranker import model
from ranker.input import Encoder, read_vocabularies
from ranker.model.ranker import _zeros
from ranker.spec import model as spec
from ranker.spec.part import actor


@pytest.fixture(scope="module")
def rows(prepared):
    schema = tiny_schema()
    return Encoder(schema, read_vocabularies(prepared, schema)).num_rows


class Held:
    """What a block may hold that TensorFlow does not know of."""

    def __init__(self, value, name, *, trainable=True):
        self.variable = tf.Variable(value, name=name, trainable=trainable)


class Scaled(tf.Module):
    """Fields side by side, times whatever `extend` makes of it."""

    layers = ()

    def __init__(self, extend):
        super().__init__(name="scaled")
        extend(self)

    def __call__(self, fields):
        x = tf.concat(list(fields.values()), axis=1)
        for read in self.reads:
            x = x * read()
        return x


def plain(block):
    block.scale = tf.Variable(2.0, name="block/scale")
    block.reads = [lambda: block.scale]


def nested(block):
    block.parts = {"one": [tf.Module(name="inner")]}
    block.parts["one"][0].scale = tf.Variable(2.0, name="inner/scale")
    block.reads = [lambda: block.parts["one"][0].scale]


def hidden(block):
    held = Held(2.0, "hidden/scale")
    block.reads = [lambda: held.variable]  # no attribute leads to it


def unlisted(block):
    block.norm = tf.keras.layers.LayerNormalization(name="unlisted")
    block.reads = [lambda: block.norm(tf.ones([1, 3]))[0, 0] + 2.0]


def build(rows, extend, names=("user_id",)):
    """Returns a model whose interaction is a block of one's own."""
    context = model.Context(("like", "rating"), width=4, seed=0, dropout=0.0, precision="float32")
    sharing = spec.SharedBottom(units=(4,))
    return model.Ranker(
        tiny_schema(),
        embedding=model.Embedding(tiny_schema(), rows, width=4, seed=0, scale=0.1),
        wide=model.Wide(
            tiny_schema(),
            rows,
            biases=names,
            has_numeric=True,
            factors=0,
            histories=(),
            seed=0,
            scale=0.1,
        ),
        interaction=Scaled(extend),
        sharing=actor(sharing)(sharing, context),
        tower_units=(3,),
        dropout=0.0,
        has_layer_norm=False,
        logit_residuals={},
        esmm_products={},
        seed=0,
    )


@pytest.mark.parametrize(
    ("extend", "expected"),
    [
        (plain, ["block/scale"]),
        (nested, ["inner/scale"]),
        (hidden, ["hidden/scale"]),
        (unlisted, ["unlisted/gamma", "unlisted/beta"]),
    ],
)
def test_what_a_block_does_not_list_is_trained_too(rows, extend, expected):
    without = build(rows, lambda block: setattr(block, "reads", []))
    ranker = build(rows, extend)
    assert list(ranker.dense)[len(without.dense) :] == expected
    assert list(ranker.dense)[: len(without.dense)] == list(without.dense)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(ranker(_zeros(tiny_schema()))["like"])
    gradients = tape.gradient(loss, ranker.dense)
    assert all(gradients[name] is not None for name in expected)
    assert set(expected) <= set(ranker.partition().shared)


def untrained(block):
    block.mean = tf.Variable(1.0, name="block/mean", trainable=False)
    block.reads = [lambda: block.mean]


def moving(block):
    block.norm = tf.keras.layers.BatchNormalization(name="batch")
    block.reads = [lambda: block.norm(tf.ones([1, 3]))[0, 0]]


def twice(block):
    block.one, block.two = (tf.Variable(1.0, name="block/scale") for _ in range(2))
    block.reads = [lambda: block.one * block.two]


def taken(block):
    block.scale = tf.Variable(1.0, name="embedding/user_id")
    block.reads = [lambda: block.scale]


@pytest.mark.parametrize(
    ("extend", "said"),
    [
        (untrained, "variable 'block/mean' of the model does not train"),
        (moving, "variable 'batch/moving_mean' of the model does not train"),
        (twice, "two variables have one name: 'block/scale'"),
        (taken, "two variables have one name: 'embedding/user_id'"),
    ],
)
def test_what_no_checkpoint_would_hold_fails_by_name(rows, extend, said):
    with pytest.raises(ValueError, match=said):
        build(rows, extend)


@pytest.mark.parametrize("sharing", SHARINGS)
def test_each_task_has_what_its_logit_alone_depends_on(rows, sharing):
    ranker = make(rows, sharing=sharing, interaction="dcn")  # like is tied to rating
    found = ranker.partition()
    named = [*found.shared, *found.own["like"], *found.own["rating"]]
    assert sorted(named) == sorted(ranker.tables | ranker.dense)
    assert found.own["rating"] == ()  # its tower joins the logit of like
    own = {name.rpartition("/")[0] for name in found.own["like"]}
    top = {"ple/0/gate/like", "ple/1/gate/like", "ple/1/like/0/0"}
    gates = {"mmoe": {"gate/like"}, "ple": top}
    # PLE's lower experts of a task reach the other through the shared gate beside them.
    assert own == {"tower/like/0", "head/like", "residual"} | gates.get(sharing, set())
    assert set(ranker.tables) <= set(found.shared)


def test_a_task_without_ties_has_its_tower_to_itself(rows):
    ranker = build(rows, plain)
    found = ranker.partition()
    for task in ("like", "rating"):
        layers = {name.rpartition("/")[0] for name in found.own[task]}
        assert layers == {f"tower/{task}/0", f"head/{task}"}
