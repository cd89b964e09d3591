"""A page as one HTML file that needs nothing beside it.

Every name is escaped by Jinja2 or MarkupSafe, and a content security policy lets only the
page's own script run, if it has one, and nothing load.
"""

import base64
import hashlib
import re
from typing import Any

import jinja2
from markupsafe import Markup

from ranker.report import text
from ranker.report.figures.style import swatch

_SHARED = "ranker.report"
_BREAKS = re.compile(r"(?<=[._/])(?=[^\W\d_])")
_LONGEST = 12  # letters of a word that is never broken


def render(template: str, *, package: str = _SHARED, script: str = "", **context: Any) -> str:
    """Returns a page.

    Args:
      template: its name; it extends "page.html.j2".
      package: whose "templates" folder has it; those of this package are there too.
      script: name of the template that is its only script; "" for none.
      context: what the template shows; text is escaped, Markup is not.
    """
    loaders = [jinja2.PackageLoader(name) for name in dict.fromkeys([package, _SHARED])]
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    environment.filters |= {"number": text.number, "plural": text.plural, "swatch": swatch}
    environment.filters["wrap"] = wrap
    source = _source(environment, script) if script else ""
    return environment.get_template(template).render(
        style=Markup(_source(environment, "style.css")),
        script=Markup(source),
        policy=policy(source),
        **context,
    )


def wrap(said: str) -> Markup:
    """Returns text, escaped, whose long names may be broken after a dot, a slash or an underscore.

    Only before a letter, so that no number is broken. Markup stays as it is.
    """
    if isinstance(said, Markup):
        return said
    return Markup(" ").join(map(_wrapped, said.split(" ")))


def policy(script: str) -> str:
    """Returns a content security policy under which `script` runs, and nothing is fetched."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    allowed = f"'sha256-{digest}'" if script else "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'"
    )


def _wrapped(word: str) -> Markup:
    parts = _BREAKS.split(word) if len(word) > _LONGEST else [word]
    return Markup("<wbr>").join(parts)


def _source(environment: jinja2.Environment, name: str) -> str:
    assert environment.loader is not None
    source, _, _ = environment.loader.get_source(environment, name)
    return source
