"""Training on several workers: who leads, who follows, and how all of them end."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from ranker.cli import cluster as environment
from ranker.cli import program
from ranker.cli.cluster import say
from ranker.spec.run import RunConfig
from ranker.workers import Cluster, LostError

_DONE_SECONDS = 10.0


@contextlib.contextmanager
def leading(config: RunConfig, cluster: Cluster | None, done: object) -> Iterator:
    """Gives what leads the other workers of `cluster`; None where this process is alone.

    If an error ends the run, the others are told to end too.

    Args:
      done: the result of a run that has nothing left to do: who comes soon is told so.
    """
    if cluster is None:
        yield None
        return
    if done:
        with contextlib.suppress(LostError), _joined(config, cluster, _DONE_SECONDS) as lead:
            lead.end(0)
        yield None
        return
    with _joined(config, cluster, environment.WAIT.value) as lead:
        try:
            yield lead
        except LostError:
            raise
        except Exception as error:
            with contextlib.suppress(Exception):
                lead.end(program.BAD_INPUT, program.sentence(error))
            raise


def follow(config: RunConfig, cluster: Cluster) -> int:
    """Trains as the chief says; returns the exit code, which is the chief's."""
    from ranker import train
    from ranker.wiring import following

    with (
        _joined(config, cluster, environment.WAIT.value) as lead,
        train.StopSignals(say) as signals,
    ):
        team = lead.team
        try:
            ending = following.follow(config, team, signal=lambda: signals.received)
        except (ValueError, OSError) as error:
            said = f"{cluster.name(cluster.rank)}: {program.sentence(error)}"
            with contextlib.suppress(Exception):
                team.peers.send({"refused": said})
            raise
    if ending.why:
        say(f"{cluster.name(0)}: {ending.why}")
    return ending.code


def end(lead: Any, code: int) -> None:
    """Tells the other workers, if there are some, with which code all end."""
    if lead:
        lead.end(code)


@contextlib.contextmanager
def _joined(config: RunConfig, cluster: Cluster, wait: float) -> Iterator:
    from ranker.wiring.leading import Leading
    from ranker.wiring.team import Patience, join

    patience = Patience(float(wait), float(environment.TIMEOUT.value))
    team = join(config, cluster, patience, say=say, on_stuck=_give_up)
    with contextlib.closing(team.peers):
        yield Leading(team)


def _give_up(why: str) -> None:
    """Ends the process where it waits in an operation that nothing else ends."""
    program.refuse(why)
    os._exit(program.LOST)
