"""What went wrong, in one sentence."""

from pathlib import Path

from ranker.cli import unprepared

DISTRIBUTION = "ranker-trainer"
# What of each extra is imported; what is missing is named with the extra that brings it.
EXTRAS = {
    "train": {
        "absl", "jinja2", "markupsafe", "pandas", "pyarrow", "tensorboard",
        "tensorflow_recommenders", "tf_keras", "tqdm",
    },
    "compare": {"scipy"},
    "ray": {"ray"},
}  # fmt: skip


def sentence(problem: object) -> str:
    """Returns on one line what a problem says; without data, the command that prepares them."""
    if isinstance(problem, ImportError):
        problem = not_installed(problem) or problem
    if isinstance(problem, FileNotFoundError) and problem.filename:
        problem = unprepared.advice(Path(problem.filename)) or problem
    if isinstance(problem, OSError) and problem.filename:
        problem = f"{problem.filename}: {problem.strerror}"
    if is_of_memory(problem):
        problem = f"not enough memory: {(str(problem).splitlines() or ['all'])[0]}"
    said = "; ".join(str(problem).splitlines())
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in said)  # names may be hostile


def is_of_memory(problem: object) -> bool:
    """Returns whether memory ran out, Python's or TensorFlow's."""
    return isinstance(problem, MemoryError) or type(problem).__name__ == "ResourceExhaustedError"


def not_installed(error: ImportError) -> str:
    """Returns what to install for a package that is missing; "" if it is none of an extra's."""
    package = (error.name or "").partition(".")[0]
    for extra, packages in EXTRAS.items():
        if package in packages:
            wanted = f'pip install "{DISTRIBUTION}[{extra}]"'
            return f"{package} is not installed, which this needs: {wanted}"
    return ""
