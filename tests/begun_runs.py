"""A small run that has ended, and runs that begin from it."""

import numpy as np
from small_jobs import MODEL, SMALL, logs, read_settings, run, write_settings
from tiny_dataset import write_tiny

from ranker import job

CONFIG = (
    SMALL.replace("batch_size", 'order = "time", batch_size')
    + MODEL
    + """wide = {{factors = 2}}
encoding = {{kind = "vocabulary", num_unknown = 2}}
[optimizer.dense]
rule = {{kind = "adam"}}
schedule = {{kind = "cosine", warmup_steps = 10, decay_steps = 60}}
[optimizer.embeddings]
schedule = {{kind = "inverse_sqrt", warmup_steps = 8}}
[[clip]]
kind = "zclip"
[[clip]]
kind = "autoclip"
window = 8
[guard]
spike_filter = {{window = 16, minimum = 8}}
detect = {{}}
[train]
epochs = 1
attempts_per_call = 5
log_every_attempts = 1
"""
)


def write_ended(folder):
    """Makes a finished run of one epoch in `run`, of the `data`; returns `folder`.

    Its settings are in config.toml.
    """
    (folder / "data").mkdir()
    write_tiny(folder / "data")
    write_settings(folder / "config.toml", CONFIG, folder / "data")
    begin(read_settings(folder / "config.toml"), folder / "run")
    return folder


def begin(config, workdir, **how):
    workdir.mkdir(exist_ok=True)
    job.open_run_directory(config, workdir, command=[])
    return run(config, workdir, **how)


def arrays(checkpoint):
    with np.load(checkpoint / "variables.npz") as found:
        return dict(found)


def events(workdir, kind):
    return [event for event in logs(workdir)["events.jsonl"] if event["kind"] == kind]


def from_run(ended, *more):
    return (f"train.start_from={ended / 'run'}", *more)


def change_file(path, before, after):
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
