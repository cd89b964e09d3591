"""Files that are whole or not there: atomic writes, a lock, digests; and what wrote them."""

from ranker.files.arrays import damaged_arrays, read_arrays, write_arrays
from ranker.files.atomic import atomic_file, write_bytes, write_json, write_text
from ranker.files.commit import commit
from ranker.files.digests import (
    array_digest,
    arrays_digest,
    digest,
    directory_digests,
    file_digest,
)
from ranker.files.directory import (
    add_directory,
    atomic_directory,
    delete_directory,
    standing,
    temporary_directory,
)
from ranker.files.environment import environment, peak_memory_mb
from ranker.files.json_lines import JsonLines, finite
from ranker.files.lock import Held, LockError, hold, hold_still
from ranker.files.sealed import (
    CHANGED,
    DamagedError,
    damage,
    read_manifest,
    read_sealed,
    write_manifest,
    write_sealed,
)

__all__ = [
    "CHANGED",
    "DamagedError",
    "Held",
    "JsonLines",
    "LockError",
    "add_directory",
    "array_digest",
    "arrays_digest",
    "atomic_directory",
    "atomic_file",
    "commit",
    "damage",
    "damaged_arrays",
    "delete_directory",
    "digest",
    "directory_digests",
    "environment",
    "file_digest",
    "finite",
    "hold",
    "hold_still",
    "peak_memory_mb",
    "read_arrays",
    "read_manifest",
    "read_sealed",
    "standing",
    "temporary_directory",
    "write_arrays",
    "write_bytes",
    "write_json",
    "write_manifest",
    "write_sealed",
    "write_text",
]
