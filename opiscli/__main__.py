"""Lets ``python -m opiscli`` stand for ``opis``."""

from opiscli.cli import main

if __name__ == "__main__":
    main()
