"""A worker that is not the chief: it does what the chief says, until that says how it ends."""

import contextlib
import dataclasses
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

from ranker.input.batch import Batch
from ranker.input.stream import Batches
from ranker.spec.run import RunConfig
from ranker.train.plan import Plan
from ranker.wiring.identity import identify
from ranker.wiring.leading import digest_of_reports, digest_of_variables, ready, set_controls
from ranker.wiring.run import build_plan, build_run
from ranker.wiring.team import Team
from ranker.wiring.training import build_stream, open_training
from ranker.workers.peers import LostError


class Ending(NamedTuple):
    """How the chief ended the run.

    Attributes:
      code: with which every worker ends.
      why: what went wrong there; "" if nothing did.
    """

    code: int
    why: str


def follow(config: RunConfig, team: Team, *, signal: Callable[[], int | None]) -> Ending:
    """Builds the run, and trains its part of each batch as the chief says.

    Args:
      signal: the number of a signal that this process was sent, None for none: the chief then
        saves and stops.

    Raises:
      OSError, ValueError: for what cannot be read, or is wrong with it.
      LostError: if the chief is gone.
    """
    run = build_run(config, share=team.share)
    run = dataclasses.replace(run, identity=identify(config, run.schema))
    examples = open_training(run, on_progress=lambda num_read, num_rows: None)
    stream = build_stream(config, examples, part=team.cluster.part(config.data.batch_size))
    step = run.step
    step.trace(stream.stack(0, 0))
    with contextlib.suppress(LostError):  # how it ended may have been said before
        team.peers.send({"ready": ready(run, len(examples))})
    said: list[int] = []

    def waiting() -> None:
        if (number := signal()) and not said:
            said.append(number)
            team.peers.send({"signal": number})

    with _Ahead(stream, build_plan(config, len(examples))) as ahead:
        while True:
            order = team.peers.receive(0, waiting=waiting)
            if order["do"] == "end":
                return Ending(int(order["code"]), str(order["why"]))
            if order["do"] == "take":
                team.together(lambda: team.collectives.receive(step.variables))
            elif order["do"] == "digest":
                set_controls(step, order["set"])
                team.peers.send({"digest": digest_of_variables(step)})
            else:
                set_controls(step, order["set"])
                stack = ahead.stack(order["first"], order["num"])
                reports = team.together(lambda stack=stack: step.run(stack).numpy())
                team.peers.send({"digest": digest_of_reports(reports)})


class _Ahead:
    """Reads the batches of the next call while a call is made."""

    def __init__(self, stream: Batches, plan: Plan) -> None:
        self._stream = stream
        self._plan = plan
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="read-ahead")
        self._next: tuple[tuple[int, int], Future[Batch]] | None = None

    def __enter__(self) -> "_Ahead":
        return self

    def __exit__(self, *raised: Any) -> None:
        self._reader.shutdown(wait=False, cancel_futures=True)

    def stack(self, first: int, num: int) -> Batch:
        """Returns those batches; starts to read those of the call after."""
        if self._next and self._next[0] == (first, num):
            found = self._next[1].result()
        else:  # at the start, and where the guard halted inside a call
            found = self._reader.submit(self._stream.stack, first, num).result()
        following = next(iter(self._plan.call_boundaries(first + num)), None)
        if following is not None:
            self._next = following, self._reader.submit(self._stream.stack, *following)
        return found
