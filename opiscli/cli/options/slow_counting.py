"""Suggests numba when counting without it takes long."""

from collections.abc import Callable
from time import monotonic

from opiscli.progress import COUNTED_BY_KERNEL

_LONG = 10.0
"""Seconds."""


class SlowCounting:
    """Watches progress and suggests numba once.

    Parameters
    ----------
    say
        Takes the hint.
    clock
        Seconds since any time.
    """

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = monotonic) -> None:
        self._say = say
        self._clock = clock
        self._began: float | None = None
        self._is_done = False

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take progress, as `opiscli.progress.Progress`."""
        if self._is_done or stage not in COUNTED_BY_KERNEL:
            return
        now = self._clock()
        self._began = now if self._began is None else self._began
        if now - self._began > _LONG:
            self._is_done = True
            self._say_if_missing()

    def _say_if_missing(self) -> None:
        from opiscli.engine.kernels import SPEEDUP, is_installed

        if not is_installed():
            self._say(
                "hint: numba counts pairs about"
                f" {SPEEDUP} times faster: pip install 'opiscli[fast]'"
            )
