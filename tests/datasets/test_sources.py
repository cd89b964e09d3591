"""Where raw files come from: the user's, the cache, the server, the wheel; in this order."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from movielens_files import make_world, write_csv, write_recbole, zipped

from ranker.datasets.contract import Archive, Wheel
from ranker.datasets.errors import DatasetError, UnreachableError
from ranker.datasets.options import Options, expanded
from ranker.datasets.read import sources
from ranker.datasets.read.sources import find
from ranker.files import hold


class Notes:
    """A progress that keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def archive(tmp_path):
    """An archive of an edition, outside the cache."""
    return zipped(write_csv(tmp_path / "raw", make_world(step=0.5)), tmp_path / "x.zip")


def _published(archive: Path, **fields) -> Archive:
    """Returns where `archive` is published, and a wheel that has the same."""
    content = archive.read_bytes()
    wheel = Wheel("rec==1", "rec.whl", hashlib.sha256(content).hexdigest())
    md5 = hashlib.md5(content).hexdigest()
    return Archive(**{"url": "https://host/x.zip", "md5": md5, "wheel": wheel, **fields})


@pytest.fixture
def fetched(archive, monkeypatch):
    """What is asked of the network, which has `archive` unless it is told to be away."""

    class Network(list):
        is_away = False
        wheel = archive.read_bytes()

    network = Network()

    def download(url, path, *, md5, progress):
        network.append(url)
        if network.is_away:
            raise UnreachableError(f"{url}: not reachable: no route")
        path.write_bytes(archive.read_bytes())

    def download_wheel(requirement, path, *, sha256):
        network.append(requirement)
        if network.wheel is None:
            raise UnreachableError(f"pip download {requirement} failed: no index")
        path.write_bytes(network.wheel)

    monkeypatch.setattr(sources, "download", download)
    monkeypatch.setattr(sources, "download_wheel", download_wheel)
    return network


def _find(published: Archive, cache: Path, notes: Notes, **options):
    found = find(published, Options(cache=cache, **options), progress=notes)
    with found.files as files:
        assert "ratings.csv" in files
    return found.description


def test_what_the_user_names_comes_first(archive, fetched, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "x.zip").write_bytes(archive.read_bytes())
    for source in (archive, tmp_path / "raw"):
        description = _find(_published(archive), tmp_path / "cache", Notes(), source=source)
        assert description["from"] == "source"
        assert description["path"] == str(source)
    assert fetched == []


def test_a_cached_file_is_read_and_nothing_fetched(archive, fetched, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "x.zip").write_bytes(archive.read_bytes())
    published = _published(archive)
    description = _find(published, tmp_path / "cache", Notes())
    assert (description["from"], description["md5"]) == ("cache", published.md5)
    assert fetched == []


def test_a_cached_wheel_is_read_and_nothing_fetched(archive, fetched, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "rec.whl").write_bytes(archive.read_bytes())
    assert _find(_published(archive), tmp_path / "cache", Notes())["path"].endswith("rec.whl")
    assert fetched == []


def test_a_cached_file_with_a_wrong_checksum_is_fetched_again(archive, fetched, tmp_path):
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "x.zip").write_bytes(b"half")
    notes = Notes()
    assert _find(_published(archive), cache, notes)["from"] == "https://host/x.zip"
    assert fetched == ["https://host/x.zip"]
    found, expected = hashlib.md5(b"half").hexdigest(), _published(archive).md5
    assert notes.said[0].endswith(f"x.zip: md5 is {found}, not {expected}: not used")


def test_an_edition_without_a_checksum_is_taken_from_the_cache(archive, fetched, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "x.zip").write_bytes(archive.read_bytes())
    _find(_published(archive, md5=""), tmp_path / "cache", Notes())
    assert fetched == []


def test_without_a_cache_it_is_downloaded_and_kept(archive, fetched, tmp_path):
    notes = Notes()
    published, cache = _published(archive), tmp_path / "new" / "cache"
    assert _find(published, cache, notes)["from"] == "https://host/x.zip"
    assert notes.said == ["downloading https://host/x.zip"]
    assert _find(published, cache, notes)["from"] == "cache"
    assert fetched == ["https://host/x.zip"]


def test_without_the_server_the_wheel_has_it(archive, fetched, tmp_path):
    fetched.is_away = True
    notes = Notes()
    description = _find(_published(archive), tmp_path / "cache", notes)
    assert description["from"] == "pip download rec==1"
    assert fetched == ["https://host/x.zip", "rec==1"]
    assert notes.said[1] == (
        "https://host/x.zip: not reachable: no route; trying pip download rec==1"
    )


