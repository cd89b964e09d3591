"""TensorFlow's start, without what it then says that is not the user's business.

On every machine it logs that it uses oneDNN, and on one without a GPU an error of CUDA's,
before any setting of TensorFlow's can keep it from that.
"""

import logging
import os
import re
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ranker import legacy_keras

_STDERR = 2
_ALWAYS = rb"WARNING: All log messages before absl::|I\d{4} .*(oneDNN|cpu_feature_guard)"
_WITHOUT_GPU = rb"[IWE]\d{4} .*(cuInit|[Cc]ould not find cuda|cuda drivers|libcuda)"
_DRIVERS = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg", "/proc/driver/nvidia/version")


def quietly_load_tensorflow() -> None:
    """Imports TensorFlow and has it look for devices; passes on all but the lines of no use.

    For programs, which train: it sets `TF_CPP_MIN_LOG_LEVEL`, unless that is set, and chooses
    Keras 2 before people's own parts can touch `tf.keras`.
    """
    # Where one of several workers is lost, each says so in a sentence, and every operation in ten.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3" if os.environ.get("TF_CONFIG") else "2")
    legacy_keras.choose()
    with _filtered(re.compile(_noise())):
        import tensorflow as tf

        tf.config.list_physical_devices()  # which is when it says that there is no GPU
    logging.getLogger("absl").addFilter(_is_of_use)


def _is_of_use(record: logging.LogRecord) -> bool:
    """Whether a line of TensorFlow's log is for who scores rows, and asks for no gradient."""
    return "unsaved custom gradients" not in str(record.msg)


def _noise() -> bytes:
    has_driver = any(Path(path).exists() for path in _DRIVERS)
    return _ALWAYS if has_driver else _ALWAYS + b"|" + _WITHOUT_GPU


@contextmanager
def _filtered(noise: re.Pattern[bytes]) -> Iterator[None]:
    """Keeps lines that begin with `noise` from standard error, C++'s too.

    A child passes the others on, so that what a crash says is not lost with the process.
    """
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads: the child needs no lock
        child = os.fork()
    if child == 0:
        os.close(writing)
        _pass_on(reading, noise)
    os.close(reading)
    before = os.dup(_STDERR)
    os.dup2(writing, _STDERR)
    os.close(writing)
    try:
        yield
    finally:
        os.dup2(before, _STDERR)
        os.close(before)
        os.waitpid(child, 0)


def _pass_on(source: int, noise: re.Pattern[bytes]) -> None:
    """Writes the lines that come from `source` to standard error until it ends; never returns."""
    try:
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # it ends when the process does
        left = b""
        while data := os.read(source, 65_536):
            *lines, left = (left + data).split(b"\n")
            shown = [line + b"\n" for line in lines if not noise.match(line)]
            os.write(_STDERR, b"".join(shown))
        if left and not noise.match(left):
            os.write(_STDERR, left)
    except OSError:
        pass  # nobody reads
    finally:
        os._exit(0)
