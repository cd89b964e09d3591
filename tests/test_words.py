"""One word a thing: words that were coined here once name nothing any more."""

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# What is not said, and what is said for it.
FORMER = {
    "absent": "no findings, or missing",
    "admit": "filter valid",
    "bench": "trial executor",
    "choices": "selection",
    "clippable": "clip input",
    "conclude": "preparation result",
    "cuts": "call boundaries",
    "door": "row validator",
    "draft": "step proposal, or unclipped change",
    "facts": "metadata",
    "finding": "violation",
    "form": "graph signature",
    "goods": "known good",
    "knob": "graph input",
    "lab": "experiment",
    "ladder": "recovery",
    "levers": "controls",
    "mend": "fix",
    "noted": "new statistics",
    "owes": "has pending evaluation",
    "passes": "epochs",
    "place": "index, position or location",
    "places": "indices",
    "recent": "running window",
    "refusals": "rejected rows",
    "replacing": "atomic folder",
    "rescue": "recovery",
    "room": "package",
    "rung": "stage",
    "settle": "finish",
    "shallow": "wide part",
    "skip": "spike filter",
    "spill": "external sort",
    "spoil": "corrupt",
    "standing": "state",
    "subjects": "fault targets",
    "tell": "on progress",
    "tells": "reports",
    "ties": "logit residuals",
    "told": "reported",
    "tries": "run attempts",
    "turn": "assign",
}
PAIRS = {
    ("bad", "rows"): "rejected rows",
    ("look", "up"): "embed",
    ("known", "best"): "Bayes-optimal",
}

# Names that may have one, since there it means something else.
ALLOWED = {
    "max_refusals": "attempts that the guard refuses, not rows",
    "refusals": "attempts that the guard refused",
    "Refusals": "of the report: attempts that the guard refused",
    "Findings": "what the detector found",
    "no_findings": "what the detector found: nothing",
    "Finding": "what a check of the gate found",
    "_finding": "what a check of the gate found",
    "findings": "what the checks of the gate found",
    "form": "the format of a file; `format` is a function of Python",
    "_form_of": "the format of a file",
    "_recent_residual": "the feature user_recent_residual of MovieLens, which prepared data hold",
    "of_ties": "scores that are equal",
    "settle_attempts": "attempts after an escalation in which the stage is left to work",
    "standing": "the directory that holds what is current, beside one half replaced",
    "facts": "what is known of a column, a day or prepared data; no metadata of a comparison",
    "Facts": "what preparation learnt of its training rows",
    "read_facts": "see Facts",
    "write_facts": "see Facts",
}


def names() -> Iterator[tuple[str, str]]:
    """Yields the name of each module, class, function, parameter and setting, and where it is."""
    for path in sorted((ROOT / "ranker").rglob("*.py")):
        where = str(path.relative_to(ROOT))
        yield path.stem, where
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                yield node.name, f"{where}:{node.lineno}"
                for field in node.body:
                    if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                        yield field.target.id, f"{where}:{field.lineno}"
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.name, f"{where}:{node.lineno}"
            elif isinstance(node, ast.arg):
                yield node.arg, f"{where}:{node.lineno}"


NAMES = list(names())


def words(name: str) -> list[str]:
    """Returns the words of a name in any case."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)]


def former(name: str) -> list[str]:
    """Returns what to say for each word of a name that is not said any more."""
    said = words(name)
    single = [
        FORMER[one] for word in said for one in {word, word.removesuffix("s")} & FORMER.keys()
    ]
    return single + [PAIRS[pair] for pair in itertools.pairwise(said) if pair in PAIRS]


def test_no_name_has_a_word_that_is_not_said():
    found = [
        f"{where}: {name}: say {' / '.join(instead)}"
        for name, where in NAMES
        if name not in ALLOWED and (instead := former(name))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", ALLOWED)
def test_an_exception_is_of_a_name_that_there_is(name):
    assert former(name), "it needs no exception"
    assert name in {name for name, _ in NAMES}, "nothing is called so"


@pytest.mark.parametrize(
    ("name", "is_found"),
    [("Door", True), ("num_places", True), ("BadRows", True), ("look_up", True), ("knobs", True),
     ("index", False), ("placed", False), ("bad", False), ("turned", False), ("HTTPForm", True)],
)  # fmt: skip
def test_a_former_word_is_seen_in_any_case(name, is_found):
    assert bool(former(name)) == is_found
