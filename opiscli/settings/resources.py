"""Resources of a computation: threads and memory."""

import math
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from opiscli.errors import UsageError
from opiscli.settings import cgroup
from opiscli.settings.choice import require

_FALLBACK_MEMORY = 8 << 30
_UNITS = {
    "": 1,
    "k": 10**3,
    "m": 10**6,
    "g": 10**9,
    "t": 10**12,
    "ki": 2**10,
    "mi": 2**20,
    "gi": 2**30,
}


class Executor(Protocol):
    """The interface of `concurrent.futures`, which clusters also provide."""

    def submit(self, fn: Callable[..., Any], /, *args: Any) -> Any:  # noqa: ANN401
        """Start a call and return its future."""


class Reader(Protocol):
    """Reads the vectors of a set again, in another process; can be pickled."""

    @property
    def name(self) -> str:
        """Names what it reads, without secrets."""

    def read(self) -> Any:  # noqa: ANN401
        """The array."""


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """An array of this process, and what reads it on a worker."""

    vectors: Any
    reader: Reader


@dataclass(frozen=True, slots=True)
class Resources:
    """Threads and memory that a computation may use. No number depends on them.

    Parameters
    ----------
    threads
        Tiles worked on at the same time, at least 1.
    memory_limit
        Bytes, the embeddings included; where they take more than half of it, they are kept on
        disk.
    executor
        Where pairs are counted, if not on threads of this process: anything with ``submit``.
    origins
        Arrays that workers in other processes read themselves, and need not be sent.
    """

    threads: int
    memory_limit: int
    executor: Executor | None = None
    origins: tuple[Origin, ...] = ()

    def __str__(self) -> str:
        if self.executor is not None:
            return f"counted by {self.executor}"
        return "1 thread" if self.threads == 1 else f"{self.threads} threads"

    @classmethod
    def of_machine(
        cls,
        *,
        threads: int | None = None,
        memory_limit: int | str | None = None,
        executor: Executor | None = None,
    ) -> "Resources":
        """By default every processor this process may use, and a quarter of the memory.

        Inside a container both are what the container may use.

        Parameters
        ----------
        memory_limit
            Bytes, or text such as ``1.5GB``.

        Raises
        ------
        UsageError
            If ``threads`` is below 1, or the limit is no amount of memory.
        """
        require(threads is None or threads >= 1, "--threads", threads, "1 or more", "2")
        return cls(
            _processors() if threads is None else threads,
            _memory() // 4 if memory_limit is None else parse_memory(str(memory_limit)),
            executor,
        )


def parse_memory(text: str) -> int:
    """Bytes from text such as ``1.5GB``, ``800 MiB`` or ``2000000``.

    Raises
    ------
    UsageError
        If it is not a positive amount of memory.
    """
    lowered = text.strip().lower().removesuffix("b").strip()
    number = lowered.rstrip("kmgti")
    try:
        amount = float(number) * _UNITS[lowered[len(number) :]]
        if not 0 < amount < 2**63:
            raise ValueError(text)
    except (ValueError, KeyError) as cause:
        raise UsageError(
            f"--memory-limit={text} is not an amount of memory",
            hint="For example --memory-limit=1.5GB.",
        ) from cause
    return int(amount)


def _processors() -> int:
    here = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        with suppress(OSError):
            here = len(os.sched_getaffinity(0))
    allowed = cgroup.processors()
    return max(1, here if allowed is None else min(here, math.ceil(allowed)))


def _memory() -> int:
    installed = 0
    with suppress(AttributeError, OSError, ValueError):  # Windows, and sandboxes that do not say
        installed = max(0, os.sysconf("SC_PHYS_PAGES")) * max(0, os.sysconf("SC_PAGE_SIZE"))
    installed = installed or _FALLBACK_MEMORY
    return min(installed, cgroup.memory_limit() or installed)
