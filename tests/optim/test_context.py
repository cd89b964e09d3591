"""No door to an optimizer opens in several replicas, or under XLA."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from ranker import optim


def optimizer(variable):
    group = optim.Group(
        name="dense",
        variables=[variable],
        rule=optim.Sgd(),
        schedule=optim.Constant(rate=0.5),
    )
    return optim.Optimizer([group])


@pytest.mark.parametrize("is_nested", [False, True])
@pytest.mark.parametrize("is_called", [False, True])
def test_xla_is_refused_in_a_line_and_nothing_moves(is_nested, is_called):
    variable = tf.Variable([1.0])
    trained = optimizer(variable)

    def step():
        trained.propose([tf.constant([1.0])])

    inner = step if is_called else lambda: tf.cond(tf.constant(True), step, lambda: None)
    compiled = tf.function(inner, jit_compile=True, autograph=False)
    run = tf.function(lambda: compiled(), autograph=False) if is_nested else compiled
    with pytest.raises(ValueError, match=r"Optimizer.propose: XLA cannot .* jit_compile=True$"):
        run()
    np.testing.assert_array_equal(variable, [1.0])


REPLICAS = """
import ranker
import tensorflow as tf
from ranker import optim
from ranker.keras import GuardedOptimizer

devices = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(devices[0], [tf.config.LogicalDeviceConfiguration()] * 2)

def make(variable):
    schedule = optim.Constant(rate=0.5)
    group = optim.Group(name="d", variables={"w": variable}, rule=optim.Sgd(), schedule=schedule)
    return optim.Optimizer([group])

def refused(name, door):
    try:
        door()
    except ValueError as error:
        print(name, "|", str(error).splitlines()[-1].strip())
    else:
        print(name, "| open")

plain = tf.Variable([1.0])
trained = make(plain)
transaction = trained.propose([tf.constant([1.0])])
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    mirrored = tf.Variable([1.0], name="mirrored")
    refused("make", lambda: make(plain))
    refused("propose", lambda: trained.propose([tf.constant([1.0])]))
    refused("commit", lambda: transaction.commit(accept=tf.constant(True)))
    refused("keras", lambda: GuardedOptimizer(optim.Sgd(), 0.1).build([plain]))
refused("spread", lambda: make(mirrored))
refused("run", lambda: strategy.run(lambda: trained.propose([tf.constant([1.0])])))
run = tf.function(lambda: strategy.run(lambda: trained.propose([tf.constant([1.0])])))
refused("compiled", lambda: run())
print(plain.numpy(), int(trained.step))
with tf.distribute.OneDeviceStrategy("CPU:0").scope():
    trained.propose([tf.constant([1.0])]).commit(accept=tf.constant(True))
print(plain.numpy(), int(trained.step))
"""


@pytest.mark.runs
def test_several_replicas_are_refused_at_every_door_and_one_is_not():
    done = subprocess.run(
        [sys.executable, "-c", REPLICAS], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    *doors, before, after = done.stdout.splitlines()
    assert [door.split(" | ")[0] for door in doors] == [
        *("make", "propose", "commit", "keras", "spread", "run", "compiled")
    ]
    for door in doors:
        assert "MirroredStrategy has 2 replicas" in door or "spread by a strategy" in door, door
    assert (before, after) == ("[1.] 0", "[0.5] 1")
