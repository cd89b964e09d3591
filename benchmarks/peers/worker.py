"""A trainer in a process of its own, that trains a turn whenever a line comes in.

  python -m benchmarks.peers.worker MODULE BATCH_SIZE [ARGUMENT ...]

MODULE is one of this folder, and what follows the batch size goes to its `turn`. It answers
"ready" once a turn has been trained, and then each line with the seconds of one more.
"""

import importlib
import os
import sys
import time


def main(arguments: list[str]) -> None:
    """Trains until standard input ends."""
    module, batch_size, *others = arguments
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what trainers print is no answer
    turn = importlib.import_module(f"benchmarks.peers.{module}").turn(int(batch_size), *others)
    turn()
    print("ready", file=answers)
    for _ in sys.stdin:
        began = time.perf_counter()
        turn()
        print(time.perf_counter() - began, file=answers)


if __name__ == "__main__":
    main(sys.argv[1:])
