"""What is no rule, clipper, schedule, group or number is refused where it is given, in a line."""

import numpy as np
import pytest
import tensorflow as tf

from ranker import optim

SGD = tf.keras.optimizers.SGD


def group(**settings):
    chosen = {"name": "dense", "variables": {"w": tf.Variable([1.0])}}
    chosen |= {"rule": optim.Sgd(), "schedule": optim.Constant(rate=0.1)}
    return optim.Group(**(chosen | settings))


def refusal(make, *kinds):
    """Returns the one line with which `make` is refused."""
    with pytest.raises(kinds or (TypeError, ValueError)) as caught:
        make()
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) < 400
    return said


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("adagrad", "got 'adagrad'; did you mean Adagrad(...)?"),
        ("rms_prop", "got 'rms_prop'; did you mean RmsProp(...)?"),
        (optim.Adam, "got the class Adam; did you mean Adam(...)?"),
        (SGD(), "sgd.SGD; did you mean Sgd(...)?"),
        (optim.Clippy(), "got a ranker.spec.clip.Clippy"),
        ([optim.Adam()], "got a builtins.list"),
        (None, "got None"),
        (0.1, "got 0.1"),
    ],
)
def test_what_is_no_rule_is_refused(rule, told):
    said = refusal(lambda: group(rule=rule), TypeError)
    assert said.startswith("Group 'dense': rule must be a rule of ranker.optim such as Adagrad(),")
    assert said.endswith(told)


@pytest.mark.parametrize(
    ("clippers", "told"),
    [
        (optim.Clippy(), "must be a list: [Clippy("),
        (optim.Clippy, "got the class Clippy; did you mean Clippy(...)?"),
        ("global_norm", "got 'global_norm'; did you mean GlobalNorm(...)?"),
        (None, "got None"),
        ({"clippy": optim.Clippy()}, "got a builtins.dict"),
        (
            [optim.Agc],
            "each of clippers must be a clipper of ranker.optim such as Clippy(), got th",
        ),
        (["clipy"], "got 'clipy'; did you mean Clippy(...)?"),
        ([SGD()], "got a tf_keras.src.optimizers.sgd.SGD"),
        ([optim.Adam()], "got a ranker.spec.rule.Adam"),
        ([None], "got None"),
    ],
)
def test_what_is_no_list_of_clippers_is_refused(clippers, told):
    said = refusal(lambda: optim.Optimizer([group()], clippers=clippers), TypeError)
    assert said.startswith("Optimizer: ")
    assert told in said


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        ("constant", "schedule must be one such as Constant(rate=0.1), got 'constant'"),
        (0.1, "got 0.1"),
        (None, "got None"),
        (optim.Constant, "got the class Constant"),
        (lambda: 0.1, "takes 0 positional arguments"),
        (lambda step: 0.1 if step < 3 else 0.2, "Python `bool`"),
        (lambda step: float(step), "float() argument"),
        (lambda step: 0.1 * step.numpy(), "numpy"),
        (lambda step: "0.1", "must return one number, got"),
        (lambda step: [0.1, 0.2], "must return one number, got"),
        (lambda step: None, "must return a rate for a step"),
        (lambda step: -0.1, "must return a rate >= 0 and finite, got -0.1"),
        (lambda step: np.nan, "must return a rate >= 0 and finite, got nan"),
    ],
)
def test_what_is_no_schedule_is_refused(schedule, told):
    assert told in refusal(lambda: group(schedule=schedule))
    if not isinstance(schedule, type):
        held = refusal(lambda: optim.Restarts(schedule=schedule, every=3, warmup_steps=1))
        assert held.startswith("Restarts: ")


