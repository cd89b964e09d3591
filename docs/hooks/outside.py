"""Brings pages from outside docs/ into the site, and makes links and pictures fit.

In the repository a page links to the file itself, such as ../data/README.md or
../examples/lion.py. The site has pages for the former; the latter become their path, as code.
A picture that is drawn for both themes is shown in the theme's colours.
In tables, long names may break after a dot, a slash or an underscore, so that a phone shows them.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
PAGES = {"data/README.md": "datasets.md", "configs/README.md": "configs.md"}  # there: in the site
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)")
_PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)_light\.svg\)")
_BOTH = r"![\1](\2_light.svg#only-light)![\1](\2_dark.svg#only-dark)"
_CELL = re.compile(r"<td[^>]*>.*?</td>", re.DOTALL)
_NAME = re.compile(r"(?<=<code>)[^<\s]{13,}(?=</code>)")
_BREAKS = re.compile(r"(?<=[._/])(?=[^\W\d_])")


def on_files(files: Files, config: Any) -> Files:
    """Adds the pages from outside."""
    for path, name in PAGES.items():
        text = _fitted(ROOT.joinpath(path).read_text("utf-8"), path, name)
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Returns the text of a page with links that the site can follow, and its pictures."""
    name = page.file.src_uri
    markdown = _PICTURE.sub(_BOTH, markdown)
    return markdown if name in PAGES.values() else _fitted(markdown, f"docs/{name}", name)


def on_page_content(html: str, **_: Any) -> str:
    """Returns the page with the places where the names in its tables may break."""

    def breakable(cell: re.Match[str]) -> str:
        return _NAME.sub(lambda name: _BREAKS.sub("<wbr>", name[0]), cell[0])

    return _CELL.sub(breakable, html)


def _fitted(text: str, path: str, name: str) -> str:
    """Returns `text`, which is at `path` in the repository and at `name` in the site."""

    def fitted(match: re.Match[str]) -> str:
        words, target, anchor = match[1], match[2], match[3] or ""
        there = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        there = PAGES.get(there, there.removeprefix("docs/") if there.startswith("docs/") else "")
        if not there:
            return words if "`" in words else f"`{words}`"
        return f"[{words}]({posixpath.relpath(there, posixpath.dirname(name) or '.')}{anchor})"

    return _LINK.sub(fitted, text)
