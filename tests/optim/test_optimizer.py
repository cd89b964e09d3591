"""Proposing writes nothing, committing all or none; names, decay, schedules."""

import numpy as np
import pytest
import tensorflow as tf
from tiny_optimizer import RULES, Tiny, values

from ranker import optim
from ranker.guard import Guard


def attempt(tiny, guard, kernel, slices, ids):
    indexed = tf.IndexedSlices(slices, ids)
    transaction = tiny.optimizer.propose([kernel, indexed])
    verdict = guard.judge(tf.constant([0.5, 0.1]), transaction)
    transaction.commit(accept=verdict.accept)
    guard.record(verdict)
    return verdict.accept


@pytest.mark.parametrize("is_compiled", [False, True])
@pytest.mark.parametrize(("where", "bad"), [("kernel", np.nan), ("slices", np.inf)])
def test_a_refused_attempt_leaves_every_bit_and_the_next_goes_on(bad, where, is_compiled):
    tiny = Tiny(optim.Adam(), clippers=[optim.Clippy(targets="all")])
    guard = Guard(max_refusals=9)
    step = tf.function(attempt) if is_compiled else attempt
    good = {"kernel": values((3, 2)), "slices": values((3, 4))}
    broken = {name: array.copy() for name, array in good.items()}
    broken[where][1, 1] = bad

    def run(batch):
        ids = tf.constant([2, 5, 2])
        return step(tiny, guard, tf.constant(batch["kernel"]), tf.constant(batch["slices"]), ids)

    assert run(good)
    before = tiny.state()
    assert not run(broken)
    assert tiny.state() == before
    assert run(good)
    after = tiny.state()
    assert all(after[name] != before[name] for name in after)
    assert tiny.optimizer.step == 2
    assert guard.refused == 1


def test_proposing_writes_nothing(rule):
    tiny = Tiny(rule, clippers=[optim.Clippy()])
    before = tiny.state()
    tiny.propose(values((3, 2)), values((2, 4)), [0, 1])
    assert tiny.state() == before


@pytest.mark.parametrize("name", ["adagrad clipped", "adam", "nesterov", "rmsprop momentum"])
def test_compiled_and_eager_do_the_same(name):
    rule = RULES[name]
    eager, compiled = Tiny(rule), Tiny(rule)
    batch = values((3, 2)), values((3, 4)), [1, 1, 5]
    eager.apply(*batch)
    tf.function(lambda: compiled.apply(*batch).changes[0].factor)()
    for name, expected in eager.optimizer.variables.items():
        np.testing.assert_allclose(compiled.optimizer.variables[name], expected, rtol=1e-6)
    np.testing.assert_allclose(compiled.kernel, eager.kernel, rtol=1e-6)


def test_state_has_stable_names():
    assert list(Tiny(optim.Adam()).optimizer.variables) == [
        "step",
        "dense/kernel/first_moment",
        "dense/kernel/second_moment",
        "embeddings/kernel/first_moment",
        "embeddings/kernel/second_moment",
    ]


def test_restored_state_goes_on_bit_for_bit():
    whole, halves = (Tiny(optim.Adam(), clippers=[optim.Clippy()]) for _ in range(2))
    batches = [(values((3, 2), seed=i), values((3, 4), seed=i), [i, 3, i]) for i in range(4)]
    for batch in batches:
        whole.apply(*batch)
    for batch in batches[:2]:
        halves.apply(*batch)
    resumed = Tiny(optim.Adam(), clippers=[optim.Clippy()])
    resumed.kernel.assign(halves.kernel)
    resumed.table.assign(halves.table)
    for name, variable in resumed.optimizer.variables.items():
        variable.assign(halves.optimizer.variables[name])
    for batch in batches[2:]:
        resumed.apply(*batch)
    assert resumed.state() == whole.state()


def test_decay_is_decoupled_and_on_touched_rows_only():
    tiny = Tiny(optim.Sgd(), rate=0.5, weight_decay=0.1)
    kernel, table = tiny.kernel.numpy(), tiny.table.numpy()
    tiny.apply(np.zeros((3, 2), np.float32), np.zeros((3, 4), np.float32), [4, 1, 4])
    table[[1, 4]] *= 1 - 0.5 * 0.1  # once, though 4 is named twice
    np.testing.assert_allclose(tiny.kernel, kernel * (1 - 0.5 * 0.1), rtol=1e-6)
    np.testing.assert_allclose(tiny.table, table, rtol=1e-6)