@pytest.mark.parametrize("is_compiled", [False, True])
def test_a_function_of_the_step_is_a_schedule(is_compiled):
    variable = tf.Variable([4.0])
    halved = tf.Variable(1.0, dtype=tf.float64)
    made = group(
        variables=[variable],
        schedule=lambda step: halved * 0.5 ** tf.cast(step, tf.float64),
    )
    optimizer = optim.Optimizer([made])

    def step():
        optimizer.propose([tf.constant([1.0])]).commit(accept=tf.constant(True))

    step = tf.function(step, autograph=False) if is_compiled else step
    for left in (3.0, 2.5, 2.25):
        step()
        np.testing.assert_allclose(variable, [left])
    assert optimizer.learning_rates().dtype == tf.float32


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"name": 3}, "Group: name must be text, got 3"),
        ({"variables": tf.Variable([1.0])}, "variables must be a mapping from names or a list"),
        ({"variables": [tf.constant([1.0])]}, "0 must be a tf.Variable, got a tensorflow"),
        ({"variables": {"w": np.ones(2)}}, "'w' must be a tf.Variable, got a numpy.ndarray"),
        ({"variables": "w"}, "0 must be a tf.Variable, got 'w'"),
        ({"weight_decay": "0.1"}, "Group: weight_decay must be a number, got '0.1', a str"),
        ({"weight_decay": True}, "weight_decay must be a number, got True, a bool"),
        ({"weight_decay": tf.constant([0.1])}, "must be one number, got float32 (1,)"),
        ({"reset_every": 2.5}, "reset_every must be a whole number, got 2.5"),
        ({"reset_every": None}, "reset_every must be a number, got None"),
    ],
)
def test_what_makes_no_group_is_refused(settings, told):
    assert told in refusal(lambda: group(**settings))


def test_a_variable_whose_shape_may_change_is_refused():
    loose = tf.Variable([1.0], shape=[None], name="loose")
    said = refusal(lambda: group(variables=[loose]), ValueError)
    assert said == "Group 'dense': variable 'loose:0' has no fixed shape, but (None,)"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"groups": group()}, "Optimizer: groups must be a list such as [Group(...)], got Group"),
        ({"groups": ["dense"]}, "groups must be a list"),
        ({"groups": [group()], "step": 3}, "step must be an int64 tf.Variable of shape (), got 3"),
        ({"groups": [group()], "step": tf.Variable(0)}, "step must be an int64 tf.Variable"),
    ],
)
def test_what_makes_no_optimizer_is_refused(given, told):
    assert told in refusal(lambda: optim.Optimizer(**given), TypeError)


NUMBERS = {
    optim.Constant: "rate", optim.Cosine: "rate", optim.Adam: "beta_1",
    optim.Adagrad: "initial_accumulator", optim.RmsProp: "rho", optim.Sgd: "momentum",
    optim.Norm: "max_norm", optim.GlobalNorm: "max_norm", optim.Value: "max_value",
    optim.Clippy: "relative", optim.Agc: "max_ratio", optim.Lamb: "scale", optim.Rms: "max_rms",
    optim.AutoClip: "percentile", optim.ZClip: "alpha", optim.AdaGc: "beta",
    optim.GradientStabilizer: "gamma_1", optim.Spam: "threshold", optim.CowClip: "floor",
}  # fmt: skip
NEEDED = {optim.Cosine: {"decay_steps": 9}}


@pytest.mark.parametrize("kind", NUMBERS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("wrong", ["0.1", True, None, [0.1], tf.constant("0.1")], ids=repr)
def test_what_is_no_number_is_refused(kind, wrong):
    name = NUMBERS[kind]
    said = refusal(lambda: kind(**NEEDED.get(kind, {}), **{name: wrong}), TypeError)
    assert said.startswith(f"{kind.__name__}: {name} must be ")


@pytest.mark.parametrize("kind", NUMBERS, ids=lambda kind: kind.__name__)
def test_numbers_of_numpy_and_scalar_tensors_are_numbers(kind):
    for number in (np.float32(0.5), np.float64(0.5), tf.constant(0.5), tf.Variable(0.5)):
        kind(**NEEDED.get(kind, {}), **{NUMBERS[kind]: number})


def test_flags_and_whole_numbers_are_told_from_others():
    assert "nesterov must be True or False, got 'no'" in refusal(
        lambda: optim.Sgd(momentum=0.5, nesterov="no"), TypeError
    )
    assert "window must be a whole number, got 2.5" in refusal(
        lambda: optim.AutoClip(window=2.5), TypeError
    )
    assert optim.AutoClip(window=np.int64(3)).window == 3
