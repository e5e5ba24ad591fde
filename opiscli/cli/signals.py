"""Signals that end opis: the first one unwinds what is under way, the second ends it at once.

Temporary files are removed in both cases, and the exit code is 128 and the number of the signal, as
in a shell: 130 for an interruption. A signal that is ignored when opis starts (``nohup``) stays so.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn

from opiscli.atomic_file import remove_unfinished

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
_SHOW_CURSOR = b"\x1b[?25h"
_SECONDS_TO_UNWIND = 1.0
"""A matrix product or a library may not notice a signal for longer; then it is not waited for."""


class Signals:
    """The signals of one run."""

    def __init__(self) -> None:
        self.received: int | None = None
        self._is_working = False
        self._is_explained = False

    @property
    def exit_code(self) -> int:
        """128 and the number of the signal."""
        return 128 + (self.received or signal.SIGINT)

    def start(self) -> None:
        """From now on, the first signal raises ``KeyboardInterrupt``."""
        self._is_working = True

    def stop(self) -> None:
        """From now on, every signal ends the process at once."""
        self._is_working = False

    def explain(self) -> int:
        """Say on stderr, in one line, that a signal ended the run; return the exit code."""
        self.stop()
        if not self._is_explained:
            self._is_explained = True
            sys.stderr.write(self._line())
            sys.stderr.flush()
        return self.exit_code

    def handle(self, number: int, frame: FrameType | None = None) -> None:
        """Handle a signal."""
        is_first = self.received is None
        self.received = self.received or number
        if is_first and self._is_working:
            raise KeyboardInterrupt
        self.leave()

    def leave(self) -> NoReturn:
        """End the process without unwinding."""
        remove_unfinished()
        with suppress(OSError):
            if os.isatty(2):
                os.write(2, _SHOW_CURSOR)
            if not self._is_explained:
                os.write(2, self._line().encode("ascii"))
        os._exit(self.exit_code)

    def _line(self) -> str:
        number = self.received or signal.SIGINT
        if number == signal.SIGINT:
            return "error: interrupted\n"
        return f"error: terminated by {signal.Signals(number).name}\n"


@contextmanager
def handled_signals() -> Iterator[Signals]:
    """Handle the signals that end opis, and put the handlers back at the end."""
    signals = Signals()
    if threading.current_thread() is not threading.main_thread():
        yield signals
        return
    with _watched(signals):
        before = dict(_installed(signals))
        try:
            yield signals
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _installed(signals: Signals) -> Iterator[tuple[int, Any]]:
    for name in _NAMES:
        number = getattr(signal, name, None)
        # None: a handler that Python did not install and cannot put back.
        if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
            yield number, signal.signal(number, signals.handle)


@contextmanager
def _watched(signals: Signals) -> Iterator[None]:
    """End the process if a signal has not done so in a second.

    Python handles a signal only when the main thread is back from the library it is in, whereas
    the number is written to the pipe at once.
    """
    reader, writer = os.pipe()
    with suppress(AttributeError):  # on Windows, where it need not be
        os.set_blocking(writer, False)
    watch = threading.Thread(target=_watch, args=(signals, reader), daemon=True)
    watch.start()
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(writer)
        if signals.received is None:
            watch.join()


def _watch(signals: Signals, reader: int) -> None:
    numbers = {getattr(signal, name, None) for name in _NAMES}
    with os.fdopen(reader, "rb", buffering=0) as numbers_received:
        while received := numbers_received.read(1):
            if received[0] in numbers:
                time.sleep(_SECONDS_TO_UNWIND)
                signals.received = signals.received or received[0]
                signals.leave()
