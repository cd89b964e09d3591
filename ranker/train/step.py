"""The step: propose, judge, commit. Many attempts run in one call of one compiled graph."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from ranker.guard import Detector, Findings, Guard, absent
from ranker.inject import Faults
from ranker.input import Array, Batch
from ranker.model import Ranker
from ranker.numerics import choose, norm, norms
from ranker.objective import Objective
from ranker.optim import Optimizer, Proposal
from ranker.optim.context import refuse_replicas
from ranker.train.levers import Levers


class StepReport(NamedTuple):
    """What an attempt did; stacked over the attempts of a call, each array has them first.

    Attributes:
      attempt: number of the attempt, from 0; int64.
      step: committed updates after it; int64.
      losses: of the tasks, [T].
      total: their weighted sum, an injected weight's too.
      learning_rates: of the optimizer's groups, [G].
      gradient_norm: of all gradients together, before any clipper; NaN but for the attempts
        that are logged.
      factors: clip factor of every trained variable, [V], in the optimizer's order.
      accept: whether it was committed.
      reason, task, variable, row, watched, limits: the verdict's, see `ranker.guard`.
      symptoms, began, levels, norm_symptom: the detector's findings, see `ranker.guard`;
        [0] each without a detector.
    """

    attempt: Array
    step: Array
    losses: Array
    total: Array
    learning_rates: Array
    gradient_norm: Array
    factors: Array
    accept: Array
    reason: Array
    task: Array
    variable: Array
    row: Array
    watched: Array
    limits: Array
    symptoms: Array
    began: Array
    levels: Array
    norm_symptom: Array


class Draft(NamedTuple):
    """What an attempt would do, before it is judged.

    Attributes:
      logits: by task, [B].
      losses, total, learning_rates: as in a report.
      proposal: what would be written.
    """

    logits: Mapping[str, tf.Tensor]
    losses: tf.Tensor
    total: tf.Tensor
    learning_rates: tf.Tensor
    proposal: Proposal


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
        detector: Detector | None = None,
        levers: Levers | None = None,
        log_every: int = 0,
    ) -> None:
        """Takes the parts; nothing is compiled before the first call.

        Args:
          seed: of the dropout, int32.
          detector: of the model's tasks; None for none.
          levers: what a ladder changes between two calls; None without one.
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
        self.detector = detector
        self.levers = levers
        self.attempts = tf.Variable(tf.zeros([], tf.int64), trainable=False, name="attempts")
        self._seed = seed
        self._log_every = log_every
        self._compiled: Any = None  # a function of TensorFlow's, from a stack to its reports

    @property
    def variables(self) -> dict[str, tf.Variable]:
        """All state of the run by name: what a checkpoint holds."""
        rooms = {"optimizer": self.optimizer.variables, "guard": self.guard.variables}
        if self.detector:
            rooms["guard/detector"] = self.detector.variables
        if self.levers:
            rooms["ladder"] = self.levers.variables
        state = {f"{room}/{n}": v for room, named in rooms.items() for n, v in named.items()}
        model = self.model.tables | self.model.dense
        return {f"model/{n}": v for n, v in model.items()} | state | {"attempts": self.attempts}

    def attempt(self, batch: Batch) -> StepReport:
        """Tries `batch`: all of its changes are written, or none and nothing moves.

        What faults write is no change of the batch's: that moves, whatever the verdict.
        """
        refuse_replicas("Step")
        self.faults.write(self.attempts)
        batch = self.faults.batch(batch, self.attempts)
        draft = self.propose(batch)
        verdict = self.guard.judge(draft.losses, draft.proposal, total=draft.total)
        self.optimizer.commit(draft.proposal, accept=verdict.accept)
        self.guard.record(verdict)
        findings = self._detect(batch, draft, verdict.accept)
        gradient_norm = self._gradient_norm(draft)
        attempt = self.attempts.assign_add(1) - 1
        return StepReport(
            attempt=attempt,
            step=self.optimizer.step.read_value(),
            losses=draft.losses,
            total=draft.total,
            learning_rates=draft.learning_rates,
            gradient_norm=gradient_norm,
            factors=self.optimizer.factors(draft.proposal),
            **verdict._asdict(),
            **findings._asdict(),
        )

    def propose(self, batch: Batch) -> Draft:
        """Returns what `batch`, with its faults in it, would change; writes nothing."""
        logits, losses, total, gradients = self._differentiate(batch)
        gradients = self.faults.gradients(gradients, self.attempts)
        optimizer = self.optimizer
        rates = self.faults.rates(optimizer.learning_rates, optimizer.step, self.attempts)
        if self.levers:
            rates *= self.levers.rate_factor
        proposal = optimizer.propose(
            gradients, rates=rates, reads=lambda table: self.model.reads(table, batch.features)
        )
        return Draft(logits, losses, total, rates, proposal)

    def draw(self, stack: Batch) -> None:
        """Draws the graph for stacks like `stack`, of any number of batches; tries none.

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
        self.draw(stack)
        return self._compiled(stack)

    def _compile(self, stack: Batch) -> Any:
        """Returns the graph for stacks like `stack`, of any number of batches."""
        specs = tf.nest.map_structure(lambda x: tf.TensorSpec((None, *x.shape[1:]), x.dtype), stack)
        # Without AutoGraph, which this code does not need, tracing takes a third of the time.
        return tf.function(self._run, input_signature=[specs], autograph=False)

    def _differentiate(
        self, batch: Batch
    ) -> tuple[Mapping[str, tf.Tensor], tf.Tensor, tf.Tensor, list]:
        attempt = tf.cast(self.attempts, tf.int32)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self.optimizer.trainable)
            logits = self.model(batch.features, seed=tf.stack([self._seed, attempt]))
            losses = self.objective.losses(logits, batch.labels, batch.weights)
            total = self.objective.total(self.faults.losses(losses, self.attempts))
        return logits, losses, total, tape.gradient(total, self.optimizer.trainable)

    def _detect(self, batch: Batch, draft: Draft, accept: tf.Tensor) -> Findings:
        if self.detector is None:
            return absent()
        with tf.name_scope("detector"):
            tasks = zip(self.objective.tasks, self.detector.is_binary, strict=True)
            ranked = [
                (draft.logits[t], batch.labels[t], batch.weights[t])
                for t, is_binary in tasks
                if is_binary
            ]
            return self.detector.observe(
                draft.losses, ranked, norm=lambda: _norm(draft.proposal), accept=accept
            )

    def _gradient_norm(self, draft: Draft) -> tf.Tensor:
        """Returns the norm of all gradients if the attempt is logged, else NaN."""
        unknown = tf.constant(math.nan)
        if not self._log_every:
            return unknown
        is_logged = self.attempts.read_value() % self._log_every == self._log_every - 1
        return choose(is_logged, lambda: _norm(draft.proposal), lambda: unknown)

    def _run(self, stack: Batch) -> StepReport:
        num_batches = tf.shape(next(iter(stack.labels.values())))[0]
        arrays = _arrays(self, num_batches)

        def more(k: tf.Tensor, _: StepReport) -> tf.Tensor:
            return tf.logical_and(k < num_batches, tf.logical_not(self.guard.halted()))

        def body(k: tf.Tensor, arrays: StepReport) -> tuple[tf.Tensor, StepReport]:
            report = self.attempt(tf.nest.map_structure(lambda x: x[k], stack))
            written = [a.write(k, value) for a, value in zip(arrays, report, strict=True)]
            return k + 1, StepReport(*written)

        tried, arrays = tf.while_loop(more, body, (0, arrays), parallel_iterations=1)
        return StepReport(*(array.stack()[:tried] for array in arrays))


def tries(step: Step, stack: Batch) -> Iterator[StepReport]:
    """Yields the reports of calls, as NumPy arrays, until all of `stack` has been tried.

    It takes more than one if the guard halts and whoever gets the reports clears that, and
    ends if they do not.
    """
    num_batches = len(next(iter(stack.labels.values())))
    tried = 0
    while tried < num_batches and not step.guard.halted().numpy():
        left = stack.at(slice(tried, None)) if tried else stack
        reports = StepReport(*(value.numpy() for value in step.run(left)))
        tried += len(reports.attempt)
        yield reports


def _norm(proposal: Proposal) -> tf.Tensor:
    """Returns the norm of all gradients together, as they were differentiated; float32."""
    return norm(norms([tf.cast(g.values, tf.float32) for g in proposal.gradients]))


def _arrays(step: Step, size: tf.Tensor) -> StepReport:
    num_watched = len(step.guard.watched)
    num_detected = len(step.objective.tasks) if step.detector else 0
    shapes = {
        "losses": (len(step.objective.tasks),),
        "learning_rates": (len(step.optimizer.groups),),
        "factors": (len(step.optimizer.trainable),),
        "watched": (num_watched,),
        "limits": (num_watched,),
        "symptoms": (num_detected,),
        "began": (num_detected,),
        "levels": (num_detected,),
        "norm_symptom": (min(num_detected, 1),),
    }
    dtypes = {"attempt": tf.int64, "step": tf.int64, "row": tf.int64}
    dtypes |= {"accept": tf.bool, "reason": tf.int32, "task": tf.int32, "variable": tf.int32}
    dtypes |= {"symptoms": tf.int32, "began": tf.bool, "norm_symptom": tf.int32}
    return StepReport(
        *(
            tf.TensorArray(dtypes.get(n, tf.float32), size, element_shape=shapes.get(n, ()))
            for n in StepReport._fields
        )
    )
