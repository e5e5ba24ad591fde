"""The command ``opis``, which ``python -m opiscli`` stands for, too."""

import sys


def main() -> None:
    """Run opis; an interruption while it is still being loaded ends it like any other."""
    try:
        from opiscli.cli import main as run
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        raise SystemExit(130) from None
    run()


if __name__ == "__main__":
    main()
