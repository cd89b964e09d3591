"""The adapter for Keras 3: its cases run in one process, where nothing has chosen Keras 2."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.runs

HERE = Path(__file__).parent


def test_all_cases_pass_in_a_process_of_keras_3():
    environment = {k: v for k, v in os.environ.items() if k != "TF_USE_LEGACY_KERAS"}
    environment |= {"KERAS_BACKEND": "tensorflow", "PYTHONPATH": str(HERE.parents[1])}
    files = sorted(map(str, HERE.glob("cases_*.py")))
    assert files
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--confcutdir={HERE}", *files],
        cwd=HERE.parents[1],
        env=environment | {"CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
