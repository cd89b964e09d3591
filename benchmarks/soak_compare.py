"""A comparison among what `benchmarks.soak` kills: the program, or a worker of it.

Nothing may be left of a program that was killed, a worker that was killed may cost nothing,
and the end is that of a comparison that nobody disturbed. Processes are found by what Linux
says of their environment.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd

PHASES = ("compare", "worker")
_PATIENCE_SECONDS = 30.0  # for the last process to go: the machine may be busy
_POLL_SECONDS = 0.02
_SHARE = 0.5  # of its time, in which a moment is drawn: another kill may follow
_CLOCK = ["seconds", "seconds_per_attempt", "evaluated_seconds"]
_GRID = """
base = {base}
set = [{path}]
rates = [0.05, 0.1]
seeds = [0, 1]
primary = "loss"
workers = 2
[[safeguards]]
name = "none"
set = ["clip=[]"]
[[safeguards]]
name = "norm"
set = ["clip=[{{kind = 'norm', targets = 'dense'}}]"]
tune = "clip.0.max_norm"
values = [1.0, 0.1]
"""


class SoakError(Exception):
    """What differs, or what the job did other than its work."""


class Comparison:
    """A small comparison of a run's settings, in a folder of its own."""

    def __init__(self, folder: Path, *, data: Path, config: Path) -> None:
        """Takes the prepared data, equal for all that are compared, and the run's settings."""
        self.folder = folder
        self._workdir = folder / "compared"
        self._mark = f"SOAK_FOLDER={folder}"
        grid = folder / "compare.toml"
        command = [sys.executable, "-m", "pipelines.compare"]
        self._command = [*command, f"--config={grid}", f"--workdir={self._workdir}"]
        self._grid = _GRID.format(
            base=json.dumps(str(config.resolve())), path=json.dumps(f"data.path='{data}'")
        )

    def finish(self) -> float:
        """Runs it to its end; returns the seconds since its first worker was there.

        Raises:
          SoakError: if it fails, or leaves a process.
        """
        process = self._start()
        began = time.perf_counter()
        self._check(process.wait())
        return time.perf_counter() - began

    def kill(self, target: str, seconds: float, draw: random.Random) -> str:
        """Kills the program, or a worker of it, which then goes on to its end.

        A comparison that ends before its moment comes is begun anew.

        Args:
          seconds: as `finish` returns them.

        Raises:
          SoakError: if it does not go on, or leaves a process.
        """
        while True:
            process = self._start()
            time.sleep(draw.random() * _SHARE * seconds)
            victims = [process.pid] if target == "compare" else self._workers()
            is_killed = bool(victims) and process.poll() is None
            if is_killed:
                try:
                    os.kill(draw.choice(victims), signal.SIGKILL)
                except ProcessLookupError:  # it ended meanwhile
                    is_killed = False
            code = process.wait()
            self._check(code)
            if is_killed and (target == "worker" or code == -signal.SIGKILL):
                return target
            shutil.rmtree(self._workdir)

    def require_same(self, reference: "Comparison") -> None:
        """Raises SoakError naming the first thing in which the end of this one differs."""
        expected, found = reference.table(), self.table()
        if list(expected) != list(found) or len(expected) != len(found):
            raise SoakError(f"{self._workdir}: has other rows or columns")
        for name in expected.columns.difference(_CLOCK):
            if _said(expected[name]) != _said(found[name]):
                raise SoakError(f"{self._workdir / 'results.parquet'}: {name} differs")
        if self.runs() != reference.runs():
            raise SoakError(f"{self._workdir / 'runs'}: has {self.runs()}, not {reference.runs()}")

    def table(self) -> pd.DataFrame:
        """Returns results.parquet."""
        return pd.read_parquet(self._workdir / "results.parquet")

    def runs(self) -> list[str]:
        """Returns the keys of the stored runs, and whatever else lies beside them."""
        return sorted(path.name.partition("-")[0] for path in (self._workdir / "runs").iterdir())

    def _start(self) -> subprocess.Popen:
        """Starts the program; returns once it has a worker, or has ended."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "compare.toml").write_text(self._grid, encoding="utf-8")
        name, _, value = self._mark.partition("=")
        with (self.folder / "compare.txt").open("wb") as said:
            process = subprocess.Popen(
                self._command,
                env=os.environ | {name: value},
                stdout=subprocess.DEVNULL,
                stderr=said,
            )
        while process.poll() is None and not self._workers():
            time.sleep(_POLL_SECONDS)
        return process

    def _check(self, code: int) -> None:
        """Raises SoakError if the program failed, or if anything of it outlives it."""
        if code not in (0, -signal.SIGKILL):
            said = (self.folder / "compare.txt").read_text("utf-8", "replace").splitlines()
            raise SoakError(f"{self._workdir}: exit code {code}: {(said or ['nothing'])[-1]}")
        began = time.perf_counter()
        while left := self._processes():
            if time.perf_counter() - began > _PATIENCE_SECONDS:
                raise SoakError(f"{self._workdir}: left behind after exit code {code}: {left}")
            time.sleep(_POLL_SECONDS)

    def _workers(self) -> list[int]:
        return sorted(pid for pid, said in self._processes().items() if "spawn_main" in said)

    def _processes(self) -> dict[int, str]:
        """Returns the command of every process that was started by this comparison."""
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it has gone, or is another user's
                if self._mark.encode() in (path / "environ").read_bytes().split(b"\0"):
                    said = (path / "cmdline").read_bytes().replace(b"\0", b" ")
                    found[int(path.name)] = said.decode(errors="replace")
        return found


def _said(column: pd.Series) -> str:
    return json.dumps(column.tolist(), default=lambda value: value.tolist())
