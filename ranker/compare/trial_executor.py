"""Runs trials in this process, and keeps what they share: data, and the compiled step."""

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from ranker.compare.failure import failed
from ranker.compare.trial_recorder import TrialRecorder, flat
from ranker.input.batch import Batch
from ranker.input.split import Split
from ranker.spec import graph_inputs, load
from ranker.spec.run import RunConfig
from ranker.train.actions import Progress
from ranker.train.evaluation import Evaluation
from ranker.train.saving import Evaluating, Saving
from ranker.train.snapshots import MemoryStore
from ranker.train.trainer import Trainer
from ranker.wiring.graph_inputs import GraphInputs
from ranker.wiring.identity import SPLITS
from ranker.wiring.model import build_model
from ranker.wiring.recovery import build_recovery
from ranker.wiring.run import Run, build_plan, build_run
from ranker.wiring.training import build_stream


@dataclasses.dataclass(frozen=True)
class _Compiled:
    """A compiled step with the values its variables had before training."""

    run: Run
    assign: Callable[[RunConfig], None]
    initial: Mapping[str, np.ndarray]


class TrialExecutor:
    """Runs trials in a warm process.

    A run gives the numbers that `ranker.job` gives with the same settings, but for the last
    bit: TensorFlow folds a constant into what it meets, and here a rate is no constant. It
    writes no checkpoint, exports nothing, and stops early for nothing but the guard's halt.
    """

    def __init__(self, *, primary: str) -> None:
        """Takes the "task.metric" on validation that says which evaluation is best."""
        self._primary = primary
        self._by_signature: dict[str, _Compiled] = {}
        self._splits: dict[str, dict[str, Split]] = {}

    def run(self, config: RunConfig) -> dict[str, Any]:
        """Returns the measured columns of one run, JSON-ready but for NaN and infinity.

        Raises:
          ValueError, OSError: for settings that do not fit the data, or no data.
        """
        compiled = self._compiled(config)
        run = dataclasses.replace(compiled.run, config=config)
        splits = self._data(run)
        compiled.assign(config)
        _restart(run, compiled.initial)
        plan = build_plan(config, len(splits["train"]))
        plan = dataclasses.replace(plan, monitor=self._primary, patience=0)
        model = [f"model/{name}" for name in (*run.model.tables, *run.model.dense)]
        store = MemoryStore(names=model)
        progress, recorder = Progress(), TrialRecorder(run.step, plan)
        controller = build_recovery(config, run.step, store, {})
        saving = Saving(run.step, store, plan, progress, controller=controller)
        evaluating = Evaluating(
            run.step,
            plan,
            progress,
            measure=lambda: self._evaluate(run, splits["validation"]),
            observers=[recorder],
            saving=saving,
        )
        evaluating.evaluate(0)
        saving.save_start()
        outcome = Trainer(
            run.step,
            build_stream(config, splits["train"]),
            plan,
            progress=progress,
            actions=[evaluating.action(), *([saving.action()] if controller else [])],
            observers=[recorder],
            controller=controller,
            is_ahead=False,  # a worker has one core
        ).run()
        if outcome.is_halted and progress.evaluated_attempt != recorder.num_attempts:
            evaluating.evaluate(recorder.num_attempts)
        test = _test(run, store.best, splits["test"])
        return recorder.columns(is_halted=outcome.is_halted) | {"test": json.dumps(test)}

    def _evaluate(self, run: Run, split: Split) -> Evaluation:
        evaluation = run.scorer.evaluate(split)
        self._require_defined(evaluation)
        return evaluation

    def _require_defined(self, evaluation: Evaluation) -> None:
        """Raises ValueError if no model has a primary metric on these rows: one class, say."""
        if math.isnan(evaluation.value(self._primary)) and self._primary != "loss":
            note = evaluation.metrics[self._primary.partition(".")[0]].get("note", "")
            if "not finite" not in note:  # which is the model's affair
                raise ValueError(f"primary {self._primary!r} is not defined on validation: {note}")

    def _compiled(self, config: RunConfig) -> _Compiled:
        """Returns the compiled step for `config`; keeps only the newest, others free memory."""
        name = graph_inputs.signature(config)
        if name not in self._by_signature:
            self._by_signature.clear()
            inputs = GraphInputs(config)
            run = build_run(config, inputs=inputs)
            initial = {n: variable.numpy() for n, variable in run.step.variables.items()}
            stream = build_stream(config, self._data(run)["train"])
            run.step.run(
                Batch(*({n: a[:0] for n, a in part.items()} for part in stream.stack(0, 1)))
            )
            self._by_signature[name] = _Compiled(run, inputs.assign, initial)
        return self._by_signature[name]

    def _data(self, run: Run) -> dict[str, Split]:
        data = run.config.data
        settings = (data.path, data.features, data.tasks, repr(data.oversample))
        name = json.dumps([*settings, load.plain(run.config.model.encoding)])
        if name not in self._splits:
            splits = {split: run.split(split) for split in SPLITS if split != "train"}
            self._splits = {name: splits | {"train": run.training()}}
        return self._splits[name]


def on_one_core(primary: str) -> Callable[[RunConfig], dict[str, Any]]:
    """Has TensorFlow use one core; returns what gives a run's columns, of one that raises too.

    Args:
      primary: of `TrialExecutor`.
    """
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    executor = TrialExecutor(primary=primary)

    def run(config: RunConfig) -> dict[str, Any]:
        try:
            return executor.run(config)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is that run's result
            return failed(error)

    return run


def _test(run: Run, best: Mapping[str, np.ndarray], split: Split) -> dict[str, float]:
    """Returns the metrics of the best model on `split`; {} if the primary was never defined."""
    for name, value in best.items():
        run.step.variables[name].assign(value)
    return flat(run.scorer.evaluate(split).metrics) if best else {}


def _restart(run: Run, initial: Mapping[str, np.ndarray]) -> None:
    """Puts every variable where a new run with these settings would start."""
    for name, variable in run.step.variables.items():
        variable.assign(initial[name])
    fresh = build_model(run.config, run.schema, run.encoder.num_rows)
    model = run.model.tables | run.model.dense
    for name, variable in (fresh.tables | fresh.dense).items():
        model[name].assign(variable)
