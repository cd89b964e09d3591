"""The example of docs/library.md for Keras 3 refuses a NaN."""

import re
from pathlib import Path

import numpy as np

PAGE = (Path(__file__).parents[2] / "docs/library.md").read_text("utf-8")


def test_the_example_of_the_page_refuses_the_nan():
    (code,) = re.findall(r"```python\n(import keras\n.*?)```", PAGE, re.DOTALL)
    scope: dict = {}
    exec(compile(code, "library.md", "exec"), scope)
    before = scope["model"].get_weights()[0].copy()
    scope["model"].fit(np.ones((4, 2)), np.full((4, 1), np.nan), verbose=0)
    assert int(scope["optimizer"].refused) == 1
    assert (scope["model"].get_weights()[0] == before).all()
