"""The grid: every combination once, the same budget for each, chosen values in their place."""

import itertools
import math

import pytest
from sample_comparison import read_comparison, write_comparison

from ranker.compare import grid
from ranker.compare.summary import Workload
from ranker.spec.load import ConfigError

MORE = """
[[models]]
name = "narrow"
[[models]]
name = "wide"
set = ["model.sharing.units=[16]"]
[[injectors]]
name = "none"
"""


@pytest.fixture
def path(tmp_path, prepared):
    return write_comparison(tmp_path, prepared, more=MORE)


def test_tunes_each_value_at_each_rate_with_the_tuning_seed_alone(path):
    trials = grid.tuning(read_comparison(path), path.parent)
    assert len(trials) == 2 * 2 * 2  # models, values, rates
    assert {trial.seed for trial in trials} == {9}
    assert {trial.safeguard for trial in trials} == {"gc"}
    assert {(t.tuned_value, t.config.clip[0].max_norm) for t in trials} == {
        (0.1, 0.1),
        (0.01, 0.01),
    }


def test_runs_what_was_chosen_and_else_the_first_value(path):
    chosen = {(Workload("wide", "base", "none"), "gc"): 0.01}
    trials = grid.finals(read_comparison(path), path.parent, chosen)
    assert len(trials) == 2 * 2 * 2 * 2  # models, safeguards, rates, seeds
    values = {(t.workload.model, t.safeguard): t.tuned_value for t in trials if t.safeguard == "gc"}
    assert values == {("narrow", "gc"): 0.1, ("wide", "gc"): 0.01}
    assert all(math.isnan(t.tuned_value) for t in trials if t.safeguard == "none")


def test_counts_what_it_lists(path):
    config = read_comparison(path)
    listed = [*grid.tuning(config, path.parent), *grid.finals(config, path.parent, {})]
    assert grid.count(config) == len(listed) == 8 + 16


def test_what_is_possible_is_all_that_any_choice_makes(path):
    config = read_comparison(path)
    possible = {trial.key for trial in grid.possible(config, path.parent)}
    workloads = [Workload(model, "base", "none") for model in ("narrow", "wide")]
    chosen = set()
    for values in itertools.product((0.1, 0.01), repeat=2):
        choice = {(w, "gc"): value for w, value in zip(workloads, values, strict=True)}
        chosen |= {trial.key for trial in grid.finals(config, path.parent, choice)}
    assert possible == chosen | {trial.key for trial in grid.tuning(config, path.parent)}


def test_a_form_is_all_rates_values_and_seeds_of_a_safeguard_on_a_model(path):
    config = read_comparison(path, "set=['model.dropout=0.0']")
    trials = [*grid.tuning(config, path.parent), *grid.finals(config, path.parent, {})]
    assert len({t.graph_signature for t in trials}) == 4
    assert len({(t.graph_signature, t.safeguard, t.workload.model) for t in trials}) == 4


def test_lists_equal_settings_once_and_forms_together(path):
    config = read_comparison(path)
    trials = grid.finals(config, path.parent, {})
    listed = grid.distinct([*trials, *trials])
    assert sorted(t.key for t in listed) == sorted({t.key for t in trials})
    changes = sum(a.graph_signature != b.graph_signature for a, b in itertools.pairwise(listed))
    assert changes == len({t.graph_signature for t in listed}) - 1


def test_a_setting_that_does_not_fit_is_named(path):
    config = read_comparison(path, "set=['train.pases=3']")
    with pytest.raises(ConfigError, match=r"--set=train.pases=3: train: no setting 'pases'"):
        grid.finals(config, path.parent, {})


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("train.monitor=rating.rmse", "primary, 'like.auc', chooses"),
        ("train.patience_evaluations=3", "no run of a comparison stops early"),
        ("train.start_from=runs/a", "every run of a comparison trains from its start"),
    ],
)
def test_what_no_run_of_a_comparison_does_is_refused(path, setting, said):
    config = read_comparison(path, f'set=["{setting}"]')
    for list_trials in (grid.tuning, lambda *args: grid.finals(*args, {})):
        with pytest.raises(ConfigError, match=f"{setting.partition('=')[0]} is .*{said}"):
            list_trials(config, path.parent)


@pytest.mark.parametrize("monitor", ["loss", "rating.rmse"])
def test_a_monitor_that_is_the_primary_or_was_not_set_is_no_matter(path, monitor):
    config = read_comparison(path, f"set=['train.monitor={monitor}']", "primary=rating.rmse")
    assert len(grid.finals(config, path.parent, {})) == 16


@pytest.mark.parametrize(
    ("override", "given", "nearest"),
    [
        ("safeguards.1.tune=clip.0.max_nrom", "max_nrom", "max_norm"),
        ("safeguards.1.set=[\"clip=[{kind='norm', max_nrom=1}]\"]", "max_nrom", "max_norm"),
        ("models.1.set=['model.tower_unit=[4]']", "tower_unit", "tower_units"),
        ("rate_settings=['optimizer.dense.learning_rat']", "learning_rat", "learning_rate"),
    ],
)
def test_varying_an_unknown_name_is_refused_with_the_nearest(override, given, nearest, path):
    config = read_comparison(path, override)
    with pytest.raises(ConfigError, match=rf"no setting '{given}'\. Did you mean '{nearest}'\?"):
        grid.tuning(config, path.parent)
