"""Records in a wheel, and in an sdist, which commit it was built of."""

import runpy
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CommitHook(BuildHookInterface):
    """Adds ranker/commit.txt. An sdist's own goes into the wheel that is built of it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Writes the file, if this is a checkout; an editable install asks the checkout itself."""
        code = runpy.run_path(str(Path(self.root) / "ranker/files/commit.py"))
        commit = code["of_checkout"](Path(self.root))
        if version == "editable" or not commit:
            return
        self._folder = tempfile.TemporaryDirectory()  # until the build has ended
        path = Path(self._folder.name) / code["RECORDED"]
        path.write_text(f"{commit}\n", "utf-8")
        build_data["force_include"][str(path)] = f"ranker/{path.name}"
