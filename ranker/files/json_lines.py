"""A file of one JSON object a line, which a resumed run takes up where a checkpoint saw it end."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ranker.files.atomic import naming
from ranker.files.sealed import DamagedError

_TIME = re.compile(rb'\{"time": "[0-9T:.+-]{29}", ')


class JsonLines:
    """The file, open at its end.

    Each line begins with the time at which it was written, UTC. The digest leaves that out, so
    that a run that was killed and resumed has the same as one that was not.

    Attributes:
      is_lost: whether a checkpoint saw lines and the file is gone: a new one begins.
    """

    def __init__(self, path: Path, seen: Mapping[str, object] | None = None) -> None:
        """Opens `path` for appending after what a checkpoint saw of it; the rest is dropped.

        Args:
          seen: what `mark` gave; None to begin anew.

        Raises:
          DamagedError: if what the checkpoint saw is not there any more.
        """
        self._path = path
        length = int(str((seen or {}).get("length", 0)))
        self.is_lost = length > 0 and not path.exists()
        self._digest = hashlib.sha256()
        if length and not self.is_lost:
            self._take_up(length, str((seen or {}).get("sha256")))
        self._file = path.open("ab", buffering=0)  # so that nothing is left for `close` to write
        self._file.truncate(0 if self.is_lost else length)
        self._file.seek(0, os.SEEK_END)

    def mark(self) -> dict[str, int | str]:
        """Returns how long the file is, and its digest; all of it is on the disk then."""
        with naming(self._path):
            os.fsync(self._file.fileno())
        return {"length": self._file.tell(), "sha256": self._digest.hexdigest()}

    def write(self, record: dict) -> None:
        """Appends `record`, and the time; not-finite numbers become text, since JSON has none.

        Raises:
          OSError: naming the file; a half line goes when the run resumes.
        """
        text = json.dumps(finite(record), allow_nan=False)
        # Always as many letters, so that a file's length does not depend on the clock.
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        left = f'{{"time": "{time}", {text[1:]}\n'.encode()
        self._digest.update(text.encode() + b"\n")
        with naming(self._path):
            while left:
                left = left[self._file.write(left) :]

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _take_up(self, length: int, digest: str) -> None:
        """Digests the first `length` bytes; raises DamagedError if they are not those."""
        size = self._path.stat().st_size
        said = f"{size} bytes, of {length}: it lost its end" if size < length else ""
        if not said:
            with self._path.open("rb") as file:
                while left := length - file.tell():
                    self._digest.update(_TIME.sub(b"{", file.readline(left), count=1))
            if self._digest.hexdigest() != digest:
                said = f"its first {length} bytes were changed"
        if said:
            raise DamagedError(
                f"{self._path}: not as the checkpoint saw it: {said}; put it back, or delete it "
                "to go on with a new one"
            )


def finite(value: object) -> object:
    """Returns `value` with every number that is not finite as text."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value
