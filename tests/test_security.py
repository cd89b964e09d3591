"""Nothing is unpickled, evaluated or given to a shell, read from the source itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from each import of_each

ROOT = Path(__file__).parents[1]
FILES = sorted(p for folder in ("ranker", "benchmarks") for p in ROOT.glob(f"{folder}/**/*.py"))
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "yaml"}
UNSAFE_CALLS = {
    *("eval", "exec", "compile", "__import__", "unsafe_load", "read_pickle", "to_pickle"),
    *("extractall", "extract", "unpack_archive", "system", "popen", "mktemp"),
    "enable_unsafe_deserialization",
}
UNSAFE_ARGUMENTS = {"allow_pickle": False, "shell": False, "safe_mode": True}


def dangers(tree: ast.AST) -> Iterator[str]:
    """Yields what in a module could run what it reads."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None)
            names = [module] if module else [alias.name for alias in node.names]
            for name in {name.split(".")[0] for name in names} & UNSAFE_MODULES:
                yield f"line {node.lineno}: import of {name}"
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        is_method = name.endswith(".compile") and name != "builtins.compile"  # of a model, of re
        if name.split(".")[-1] in UNSAFE_CALLS and not is_method:
            yield f"line {node.lineno}: {name}()"
        for keyword in node.keywords:
            safe = UNSAFE_ARGUMENTS.get(keyword.arg or "")
            is_safe = isinstance(keyword.value, ast.Constant) and keyword.value.value is safe
            if safe is not None and not is_safe:
                yield f"line {node.lineno}: {name}({keyword.arg}=...)"


@of_each(FILES, lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_is_read_is_run(path):
    assert list(dangers(ast.parse(path.read_text("utf-8")))) == []


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from yaml import load",
        "import numpy.lib, pickle as p",
        "eval(text)",
        "builtins.exec(text)",
        "compile(text, path, 'exec')",
        "builtins.compile(text, path, 'exec')",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=flag)",
        "subprocess.run(text, shell=True)",
        "os.system(text)",
        "archive.extractall(folder)",
        "pd.read_pickle(path)",
        "tf.keras.models.load_model(path, safe_mode=False)",
    ],
)
def test_what_would_run_it_is_seen(code):
    assert list(dangers(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    ["re.compile(x)", "model.compile(loss)", "np.load(p, allow_pickle=False)", "run([a, b])"],
)
def test_what_would_not_is_let_be(code):
    assert not list(dangers(ast.parse(code)))
