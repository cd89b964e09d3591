"""What several workers refuse, by the names of its settings, before they start."""

import dataclasses

import pytest

from ranker.objective.losses import Objective
from ranker.spec.clip import Clippy, CowClip
from ranker.spec.guard import GuardSettings, Recovery
from ranker.spec.inject import FeatureScale
from ranker.spec.run import DataSettings, RunConfig
from ranker.wiring.shareable import check_losses, check_shareable

COWCLIP = CowClip(targets="embeddings")
FAULT = FeatureScale(feature="age", start=0, stop=1)


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"data": DataSettings(batch_size=10)}, "data.batch_size 10 on 4 workers: .*multiple of 4"),
        (
            {"inject": (FeatureScale(feature="age", start=0, stop=1),)},
            "inject.0: feature_scale on 4 workers",
        ),
        ({"clip": (Clippy(), COWCLIP)}, "clip.1: cowclip on 4 workers: it counts"),
        (
            {"guard": GuardSettings(recovery=Recovery(clip=COWCLIP))},
            "guard.recovery.clip: cowclip on 4 workers",
        ),
    ],
)
def test_what_cannot_hold_is_refused_by_its_name(part, said):
    config = dataclasses.replace(RunConfig(clip=(Clippy(),)), **part)
    with pytest.raises(ValueError, match=said):
        check_shareable(config, 4)


def test_the_default_run_can_be_shared():
    check_shareable(RunConfig(clip=(Clippy(),)), 4)


def test_a_loss_that_remembers_is_refused(prepared):
    from ranker.schema import read_schema

    tasks = read_schema(prepared / "schema.toml").tasks
    objective = Objective(tasks)
    check_losses(objective, 2)

    class Remembering(Objective):
        variables = {"like/usual": None}  # noqa: RUF012

    with pytest.raises(ValueError, match="loss of task 'like' remembers, and on 2 workers"):
        check_losses(Remembering(tasks), 2)
