"""What opis says on stderr while it works: progress for a person, warnings for everyone."""

import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from opiscli.cli.options.slow_counting import SlowCounting
from opiscli.errors import OpisWarning
from opiscli.progress import Progress as OnProgress
from opiscli.results import ReportWarning
from opiscli.results.text import printable

if TYPE_CHECKING:
    from rich.console import Console as RichConsole


class Console:
    """Messages of one run on stderr; stdout is never used.

    Rich is imported for the first message: most runs that a program reads have none.
    """

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self._quiet = quiet
        self._verbose = verbose

    @cached_property
    def _console(self) -> "RichConsole":
        from rich.console import Console as RichConsole

        return RichConsole(stderr=True, soft_wrap=True, highlight=False)

    def _print(self, *parts: str | tuple[str, str]) -> None:
        """Print parts of a line, some with a style."""
        from rich.text import Text

        self._console.print(Text.assemble(*parts))

    def say(self, line: str) -> None:
        """Log a step, with ``-v`` only."""
        if self._verbose:
            self._print((printable(line), "dim"))

    def tell(self, line: str) -> None:
        """Say how the work is going, except with ``-q``."""
        if not self._quiet:
            self._print(line)

    def suggest(self, lines: Iterable[str]) -> None:
        """Suggest further commands to a person who reads the result on a terminal."""
        if not self._quiet and sys.stdout.isatty():
            for line in lines:
                self._print((printable(line), "dim"))

    def warn(self, warnings: Iterable[ReportWarning]) -> None:
        """Print the warnings of a result, one to a line."""
        if not self._quiet:
            for warning in warnings:
                self._print(("warning: ", "bold yellow"), printable(warning.message))

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
        self._print(("failed: ", "bold red"), printable(line))

    @contextmanager
    def progress(self) -> Iterator[OnProgress | None]:
        """Show a bar with rate and time left, if a person is watching."""
        if self._quiet:
            yield None
            return
        slow_counting = SlowCounting(self.tell)
        if not sys.stderr.isatty():
            yield slow_counting
            return
        from opiscli.cli.options.bar import progress_bar

        with progress_bar(self._console) as show:

            def on_progress(stage: str, done: int, total: int) -> None:
                show(stage, done, total)
                slow_counting(stage, done, total)

            yield on_progress
