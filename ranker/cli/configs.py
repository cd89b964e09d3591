"""Lists the configs that are shipped, each with its question; or prints one.

  ranker configs
  ranker configs quick
  ranker train --config=quick --check      # the same with every default

A name is enough for --config. A file of that name in the current folder, with or without .toml,
goes first. Exit codes: 0 done; 2 no such config.
"""

from collections.abc import Sequence

from ranker.cli import named, program


def main(arguments: Sequence[str]) -> int:
    """Prints; returns the exit code."""
    shipped = named.shipped()
    if not arguments[1:]:
        for name, path in shipped.items():
            print(f"{name:<28}{named.question(path)}")
        return 0
    for name in arguments[1:]:
        if name.removesuffix(".toml") not in shipped:
            return program.refuse(f"no config {name!r}{named.nearest(name)}")
    for name in arguments[1:]:
        print(shipped[name.removesuffix(".toml")].read_text("utf-8"), end="")
    return 0


if __name__ == "__main__":
    program.run(main, takes_names=True, is_result=lambda: True)
