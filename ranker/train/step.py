"""The step: propose, judge, commit. Many attempts run in one call of one compiled graph."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from ranker.guard.detector import Detector, Findings, no_findings
from ranker.guard.guard import Guard
from ranker.inject.faults import Faults
from ranker.input.batch import Batch
from ranker.model.ranker import Ranker
from ranker.objective.aggregate import telemetry
from ranker.objective.aggregate.aggregation import Aggregation
from ranker.objective.aggregate.weighted_sum import WeightedSum
from ranker.objective.losses import Objective
from ranker.optim.context import refuse_replicas
from ranker.optim.optimizer import Optimizer
from ranker.optim.scalars import Scalars
from ranker.optim.transaction import Transaction
from ranker.spec.objective import TelemetrySettings
from ranker.train.controls import Controls
from ranker.train.differentiate import TaskGradients
from ranker.train.follow import follow
from ranker.train.proposal import StepProposal
from ranker.train.reduce import Alone, Share
from ranker.train.report import StepReport, empty_reports


class Step(tf.Module):
    """Runs attempts on a model, on one device: under a strategy of `tf.distribute` with several
    replicas each would train a model of its own, so that is refused.

    Attributes:
      attempts: attempts so far, int64: also the number of the next batch.
    """

    def __init__(
        self,
        model: Ranker,
        objective: Objective,
        optimizer: Optimizer,
        guard: Guard,
        *,
        faults: Faults,
        seed: int | tf.Variable,
        aggregation: Aggregation | None = None,
        share: Share | None = None,
        detector: Detector | None = None,
        controls: Controls | None = None,
        measuring: TelemetrySettings | None = None,
        log_every: int = 0,
    ) -> None:
        """Takes the parts; nothing is compiled before the first call.

        Args:
          seed: of the dropout, int32.
          aggregation: makes one gradient of the tasks'; None for their weighted sum.
          share: of every batch that this worker has; None for all of it.
          detector: of the model's tasks; None for none.
          controls: what recovery changes between two calls; None without one.
          measuring: when the tasks' gradients are measured; None for never.
          log_every: attempts, counted from 1, whose multiples are logged; 0 for none.

        Raises:
          ValueError: under a strategy of several replicas; so do all ways to attempt a batch.
        """
        refuse_replicas("Step")
        super().__init__(name="step")
        self.model = model
        self.objective = objective
        self.optimizer = optimizer
        self.guard = guard
        self.faults = faults
        self.aggregation = aggregation or WeightedSum()
        self.detector = detector
        self.controls = controls
        self.measuring = measuring or TelemetrySettings()
        self.attempts = tf.Variable(tf.zeros([], tf.int64), trainable=False, name="attempts")
        self._seed = seed
        self._share = share
        self._reduce = share.reduce if share else Alone()
        self._scalar_names: tuple[str, ...] = ()  # known once the graph is traced
        self._log_every = log_every
        self._compiled: Any = None  # a function of TensorFlow's, from a stack to its reports

    @property
    def variables(self) -> dict[str, tf.Variable]:
        """All state of the run by name: what a checkpoint holds."""
        packages = {"optimizer": self.optimizer.variables, "guard": self.guard.variables}
        packages["objective"] = self.objective.variables
        packages["aggregation"] = dict(self.aggregation.variables)
        if self.detector:
            packages["guard/detector"] = self.detector.variables
        if self.controls:
            packages["recovery"] = self.controls.variables
        state = {
            f"{package}/{n}": v for package, named in packages.items() for n, v in named.items()
        }
        model = self.model.tables | self.model.dense
        return {f"model/{n}": v for n, v in model.items()} | state | {"attempts": self.attempts}

    def attempt(self, batch: Batch) -> StepReport:
        """Tries `batch`: all of its changes are written, or none and nothing moves.

        What faults write is no change of the batch's: that moves, whatever the verdict.
        """
        refuse_replicas("Step")
        self.faults.write(self.attempts)
        batch = self.faults.batch(batch, self.attempts)
        proposed = self.propose(batch)
        losses, total, transaction = proposed.losses, proposed.total, proposed.transaction
        verdict = self.guard.judge(losses, transaction, total=total)
        scalars = transaction.scalars(self._is_logged())
        transaction.commit(accept=verdict.accept)
        self.guard.record(verdict)
        follow(self.aggregation, losses, lambda: self._losses_now(batch), verdict.accept)
        findings = self._detect(batch, proposed, verdict.accept)
        attempt = self.attempts.assign_add(1) - 1
        return StepReport(
            attempt=attempt,
            step=self.optimizer.step.read_value(),
            losses=losses,
            total=total,
            scalars=scalars,
            **verdict._asdict(),
            **findings._asdict(),
        )

    def propose(self, batch: Batch) -> StepProposal:
        """Returns what `batch`, with its faults in it, would change; writes nothing."""
        transaction, optimizer = Transaction(), self.optimizer
        logits, losses, total, by_task = self._differentiate(batch, transaction)
        for index, task in enumerate(self.objective.tasks):
            transaction.scalar(f"loss/{task}", losses[index])
        gradients = self.aggregation(by_task, transaction)
        telemetry.report(by_task, transaction, self.measuring, self.attempts)
        rates = self.faults.rates(optimizer.learning_rates, optimizer.step, self.attempts)
        if self.controls:
            rates *= self.controls.rate_factor
        optimizer.propose(
            gradients,
            transaction=transaction,
            rates=rates,
            reads=lambda table: self._reads(table, batch),
        )
        return StepProposal(logits, losses, total, transaction)

    def trace(self, stack: Batch) -> None:
        """Traces the graph for stacks like `stack`, of any number of batches; tries none.

        `run` does so at its first call, if it was not done before.
        """
        refuse_replicas("Step")
        if self._compiled is None:
            self._compiled = self._compile(stack)
            self._compiled.get_concrete_function()

    def run(self, stack: Batch) -> StepReport:
        """Tries each batch of `stack` in turn, and stops early if the guard halts.

        Args:
          stack: batches stacked on a new first axis, K of them; K may differ from
            call to call without tracing again.

        Returns:
          The reports, stacked; fewer than K if the guard halted.
        """
        self.trace(stack)
        reports = self._compiled(stack)
        return reports._replace(scalars=Scalars(self._scalar_names, reports.scalars))

    def _compile(self, stack: Batch) -> Any:
        """Returns the graph for stacks like `stack`, of any number of batches."""
        specs = tf.nest.map_structure(lambda x: tf.TensorSpec((None, *x.shape[1:]), x.dtype), stack)
        # Without AutoGraph, which this code does not need, tracing takes a third of the time.
        return tf.function(self._run, input_signature=[specs], autograph=False)

    def _differentiate(
        self, batch: Batch, transaction: Transaction
    ) -> tuple[Mapping[str, tf.Tensor], tf.Tensor, tf.Tensor, TaskGradients]:
        """Returns logits, losses [T], their weighted sum, and the gradients, not yet drawn."""
        # Persistent, as an aggregation may ask for several gradients.
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(self.optimizer.trainable)
            logits, weights, means = self._means(batch, transaction)
            own, phase = tf.stack(means), self._phase()
            own_total = self.objective.total(self.faults.losses(own, self.attempts), phase)
        losses, total = self._reduce([own, own_total])
        ones = tf.ones_like(losses)

        def differentiate(loss: tf.Tensor, scale: Any = None, names: Any = None) -> list[Any]:
            named = zip(self.optimizer.names, self.optimizer.trainable, strict=True)
            by = {n: v for n, v in named if names is None or n in names}
            found = tape.gradient(loss, list(by.values()), output_gradients=scale)
            known = dict(zip(by, found, strict=True))
            raw = [known.get(name) for name in self.optimizer.names]
            return self._reduce(self.faults.gradients(raw, self.attempts))

        gradients = TaskGradients(
            tasks=self.objective.tasks,
            names=self.optimizer.names,
            means=means,
            own=own,
            losses=losses,
            weights=weights,
            weighted_sum=own_total,
            scales=lambda: self.objective.weighted(self.faults.losses(ones, self.attempts), phase),
            differentiate=differentiate,
            summed=self.optimizer.summed,
            aligned=self.optimizer.aligned,
            shared=self.model.shared,
        )
        return logits, losses, total, gradients

    def _means(
        self, batch: Batch, transaction: Transaction | None = None
    ) -> tuple[Mapping[str, tf.Tensor], list[Any], list[tf.Tensor]]:
        """Returns logits, the weight of each task's labels, and its loss, with this dropout."""
        attempt = tf.cast(self.attempts, tf.int32)
        first = [self._share.first(batch)] if self._share else []
        logits = self.model(batch.features, seed=tf.stack([self._seed, attempt, *first]))
        parts = self.objective(logits, batch.labels, batch.weights, transaction).values()
        weights = self._reduce([part.weight for part in parts])
        means = [part.mean(weight) for part, weight in zip(parts, weights, strict=True)]
        return logits, weights, means

    def _phase(self) -> tf.Tensor | None:
        """Returns which phase the attempt is in, an int32 scalar; None without phases."""
        optimizer = self.optimizer
        return optimizer.phases.index(optimizer.step) if optimizer.phases else None

    def _losses_now(self, batch: Batch) -> tf.Tensor:
        return self._reduce([tf.stack(self._means(batch)[2])])[0]

    def _reads(self, table: str, batch: Batch) -> tf.Tensor:
        if self._share:
            self._share.refuse_counts(table)
        return self.model.reads(table, batch.features)

    def _detect(self, batch: Batch, proposed: StepProposal, accept: tf.Tensor) -> Findings:
        if self.detector is None:
            return no_findings()
        with tf.name_scope("detector"):
            tasks = zip(self.objective.tasks, self.detector.is_binary, strict=True)
            named = (proposed.logits, batch.labels, batch.weights)
            columns = [of[t] for t, is_binary in tasks if is_binary for of in named]
            whole = iter(self._reduce.gather(columns))
            return self.detector.observe(
                proposed.losses,
                list(zip(whole, whole, whole, strict=True)),
                norm=proposed.transaction.gradient_norm,
                accept=accept,
            )

    def _is_logged(self) -> tf.Tensor | bool:
        """Returns whether the attempt that is made is logged; False if none is."""
        if not self._log_every:
            return False
        return self.attempts.read_value() % self._log_every == self._log_every - 1

    def _run(self, stack: Batch) -> StepReport:
        num_batches = tf.shape(next(iter(stack.labels.values())))[0]
        arrays = empty_reports(
            num_batches,
            num_tasks=len(self.objective.tasks),
            num_watched=len(self.guard.watched),
            is_detecting=self.detector is not None,
        )

        def more(k: tf.Tensor, _: StepReport) -> tf.Tensor:
            return tf.logical_and(k < num_batches, tf.logical_not(self.guard.halted()))

        def body(k: tf.Tensor, arrays: StepReport) -> tuple[tf.Tensor, StepReport]:
            report = self.attempt(tf.nest.map_structure(lambda x: x[k], stack))
            self._scalar_names = report.scalars.names
            report = report._replace(scalars=report.scalars.values)
            written = [a.write(k, value) for a, value in zip(arrays, report, strict=True)]
            return k + 1, StepReport(*written)

        tried, arrays = tf.while_loop(more, body, (0, arrays), parallel_iterations=1)
        # Its length was not known when it was made, and of no attempts nothing else says it.
        scalars = tf.raw_ops.TensorListStack(
            input_handle=arrays.scalars.flow,
            element_shape=[len(self._scalar_names)],
            element_dtype=tf.float32,
        )
        known = {n: array for n, array in arrays._asdict().items() if n != "scalars"}
        stacked = {n: array.stack()[:tried] for n, array in known.items()}
        return StepReport(scalars=scalars[:tried], **stacked)
