"""A stack of batches as calls of the step: one, or more where the guard halts in between."""

from collections.abc import Callable, Iterator

from ranker.input.batch import Batch
from ranker.train.report import StepReport
from ranker.train.step import Step

# Tries a stack in one call of the step; returns the reports, as NumPy arrays.
Call = Callable[[Step, Batch], StepReport]


def call_alone(step: Step, stack: Batch) -> StepReport:
    """Tries `stack` where no other worker takes part."""
    return step.run(stack).numpy()


def run_attempts(step: Step, stack: Batch, call: Call = call_alone) -> Iterator[StepReport]:
    """Yields the reports of calls, as NumPy arrays, until all of `stack` has been tried.

    It takes more than one if the guard halts and whoever gets the reports clears that, and
    ends if they do not.
    """
    num_batches, tried = len(next(iter(stack.labels.values()))), 0
    while tried < num_batches and not step.guard.halted().numpy():
        left = stack.at(slice(tried, None)) if tried else stack
        reports = call(step, left)
        tried += len(reports.attempt)
        yield reports
