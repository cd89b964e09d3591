"""Configs: every argument of every rule, schedule and clipper comes back."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf
from small_models import NearItsMean

from ranker import optim
from ranker.guard import SpikeFilter
from ranker.keras import GuardedOptimizer
from ranker.keras.parts import CODEC

# What to try, in this order, for a value that is not the default, by its type.
OTHERS = {
    bool: (True, False),
    int: (3, 700),
    float: (0.375, 0.875, 1.5, 300.0),
    str: (
        "delayed",
        "clipped",
        "embeddings",
        "row",
        "layer",
        "coordinate",
        "norm",
        "standard",
        "gradient",
    ),
}
DEFAULTS = [*(getattr(optim, name) for name in optim.__all__), SpikeFilter]
HELD = ("rate", "sigmas")  # filled in first, where a class has no default for them


def is_part(kind):
    """Returns whether `kind` is a rule, a schedule, a clipper or a `SpikeFilter`."""
    is_frozen = dataclasses.is_dataclass(kind) and kind is not optim.Group
    return is_frozen and (hasattr(kind, "stage") or hasattr(kind, "gives") or callable_(kind))


def callable_(kind):
    return kind is SpikeFilter or "__call__" in vars(kind)


# A Restarts holds another schedule and two numbers that must fit: tried by itself.
PARTS = [kind for kind in DEFAULTS if is_part(kind) and kind is not optim.Restarts]


def arguments(kind):
    return [field for field in dataclasses.fields(kind) if field.init]


def kind_of(field):
    """Returns the type of a field's values; a field of no default holds a number."""
    if field.default is not dataclasses.MISSING:
        return type(field.default)
    return int if field.type in (int, "int") else float


def changed(part, field):
    """Returns `part` with another value of `field`, with what goes with it if that is needed."""
    for value in OTHERS[kind_of(field)]:
        for extra in (
            {},
            {"momentum": 0.25},
            {"order": "delayed"},
            {"order": "delayed", "initial_mean_square": 0.5},
        ):
            known = {f.name for f in arguments(type(part))}
            if not set(extra) <= known or value == getattr(part, field.name):
                continue
            try:
                return dataclasses.replace(part, **(extra | {field.name: value}))
            except ValueError:
                continue
    raise AssertionError(f"{type(part).__name__}.{field.name}: no other value is known: see OTHERS")


def plainest(kind):
    needed = [field for field in arguments(kind) if field.default is dataclasses.MISSING]
    return kind(**{field.name: OTHERS[kind_of(field)][-1] for field in needed})


CASES = [(kind, field.name) for kind in PARTS for field in arguments(kind)]


def through_json(optimizer):
    """Returns the optimizer that its config, as JSON, makes."""
    return tf.keras.optimizers.deserialize(
        json.loads(json.dumps(tf.keras.optimizers.serialize(optimizer)))
    )


@pytest.mark.parametrize(("kind", "name"), CASES, ids=lambda c: getattr(c, "__name__", c))
def test_every_argument_of_every_part_comes_back(kind, name):
    field = next(field for field in arguments(kind) if field.name == name)
    part = changed(plainest(kind), field)
    if field.default is not dataclasses.MISSING:
        assert getattr(part, name) != field.default
    packed = json.loads(json.dumps(CODEC.pack(part)))
    assert CODEC.unpack(packed) == part


def test_a_schedule_inside_another_comes_back():
    inner = optim.Cosine(rate=0.3, decay_steps=50, warmup_steps=4, final_share=0.1)
    part = optim.Restarts(schedule=inner, every=30, warmup_steps=7, least_share=0.2)
    again = CODEC.unpack(json.loads(json.dumps(CODEC.pack(part))))
    assert again == part
    assert type(again.schedule) is optim.Cosine


def test_all_kinds_of_parts_are_among_them():
    assert {optim.Adagrad, optim.Sgd, optim.Clippy, optim.Agc, optim.Constant, SpikeFilter} <= set(
        PARTS
    )
    clippers = {
        getattr(optim, name) for name in optim.__all__ if hasattr(getattr(optim, name), "stage")
    }
    assert {c for c in clippers if dataclasses.is_dataclass(c)} <= set(PARTS)


