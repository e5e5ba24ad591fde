"""The progress bar of a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
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

from opiscli.progress import OF_AN_INDEX
from opiscli.progress import Progress as OnProgress


@contextmanager
def progress_bar(console: Console) -> Iterator[OnProgress]:
    """Show a bar for each stage, with rate and time left, until the work is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def on_progress(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done)

        yield on_progress


class _Rate(ProgressColumn):
    """Pairs per second."""

    def render(self, task: Task) -> Text:
        if task.speed is None or task.description in OF_AN_INDEX:
            return Text("")
        return Text(f"{task.speed / 1e6:,.0f} M pairs/s", "cyan")
