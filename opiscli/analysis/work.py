"""How a computation runs: resources and callbacks, on which no number depends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from opiscli.counting.scheduler import opened
from opiscli.progress import Progress
from opiscli.settings.resources import Resources


def _say_nothing(line: str) -> None:
    """Ignore the text."""


@dataclass(frozen=True, slots=True)
class Work:
    """Resources and callbacks of a computation; no number depends on them.

    Parameters
    ----------
    resources
        Threads and memory.
    on_progress
        Told how far the work is.
    say
        Told what is being done.
    """

    resources: Resources
    on_progress: Progress | None = None
    say: Callable[[str], None] = _say_nothing


@contextmanager
def scheduled(work: Work, scheduler: str | None) -> Iterator[Work]:
    """Open a scheduler, and count pairs there; as `opiscli.counting.scheduler.opened`."""
    with opened(scheduler) as executor:
        yield replace(work, resources=replace(work.resources, executor=executor))