def test_without_either_both_are_named(archive, fetched, tmp_path):
    fetched.is_away, fetched.wheel = True, None
    with pytest.raises(UnreachableError) as caught:
        _find(_published(archive), tmp_path / "cache", Notes())
    assert str(caught.value) == (
        "https://host/x.zip: not reachable: no route; and pip download rec==1 failed: no index"
    )


def test_an_edition_without_a_wheel_says_what_to_do(archive, fetched, tmp_path):
    fetched.is_away = True
    with pytest.raises(UnreachableError, match=r"no route; if you have x\.zip, name it with --so"):
        _find(_published(archive, wheel=None), tmp_path / "cache", Notes())


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "HOME"])
def test_the_users_cache_is_the_default(archive, fetched, tmp_path, monkeypatch, variable):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    find(_published(archive), Options(), progress=Notes())
    folder = tmp_path / "ranker" if variable == "XDG_CACHE_HOME" else tmp_path / ".cache/ranker"
    assert [p.name for p in folder.iterdir()] == ["x.zip"]


def test_a_source_that_is_not_there_is_an_error(archive, tmp_path):
    with pytest.raises(DatasetError, match="nowhere: no such folder or archive"):
        _find(_published(archive), tmp_path, Notes(), source=tmp_path / "nowhere")


def test_a_cache_that_cannot_be_made_is_a_sentence_with_the_way_out(archive, fetched, tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(DatasetError, match=r"cache: cannot be used: .*; name another folder with"):
        _find(_published(archive), tmp_path / "cache", Notes())


def test_recbole_files_are_found_in_their_folder(tmp_path):
    folder = write_recbole(tmp_path / "ml-100k", make_world())
    found = find(
        _published(zipped(folder, tmp_path / "rec.zip")),
        Options(source=tmp_path / "rec.zip"),
        progress=Notes(),
    )
    assert "ml-100k.inter" in found.files


def _without_a_home(monkeypatch):
    """As a container with a numeric user that no file knows."""

    def unknown(number):
        raise KeyError(number)

    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)


def test_without_a_home_directory_the_way_out_is_said(archive, fetched, tmp_path, monkeypatch):
    _without_a_home(monkeypatch)
    with pytest.raises(DatasetError) as caught:
        find(_published(archive), Options(), progress=Notes())
    assert str(caught.value) == (
        "no place to keep downloads: Could not determine home directory. Name a folder with "
        "--cache, or the raw files with --source"
    )
    _find(_published(archive), tmp_path / "cache", Notes())
    _find(_published(archive), tmp_path / "cache", Notes(), source=archive)


@pytest.mark.parametrize("path", ["~nosuchuser", "~nosuchuser/cache", "~/cache"])
def test_a_home_that_is_not_there_is_a_sentence_with_what_was_set(path, archive, monkeypatch):
    _without_a_home(monkeypatch)
    said = f"is {path!r}: there is no home directory for the ~; write the path in full"
    with pytest.raises(DatasetError) as caught:
        expanded("--source", path)
    assert str(caught.value) == f"--source {said}"
    monkeypatch.setenv("XDG_CACHE_HOME", path)
    with pytest.raises(DatasetError) as caught:
        find(_published(archive), Options(), progress=Notes())
    assert str(caught.value) == f"XDG_CACHE_HOME {said}"


def test_a_tilde_in_the_users_cache_is_the_home(archive, fetched, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "~/kept")
    find(_published(archive), Options(), progress=Notes())
    assert (tmp_path / "kept" / "ranker" / "x.zip").exists()


def test_what_another_process_fetches_is_waited_for_and_not_fetched_again(
    archive, fetched, tmp_path
):
    cache = tmp_path / "cache"
    notes, published = Notes(), _published(archive)
    with ThreadPoolExecutor(max_workers=1) as pool:
        with hold(cache / ".x.zip.lock", is_left=False):
            found = pool.submit(_find, published, cache, notes)
            while not notes.said:
                assert not found.done(), found.result()
            (cache / "x.zip").write_bytes(archive.read_bytes())
        assert found.result()["from"] == "cache"
    assert notes.said[0].endswith(
        ".x.zip.lock: another process is fetching it: waiting for that one"
    )
    assert fetched == []
    assert [path.name for path in cache.iterdir()] == ["x.zip"]
