"""Downloads from a server of our own: resumed, checked, and never half there."""

import hashlib
import http.server
import socket
import threading
import zipfile

import pytest

from ranker.datasets.errors import DatasetError, UnreachableError
from ranker.datasets.progress import Progress
from ranker.datasets.read.download import download, download_wheel

pytestmark = pytest.mark.runs

CONTENT = bytes(range(256)) * 4_000
MD5 = hashlib.md5(CONTENT).hexdigest()
QUIET = Progress(is_shown=False)


class Server(http.server.ThreadingHTTPServer):
    """Serves CONTENT; `cut` bytes are sent of each answer, and ranges are kept to or not."""

    cut = len(CONTENT)
    keeps_ranges = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.ranges: list[str | None] = []


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        if not self.path.endswith("/x.zip"):
            self.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        start = start if self.server.keeps_ranges else 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        self.wfile.write(CONTENT[start : start + self.server.cut])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def url(server):
    return f"http://127.0.0.1:{server.server_port}/x.zip"


def test_a_whole_file_arrives(url, tmp_path):
    download(url, tmp_path / "x.zip", md5=MD5, progress=QUIET)
    assert (tmp_path / "x.zip").read_bytes() == CONTENT
    assert [p.name for p in tmp_path.iterdir()] == ["x.zip"]


def test_a_broken_download_goes_on_where_it_stopped(server, url, tmp_path):
    server.cut = 300_001
    for done in (300_001, 600_002, 900_003):
        with pytest.raises(UnreachableError, match=r"x\.zip"):
            download(url, tmp_path / "x.zip", md5=MD5, progress=QUIET)
        assert (tmp_path / "x.zip.part").stat().st_size == done
        assert not (tmp_path / "x.zip").exists()
    download(url, tmp_path / "x.zip", md5=MD5, progress=QUIET)
    assert (tmp_path / "x.zip").read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=300001-", "bytes=600002-", "bytes=900003-"]


def test_a_server_without_ranges_starts_over(server, url, tmp_path):
    server.keeps_ranges = False
    (tmp_path / "x.zip.part").write_bytes(CONTENT[:1000])
    download(url, tmp_path / "x.zip", md5=MD5, progress=QUIET)
    assert (tmp_path / "x.zip").read_bytes() == CONTENT


def test_a_partial_file_that_is_whole_is_taken(server, url, tmp_path):
    (tmp_path / "x.zip.part").write_bytes(CONTENT)
    download(url, tmp_path / "x.zip", md5=MD5, progress=QUIET)
    assert (tmp_path / "x.zip").read_bytes() == CONTENT
    assert server.ranges == [f"bytes={len(CONTENT)}-"]


def test_without_a_checksum_nothing_is_resumed(server, url, tmp_path):
    (tmp_path / "x.zip.part").write_bytes(b"an older edition")
    download(url, tmp_path / "x.zip", md5="", progress=QUIET)
    assert (tmp_path / "x.zip").read_bytes() == CONTENT
    assert server.ranges == [None]


def test_a_wrong_checksum_is_an_error_and_leaves_nothing(url, tmp_path):
    with pytest.raises(DatasetError) as caught:
        download(url, tmp_path / "x.zip", md5="0" * 32, progress=QUIET)
    message = f"wrong checksum: md5 of its {len(CONTENT)} bytes is {MD5}, expected {'0' * 32}"
    assert message in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_partial_file_is_not_kept(url, tmp_path):
    (tmp_path / "x.zip.part").write_bytes(b"?" * 1000)
    with pytest.raises(DatasetError, match="wrong checksum"):
        download(url, tmp_path / "x.zip", md5=MD5, progress=QUIET)
    download(url, tmp_path / "x.zip", md5=MD5, progress=QUIET)
    assert (tmp_path / "x.zip").read_bytes() == CONTENT


def test_a_file_that_is_not_there_says_so(server, url, tmp_path):
    with pytest.raises(UnreachableError, match=r"y\.zip: not reachable: Not Found"):
        download(url.replace("x.zip", "y.zip"), tmp_path / "x.zip", md5=MD5, progress=QUIET)


def test_a_closed_port_is_unreachable(tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/x.zip"
    with pytest.raises(UnreachableError, match=r"not reachable: .*refused"):
        download(url, tmp_path / "x.zip", md5=MD5, progress=QUIET)


def test_a_silent_server_does_not_hang(tmp_path, monkeypatch):
    monkeypatch.setattr("ranker.datasets.read.download._CONNECT_SECONDS", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x.zip"
        with pytest.raises(UnreachableError, match="not reachable: timed out"):
            download(url, tmp_path / "x.zip", md5=MD5, progress=QUIET)


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A package index that is a folder with one wheel in it."""
    folder = tmp_path / "index"
    folder.mkdir()
    info = "tiny_data-1.0.dist-info"
    with zipfile.ZipFile(folder / "tiny_data-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-data\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_a_wheel_comes_from_the_index(index, tmp_path):
    name = "tiny_data-1.0-py3-none-any.whl"
    sha256 = hashlib.sha256((index / name).read_bytes()).hexdigest()
    (tmp_path / "cache").mkdir()
    download_wheel("tiny-data==1.0", tmp_path / "cache" / name, sha256=sha256)
    assert (tmp_path / "cache" / name).read_bytes() == (index / name).read_bytes()
    with pytest.raises(DatasetError, match=rf"wrong checksum: sha256 .* is {sha256}, expected 11"):
        download_wheel("tiny-data==1.0", tmp_path / "cache" / name, sha256="11")


def test_a_wheel_that_no_index_has_is_unreachable(index, tmp_path):
    with pytest.raises(UnreachableError, match=r"pip download other-data==2\.0 failed: ERROR"):
        download_wheel("other-data==2.0", tmp_path / "x.whl", sha256="11")
    assert [p.name for p in tmp_path.iterdir()] == ["index"]
