"""Every clipper with every rule on variables of every floating dtype, and of several."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from tiny_optimizer import CLIPPERS, RULES, values

from ranker import optim
from ranker.guard import Guard
from ranker.numerics import in_dtype
from ranker.optim.clip.emergency import Emergency

pytestmark = pytest.mark.runs

DTYPES = {  # of a kernel, a bias and a table
    "halves and float32": [tf.float16, tf.float32, tf.bfloat16],
    "all": [tf.bfloat16, tf.float64, tf.float16],
    "float16": [tf.float16] * 3,
    "bfloat16": [tf.bfloat16] * 3,
    "float64": [tf.float64] * 3,
}
MIXES = ("halves and float32", "all")
MATRIX = [
    pytest.param(d, id=n, marks=[] if n in MIXES else pytest.mark.slow) for n, d in DTYPES.items()
]
TOLERANCE = {tf.float16: 1e-3, tf.bfloat16: 8e-3, tf.float32: 1e-6, tf.float64: 1e-5}
IDS = [2, 0, 2]
NEEDS_MOMENT = {"spam", "rms of gradient"}
CHAINS = {name: [clipper] for name, clipper in CLIPPERS.items()} | {"none": []}
RATE = 0.125  # the same in every dtype


def chain(name):
    """Returns the clippers of a name on all groups, but for what is of tables alone."""
    if name == "cowclip":
        return CHAINS[name]
    return [dataclasses.replace(clipper, targets="all") for clipper in CHAINS[name]]


def rules(name):
    return {n: r for n, r in RULES.items() if name not in NEEDS_MOMENT or "mean_square" in r.gives}


class Trained:
    """A kernel, a bias and a table with numbers that every dtype holds, and their optimizer."""

    def __init__(self, dtypes, rule, clippers):
        starts = [np.round(values(s, seed=5) * 8) / 8 for s in ((3, 2), (2,), (4, 3))]
        self.variables = [
            tf.Variable(tf.cast(start, dtype), name=name)
            for start, dtype, name in zip(starts, dtypes, ("kernel", "bias", "t"), strict=True)
        ]
        split = {"dense": self.variables[:2], "embeddings": self.variables[2:]}
        self.optimizer = optim.Optimizer(
            [
                optim.Group(
                    name=name,
                    variables=variables,
                    rule=rule,
                    schedule=optim.Constant(rate=RATE),
                    weight_decay=0.25,
                )
                for name, variables in split.items()
            ],
            clippers=clippers,
        )
        self.guard = Guard(max_refusals=9)

    def gradients(self, step):
        """Returns gradients of the variables' dtypes, of the same numbers in each."""
        kernel, bias, slices = (
            tf.cast(np.round(values(shape, seed=step + i, size=2.0) * 4) / 4, v.dtype)
            for i, (shape, v) in enumerate(zip(((3, 2), (2,), (3, 3)), self.variables, strict=True))
        )
        return [kernel, bias, tf.IndexedSlices(slices, tf.constant(IDS))]

    def apply(self, gradients):
        transaction = self.optimizer.propose(gradients)
        verdict = self.guard.judge(tf.zeros([0]), transaction)
        transaction.commit(accept=verdict.accept)
        return verdict.accept


@pytest.mark.parametrize("dtypes", MATRIX)
@pytest.mark.parametrize("name", CHAINS)
def test_every_clipper_and_rule_does_what_it_does_in_float32(name, dtypes):
    for rule in rules(name).values():
        mine, plain = (Trained(d, rule, chain(name)) for d in (dtypes, [tf.float32] * 3))
        for step in range(2 if isinstance(rule, optim.Adam) else 1):
            assert mine.apply(mine.gradients(step))
            assert plain.apply(plain.gradients(step))
            for one, other in zip(mine.variables, plain.variables, strict=True):
                got, expected = (tf.cast(v, tf.float64).numpy() for v in (one, other))
                rtol = TOLERANCE[one.dtype]
                np.testing.assert_allclose(got, expected, rtol=rtol, atol=rtol)
                other.assign(tf.cast(one, tf.float32))
        wide = tf.float64 if tf.float64 in dtypes else tf.float32
        for kept, variable in mine.optimizer.variables.items():
            assert variable.dtype in (wide, tf.int64)
            if wide == tf.float32:  # computed alike, so alike to the last bit
                np.testing.assert_array_equal(variable, plain.optimizer.variables[kept])


