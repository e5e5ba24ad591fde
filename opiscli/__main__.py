"""Runs the command ``opis`` with ``python -m opiscli``."""

import sys


def main() -> None:
    """Run opis; an interruption during imports has the same exit code as any other."""
    try:
        from opiscli.cli import main as run
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        raise SystemExit(130) from None
    run()


if __name__ == "__main__":
    main()
