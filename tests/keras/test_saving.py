"""Saved, restored and gone on with: the bits of a run that was never interrupted."""

import pytest
import tensorflow as tf
from small_models import NearItsMean, Rating, batches, data, functional, state

from ranker import optim
from ranker.guard import SpikeFilter
from ranker.keras import GuardedOptimizer

pytestmark = pytest.mark.runs


def optimizer():
    return GuardedOptimizer(
        optim.Adam(beta_1=0.8),
        optim.Cosine(rate=0.02, decay_steps=30, warmup_steps=5),
        clippers=[NearItsMean(ratio=1.2), NearItsMean(ratio=1.5), optim.Clippy(relative=0.2)],
        weight_decay=0.01,
        spike_filter=SpikeFilter(of="norm", sigmas=3.0, window=8, minimum=4),
    )


def arrays(part):
    columns = {name: array[part] for name, array in data(320).items()}
    return [columns["user"], columns["item"]], columns["rating"]


def fit(model, part):
    model.fit(*arrays(part), batch_size=16, shuffle=False, verbose=0)


FIRST, REST = slice(0, 160), slice(160, 320)


@pytest.fixture(scope="module")
def halves(tmp_path_factory):
    """Returns the state of an uninterrupted run, and a folder with its middle in all formats."""
    folder = tmp_path_factory.mktemp("saved")
    model = functional()
    model.compile(optimizer(), loss="mse")
    fit(model, FIRST)
    middle = state(model)
    for ending in ("keras", "h5"):
        model.save(folder / f"model.{ending}")
    model.save_weights(folder / "model.weights.h5")
    model.save_weights(folder / "checkpoint")
    fit(model, REST)
    assert int(model.optimizer.refused) + int(model.optimizer.iterations) == 20
    return folder, middle, state(model)


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
def test_load_model_goes_on_bit_for_bit(halves, ending):
    folder, middle, end = halves
    model = tf.keras.models.load_model(folder / f"model.{ending}")
    assert state(model) == middle
    fit(model, REST)
    assert state(model) == end


# Of what is not built yet, Keras restores nothing from its own format.
@pytest.mark.parametrize(
    ("name", "is_built"),
    [("model.weights.h5", True), ("checkpoint", True), ("checkpoint", False)],
)
def test_load_weights_goes_on_bit_for_bit(halves, name, is_built):
    folder, middle, end = halves
    model = functional()
    model.compile(optimizer(), loss="mse")
    if is_built:
        model.optimizer.build(model.trainable_variables)
    model.load_weights(folder / name)
    if is_built:
        assert state(model) == middle
    fit(model, REST)
    assert state(model) == end


def test_a_checkpoint_of_a_stock_tfrs_model_goes_on_bit_for_bit(tmp_path):
    columns = data(320)
    first, rest = ({n: a[part] for n, a in columns.items()} for part in (FIRST, REST))
    uninterrupted, resumed = Rating(), Rating()
    for model in (uninterrupted, resumed):
        model.compile(optimizer=GuardedOptimizer(optim.Adagrad(), 0.1, clippers=[NearItsMean()]))
    uninterrupted.fit(batches(first, 16), verbose=0)
    uninterrupted.save_weights(tmp_path / "saved")
    uninterrupted.fit(batches(rest, 16), verbose=0)
    resumed.load_weights(tmp_path / "saved")
    resumed.fit(batches(rest, 16), verbose=0)
    assert state(resumed) == state(uninterrupted)