def full(**changes):
    """Returns an optimizer whose every argument differs from the default."""
    stated = {
        "rule": optim.Adagrad(order="delayed", initial_accumulator=0.3),
        "learning_rate": 0.2,
        "clippers": [optim.Clippy(relative=0.3, targets="all"), NearItsMean(ratio=3.0)],
        "weight_decay": 0.01,
        "tables": "^tables/",
        "max_refusals": 7,
        "spike_filter": SpikeFilter(of="norm", window=9, minimum=5),
        "name": "mine",
    }
    return GuardedOptimizer(**(stated | changes))


@pytest.mark.parametrize(
    "rate",
    [
        0.2,
        optim.Cosine(rate=0.3, decay_steps=50, warmup_steps=4, final_share=0.1),
        tf.keras.optimizers.schedules.PiecewiseConstantDecay([3, 6], [0.3, 0.2, 0.1]),
    ],
    ids=["number", "ours", "of keras"],
)
def test_every_argument_of_the_optimizer_comes_back(rate):
    optimizer = full(learning_rate=rate)
    again = through_json(optimizer)
    assert type(again) is GuardedOptimizer
    assert again.get_config() == optimizer.get_config()
    for step in (0, 5, 40):
        for each in (optimizer, again):
            each.iterations.assign(step)
        assert float(again.learning_rate) == float(optimizer.learning_rate)
    default = GuardedOptimizer(optim.Sgd(), 0.1).get_config()
    assert set(default) == set(optimizer.get_config())
    assert not [name for name, value in optimizer.get_config().items() if value == default[name]]


def test_the_restored_takes_the_same_steps():
    both = []
    for optimizer in (full(tables="t$"), through_json(full(tables="t$"))):
        trained = [tf.Variable([1.0, 2.0], name="w"), tf.Variable([[1.0], [2.0]], name="t")]
        for step in range(6):
            rows = tf.IndexedSlices(tf.constant([[0.5 + step]]), tf.constant([1]))
            given = [tf.constant([0.1 * step, 1.0]), rows]
            optimizer.apply_gradients(zip(given, trained, strict=True))
        both.append([v.numpy().tobytes() for v in (*trained, *optimizer.variables)])
    assert both[0] == both[1]


def test_a_config_is_not_used_up_and_variables_are_written_as_numbers():
    decay, limit = tf.Variable(0.25), tf.constant(0.5)
    optimizer = full(weight_decay=decay, clippers=[optim.Norm(max_norm=limit)])
    optimizer.learning_rate = 0.125
    config = optimizer.get_config()
    for _ in range(2):
        again = GuardedOptimizer.from_config(config).get_config()
        assert (again["weight_decay"], again["learning_rate"]) == (0.25, 0.125)
        assert again["clippers"][0]["config"]["max_norm"] == 0.5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Unknown(optim.Stateless):
    targets: str = "all"
    stage: str = dataclasses.field(default="gradient", init=False)


def test_a_part_that_could_not_be_read_is_not_written():
    with pytest.raises(
        ValueError, match=r"Unknown is not of ranker, .*_objects\(\)\['Unknown'\] = Unknown"
    ):
        full(clippers=[Unknown()]).get_config()
    packed = {"class_name": "Unknown", "config": {"targets": "dense"}}
    with pytest.raises(ValueError, match="no class 'Unknown' in ranker"):
        CODEC.unpack(packed)
    assert CODEC.unpack(packed, {"Unknown": Unknown}) == Unknown(targets="dense")


def test_the_variables_of_another_optimizer_are_refused():
    kernel = tf.Variable(np.ones([2], np.float32), name="w")
    rich, poor = (GuardedOptimizer(rule, 0.1) for rule in (optim.Adam(), optim.Sgd()))
    for optimizer in (rich, poor):
        optimizer.build([kernel])
    store = {}
    rich.save_own_variables(store)
    with pytest.raises(ValueError, match="has 3 variables, 5 were saved"):
        poor.load_own_variables(store)
