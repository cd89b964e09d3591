"""Under `compile` and `fit`: saved and gone on with, rates, XLA, mixed precision, the example."""

import dataclasses
import os
import runpy

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras3_models import columns, model, state

from ranker import optim
from ranker.guard import SpikeFilter
from ranker.keras3 import GuardedOptimizer
from ranker.keras3.rates import CODEC

FIRST, REST = slice(0, 160), slice(160, 320)


@dataclasses.dataclass(frozen=True)
class Unknown:
    """A part that no Keras knows."""


RATES = {
    "number": 0.2,
    "ours": optim.Cosine(rate=0.3, decay_steps=50, warmup_steps=4, final_share=0.1),
    "of keras": keras.optimizers.schedules.PiecewiseConstantDecay([3, 6], [0.3, 0.2, 0.1]),
}


def full(**changes):
    """Returns an optimizer whose every argument differs from the default."""
    stated = {
        "rule": optim.Adam(beta_1=0.8),
        "learning_rate": optim.Cosine(rate=0.02, decay_steps=30, warmup_steps=5),
        "clippers": [optim.AutoClip(), optim.Clippy(relative=0.2, targets="all")],
        "weight_decay": 0.01,
        "tables": "_table/",
        "max_refusals": 7,
        "spike_filter": SpikeFilter(of="norm", sigmas=3.0, window=8, minimum=4),
        "name": "mine",
    }
    return GuardedOptimizer(**(stated | changes))


def fit(trained, part, *, spoil=()):
    (user, value), label = columns()
    value[list(spoil)] = np.nan
    inputs = [user[part], value[part]]
    trained.fit(inputs, label[part], batch_size=16, shuffle=False, verbose=0)


def compiled(optimizer, **settings):
    made = model()
    made.compile(optimizer, "mse", **{"jit_compile": False, **settings})
    return made


def test_saved_and_restored_it_goes_on_bit_for_bit(tmp_path):
    whole = compiled(full())
    fit(whole, FIRST, spoil=[3])
    whole.save(tmp_path / "model.keras")
    middle = state(whole.optimizer, whole.trainable_variables)
    fit(whole, REST)
    resumed = keras.models.load_model(tmp_path / "model.keras")
    assert type(resumed.optimizer) is GuardedOptimizer
    assert state(resumed.optimizer, resumed.trainable_variables) == middle
    assert int(resumed.optimizer.refused) >= 1
    assert int(resumed.optimizer.iterations) == 10
    fit(resumed, REST)
    ends = [state(m.optimizer, m.trainable_variables) for m in (whole, resumed)]
    assert ends[0] == ends[1] != middle
    assert int(resumed.optimizer.refused) == int(whole.optimizer.refused)


@pytest.mark.parametrize("rate", RATES.values(), ids=RATES)
def test_every_argument_comes_back(rate):
    optimizer = full(learning_rate=rate)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert again.get_config() == optimizer.get_config()
    default = GuardedOptimizer(optim.Sgd(), 0.1).get_config()
    assert set(default) == set(again.get_config())
    assert not [name for name, value in again.get_config().items() if value == default[name]]


def test_another_optimizers_state_is_refused():
    rich, poor = compiled(GuardedOptimizer(optim.Adam(), 0.1)), GuardedOptimizer(optim.Sgd(), 0.1)
    for optimizer in (rich.optimizer, poor):
        optimizer.build(rich.trainable_variables)
    store = {}
    rich.optimizer.save_own_variables(store)
    with pytest.raises(ValueError, match=r"has 5 variables, 15 were saved"):
        poor.load_own_variables(store)
    with pytest.raises(ValueError, match=r"make it known: keras\.saving\.get_custom_objects\(\)"):
        CODEC.pack(Unknown())


def test_a_nan_in_a_batch_costs_that_batch_alone():
    trained = compiled(GuardedOptimizer(optim.Adagrad(), 0.1, clippers=[optim.Clippy()]))
    fit(trained, FIRST, spoil=[20, 21])
    counts = trained.optimizer.committed, trained.optimizer.refused, trained.optimizer.iterations
    assert [int(count) for count in counts] == [9, 1, 10]
    assert all(np.isfinite(weights).all() for weights in trained.get_weights())


def test_callbacks_set_a_number_and_no_schedule():
    trained = compiled(GuardedOptimizer(optim.Sgd(), 0.5))
    (user, value), label = columns(32)
    halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    trained.fit([user, value], label, epochs=2, callbacks=[halve], verbose=0)
    assert float(trained.optimizer.learning_rate) == 0.125
    with pytest.raises(ValueError, match="learning_rate must be finite and >= 0, got nan"):
        trained.optimizer.learning_rate = np.nan
    scheduled = compiled(GuardedOptimizer(optim.Sgd(), optim.Constant(rate=0.5)))
    scheduled.optimizer.build(scheduled.trainable_variables)
    with pytest.raises(TypeError, match=r"rate is a Scheduled and cannot be set to 0.1"):
        scheduled.optimizer.learning_rate = 0.1


def test_xla_is_refused_and_says_what_to_do():
    trained = compiled(GuardedOptimizer(optim.Sgd(), 0.1), jit_compile=True)
    before = [weights.copy() for weights in trained.get_weights()]
    said = "GuardedOptimizer: XLA cannot compile .*: compile the model with jit_compile=False"
    with pytest.raises(ValueError, match=said):
        fit(trained, FIRST)
    for one, other in zip(before, trained.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_mixed_precision_of_keras_trains():
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        trained = compiled(GuardedOptimizer(optim.Sgd(), 0.1, clippers=[optim.Clippy()]))
    finally:
        keras.mixed_precision.set_global_policy("float32")
    fit(trained, FIRST)
    assert type(trained.optimizer) is keras.optimizers.LossScaleOptimizer
    inner = trained.optimizer.inner_optimizer
    assert 0 < int(inner.committed) <= 10


def test_the_example_refuses_its_spoiled_batch_and_no_other(capsys):
    runpy.run_module("examples.keras3_fit", run_name="__main__")
    said = capsys.readouterr().out
    assert said.startswith("63 committed, 1 refused\nall weights finite: True; clip factors: {")


def test_nothing_here_chose_keras_2():
    assert "TF_USE_LEGACY_KERAS" not in os.environ
    assert tf.keras.Model is keras.Model
