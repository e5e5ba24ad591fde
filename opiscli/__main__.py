"""Runs the command ``opis`` with ``python -m opiscli``."""

import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
_CODES_OF_SIGNALS = {128 + number for number in _SIGNALS}


def main() -> None:
    """Run opis; a signal during imports ends it with the same exit code as any other."""
    _handle_signals_at_once()
    try:
        from opiscli.cli import main as run
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        raise SystemExit(130) from None
    try:
        run()
    except SystemExit as leaving:
        if isinstance(leaving.code, int) and leaving.code in _CODES_OF_SIGNALS:
            _end_at_once(leaving.code)
        raise


def _end_at_once(code: int) -> NoReturn:
    """End without waiting for threads.

    Python would also replace the code by its own if the signal came while it compiled text.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


def _handle_signals_at_once() -> None:
    """Until there is anything to clean up, and again when all is done."""
    for number in _SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
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
