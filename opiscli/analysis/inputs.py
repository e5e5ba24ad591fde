"""From any SOURCE to counts: embeddings are counted, an evaluation file is read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from opiscli.analysis.counting import Gallery, count_items
from opiscli.analysis.saved_counts import saved_counts
from opiscli.counting.reuse import under
from opiscli.counting.scheduler import opened
from opiscli.counts.counts import CountedSet
from opiscli.distance import Distance
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import UsageError
from opiscli.progress import Progress
from opiscli.settings.evaluation import EvaluationSettings
from opiscli.settings.resources import Resources
from opiscli.sources import Selection, read_embeddings
from opiscli.sources.credentials import without_credentials
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
    """

    resources: Resources
    on_progress: Progress | None = None
    say: Callable[[str], None] = _say_nothing


@contextmanager
def scheduled(work: Work, scheduler: str | None) -> Iterator[Work]:
    """Open a scheduler, and count pairs there; as `opiscli.counting.scheduler.opened`."""
    with opened(scheduler) as executor:
        yield replace(work, resources=replace(work.resources, executor=executor))


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
    """

    data: EmbeddingSet | CountedSet
    name: str = "arrays"
    where: tuple[str, ...] = ()
    id_column: str | None = None

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
        margin: bool = False,
        index: str | None = None,
        gallery: Gallery | None = None,
    ) -> CountedSet:
        """Count the pairs, unless they are counted already.

        Parameters
        ----------
        given
            Settings that differ from the defaults or from those of a file.
        complete, thresholds, fars, margin
            As in `count_items`: what may be asked for later. A margin needs embeddings.
        index
            A FAISS index to put beside the exact search; needs embeddings.
        gallery
            What to compare the items with; needs embeddings.

        Raises
        ------
        UsageError
            If a setting cannot be changed any more, because the file was counted under another.
        """
        needs = "--margin" if margin else "" if gallery is None else "--gallery"
        items = self.items(needs) if needs else self.data
        if isinstance(items, CountedSet):
            if index is not None:
                raise UsageError(
                    f"--index={index} needs embeddings, but {self.name} holds only counts",
                    hint="Name the source that the file was made of.",
                )
            return _under(items, given, self.name)
        against = "" if gallery is None else f" against {gallery.items.n_items:,}"
        work.say(f"{items.n_items:,} × {items.dims:,}{against}, {work.resources}")
        counts = count_items(
            items,
            EvaluationSettings(**given),
            work.resources,
            complete=complete,
            thresholds=thresholds,
            fars=fars,
            margin=margin,
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
        contents = read_standard_input(selection.memory_limit) if self.source == "-" else None
        if (counts := saved_counts(self.source, contents, selection)) is not None:
            return Opened(counts, self.name)
        items = read_embeddings(self.source, selection, contents=contents)
        id_column = selection.id_among(list(items.columns))
        return Opened(items, self.name, selection.rows, id_column)


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


def open_gallery(gallery: Input, queries: Input, work: Work) -> Gallery:
    """Read the gallery that queries are compared with.

    Raises
    ------
    UsageError
        If it is an evaluation file, or both are standard input; and as `Source.open`.
    """
    if (
        isinstance(gallery, Source)
        and isinstance(queries, Source)
        and gallery.name == queries.name == "-"
    ):
        raise UsageError(
            "queries and gallery cannot both come from standard input",
            hint="Name a file for one of them.",
        )
    opened = gallery.open(work, with_pairs=False)
    items = opened.items("--gallery", hint="Name the embeddings that it was made of.")
    return Gallery(items, opened.name, opened.where)


def _under(counts: CountedSet, given: Mapping[str, Any], name: str) -> CountedSet:
    settings = replace(counts.settings, **given)
    for option, old, new in (
        ("--distance", counts.settings.distance, settings.distance),
        ("--drop-duplicates", counts.settings.drop_duplicates, settings.drop_duplicates),
        ("--sample-pairs", counts.settings.sample_pairs, settings.sample_pairs),
    ):
        if new != old:
            raise UsageError(
                f"{option} is {new}, but {name} was counted {f'with {old}' if old else 'without'}",
                hint="Leave the option out, or evaluate the embeddings again.",
            )
    missing = sorted(set(settings.ks) - set(counts.settings.ks))
    if missing:
        raise UsageError(
            f"--k asks for R@{missing[0]}, but {name} was counted for"
            f" --k={','.join(map(str, counts.settings.ks))}",
            hint="Evaluate the embeddings again with the ranks you need.",
        )
    if settings.ranking and not counts.settings.ranking:
        raise UsageError(
            f"--ranking asks for MAP@R, but {name} was counted without",
            hint="Evaluate the embeddings again with --ranking.",
        )
    return under(counts, settings)
