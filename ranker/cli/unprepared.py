"""What to say of data that are not there: the command that prepares them."""

import difflib
from pathlib import Path

from ranker.cli import programs

_SCHEMA = "schema.toml"


def advice(missing: Path) -> str:
    """Returns what to do about a missing file; "" if it is not the schema of prepared data."""
    if missing.name != _SCHEMA:
        return ""
    from ranker.datasets import catalogue  # only now, when it is needed: it loads pandas

    folder = missing.parent
    beside = folder.parent
    prepared = [path.parent.name for path in beside.glob(f"*/{_SCHEMA}")]
    near = difflib.get_close_matches(folder.name, prepared, n=1)
    near = near or prepared[:1] if len(prepared) == 1 else near
    hint = f" Did you mean --set=data.path={beside / near[0]}?" if near else ""
    names = [name for name in catalogue.names() if folder.name.startswith(name)]
    name = max(names, key=len, default="NAME")
    spec = " --spec=spec.toml" if name == "table" else ""
    output = "" if folder == Path("data") / name else f" --output={folder}"
    return (
        f"{folder}: no prepared data there, for it has no {_SCHEMA}.{hint} This prepares them: "
        f"{' '.join(programs.words('prepare'))} --dataset={name}{spec}{output}"
    )
