"""How a command works and what it says meanwhile: no number depends on it but for the seed."""

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

Quiet = Annotated[bool, option("No progress, no warnings.", "Output", "-q", "--quiet")]
Verbose = Annotated[bool, option("Say what is being done.", "Output", "-v", "--verbose")]
Threads = Annotated[int | None, option("Default: one per processor.", PANEL)]
MemoryLimit = Annotated[
    str | None,
    option("For example 1.5GB. Default: a quarter of the memory.", PANEL, metavar="SIZE"),
]
Seed = Annotated[int | None, option("Random seed. Default: 0.", PANEL)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What a command may use of the machine, and how much it says."""

    quiet: Quiet = False
    verbose: Verbose = False
    threads: Threads = None
    memory_limit: MemoryLimit = None

    @property
    def console(self) -> "Console":
        """Whom warnings and progress go to."""
        from opiscli.cli.options.console import Console

        return Console(quiet=self.quiet, verbose=self.verbose)

    @property
    def resources(self) -> "Resources":
        """Threads and memory."""
        from opiscli.settings.resources import Resources

        return Resources.of_machine(threads=self.threads, memory_limit=self.memory_limit)

    @contextmanager
    def work(self) -> "Iterator[Work]":
        """Show progress while work is done, and what is warned of meanwhile."""
        from opiscli.analysis.inputs import Work

        console = self.console
        with console.relayed(), console.progress() as on_progress:
            yield Work(self.resources, on_progress, console.say)

    def warn(self, warnings: "Iterable[ReportWarning]") -> None:
        """Print the warnings of a result."""
        self.console.warn(warnings)
