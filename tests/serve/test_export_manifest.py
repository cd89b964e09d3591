"""The manifest of an export: any change to any file of it is one sentence that names it."""

import json
import os
import shutil
from pathlib import Path

import pytest

from ranker import serve
from ranker.serve.manifest import MANIFEST, check_manifest, write_manifest

pytestmark = pytest.mark.runs

FILES = ("saved_model.pb", "variables/variables.index", "assets.extra/origin.json", "added/later")


@pytest.fixture
def version(tmp_path):
    """A folder like an export's."""
    for name in FILES:
        (tmp_path / "1" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "1" / name).write_bytes(name.encode() * 20 + bytes(50))
    (tmp_path / "1" / "assets.extra").mkdir(exist_ok=True)
    write_manifest(tmp_path / "1")
    return tmp_path / "1"


def test_it_is_of_every_file_but_itself(version):
    write_manifest(version)  # again: it does not count itself
    assert sorted(json.loads((version / MANIFEST).read_text())["files"]) == sorted(FILES)
    check_manifest(version)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def swap_for_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def swap_for_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGES = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "empty": lambda path: path.write_bytes(b""),
    "a bit": flip,
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "gone": Path.unlink,
    "a folder": swap_for_folder,
    "a pipe": swap_for_pipe,
    "another's": lambda path: path.write_bytes(b'{"files": {}, "sha256": ""}\n'),
    "no text": lambda path: path.write_bytes(b"\xff\xfe"),
    "deep": lambda path: path.write_text("[" * 100_000),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", [*FILES, MANIFEST])
def test_any_damage_to_any_file_is_a_sentence(version, name, damage):
    DAMAGES[damage](version / name)
    if name == MANIFEST and damage == "gone":
        check_manifest(version)  # an export of before there were manifests
        return
    with pytest.raises(serve.DamagedExportError) as caught:
        check_manifest(version)
    said = str(caught.value)
    assert said.startswith(f"{version}: damaged: {name}")
    assert said.endswith("; export the model again")
    assert "\n" not in said


def test_each_damaged_file_is_named(version):
    flip(version / FILES[0])
    (version / FILES[1]).unlink()
    with pytest.raises(serve.DamagedExportError, match=f"{FILES[0]} has changed; {FILES[1]} is m"):
        check_manifest(version)


def test_files_of_another_export_are_not_its_own(version, tmp_path):
    other = tmp_path / "2"
    shutil.copytree(version, other)
    flip(other / FILES[0])
    write_manifest(other)
    shutil.copy(other / FILES[0], version / FILES[0])
    with pytest.raises(serve.DamagedExportError, match="has changed"):
        check_manifest(version)
    shutil.copy(other / MANIFEST, version / MANIFEST)
    check_manifest(version)  # now all of it is the other's


def test_a_file_beside_is_not_the_models(version):
    (version / "notes.txt").write_text("mine")
    check_manifest(version)
