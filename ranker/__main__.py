"""`python -m ranker`: the command `ranker`, where it is not on the PATH."""

from ranker.cli.command import main

if __name__ == "__main__":
    main()
