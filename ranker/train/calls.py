"""A stack of batches as calls of the step: one, or more where the guard halts in between."""

from collections.abc import Iterator

from ranker.input.batch import Batch
from ranker.train.report import StepReport
from ranker.train.step import Step


def run_attempts(step: Step, stack: Batch) -> Iterator[StepReport]:
    """Yields the reports of calls, as NumPy arrays, until all of `stack` has been tried.

    It takes more than one if the guard halts and whoever gets the reports clears that, and
    ends if they do not.
    """
    num_batches, tried = len(next(iter(stack.labels.values()))), 0
    while tried < num_batches and not step.guard.halted().numpy():
        left = stack.at(slice(tried, None)) if tried else stack
        reports = step.run(left).numpy()
        tried += len(reports.attempt)
        yield reports
