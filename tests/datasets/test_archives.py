"""Folders and archives: the same bytes from both, and nothing that leads out of them."""

import hashlib
import stat
import zipfile

import pytest

from ranker.datasets.archives import Files
from ranker.datasets.errors import DatasetError

CONTENT = b"a,b\n" * 5_000


def _archive(path, members: dict[str, bytes], *, mode: int = 0):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, content)
    return path


def _folder(path, name: str):
    (path / name).parent.mkdir(parents=True, exist_ok=True)
    (path / name).write_bytes(CONTENT)
    return path


@pytest.mark.parametrize("name", ["x.csv", "ml/x.csv"])
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_file_is_found_by_its_base_name_and_hashed(tmp_path, kind, name):
    if kind == "folder":
        path = _folder(tmp_path / "data", name)
    else:
        path = _archive(tmp_path / "x.zip", {"a/b/c/x.csv": b"deeper", name: CONTENT})
    with Files(path) as files, files.open("x.csv") as stream:
        assert "x.csv" in files
        assert "y.csv" not in files
        assert stream.readline() == b"a,b\n"
        assert len(stream.read()) == len(CONTENT) - 4
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    assert files.read == {"x.csv": {"bytes": len(CONTENT), "sha256": sha256}}


@pytest.mark.parametrize(
    "name", ["/etc/x.csv", "../x.csv", "ml/../../x.csv", "..\\x.csv", "C:\\x.csv", "C:x.csv"]
)
def test_a_member_that_leads_out_is_refused(tmp_path, name):
    path = _archive(tmp_path / "x.zip", {"ml/fine.csv": b"1", name: b"2"})
    with pytest.raises(DatasetError, match="is a link, or leads out of the archive") as caught:
        Files(path)
    assert repr(name) in str(caught.value)


def test_a_link_is_refused(tmp_path):
    path = _archive(tmp_path / "x.zip", {"ml/x.csv": b"/etc/passwd"}, mode=stat.S_IFLNK | 0o777)
    with pytest.raises(DatasetError, match=r"'ml/x\.csv' is a link"):
        Files(path)


@pytest.mark.parametrize("kept", [0, 10, 0.5, 0.99], ids=str)
def test_a_truncated_archive_is_an_error(tmp_path, kept):
    whole = _archive(tmp_path / "x.zip", {"x.csv": CONTENT}).read_bytes()
    size = kept if isinstance(kept, int) else int(kept * len(whole))
    (tmp_path / "x.zip").write_bytes(whole[:size])
    with pytest.raises(DatasetError, match=rf"not a zip archive, or a truncated one \({size} byte"):
        Files(tmp_path / "x.zip")


def test_damage_inside_an_archive_is_an_error_when_it_is_read(tmp_path):
    path = _archive(tmp_path / "x.zip", {"x.csv": bytes(range(256)) * 400})
    data = bytearray(path.read_bytes())
    data[100] ^= 0xFF
    path.write_bytes(data)
    with (
        Files(path) as files,
        pytest.raises(DatasetError, match=r"x\.zip: x\.csv is damaged in the archive"),
        files.open("x.csv") as stream,
    ):
        stream.read()


def test_an_encrypted_member_is_an_error(tmp_path):
    path = _archive(tmp_path / "x.zip", {"x.csv": CONTENT})
    data = path.read_bytes()
    at = data.index(b"PK\x01\x02") + 8
    path.write_bytes(data[:at] + b"\x01" + data[at + 1 :])  # the directory's "encrypted" flag
    with Files(path) as files, pytest.raises(DatasetError, match=r"cannot read x\.csv: .*encrypt"):
        files.open("x.csv")


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"nowhere: no such folder or archive"):
        Files(tmp_path / "nowhere")
    folder = _folder(tmp_path / "data", "x.csv")
    message = r"no file 'u\.data' in it; it has: x\.csv"
    with Files(folder) as files, pytest.raises(DatasetError, match=message):
        files.open("u.data")
