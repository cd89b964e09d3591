"""The run directory: who holds it, what ran in it, and what came of it."""

import fcntl
import json
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

_LOCK = ".lock"
_PACKAGES = ("tensorflow", "tf-keras", "tensorflow-recommenders", "numpy", "pandas", "pyarrow")


class RunDirectoryError(ValueError):
    """The run directory cannot be used, or holds another run."""


def has_begun(workdir: Path) -> bool:
    """Returns whether a run in `workdir` left what is of its settings: a checkpoint, or why not.

    One that could not read its data left nothing, nor did one that was killed before its
    first checkpoint; one that diverged before that left its incidents and its result.
    """
    saved = [path.name for path in (workdir / "checkpoints").glob("*")]
    has_saved = any(name.isdigit() or name in ("best", ".best.replaced") for name in saved)
    try:
        result = json.loads((workdir / "RESULT.json").read_text("utf-8"))
    except (OSError, ValueError):
        result = {}
    has_ended = isinstance(result, dict) and "attempts" in result
    return has_saved or has_ended or any((workdir / "incidents").glob("*"))


class Held:
    """A run directory that this job holds."""

    def __init__(self, workdir: Path, lock: int) -> None:
        """Takes the directory and the descriptor of the lock in it."""
        self._workdir = workdir
        self._lock = lock

    def check(self) -> None:
        """Raises RunDirectoryError unless the lock that is held is still the one at the path.

        The directory may have been deleted, and another job may have begun in a new one.
        """
        try:
            found = (self._workdir / _LOCK).stat()
        except OSError as error:
            raise RunDirectoryError(
                f"{self._workdir}: deleted while this job ran in it, {error.strerror}: stopped, "
                "and nothing more is written there"
            ) from error
        held = os.fstat(self._lock)
        if (found.st_dev, found.st_ino) != (held.st_dev, held.st_ino):
            raise RunDirectoryError(
                f"{self._workdir}: replaced while this job ran in it, and another job may hold "
                "it now: stopped, and nothing more is written there"
            )


@contextmanager
def hold(workdir: Path) -> Iterator[Held]:
    """Makes `workdir` and holds it against a second job; the kernel lets go at any exit.

    Raises:
      RunDirectoryError: if another job holds it, it cannot be made or written, or its file
        system has no locks.
    """
    try:
        workdir.mkdir(parents=True, exist_ok=True)
        lock = (workdir / _LOCK).open("w")
    except OSError as error:
        what = error.filename or workdir
        raise RunDirectoryError(f"{what}: cannot be used: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunDirectoryError(f"{workdir}: another job is running in it") from error
        except OSError as error:
            raise RunDirectoryError(
                f"{workdir}: its file system cannot lock files ({error.strerror}), so nothing "
                "would keep a second job out: take a --workdir on a local disk, or have it "
                "mounted with locks (Lustre: flock; NFS: without nolock)"
            ) from error
        held = Held(workdir, lock.fileno())
        held.check()  # somebody may have deleted it before it was locked
        yield held


def write_json(path: Path, document: dict) -> None:
    """Writes `document` as JSON beside `path` and renames it into place."""
    write_text(path, json.dumps(document, indent=2, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes `text`, in UTF-8, as `write_bytes` does."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Writes `content` beside `path` and renames it into place.

    Raises:
      OSError: naming `path`, which is then as it was.
    """
    temporary = path.with_name(f".{path.name}.writing")
    try:
        with naming(path):
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Gives an OSError of the block the name of `path`: a full disk's has none."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error


def environment(*, seed: int, command: list[str]) -> dict:
    """Returns what one must know to run this again: versions, seed, commit, command."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "seed": seed,
        "commit": commit(),
        "command": command,
    }


def peak_memory_mb() -> float:
    """Returns the most memory this process has held, in MB of 10^6 bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e6


def _version(package: str) -> str | None:
    """Returns a package's version, of whatever distribution it comes; None if not known.

    Nightly, processor-only and vendors' builds of TensorFlow are distributions of other names.
    """
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        module = sys.modules.get(package.replace("-", "_"))
        return getattr(module, "__version__", None)


def commit() -> str | None:
    """Returns the commit of the code, or None outside a checkout or without git."""
    try:
        git = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return None
    return git.stdout.strip() if git.returncode == 0 else None
