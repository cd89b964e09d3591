"""Holds the drawing of the packages, and the budgets, true by reading the source."""

import ast
import re
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from drawing import PACKAGES, PROGRAMS_OF, WITHOUT_FILES, WITHOUT_KERAS
from each import of_each

ROOT = Path(__file__).parents[1]

TOUCHES_FILES = {
    "open", "read_text", "write_text", "read_bytes", "write_bytes", "mkdir", "unlink", "rename",
    "replace_file", "rmtree", "touch", "iterdir", "glob", "rglob", "read_table", "write_table",
    "ParquetFile", "TFRecordWriter", "read_file", "write_file",
}  # fmt: skip
# What only `files` does: writing that is whole or not there, locks, digests.
OF_FILES = {"fcntl", "hashlib"}, {"rename", "fsync", "flock", "os.replace"}
WITH_THEIR_OWN = {"spec"}  # digests of settings, and may import nothing
DIGESTING = {
    "ranker/report/page.py",  # a browser wants digests of its own kind
    "ranker/datasets/read/archives.py",  # of a stream, as it goes by
}
ARRAY = re.compile(r"tf\.Tensor|np\.ndarray|\bArray\b|IndexedSlices")
SHAPE = re.compile(r"\[[A-Z0-9][\w, .*+\-]*\]|\[\.\.\.|scalar")
BANNED_NAMES = {"utils", "helpers", "common", "misc", "manager", "handler"}

MODULES = {path: ast.parse(path.read_text("utf-8")) for path in ROOT.glob("ranker/**/*.py")}
SOURCES = {
    path: path.read_text("utf-8")
    for folder in ("ranker", "benchmarks", "tests")
    for path in ROOT.glob(f"{folder}/**/*.py")
}


def place(path: Path) -> str:
    return str(path.relative_to(ROOT))


def name_of(path: Path) -> str:
    """Returns a module's dotted name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def package_of(module: str) -> str:
    """Returns the package that a module of ranker is in; "" for ranker itself."""
    return (module + ".").split(".")[1]


def imports(path: Path, tree: ast.AST) -> Iterator[str]:
    """Yields what a module imports, as dotted names of modules or of things in them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{place(path)}:{node.lineno}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def packages_imported(path: Path, tree: ast.AST) -> set[str]:
    found = {package_of(name) for name in imports(path, tree) if name.split(".")[0] == "ranker"}
    return found - {package_of(name_of(path)), ""}


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def public_functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Yields the functions and methods of a module that others call; not those inside them."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    for node in (*tree.body, *(inner for each in classes for inner in each.body)):
        is_public = isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        if is_public or getattr(node, "name", "") == "__init__":
            yield node


