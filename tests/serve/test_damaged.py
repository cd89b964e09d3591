"""A damaged export is one sentence, and no output, also without the manifest that tells of it."""

import shutil

import pytest

from ranker import serve
from ranker.serve.manifest import MANIFEST

pytestmark = pytest.mark.runs

CUT = {
    "half": lambda content: content[: len(content) // 2],
    "nothing": lambda content: b"",
    "noise": lambda content: bytes((byte * 7 + 3) % 256 for byte in content),
    "zeros": lambda content: bytes(len(content)),
    "text": lambda content: b"not found\n",
}
FILES = (
    "saved_model.pb",
    "variables/variables.index",
    "variables/variables.data-00000-of-00001",
    "assets.extra/schema.toml",
)


@pytest.fixture
def copied(version, tmp_path):
    return shutil.copytree(version, tmp_path / "1")


def said(copied, prepared, tmp_path) -> str:
    with pytest.raises((ValueError, OSError)) as caught:
        serve.predict(copied, prepared / "test.parquet", tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 600
    return text


@pytest.mark.parametrize("name", FILES)
def test_damage_is_found_before_tensorflow_reads_a_byte(
    copied, prepared, tmp_path, name, monkeypatch
):
    def load(_):
        raise AssertionError(name)

    monkeypatch.setattr("ranker.serve.served.tf.saved_model.load", load)
    (copied / name).write_bytes(CUT["half"]((copied / name).read_bytes()))
    assert said(copied, prepared, tmp_path).startswith(f"{copied}: damaged: {name} has changed; ")


@pytest.mark.parametrize("cut", CUT)
@pytest.mark.parametrize("name", FILES)
def test_without_a_manifest_it_is_a_sentence_too(copied, prepared, tmp_path, name, cut):
    (copied / MANIFEST).unlink()
    (copied / name).write_bytes(CUT[cut]((copied / name).read_bytes()))
    assert str(copied) in said(copied, prepared, tmp_path)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_gone_is_a_sentence_with_and_without_manifest(
    copied, prepared, tmp_path, name
):
    (copied / name).unlink()
    assert f"{name} is missing" in said(copied, prepared, tmp_path)
    (copied / MANIFEST).unlink()
    assert str(copied) in said(copied, prepared, tmp_path)


def test_a_model_of_another_schema_is_a_sentence(copied, prepared, tmp_path):
    (copied / MANIFEST).unlink()
    path = copied / "assets.extra/schema.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace('name = "like"', 'name = "click"'), "utf-8")
    assert "cannot score rows: " in said(copied, prepared, tmp_path)


def test_an_export_without_a_manifest_is_served(copied, prepared, tmp_path):
    (copied / MANIFEST).unlink()
    assert serve.predict(copied, prepared / "test.parquet", tmp_path / "out.parquet") == 100
