"""Phases that cannot be are refused in the settings, by their number."""

import pytest

from ranker.spec import load
from ranker.spec.phases import check_reached, largest_weights, last_begun
from ranker.spec.run import RunConfig

SPAM = "clip=[{kind='spam'}]"


def read(tmp_path, *overrides):
    path = tmp_path / "run.toml"
    path.write_text("[optimizer.dense]\nrule = 'adam'\n[optimizer.embeddings]\nrule = 'adam'\n")
    return load.load(path, overrides, RunConfig)


@pytest.mark.parametrize(
    ("phases", "said"),
    [
        ("[{until_step=5}]", "phases.0.until_step must be 0, got 5: the last phase goes on"),
        ("[{}, {}]", "phases.0.until_step must be > 0, where the phase begins, got 0"),
        ("[{until_step=5}, {until_step=5}, {}]", "phases.1.until_step must be > 5"),
        ("[{until_step=5, reset='slots'}, {}]", "phases.0.reset must be none, got 'slots'"),
        ("[{until_step=5}, {reset='slot'}]", "phases.1.reset: must be one of none, schedule"),
        ("[{rate_factors={dens=2}}]", "phases.0.rate_factors: no group 'dens'; did"),
        ("[{rate_factors={dense=0}}]", "rate_factors.dense must be > 0, got 0.0: see frozen"),
        ("[{frozen=['tables']}]", "phases.0.frozen: no group 'tables'; there are: dense"),
        ("[{frozen=['dense', 'embeddings']}]", "nothing would be trained"),
        ("[{task_weights={like=-1}}]", "task_weights.like must be >= 0, got -1.0"),
        ("[{untill_step=5}, {}]", "no setting 'untill_step'. Did you mean 'until_step'?"),
    ],
)
def test_what_cannot_be_is_one_sentence(tmp_path, phases, said):
    with pytest.raises(load.ConfigError) as refused:
        read(tmp_path, f"phases={phases}")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_slots_start_over_at_one_pace(tmp_path):
    with pytest.raises(load.ConfigError, match=r"phases\.1\.reset is 'both', and clip 'spam'"):
        read(tmp_path, SPAM, "phases=[{until_step=5}, {reset='both'}]")
    assert read(tmp_path, SPAM, "phases=[{until_step=5}, {reset='schedule'}]").phases


def test_a_task_that_data_tasks_leaves_out_cannot_weigh(tmp_path):
    with pytest.raises(load.ConfigError, match=r"phases\.0\.task_weights has 'share', which data"):
        read(tmp_path, "data.tasks=['like']", "phases=[{task_weights={share=1}}]")


def test_where_phases_begin_and_what_they_weigh(tmp_path):
    phases = read(
        tmp_path,
        "phases=[{until_step=5, task_weights={like=0}}, {until_step=9, reset='slots'}, "
        "{reset='schedule', task_weights={share=0.5}}]",
    ).phases
    assert [last_begun(phases, "slots", step, otherwise=-1) for step in (5, 6, 20)] == [-1, 5, 5]
    assert [last_begun(phases, "schedule", s, otherwise=0) for s in (9, 10)] == [0, 9]
    assert largest_weights({"like": 2.0}, phases) == {"like": 2.0, "share": 1.0}
    assert largest_weights({"like": 2.0}, ()) == {"like": 2.0}
    check_reached(phases, 10)
    with pytest.raises(
        ValueError, match=r"phases\.2 begins at step 9, and the run is over after 9"
    ):
        check_reached(phases, 9)
