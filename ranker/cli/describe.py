"""Looks at a table and writes a commented spec of it, which trains as it stands.

  ranker describe logs/*.parquet > spec.toml
  ranker describe --output=spec.toml impressions.csv
  ranker describe log.parquet --user=uid --label=click --label=purchase > spec.toml

FILES are files, folders or patterns of Parquet, CSV, TSV or JSON lines. Of all rows it looks at
what Parquet's footers say, and at a sample of them. What may hurt is said in the spec and on
standard error.
Exit codes: 0 done; 2 no table, or a spec that does not train before its mark TO FILL IN is.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from ranker.cli import program

_USER = flags.DEFINE_string("user", "", "Column that says whom a row is of; guessed if empty.")
_ITEM = flags.DEFINE_string("item", "", "Column that says what was shown; guessed if empty.")
_TIME = flags.DEFINE_string("time", "", "Column of the moment of a row; guessed if empty.")
_LABEL = flags.DEFINE_multi_string(
    "label", [], "Column that is a label; may be given again. Guessed if not given."
)
_OUTPUT = flags.DEFINE_string("output", "", "File to write; standard output if empty.")
_SAMPLE_ROWS = flags.DEFINE_integer("sample_rows", 200_000, "Rows to look at, about.")


def main(arguments: Sequence[str]) -> int:
    """Writes the spec; returns the exit code."""
    if not arguments[1:]:
        return program.refuse("no files: name those of your table, such as log.parquet")
    from ranker import files
    from ranker.datasets.describe.description import Asked, describe
    from ranker.datasets.describe.writing import spec_of

    output = Path(_OUTPUT.value).expanduser()
    try:
        if _OUTPUT.value and output.exists():
            raise ValueError(f"--output: {output} exists; remove it, or name another file")
        asked = Asked(
            user=_USER.value,
            item=_ITEM.value,
            time=_TIME.value,
            labels=tuple(dict.fromkeys(_LABEL.value)),
            sample_rows=_SAMPLE_ROWS.value,
        )
        found = describe(arguments[1:], asked)
        text = spec_of(found)
        if _OUTPUT.value:
            files.write_text(output, text)
        else:
            print(text, end="")
    except (ValueError, OSError) as error:
        return program.refuse(error)
    for warning in found.warnings:
        print(f"describe: {program.sentence(warning)}", file=sys.stderr)
    return program.refuse(found.problem) if found.problem else 0


if __name__ == "__main__":
    program.run(main, takes_names=True, is_result=lambda: not _OUTPUT.value)
