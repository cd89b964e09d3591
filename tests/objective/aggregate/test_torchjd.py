"""The methods beside TorchJD's, on drawn gradients; `make .venv/oracles/ready` installs it."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from methods import weigh
from test_gramian_methods import FIELDS, drawn

PYTHON = Path(__file__).parents[3] / ".venv" / "oracles" / "bin" / "python"
CASES = [drawn(seed, num, num + 2) for seed in range(3) for num in (2, 3, 5)]
# Its searches end near the answer where gradients differ a hundredfold in length; ours are exact.
TOLERANCE = {"mgda": 2e-3, "cagrad 0.5": 1e-4, "cagrad 0.2": 1e-4}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason="needs `make .venv/oracles/ready`"),
]


@pytest.fixture(scope="module")
def theirs():
    program = Path(__file__).parent / "torchjd_directions.py"
    text = json.dumps({"cases": [case.tolist() for case in CASES]})
    done = subprocess.run([PYTHON, program], input=text, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_each_direction_is_that_of_torchjd(theirs):
    assert len(theirs) == 10
    for name, directions in theirs.items():
        for gradients, direction in zip(CASES, directions, strict=True):
            found = weigh(name.partition(" ")[0], gradients, **FIELDS.get(name, {})) @ gradients
            scale = np.linalg.norm(direction)
            error = np.linalg.norm(found - direction) / scale
            assert error < TOLERANCE.get(name, 1e-5), (name, gradients.shape, error)
