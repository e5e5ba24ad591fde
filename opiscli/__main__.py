"""Runs the command ``opis`` with ``python -m opiscli``."""

import os
import signal
import sys


def main() -> None:
    """Run opis; a signal during imports ends it with the same exit code as any other."""
    _handle_signals_at_once()
    try:
        from opiscli.cli import main as run
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        raise SystemExit(130) from None
    run()


def _handle_signals_at_once() -> None:
    """Until there is anything to clean up, and again when all is done."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _leave)


def _leave(number: int, _: object) -> None:
    word = (
        "interrupted" if number == signal.SIGINT else f"terminated by {signal.Signals(number).name}"
    )
    try:
        os.write(2, f"error: {word}\n".encode("ascii"))
    finally:
        os._exit(128 + number)


if __name__ == "__main__":
    main()
