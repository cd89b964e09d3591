"""Damaged files on a small budget: each program refuses them by name, or is not disturbed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz import CASES

ROOT = Path(__file__).parents[2]
DAMAGES = 16


@pytest.mark.slow
def test_no_damage_is_silent_or_ends_in_a_traceback_or_hangs():
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.corruption", f"--damages={DAMAGES}"),
            "--probes=evaluate,predict",
            f"--draws={os.environ.get('FUZZ_SEED', '0')}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    count = re.search(r"^(\d+) damages, draws \d+: 0 faults", done.stdout, re.MULTILINE)
    assert count, done.stdout
    CASES["damaged file"] += int(count[1])