def test_a_table_of_one_row_and_a_batch_of_one():
    table = tf.Variable([[1.0, 2.0]])
    group = optim.Group(
        name="embeddings",
        variables={"t": table},
        rule=optim.Sgd(),
        schedule=optim.Constant(rate=1.0),
    )
    optimizer = optim.Optimizer([group], clippers=[optim.Clippy(targets="all")])
    slices = tf.IndexedSlices(tf.constant([[0.25, 0.5]]), tf.constant([0]))
    optimizer.propose([slices]).commit(accept=tf.constant(True))
    np.testing.assert_allclose(table, [[0.75, 1.5]])


def test_groups_have_rates_of_their_own_that_follow_committed_steps():
    variables = [tf.Variable([1.0]), tf.Variable([1.0])]
    groups = [
        optim.Group(name=name, variables={name: variable}, rule=optim.Sgd(), schedule=schedule)
        for name, variable, schedule in (
            ("dense", variables[0], optim.Constant(rate=0.4, warmup_steps=4)),
            ("embeddings", variables[1], optim.Constant(rate=0.3)),
        )
    ]
    optimizer = optim.Optimizer(groups)
    np.testing.assert_allclose(optimizer.learning_rates(), [0.1, 0.3], rtol=1e-6)
    for accept in (True, False, True):
        transaction = optimizer.propose([tf.constant([1.0])] * 2)
        transaction.commit(accept=tf.constant(accept))
    # 0.1, refused, then 0.2: the refused attempt does not count.
    np.testing.assert_allclose(optimizer.learning_rates(), [0.3, 0.3], rtol=1e-6)
    np.testing.assert_allclose([v.numpy()[0] for v in variables], [0.7, 0.4], rtol=1e-6)


def group(name="dense", variables=(), **settings):
    chosen = {"rule": optim.Sgd(), "schedule": optim.Constant(rate=0.1)} | settings
    return optim.Group(name=name, variables=variables, **chosen)


def test_refuses_what_would_go_unnoticed():
    one, other = (tf.Variable([1.0], name="w") for _ in range(2))
    with pytest.raises(ValueError, match="each variable name may be given once; repeated: w"):
        optim.Optimizer([group(variables=[one, other])])
    with pytest.raises(ValueError, match=r"each variable may be given once; repeated: .*w"):
        optim.Optimizer([group(variables={"a": one}), group("b", variables={"b": one})])
    with pytest.raises(ValueError, match=r"Clippy\(.* no group 'embeddings'; there are: dense"):
        optim.Optimizer([group(variables=[one])], clippers=[optim.Clippy(targets="embeddings")])
    with pytest.raises(ValueError, match="each group name may be given once; repeated: dense"):
        optim.Optimizer([group(), group()])
    with pytest.raises(ValueError, match="2 gradients for 1 variables"):
        optim.Optimizer([group(variables=[one])]).propose([None, None])
    with pytest.raises(ValueError, match=r"Group: weight_decay .* got -0\.5"):
        group(weight_decay=-0.5)


def test_factors_are_in_the_variables_order_with_1_for_no_gradient():
    variables = {name: tf.Variable([1.0]) for name in "abc"}
    optimizer = optim.Optimizer(
        [group(variables=variables, schedule=optim.Constant(rate=1.0))], clippers=[optim.Clippy()]
    )
    transaction = optimizer.propose([tf.constant([1.02]), None, tf.constant([5.1])])
    np.testing.assert_allclose(optimizer.factors(transaction), [0.5, 1.0, 0.1], rtol=1e-6)


def test_given_rates_are_used_in_place_of_the_schedules():
    rising = optim.Constant(rate=0.4, warmup_steps=4)
    variables = [tf.Variable([1.0]), tf.Variable([1.0])]
    groups = [group(n, {n: v}, schedule=rising) for n, v in zip("ab", variables, strict=True)]
    optimizer = optim.Optimizer(groups)
    transaction = optimizer.propose([tf.constant([1.0])] * 2, rates=tf.constant([0.25, 0.0]))
    transaction.commit(accept=tf.constant(True))
    assert [v.numpy()[0] for v in variables] == [0.75, 1.0]
    # The rate of the third update, and not of the second, which is the next.
    np.testing.assert_allclose(optimizer.learning_rates(tf.constant(2)), [0.3, 0.3], rtol=1e-6)


def test_slots_are_named_with_the_values_they_started_from():
    rule = optim.Adagrad(initial_accumulator=0.25)
    optimizer = optim.Optimizer([group(variables={"w": tf.Variable([1.0, 2.0])}, rule=rule)])
    optimizer.propose([tf.constant([3.0, 0.0])]).commit(accept=tf.constant(True))
    assert list(optimizer.slots) == ["w/accumulator"]
    slot, initial = optimizer.slots["w/accumulator"]
    assert (slot.numpy().tolist(), initial) == ([9.25, 0.25], 0.25)
    assert slot is optimizer.variables["w/accumulator"]