def body_lines(function: ast.FunctionDef) -> int:
    """Returns the lines of a function's body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def called(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yields the last name of what is called, and the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            last = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            yield last, node.lineno


@of_each(MODULES, place)
def test_a_package_imports_only_what_its_row_says(path):
    package = package_of(name_of(path))
    if not package:
        return
    assert package in PACKAGES, f"{place(path)}: package {package!r} is not in the drawing"
    ours, others = PACKAGES[package]
    assert packages_imported(path, MODULES[path]) <= ours
    tops = {name.split(".")[0] for name in imports(path, MODULES[path])}
    assert tops - {"ranker"} - sys.stdlib_module_names <= others


def test_every_package_that_is_imported_exists():
    present = {package_of(name_of(path)) for path in MODULES}
    wanted = set().union(*(packages_imported(path, tree) for path, tree in MODULES.items()))
    assert wanted <= present


def test_no_import_goes_in_a_circle():
    names = {name_of(path) for path in MODULES}

    def module_of(imported: str) -> str:
        return imported if imported in names else imported.rpartition(".")[0]

    graph = {
        name_of(path): {module_of(i) for i in imports(path, tree) if i.startswith("ranker.")}
        for path, tree in MODULES.items()
    }
    settled: set[str] = {"ranker"}
    while ready := {name for name in graph if name not in settled and graph[name] <= settled}:
        settled |= ready
    circular = {name: graph.get(name, set()) - settled for name in graph if name not in settled}
    assert not circular


@of_each(MODULES, place)
def test_the_library_reads_no_flags_and_prints_nothing(path):
    tops = {name.split(".")[0] for name in imports(path, MODULES[path])}
    assert not tops & {"argparse", "pipelines", "tests", "benchmarks", "conftest"}
    if package_of(name_of(path)) in PROGRAMS_OF:
        return
    assert "absl" not in tops
    if "logging" in tops:
        # The latter quiets TensorFlow's.
        assert place(path) in {"ranker/train/observers.py", "ranker/start.py"}, "only observers log"
    assert "print" not in dict(called(MODULES[path]))
    attributes = (n for n in ast.walk(MODULES[path]) if isinstance(n, ast.Attribute))
    assert "sys.argv" not in map(ast.unparse, attributes)


@of_each(MODULES, place)
def test_importing_does_no_work(path):
    if place(path) == "ranker/legacy_keras.py":
        return  # whose import is its work: TensorFlow has to find the choice made
    is_program = package_of(name_of(path)) in PROGRAMS_OF
    allowed = (
        ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign,
    )  # fmt: skip
    body = MODULES[path].body[1:] if ast.get_docstring(MODULES[path]) else MODULES[path].body
    added = [ast.unparse(node) for node in body if not isinstance(node, allowed)]
    added = [line for line in added if not (is_program and line.startswith("if __name__ =="))]
    assert [line for line in added if not line.startswith("__all__")] == []


@of_each(MODULES, place)
def test_rooms_that_only_compute_touch_no_files_and_no_keras(path):
    package = package_of(name_of(path))
    if package in WITHOUT_FILES:
        assert [c for c in called(MODULES[path]) if c[0] in TOUCHES_FILES] == []
    if package in WITHOUT_KERAS:
        assert "keras" not in ast.unparse(MODULES[path])


@of_each(MODULES, place)
def test_one_package_writes_as_a_whole_and_locks_and_digests(path):
    if package_of(name_of(path)) in {"files"} | WITH_THEIR_OWN:
        return
    packages, calls = OF_FILES
    allowed = {"hashlib"} if place(path) in DIGESTING else set()
    assert {name.split(".")[0] for name in imports(path, MODULES[path])} & packages <= allowed
    assert [c for c in called(MODULES[path]) if c[0] in calls] == []
    attributes = (n for n in ast.walk(MODULES[path]) if isinstance(n, ast.Attribute))
    assert not calls & set(map(ast.unparse, attributes))


@of_each(SOURCES, place)
def test_files_and_functions_are_short_and_finished(path):
    text = SOURCES[path]
    limit = 100 if path.parent == ROOT / "ranker/cli" else 300
    assert len(text.splitlines()) <= limit
    if "tests" not in path.parts:
        long = {f.name: body_lines(f) for f in functions(ast.parse(text)) if body_lines(f) > 40}
        assert not long
    assert not BANNED_NAMES & set(path.stem.split("_"))
    for word in ("TO" + "DO", "FIX" + "ME"):
        assert word not in text


def test_the_median_function_and_file_are_small():
    bodies = [body_lines(f) for tree in MODULES.values() for f in functions(tree)]
    assert statistics.median(bodies) <= 8
    assert statistics.median(len(SOURCES[path].splitlines()) for path in MODULES) <= 100


@of_each(MODULES, place)
def test_what_is_public_is_typed_and_documented(path):
    tree, lines = MODULES[path], SOURCES[path].splitlines()
    assert ast.get_docstring(tree) or not tree.body, "a module without a docstring"
    for function in public_functions(tree):
        if "# type: ignore[override]" in lines[function.lineno - 1]:
            continue  # typed by the class it comes from
        arguments = [*function.args.args, *function.args.kwonlyargs]
        untyped = [
            a.arg for a in arguments if a.annotation is None and a.arg not in ("self", "cls")
        ]
        assert not untyped, f"{function.name}: {untyped}"
        assert function.returns is not None, function.name
        if body_lines(function) > 4 and function.name != "__init__":
            assert ast.get_docstring(function), f"{function.name} has no docstring"


@of_each(MODULES, place)
def test_what_takes_or_returns_arrays_says_their_shapes(path):
    for function in public_functions(MODULES[path]):
        typed = f"{ast.unparse(function.args)} {ast.unparse(function.returns or [])}"
        is_bare = ast.unparse(function.body) == "..."  # of a Protocol, whose docstring says it
        if ARRAY.search(typed) and function.name != "__init__" and not is_bare:
            said = ast.get_docstring(function) or ""
            assert SHAPE.search(said), f"line {function.lineno}: {function.name} names no shape"


@of_each(MODULES, place)
def test_every_error_carries_what_it_refuses(path):
    for node in ast.walk(MODULES[path]):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            said = "".join(map(ast.unparse, node.exc.args))
            is_constant = all(isinstance(arg, ast.Constant) for arg in node.exc.args)
            carries = not is_constant or any(letter.isdigit() for letter in said)
            assert carries, f"line {node.lineno}: {ast.unparse(node)}"


@of_each(sorted(ROOT.glob("tests/**/*.py")), place)
def test_no_test_reads_a_clock(path):
    clocks = {"perf_counter", "process_time", "thread_time", "monotonic", "timeit"}
    attributes = (n.attr for n in ast.walk(ast.parse(path.read_text("utf-8")))
                  if isinstance(n, ast.Attribute))  # fmt: skip
    assert not clocks & set(attributes), f"{place(path)}: what must be fast is in benchmarks/"
