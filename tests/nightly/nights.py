"""Days of a log, and a small job that trains on them night by night."""

import json
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np

from ranker.cli.program import BAD_INPUT, sentence
from ranker.nightly.ledger import Ledger
from ranker.nightly.night import STATUSES, Hooks, run_night
from ranker.spec import load
from ranker.spec.nightly import NightlySettings
from ranker.spec.plugins import import_plugins
from ranker.spec.run import RunConfig

RUN = """
seed = 7
data = {batch_size = 32, order = "time"}
train = {epochs = 3, attempts_per_call = 4, log_every_attempts = 4}
export = {warmup_requests = 1}

[model]
embedding_width = 4
tower_units = [4]
sharing = {kind = "shared_bottom", units = [4]}

[optimizer.dense]
learning_rate = 0.3

[optimizer.embeddings]
learning_rate = 0.3
"""
JOB = """
plugins = ["examples.json_lines_log"]
config = "{folder}/run.toml"
keep_versions = 2

[days]
dataset = "json-lines-log"
source = "{folder}/logs/day={{date}}"
ready = "{folder}/logs/day={{date}}/_SUCCESS"

[gate]
resamples = 50
checks = [{{kind = "fall", largest = 0.1}}]
"""


def write_day(
    folder: Path, date: str, *, rows: int = 640, users: int = 30, seed: int = 0, **change: Callable
) -> None:
    """Writes the impressions of a day; `change` gives other columns than the day would have."""
    random = np.random.default_rng([seed, int(date[-2:])])
    columns = {
        "timestamp": np.sort(random.integers(0, 86_400, rows)) + 86_400 * int(date[-2:]),
        "user_id": random.integers(0, users, rows),
        "item_id": random.integers(0, 40, rows),
        "price": np.round(random.exponential(10.0, rows), 2),
    }
    taste = np.sin(columns["user_id"]) + 2 * np.cos(columns["item_id"])
    columns["click"] = (taste + random.normal(size=rows) > 0.5).astype(int)
    columns |= {name: make(columns[name]) for name, make in change.items()}
    day = folder / "logs" / f"day={date}"
    day.mkdir(parents=True)
    rows_of = zip(*(each.tolist() for each in columns.values()), strict=True)
    lines = [dict(zip(columns, row, strict=True)) | {"category": "a"} for row in rows_of]
    (day / "impressions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (day / "_SUCCESS").touch()


def write_job(folder: Path) -> None:
    """Writes the settings of the job and of its runs."""
    (folder / "run.toml").write_text(RUN)
    (folder / "nightly.toml").write_text(JOB.format(folder=folder))


def night(folder: Path, date: str, *overrides: str, **more) -> dict:
    """Runs the night of a date in `folder`/job; no fresh process serves what it exports."""
    settings = load.load(folder / "nightly.toml", overrides, NightlySettings)
    import_plugins(settings.plugins)
    config = load.load(Path(settings.config), settings.set, RunConfig)
    hooks = more.pop("hooks", Hooks(is_stopping=lambda: False, say=lambda line: None))
    with mock.patch("ranker.serve.saved_model.check_in_fresh_process"):
        return run_night(settings, config, Ledger(folder / "job"), date, hooks=hooks, **more)


def ended(folder: Path, date: str, *overrides: str, **more) -> tuple[int, str]:
    """Runs the night of a date; returns exit code and last line, as the command has them."""
    said = []
    hooks = Hooks(is_stopping=lambda: False, say=said.append)
    try:
        code = STATUSES[night(folder, date, *overrides, hooks=hooks, **more)["status"]]
    except (ValueError, OSError) as error:
        code = BAD_INPUT
        said.append(sentence(error))
    return code, said[-1]
