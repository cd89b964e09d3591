"""Manifests and documents with a digest of themselves: any change of them shows."""

import hashlib
import json
import os

import pytest

from ranker.files import (
    DamagedError,
    damage,
    file_digest,
    read_manifest,
    read_sealed,
    write_manifest,
    write_sealed,
)

DIGESTS = {"b": "12", "a/é": "34"}


def test_a_manifest_comes_back_and_its_text_is_as_ever(tmp_path):
    path = tmp_path / "manifest.json"
    write_manifest(path, DIGESTS, key="files")
    assert list(read_manifest(path, key="files").items()) == list(DIGESTS.items())
    itself = hashlib.sha256(b'{"b": "12", "a/\\u00e9": "34"}').hexdigest()
    assert path.read_text() == (
        '{\n "files": {\n  "b": "12",\n  "a/\\u00e9": "34"\n },\n "sha256": "' + itself + '"\n}\n'
    )


def test_any_change_of_a_manifest_shows(tmp_path):
    path = tmp_path / "manifest.json"
    write_manifest(path, DIGESTS, key="files")
    whole = path.read_bytes()
    changes = [whole[:k] for k in range(len(whole))]
    changes += [whole[:k] + bytes([whole[k] ^ 1]) + whole[k + 1 :] for k in range(len(whole))]
    changes += [b"[" * 100_000, b"[]", b"1", whole + b" ", b'{"files": {}, "sha256": ""}\n']
    for change in changes:
        path.write_bytes(change)
        with pytest.raises(DamagedError, match=rf"^{path}: (no manifest: .*|not as it was wri.*)$"):
            read_manifest(path, key="files")
    path.write_bytes(whole)
    with pytest.raises(DamagedError, match="no manifest: 'digests'"):
        read_manifest(path, key="digests")
    path.unlink()
    with pytest.raises(FileNotFoundError):
        read_manifest(path, key="files")


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_a_manifest_that_is_no_file_is_damaged_and_not_waited_for(tmp_path, make):
    make(tmp_path / "manifest.json")
    with pytest.raises(DamagedError, match="no manifest"):
        read_manifest(tmp_path / "manifest.json", key="files")


def test_the_damage_of_a_file_is_told(tmp_path):
    path = tmp_path / "file"
    path.write_text("whole")
    expected = file_digest(path)
    assert damage(path, expected) == ""
    path.write_text("whale")
    assert damage(path, expected) == "has changed"
    path.unlink()
    assert damage(path, expected) == "is missing"
    os.mkfifo(path)
    assert damage(path, expected) == "is no file"


def test_a_document_comes_back_and_any_change_of_it_shows(tmp_path):
    path = tmp_path / "RESULT.json"
    document = {"status": "completed", "metrics": {"test": {"auc": 0.8125, "rows": 7}}, "a": None}
    write_sealed(path, document)
    assert read_sealed(path) == document
    itself = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    assert path.read_text() == json.dumps({**document, "sha256": itself}, indent=2) + "\n"
    whole = path.read_text()
    changes = [whole[:k] for k in range(len(whole) - 1)]
    changes += ["", "[]", "1", "null", "{}", "[" * 100_000, whole.replace("0.8125", "0.8126")]
    for change in changes:
        path.write_text(change)
        with pytest.raises(DamagedError, match=rf"^{path}: not as it was written$"):
            read_sealed(path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        read_sealed(path)
