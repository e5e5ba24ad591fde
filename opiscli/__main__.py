"""Runs the command line with ``python -m opiscli``."""

from opiscli.cli import main

if __name__ == "__main__":
    main()
