"""From any SOURCE to counts: embeddings are counted, an evaluation file is read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from opiscli.analysis.changed_settings import under_given
from opiscli.analysis.counting import Gallery, count_items
from opiscli.analysis.saved_counts import saved_counts
from opiscli.counting.scheduler import opened
from opiscli.counts.counts import CountedSet
from opiscli.distance import Distance
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import UsageError
from opiscli.progress import Progress
from opiscli.settings.evaluation import EvaluationSettings
from opiscli.settings.resources import Origin, Resources
from opiscli.sources import Selection, read_embeddings
from opiscli.sources.credentials import without_credentials
from opiscli.sources.read_again import SourceReader
from opiscli.sources.standard_input import read_standard_input
from opiscli.thresholds import threshold_file


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


class Input(Protocol):
    """The input of a computation: data that is read, or still to be read."""

    @property
    def name(self) -> str:
        """Its name in messages and results."""

    def open(self, work: Work, **further: Any) -> "Opened":  # noqa: ANN401
        """Read it; ``further`` are additional fields of `Selection`."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A source that was read: embeddings, or what was counted of them before.

    Parameters
    ----------
    data
        What it holds.
    name, where
        Name it in messages and results.
    id_column
        The column of ids among those that were read, if one was found.
    origin
        What reads the vectors again on a worker, if it is to.
    """

    data: EmbeddingSet | CountedSet
    name: str = "arrays"
    where: tuple[str, ...] = ()
    id_column: str | None = None
    origin: Origin | None = None

    def open(self, work: Work, **further: Any) -> "Opened":  # noqa: ANN401
        """Return itself with the requested columns; a `Source` has to be read first."""
        if isinstance(self.data, EmbeddingSet):
            require_columns(list(self.data.columns), further)
        return self

    def items(self, option: str, *, hint: str = "Name the embeddings as SOURCE.") -> EmbeddingSet:
        """Return the embeddings, which an option needs.

        Raises
        ------
        UsageError
            If they are counted already.
        """
        if isinstance(self.data, CountedSet):
            raise UsageError(
                f"{option} needs embeddings, but {self.name} is an evaluation file", hint=hint
            )
        return self.data

    @property
    def score(self) -> str:
        """What its pairs are compared by, if not by their cosine."""
        return self.data.settings.score if isinstance(self.data, CountedSet) else self.data.score

    def threshold_in(self, file: Path | None, distance: Distance | None) -> tuple[float, ...]:
        """Read the threshold of a threshold file; ``None`` without a file.

        Parameters
        ----------
        distance
            What was asked for, if anything was; counts are measured as they were counted.

        Raises
        ------
        SourceError
            If the file cannot be read, or is no threshold file.
        UsageError
            If its threshold is measured in something else.
        """
        if file is None:
            return ()
        counts = self.data if isinstance(self.data, CountedSet) else None
        measured = Distance.EUCLIDEAN if counts is None else counts.settings.distance
        return (threshold_file.read(file, distance or measured, self.score),)

    def count(
        self,
        given: Mapping[str, Any],
        work: Work,
        *,
        complete: bool = False,
        thresholds: tuple[float, ...] = (),
        fars: tuple[float, ...] = (),
        index: str | None = None,
        gallery: Gallery | None = None,
    ) -> CountedSet:
        """Count the pairs, unless they are counted already.

        Parameters
        ----------
        given
            Settings that differ from the defaults, or from those that a file was counted
            under; names as in `EvaluationSettings`.
        complete, thresholds, fars
            As in `count_items`: whether any threshold may be asked for, which must be
            counted to the digit, and at which rates some may be asked for.
        index
            A FAISS index to put beside the exact search; needs embeddings.
        gallery
            What to compare the items with, if not one another; needs embeddings.

        Raises
        ------
        UsageError
            If a setting cannot be changed any more, because the file was counted under another.
        """
        items = self.data if gallery is None else self.items("--gallery")
        if isinstance(items, CountedSet):
            if index is not None:
                raise UsageError(
                    f"--index={index} needs embeddings, but {self.name} holds only counts",
                    hint="Name the source that the file was made of.",
                )
            return under_given(items, given, self.name)
        read = (self.origin,) if gallery is None else (self.origin, gallery.origin)
        resources = work.origins(*read)
        against = "" if gallery is None else f" against {gallery.items.n_items:,}"
        work.say(f"{items.n_items:,} × {items.dims:,}{against}, {work.resources}")
        counts = count_items(
            items,
            EvaluationSettings(**given),
            resources,
            complete=complete,
            thresholds=thresholds,
            fars=fars,
            index=index,
            gallery=gallery,
            source=self.name,
            where=self.where,
            on_progress=work.on_progress,
        )
        work.say(f"counted by the {counts.counted.kernel} kernel")
        if (traffic := getattr(work.resources.executor, "traffic", None)) is not None:
            work.say(str(traffic))
        return counts


@dataclass(frozen=True, slots=True)
class Source:
    """A source still to be read.

    Parameters
    ----------
    source
        Any SOURCE; ``-`` is embeddings or an evaluation on standard input.
    selection
        Which columns and rows to take; an evaluation file has none to choose from.
    """

    source: str
    selection: Selection = field(default_factory=Selection)

    @property
    def name(self) -> str:
        """The source as it is shown: an address without its credentials."""
        return without_credentials(self.source)

    def open(self, work: Work, **further: Any) -> Opened:  # noqa: ANN401
        """Read it.

        Parameters
        ----------
        further
            More to select.

        Raises
        ------
        SourceError
            If it is missing or unreadable.
        EmbeddingError
            If it cannot be evaluated.
        UsageError
            If something is chosen that the source does not have.
        """
        work.say(f"reading {self.name}")
        selection = replace(self.selection, memory_limit=work.resources.memory_limit, **further)
        reader = SourceReader.of(self.source, selection) if work.workers_read else None
        contents = read_standard_input(selection.memory_limit) if self.source == "-" else None
        if (counts := saved_counts(self.source, contents, selection)) is not None:
            return Opened(counts, self.name)
        items = read_embeddings(self.source, selection, contents=contents)
        id_column = selection.id_among(list(items.columns))
        origin = None if reader is None else Origin(items.vectors, reader)
        return Opened(items, self.name, selection.rows, id_column, origin)


def require_columns(columns: Sequence[str], further: Mapping[str, Any]) -> None:
    """Raise `UsageError` if ``further`` names a group or columns to show that are not there."""
    group = further.get("group")
    asked = [("--group-by", group)] if group else []
    asked += [("--show", name) for name in further.get("show", ())]
    for option, name in asked:
        if name not in columns:
            raise UsageError(
                f"{option} names {name!r}, which is not one of the columns:"
                f" {', '.join(columns) or 'none was given'}",
                hint=f"Give it as columns={{{name!r}: …}}.",
            )
