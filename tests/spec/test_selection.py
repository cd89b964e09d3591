"""A setting that names what the data settings leave out is refused without looking at data."""

import pytest

from ranker.spec.load import ConfigError, load
from ranker.spec.run import RunConfig

FEATURES = "data.features=['user_id', 'item_id', 'hours']"
TASKS = "data.tasks=['like', 'watch']"
NAMED = {
    "model.wide.biases=['user_id', 'hour']": ("biases has 'hour'", "did you mean 'hours'?"),
    "model.wide={factors=2, histories=['liked_items']}": ("histories has 'liked_items'",),
    "inject=[{kind='feature_scale', feature='hour', start=3, stop=4}]": (
        "inject.0.feature has 'hour'",
    ),
    "model.logit_residuals={like='rating'}": ("model.logit_residuals has 'rating'",),
    "model.logit_residuals={rating='like'}": ("model.logit_residuals has 'rating'",),
    "model.esmm_products={watch='click'}": ("model.esmm_products has 'click'",),
    "objective.task_weights={rating=0.5}": ("objective.task_weights has 'rating'",),
    "train.monitor='rating.rmse'": ("train.monitor has 'rating'",),
    "inject=[{kind='label_flip', task='likes', start=3, stop=4}]": (
        "inject.0.task has 'likes'",
        "'like'?",
    ),
}


@pytest.mark.parametrize("named", NAMED)
def test_what_is_left_out_cannot_be_named(named, tmp_path):
    path = tmp_path / "run.toml"
    path.touch()
    with pytest.raises(ConfigError) as caught:
        load(path, [FEATURES, TASKS, named], RunConfig)
    for said in NAMED[named]:
        assert said in str(caught.value)
    load(path, [named], RunConfig)  # nothing is left out


def test_a_run_without_its_user_is_refused(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(
        "[data]\nfeatures = ['item_id', 'hour']\n[model.wide]\nbiases = ['user_id', 'item']\n"
    )
    with pytest.raises(ConfigError, match=r"run\.toml: model\.wide\.biases has 'user_id', which"):
        load(path, [], RunConfig)


def test_what_is_kept_may_be_named(tmp_path):
    path = tmp_path / "run.toml"
    path.touch()
    kept = [
        "model.wide.biases=['hours']",
        "model.logit_residuals={watch='like'}",
        "train.monitor='loss'",
    ]
    noise = "inject=[{kind='noise', start=3, stop=4}]"  # of all features
    load(path, [FEATURES, TASKS, noise, *kept], RunConfig)
