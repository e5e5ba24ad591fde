"""How a computation runs: resources and callbacks, on which no number depends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from opiscli.counting.scheduler import opened
from opiscli.errors import UsageError
from opiscli.progress import Progress
from opiscli.settings.resources import Origin, Resources


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
    workers_read
        Whether workers in other processes read sources themselves; otherwise items are sent.
    """

    resources: Resources
    on_progress: Progress | None = None
    say: Callable[[str], None] = _say_nothing
    workers_read: bool = False

    def __post_init__(self) -> None:
        if self.workers_read and self.resources.executor is None:
            raise UsageError(
                "--workers-read was given, but pairs are counted by threads of this process",
                hint="Add the scheduler whose workers are to read the source, or leave it out.",
            )

    def origins(self, *read: Origin | None) -> Resources:
        """The resources, with what workers read themselves.

        Raises
        ------
        UsageError
            If they are to read what is in the memory of this process only.
        """
        if self.workers_read and None in read:
            raise UsageError(
                "--workers-read was given, but the embeddings are not those of a file or an"
                " address, which workers could read",
                hint="Leave --workers-read out, or name a file that all workers can read.",
            )
        return replace(self.resources, origins=tuple(one for one in read if one is not None))


@contextmanager
def scheduled(work: Work, scheduler: str | None, *, workers_read: bool = False) -> Iterator[Work]:
    """Open a scheduler, and count pairs there; as `opiscli.counting.scheduler.opened`.

    Parameters
    ----------
    workers_read
        Whether its workers read sources themselves.
    """
    with opened(scheduler) as executor:
        resources = replace(work.resources, executor=executor)
        yield replace(work, resources=resources, workers_read=workers_read)
