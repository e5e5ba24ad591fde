"""What opis says on stderr while it works: progress for a person, warnings for everyone."""

import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console as RichConsole
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from opiscli.cli.options.slow_counting import SlowCounting
from opiscli.errors import OpisWarning
from opiscli.progress import OF_AN_INDEX
from opiscli.progress import Progress as OnProgress
from opiscli.results import ReportWarning
from opiscli.results.text import printable


class Console:
    """Messages of one run on stderr; stdout is never used."""

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._console = RichConsole(stderr=True, soft_wrap=True, highlight=False)

    def say(self, line: str) -> None:
        """Log a step, with ``-v`` only."""
        if self._verbose:
            self._console.print(Text(printable(line), "dim"))

    def tell(self, line: str) -> None:
        """Say how the work is going, except with ``-q``."""
        if not self._quiet:
            self._console.print(Text(line))

    def suggest(self, lines: Iterable[str]) -> None:
        """Suggest further commands to a person who reads the result on a terminal."""
        if not self._quiet and sys.stdout.isatty():
            for line in lines:
                self._console.print(Text(printable(line), "dim"))

    def warn(self, warnings: Iterable[ReportWarning]) -> None:
        """Print the warnings of a result, one to a line."""
        if not self._quiet:
            for warning in warnings:
                self._console.print(
                    Text.assemble(("warning: ", "bold yellow"), printable(warning.message))
                )

    @contextmanager
    def relayed(self) -> Iterator[None]:
        """Print warnings issued meanwhile, each once, and suppress those of libraries."""
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always", OpisWarning)
            try:
                yield
            finally:
                ours = [str(one.message) for one in heard if issubclass(one.category, OpisWarning)]
                self.warn(ReportWarning("surroundings", text) for text in dict.fromkeys(ours))

    def fail(self, line: str) -> None:
        """Name a reason to fail; said even when quiet."""
        self._console.print(Text.assemble(("failed: ", "bold red"), printable(line)))

    @contextmanager
    def progress(self) -> Iterator[OnProgress | None]:
        """Show a bar with rate and time left, if a person is watching."""
        if self._quiet:
            yield None
            return
        slow_counting = SlowCounting(self.tell)
        if not self._console.is_terminal:
            yield slow_counting
            return
        columns = (TextColumn("{task.description}"), BarColumn(), _Rate(), TimeRemainingColumn())
        with Progress(*columns, console=self._console, transient=True) as bar:
            tasks: dict[str, TaskID] = {}

            def on_progress(stage: str, done: int, total: int) -> None:
                if stage not in tasks:
                    tasks[stage] = bar.add_task(stage, total=total)
                bar.update(tasks[stage], completed=done)
                slow_counting(stage, done, total)

            yield on_progress


class _Rate(ProgressColumn):
    """Pairs per second."""

    def render(self, task: Task) -> Text:
        if task.speed is None or task.description in OF_AN_INDEX:
            return Text("")
        return Text(f"{task.speed / 1e6:,.0f} M pairs/s", "cyan")
