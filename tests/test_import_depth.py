"""How deep imports go: the longest chain of modules in which each imports the next."""

import ast
import functools
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = list(ROOT.glob("ranker/**/*.py"))
MOST_DEEP = 12  # modules in the longest chain of imports, both ends counted


def name_of(path: Path) -> str:
    """Returns a module's dotted name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def that_run(node: ast.AST) -> Iterator[ast.stmt]:
    """Yields the imports below a node that may run: all but those under `if TYPE_CHECKING`."""
    for each in ast.iter_child_nodes(node):
        if isinstance(each, ast.Import | ast.ImportFrom):
            yield each
        elif not (isinstance(each, ast.If) and "TYPE_CHECKING" in ast.unparse(each.test)):
            yield from that_run(each)


def imported_by(tree: ast.AST, names: Collection[str]) -> set[str]:
    """Returns those of the modules `names` that a module imports, at its head or in a function.

    A name taken from a package counts as the package, which brings all that it gives; a module
    taken from a package counts as that module alone.
    """
    found = set()
    for node in that_run(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in names else node.module for name in full}
    return found & set(names) - {"ranker"}


def longest_chain(graph: Mapping[str, set[str]]) -> list[str]:
    """Returns the longest chain in which each module imports the next."""

    @functools.cache
    def below(name: str) -> tuple[str, ...]:
        chains = (below(other) for other in sorted(graph[name] - {name}))
        return (name, *max(chains, key=len, default=()))

    return list(max(map(below, sorted(graph)), key=len))


def test_no_chain_of_imports_is_long():
    sources = {name_of(path): path.read_text("utf-8") for path in SOURCES}
    chain = longest_chain({name: imported_by(ast.parse(s), sources) for name, s in sources.items()})
    assert len(chain) <= MOST_DEEP, " > ".join(chain)


def test_a_chain_of_imports_is_measured_as_it_is():
    sources = {
        "a": "from a import b\nfrom p import x",
        "a.b": "def f():\n    import c",
        "c": "if TYPE_CHECKING:\n    import d",
        "d": "",
        "p": "from p.x import y",
        "p.x": "import d",
    }
    graph = {name: imported_by(ast.parse(text), sources) for name, text in sources.items()}
    assert graph["a"] == {"a.b", "p.x"}
    assert longest_chain(graph) == ["a", "a.b", "c"]
    graph["p.x"] |= {"c"}
    graph["a"] = imported_by(ast.parse("from p import y"), sources)
    assert longest_chain(graph) == ["a", "p", "p.x", "c"]
