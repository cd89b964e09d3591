"""Hostile input, made by hypothesis, counted, and timed: what tests of several doors share.

Each run of the tests sees the same cases, so a fault is found by who looks for one, `make fuzz`
with another FUZZ_SEED, and not by who changed something else.
"""

import collections
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

CASES: collections.Counter[str] = collections.Counter()  # by door, told in pytest's summary
_SEED = int(os.environ.get("FUZZ_SEED", "0"))
_MAX_SECONDS = 20  # for one case: what takes longer hangs

Case = TypeVar("Case")

_HOSTILE = (
    *(b"", b"\0", b"\n", b"\r", b"\r\n", b"\n\n", b'"', b"'", b",", b"|", b"::", b"\t", b"="),
    *(b"-1", b"nan", b"inf", b"1e309", b"0x10", b"9" * 19, b"9" * 5000, b"1_0", b"+1", b" 7 "),
    *(b"\xff\xfe", b"\xef\xbb\xbf", b"\xc0\x80", b"\xb2", "\u0663".encode(), "\u2028".encode()),
    *(b"\xed\xa0\x80", b"[" * 2000, b"../../x", b"x" * 20_000, b"<script>", b"%s{}"),
)


def fuzz(
    door: str, cases: st.SearchStrategy[Case], check: Callable[[Case], None], *, num_cases: int
) -> None:
    """Runs `check` on so many `cases`, the same ones under the same FUZZ_SEED.

    A case that takes more than 20 s fails, as hanging.
    """

    @seed(_SEED)
    @settings(
        max_examples=num_cases,
        deadline=None,  # the alarm also ends a case that never would
        database=None,
        phases=(Phase.generate, Phase.shrink),  # explaining traces each line: slow
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def run(case: Case) -> None:
        CASES[door] += 1
        with _alarm():
            check(case)

    run()


@st.composite
def mutated(draw: st.DrawFn, data: bytes) -> bytes:
    """Returns `data` with one to four injuries."""
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        end = at + draw(st.sampled_from((0, 1, 1, 2, 4, 16, 400)))
        match draw(st.sampled_from(("byte", "hostile", "cut", "double", "drop", "all"))):
            case "byte":
                data = data[:at] + draw(st.binary(min_size=1, max_size=4)) + data[end:]
            case "hostile":
                data = data[:at] + draw(st.sampled_from(_HOSTILE)) + data[end:]
            case "cut":
                data = data[:at]
            case "double":
                data = data[:end] + data[at:]
            case "drop":
                data = data[:at] + data[end:]
            case "all":
                old, new = draw(st.sampled_from(_HOSTILE[1:13])), draw(st.sampled_from(_HOSTILE))
                data = data.replace(old, new[:20])
    return data


@contextmanager
def _alarm() -> Iterator[None]:
    def give_up(number: int, frame: object) -> None:
        raise AssertionError(f"hung for {_MAX_SECONDS} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(_MAX_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
