"""One test of many files or parts, where a test each would take longer than what it looks at."""

from collections.abc import Callable, Collection
from typing import TypeVar

import pytest

Case = TypeVar("Case")


def of_each(
    cases: Collection[Case], name: Callable[[Case], str] = str
) -> Callable[[Callable[[Case], None]], Callable[[], None]]:
    """Makes one test of a check of one case: it fails with all cases that do not hold, by name."""

    def wrap(check: Callable[[Case], None]) -> Callable[[], None]:
        def test() -> None:
            assert cases
            failed = []
            for case in cases:
                try:
                    check(case)
                except (AssertionError, pytest.fail.Exception) as error:
                    failed.append("\n".join([f"{name(case)}: {error}", *notes(error)]))
                except Exception as error:
                    error.add_note(f"of {name(case)}")
                    raise
            assert not failed, f"{len(failed)} of {len(cases)}:\n" + "\n".join(failed)

        test.__doc__ = check.__doc__
        return test

    return wrap


def notes(error: BaseException) -> list[str]:
    """Returns what was added to an error: Hypothesis tells its example so."""
    return getattr(error, "__notes__", [])
