"""Folders and archives: the same bytes from both, and nothing that leads out of them."""

import hashlib
import stat
import tarfile
import zipfile

import pytest

from ranker.datasets.errors import DatasetError
from ranker.datasets.read.archives import Files

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
    with pytest.raises(DatasetError, match="is a link or a device, or leads out") as caught:
        Files(path)
    assert repr(name) in str(caught.value)


def test_a_member_without_a_name_is_refused(tmp_path):
    path = _archive(tmp_path / "x.zip", {"ml/x.csv": b"1"})
    path.write_bytes(path.read_bytes().replace(b"ml/x.csv", b"\0l/x.csv"))
    with pytest.raises(DatasetError, match="has no name"):
        Files(path)


def test_what_an_archive_has_is_told_on_one_line(tmp_path):
    path = _archive(tmp_path / "x.zip", {"ml/a\nb": b"1", **{"c" * 500: b"2"}})
    with Files(path) as files, pytest.raises(DatasetError) as caught:
        files.open("u.item")
    told = "no file 'u.item' in it; it has: 'a\\nb', "
    assert str(caught.value) == f"{path}: {told}{'c' * (300 - 8)}"


def test_a_link_is_refused(tmp_path):
    path = _archive(tmp_path / "x.zip", {"ml/x.csv": b"/etc/passwd"}, mode=stat.S_IFLNK | 0o777)
    with pytest.raises(DatasetError, match=r"'ml/x\.csv' is a link"):
        Files(path)


@pytest.mark.parametrize("kind", [stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_a_device_is_refused(tmp_path, kind):
    path = _archive(tmp_path / "x.zip", {"ml/x.csv": b""}, mode=kind | 0o666)
    with pytest.raises(DatasetError, match=r"'ml/x\.csv' is a link or a device"):
        Files(path)


def test_a_tar_is_no_zip_whatever_is_in_it(tmp_path):
    for kind in (tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE):
        with tarfile.open(tmp_path / "x.tar", "w") as archive:
            member = tarfile.TarInfo("../x.csv")
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
        with pytest.raises(DatasetError, match=r"x\.tar: not a zip archive"):
            Files(tmp_path / "x.tar")


def test_what_grows_a_hundred_times_is_refused_if_it_is_large(tmp_path):
    """100 MB of zeros are about 100 kB deflated; 60 MB are let in, and bounded by that."""
    for name, size in (("small", 60_000_000), ("large", 100_000_000)):
        path = tmp_path / f"{name}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr("ml/x.csv", bytes(size))
    assert "x.csv" in Files(tmp_path / "small.zip")
    message = r"'ml/x\.csv' grows from [0-9]+ to 100000000 bytes, more than 100 times"
    with pytest.raises(DatasetError, match=message):
        Files(path)


def test_a_member_that_holds_more_than_it_says_is_not_read_on(tmp_path):
    path = _archive(tmp_path / "x.zip", {"x.csv": bytes(5_000)})
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02") + 24  # the directory's uncompressed size
    data[at : at + 4] = (100).to_bytes(4, "little")
    path.write_bytes(data)
    message = r"x\.csv is damaged in the archive after 0 bytes: Bad CRC"
    with (
        Files(path) as files,
        files.open("x.csv") as stream,
        pytest.raises(DatasetError, match=message),
    ):
        stream.read()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression_is_refused(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "x.zip", "w", method) as archive:
        archive.writestr("x.csv", CONTENT)
    with pytest.raises(DatasetError, match=f"'x.csv' is compressed by method {method}"):
        Files(tmp_path / "x.zip")


def test_ten_thousand_members_are_refused(tmp_path):
    _archive(tmp_path / "x.zip", {f"{i}": b"" for i in range(10_001)})
    with pytest.raises(DatasetError, match=r"refused: more than 10,000 files in it"):
        Files(tmp_path / "x.zip")


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
    with (
        Files(path) as files,
        pytest.raises(DatasetError, match=r"cannot read 'x\.csv': .*encrypt"),
    ):
        files.open("x.csv")


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"nowhere: no such folder or archive"):
        Files(tmp_path / "nowhere")
    folder = _folder(tmp_path / "data", "x.csv")
    message = r"no file 'u\.data' in it; it has: x\.csv"
    with Files(folder) as files, pytest.raises(DatasetError, match=message):
        files.open("u.data")
