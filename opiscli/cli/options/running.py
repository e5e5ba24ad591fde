"""Options for resources, logging and the seed; only the seed affects the numbers."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from opiscli.cli.options.groups import option

if TYPE_CHECKING:
    from opiscli.analysis.inputs import Work
    from opiscli.cli.options.console import Console
    from opiscli.results import ReportWarning
    from opiscli.settings.resources import Resources

PANEL = "Resources"

Quiet = Annotated[bool, option("Show no progress and no warnings.", "Output", "-q", "--quiet")]
Verbose = Annotated[bool, option("Log each step to stderr.", "Output", "-v", "--verbose")]
Threads = Annotated[
    int | None, option("Number of threads. Default: one per available processor.", PANEL)
]
MemoryLimit = Annotated[
    str | None,
    option(
        "Memory for reading and counting, for example 1.5GB; embeddings that need more are kept in"
        " a temporary file. Default: a quarter of the memory.",
        PANEL,
        metavar="SIZE",
    ),
]
Scheduler = Annotated[
    str | None,
    option(
        "Count pairs on other processes: the address of a Dask scheduler, or local:N for N"
        " processes of this machine. Default: threads of this process.",
        PANEL,
        metavar="tcp://HOST:PORT|local:N",
    ),
]
WorkersRead = Annotated[
    bool,
    option(
        "With --scheduler: every worker reads SOURCE itself, by the same path or address, so that"
        " the items are not sent to it.",
        PANEL,
        "--workers-read",
    ),
]
Seed = Annotated[int | None, option("Random seed. Default: 0.", PANEL)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Resources that a command may use, and how much it logs."""

    quiet: Quiet = False
    verbose: Verbose = False
    threads: Threads = None
    memory_limit: MemoryLimit = None

    @property
    def console(self) -> "Console":
        """The console that prints warnings and progress."""
        from opiscli.cli.options.console import Console

        return Console(quiet=self.quiet, verbose=self.verbose)

    @property
    def resources(self) -> "Resources":
        """Threads and memory."""
        from opiscli.settings.resources import Resources

        return Resources.of_machine(threads=self.threads, memory_limit=self.memory_limit)

    @contextmanager
    def work(self) -> "Iterator[Work]":
        """Show progress and warnings while work is done."""
        from opiscli.analysis.inputs import Work

        console = self.console
        with console.relayed(), console.progress() as on_progress:
            yield Work(self.resources, on_progress, console.say)

    def warn(self, warnings: "Iterable[ReportWarning]") -> None:
        """Print the warnings of a result."""
        self.console.warn(warnings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting(Running):
    """The same for commands that count pairs, which other machines may do."""

    scheduler: Scheduler = None
    workers_read: WorkersRead = False

    @contextmanager
    def work(self) -> "Iterator[Work]":
        """Show progress and warnings while work is done; the scheduler is open as long."""
        from opiscli.analysis.inputs import scheduled

        with (
            Running.work(self) as work,
            scheduled(work, self.scheduler, workers_read=self.workers_read) as elsewhere,
        ):
            yield elsewhere
