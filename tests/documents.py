"""The documents' pages, and what is between their fences."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "data/README.md", ROOT / "configs/README.md", *DOCS]
TEXTS = {str(page.relative_to(ROOT)): page.read_text("utf-8") for page in PAGES}
CONFIGS = sorted((ROOT / "configs").glob("*.toml"))


def blocks(text, language):
    """Returns the fenced blocks of a language, without the indentation of a list."""
    found = re.findall(rf"(?ms)^( *)```{language}\n(.*?)^ *```", text)
    return [re.sub(rf"(?m)^{indent}", "", body) for indent, body in found]
