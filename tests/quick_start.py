"""Says whether a run of configs/movielens_100k.toml came to what the README prints of it.

  python tests/quick_start.py WORKDIR

Other processors round otherwise, so no digit beyond the second is compared.
"""

import json
import re
import sys
from pathlib import Path

_README = Path(__file__).parents[1] / "README.md"
_LARGEST = 0.03
_LINE = re.compile(
    r"^  (validation|test) +(\w+) +([\d,]+) rows  (live|frozen) +(.*)$", re.MULTILINE
)


def differences(metrics, text):
    """Yields a sentence for each number of the README's output that the run does not have."""
    lines = _LINE.findall(text)
    if len(lines) != 8:
        yield f"{len(lines)} lines of output in the README, not 8"
    for split, task, rows, view, said in lines:
        of_task = metrics[split][task]
        found = of_task["frozen"] if view == "frozen" else of_task
        if of_task["rows"] != int(rows.replace(",", "")):
            yield f"{split} {task}: {of_task['rows']} rows, not {rows}"
        for name, value in re.findall(r"(\w+) ([\d.]+)", said):
            if abs(found[name] - float(value)) > _LARGEST:
                yield f"{split} {task} {view} {name}: {found[name]:.4f}, and not about {value}"


def main():
    """Compares; ends with 1 and what differs, or with 0."""
    result = json.loads((Path(sys.argv[1]) / "RESULT.json").read_text("utf-8"))
    found = list(differences(result["metrics"], _README.read_text("utf-8")))
    sys.exit("\n".join(found) or 0)


if __name__ == "__main__":
    main()