@pytest.mark.parametrize("dtypes", MIXES)
def test_compiled_it_does_the_same_with_numbers_that_are_variables(dtypes):
    names = ("adagc", "zclip", "gradient stabilizer", "spam", "lamb")
    clippers = [clipper for name in names for clipper in chain(name)]
    as_variables = [
        dataclasses.replace(
            clipper,
            **{
                f.name: tf.Variable(getattr(clipper, f.name))
                for f in dataclasses.fields(clipper)
                if f.init and isinstance(getattr(clipper, f.name), float)
            },
        )
        for clipper in clippers
    ]
    rules = (optim.Adam(), optim.Adam(beta_1=tf.Variable(0.9), beta_2=tf.Variable(0.999)))
    parts = zip(rules, (clippers, as_variables), strict=True)
    eager, drawn = (Trained(DTYPES[dtypes], rule, c) for rule, c in parts)
    compiled = tf.function(drawn.apply, autograph=False)
    for step in range(2):
        assert eager.apply(eager.gradients(step))
        assert compiled(drawn.gradients(step))
    for name, expected in eager.optimizer.variables.items():
        np.testing.assert_allclose(drawn.optimizer.variables[name], expected, rtol=1e-4, atol=1e-7)
    for one, other in zip(drawn.variables, eager.variables, strict=True):
        rtol = TOLERANCE[one.dtype] * 4
        np.testing.assert_allclose(tf.cast(one, tf.float64), tf.cast(other, tf.float64), rtol=rtol)


def test_float64_is_computed_in_float64():
    variable = tf.Variable(tf.constant([1.0], tf.float64), name="w")
    group = optim.Group(
        name="dense", variables=[variable], rule=optim.Sgd(), schedule=optim.Constant(rate=0.5)
    )
    optimizer = optim.Optimizer([group], clippers=[optim.GlobalNorm(max_norm=0.3)])
    for size in (0.1 + 1e-12, 1e200):
        before = variable.numpy()
        transaction = optimizer.propose([tf.constant([size], tf.float64)])
        assert Guard(max_refusals=9).judge(tf.zeros([0]), transaction).accept
        transaction.commit(accept=tf.constant(True))
        np.testing.assert_allclose(before - variable, [0.5 * min(size, 0.3)], rtol=1e-14)


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float64])
def test_what_its_dtype_cannot_hold_is_refused(dtype):
    largest = tf.cast(np.array([dtype.max], np.float64), dtype)
    variable = tf.Variable(largest, name="w")
    group = optim.Group(
        name="dense", variables=[variable], rule=optim.Sgd(), schedule=optim.Constant(rate=0.5)
    )
    optimizer, guard = optim.Optimizer([group]), Guard(max_refusals=9)
    for gradient, is_accepted in ((-largest, False), (largest, True)):
        transaction = optimizer.propose([gradient])
        verdict = guard.judge(tf.zeros([0]), transaction)
        assert verdict.accept == is_accepted
        assert is_accepted or verdict.variable == 0


@pytest.mark.parametrize("is_on", [True, False])
def test_a_clipper_inside_another_has_its_numbers_cast_too(is_on):
    limit = tf.Variable(0.25)
    emergency = Emergency(clipper=optim.Norm(max_norm=limit), is_on=tf.Variable(is_on))
    trained = Trained(DTYPES["float64"], optim.Sgd(), [emergency])
    assert trained.apply(trained.gradients(0))
    assert in_dtype(emergency, tf.float64).clipper.max_norm.dtype == tf.float64
    assert in_dtype(emergency, tf.float32) is emergency


@pytest.mark.parametrize("dtype", [tf.int32, tf.complex64, tf.bool])
def test_what_does_not_train_is_refused_by_name_and_dtype(dtype):
    variable = tf.Variable(tf.zeros([2], dtype), name="counts")
    with pytest.raises(ValueError, match=f"Group 'd': variable .*counts.* is {dtype.name}; what"):
        optim.Group(
            name="d", variables=[variable], rule=optim.Sgd(), schedule=optim.Constant(rate=1.0)
        )
