"""What is installed: lowest versions without known holes, and a lock of everything by hash."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
# The first version without a published vulnerability, of those that had one within our ranges.
CLEAN = {"jinja2": (3, 1, 6), "tqdm": (4, 66, 3), "werkzeug": (3, 1, 4), "requests": (2, 32, 4)}


def version(text):
    return tuple(int(part) for part in re.findall(r"\d+", text))


def asked():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    found = (re.match(r"([a-z0-9-]+)>=([\d.]+),<([\d.]+)", line) for line in lines)
    return {m[1]: (version(m[2]), version(m[3])) for m in found if m}


def locked():
    text = (ROOT / "requirements-lock.txt").read_text()
    return {name: version(v) for name, v in re.findall(r"^([a-z0-9-]+)==([\d.]+)", text, re.M)}


def test_the_lowest_versions_have_no_known_hole():
    for name, (lowest, _) in asked().items():
        assert lowest >= CLEAN.get(name, ()), name


def test_the_lock_holds_everything_asked_for_in_its_range_and_nothing_with_a_known_hole():
    lock = locked()
    for name, (lowest, above) in asked().items():
        assert lowest <= lock[name] < above, name
    for name, clean in CLEAN.items():
        assert lock[name] >= clean, name


def test_every_line_of_the_lock_has_hashes_and_none_a_place():
    text = (ROOT / "requirements-lock.txt").read_text()
    assert len(re.findall(r"^\S+==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", text, re.M)) == len(
        locked()
    )
    assert "://" not in text
