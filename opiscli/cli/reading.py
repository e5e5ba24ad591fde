"""How every command reads its sources: the options for it declared once, the work called once."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any

from opiscli.cli import options

if TYPE_CHECKING:
    from opiscli.cli.console import Console
    from opiscli.counts.counts import CountedSet
    from opiscli.embeddings.embedding_set import EmbeddingSet
    from opiscli.progress import Progress
    from opiscli.settings.resources import Resources
    from opiscli.sources import Selection

_AT_THE_END = ("quiet", "verbose", "threads", "memory_limit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a command reads its sources; its fields are the command's options."""

    embedding_column: options.EmbeddingColumn = None
    label_column: options.LabelColumn = None
    id_column: options.IdColumn = None
    where: options.Where = None
    labels: options.LabelsFile = None
    quiet: options.Quiet = False
    verbose: options.Verbose = False
    threads: options.Threads = None
    memory_limit: options.MemoryLimit = None

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions that rows must meet."""
        return tuple(self.where or ())

    @property
    def columns(self) -> tuple[str | None, str | None, str | None]:
        """Names of the columns of embeddings, labels and ids."""
        return self.embedding_column, self.label_column, self.id_column

    @property
    def resources(self) -> "Resources":
        """What the command may use of the machine."""
        return options.resources(self.threads, self.memory_limit)

    def talk(self) -> "Console":
        """Whom warnings and progress go to."""
        from opiscli.cli.console import Console

        return Console(quiet=self.quiet, verbose=self.verbose)

    def selection(self, **more: Any) -> "Selection":  # noqa: ANN401
        """What to take from a source."""
        from opiscli.sources import Selection

        return Selection(*self.columns, self.conditions, self.labels, **more)

    def open(self, source: str, talk: "Console", **more: Any) -> "EmbeddingSet | CountedSet":  # noqa: ANN401
        """Read embeddings, or what was counted of them before."""
        from opiscli.analysis.inputs import open_source

        return open_source(source, self.selection(**more), talk.say)

    def count(
        self,
        opened: "EmbeddingSet | CountedSet",
        source: str,
        given: dict[str, Any],
        talk: "Console",
        on_progress: "Progress | None",
        **more: Any,  # noqa: ANN401
    ) -> "CountedSet":
        """Count what was opened, unless it is counted already."""
        from opiscli.analysis.inputs import run_of

        return run_of(
            opened,
            source,
            given,
            self.resources,
            where=self.conditions,
            say=talk.say,
            on_progress=on_progress,
            **more,
        )

    def read(
        self,
        sources: Sequence[str],
        given: dict[str, Any],
        talk: "Console",
        **more: Any,  # noqa: ANN401
    ) -> "list[CountedSet]":
        """Open and count one source after the other."""
        with talk.progress() as on_progress:
            return [
                self.count(self.open(source, talk), source, given, talk, on_progress, **more)
                for source in sources
            ]


def reads_sources(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `Reading` in place of its parameter ``reading``.

    Those of input stand where the parameter stood, the others after the command's own.
    """
    names = [field.name for field in fields(Reading)]
    of_reading = inspect.signature(Reading).parameters
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command).parameters.values():
        if parameter.name == "reading":
            parameters += [of_reading[name] for name in names if name not in _AT_THE_END]
        else:
            parameters.append(parameter)
    parameters += [of_reading[name] for name in _AT_THE_END]

    @wraps(command)
    def with_reading(**given: Any) -> None:  # noqa: ANN401
        reading = Reading(**{name: given.pop(name) for name in names})
        command(**given, reading=reading)

    # What typer looks at to learn of a command's options.
    vars(with_reading)["__signature__"] = inspect.Signature(parameters)
    with_reading.__annotations__ = {one.name: one.annotation for one in parameters}
    return with_reading


def named_sources(sources: Sequence[str] | None) -> list[str]:
    """The sources, or stdin where none is named and something is piped in."""
    return list(sources) if sources else [options.source_or_stdin(None)]
