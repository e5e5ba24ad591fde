"""The compiled kernel, replaced by the NumPy kernel if numba fails to compile it.

A cache on disk may be damaged, written by another version, or not be there to write to. It is
emptied first, and left alone if that does not help.
"""

from collections.abc import Callable
from threading import Lock
from typing import Any
from warnings import warn

from opiscli.engine.kernels import numpy_kernel
from opiscli.errors import OpisWarning

SPEEDUP = 2
"""How much faster whole evaluations are with numba, about: 1.5 to 2.3 times was measured, on
12,000 to 30,000 items of 64 and 128 dims; less where dims are many."""

Tally = Callable[..., None]


class CompiledKernel:
    """Counts a tile as `tally_tile` of `numpy_kernel` does; may be called by several threads."""

    def __init__(self) -> None:
        self._remedies: list[Callable[[Any], None]] = [_empty_cache, _leave_cache_alone]
        self._failures = 0
        self._lock = Lock()

    @property
    def has_given_way(self) -> bool:
        """Whether the NumPy kernel counts instead."""
        return self._failures > len(self._remedies)

    def __call__(self, *tile: Any) -> None:  # noqa: ANN401
        """Count a tile.

        Compiled code raises nothing but a `MemoryError`, so any other failure is one of
        compiling and comes before anything was counted.
        """
        while not self.has_given_way:
            failures = self._failures
            try:
                _numba_kernel().tally_tile(*tile)
            except MemoryError:
                raise
            except Exception as cause:
                self._give_way(failures, cause)
            else:
                return
        numpy_kernel.tally_tile(*tile)

    def _give_way(self, failures: int, cause: Exception) -> None:
        with self._lock:
            if failures != self._failures:  # another thread was here first
                return
            self._failures += 1
            if self.has_given_way:
                say_unusable(cause)
                return
            try:
                self._remedies[failures](_numba_kernel())
            except Exception:
                return  # the next attempt will tell


def say_unusable(cause: Exception) -> None:
    """Warn that numba is installed but not usable."""
    reason = " ".join(f"{type(cause).__name__}: {cause}".split())[:200]
    warn(
        f"numba cannot be used ({reason}); pairs are counted by the NumPy kernel instead, which"
        f" gives the same numbers but is about {SPEEDUP} times slower",
        OpisWarning,
        stacklevel=2,
    )


def _numba_kernel() -> Any:  # noqa: ANN401
    from opiscli.engine.kernels import numba_kernel

    return numba_kernel


def _empty_cache(kernel: Any) -> None:  # noqa: ANN401
    for function in kernel.FUNCTIONS:
        function._cache.flush()


def _leave_cache_alone(kernel: Any) -> None:  # noqa: ANN401
    for function in kernel.FUNCTIONS:
        function._cache.disable()
