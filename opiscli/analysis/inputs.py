"""From any SOURCE to counts: embeddings are counted, an evaluation file is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from opiscli.analysis.counted_before import under_settings
from opiscli.analysis.counting import Gallery, count_items
from opiscli.analysis.listed_pairs import count_listed
from opiscli.analysis.saved_counts import saved_counts
from opiscli.analysis.work import Work as Work
from opiscli.analysis.work import scheduled as scheduled
from opiscli.counts.counts import CountedSet
from opiscli.distance import Distance
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.pair_measure import measure_of
from opiscli.embeddings.pair_scores import PairScores
from opiscli.errors import UsageError
from opiscli.settings.evaluation import EvaluationSettings
from opiscli.settings.resources import Origin
from opiscli.sources import Selection
from opiscli.sources.credentials import without_credentials
from opiscli.sources.pair_selection import PairSelection
from opiscli.sources.pairs import read_items_or_pairs, read_pairs
from opiscli.sources.read_again import SourceReader
from opiscli.sources.standard_input import read_standard_input
from opiscli.thresholds import threshold_file


class Input(Protocol):
    """The input of a computation: data that is read, or still to be read."""

    @property
    def name(self) -> str:
        """Its name in messages and results."""

    def open(self, work: Work, **further: Any) -> "Opened":  # noqa: ANN401
        """Read it; ``further`` are additional fields of `Selection`."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A source that was read: embeddings, pairs with scores, or what was counted before.

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

    data: EmbeddingSet | PairScores | CountedSet
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
            If they are counted already, or there are none.
        """
        if isinstance(self.data, PairScores):
            raise UsageError(
                f"{option} needs embeddings, but {self.name} holds pairs with scores",
                hint=hint,
            )
        if isinstance(self.data, CountedSet):
            raise UsageError(
                f"{option} needs embeddings, but {self.name} is an evaluation file", hint=hint
            )
        return self.data

    @property
    def score(self) -> str:
        """What its pairs are compared by, if not by their cosine."""
        return self.data.settings.score if isinstance(self.data, CountedSet) else self.data.score

    @property
    def is_listed(self) -> bool:
        """Whether its pairs are listed, and not formed between items."""
        if isinstance(self.data, CountedSet):
            return self.data.settings.unit is not None
        return isinstance(self.data, PairScores)

    def measured(self, asked: Distance | None = None) -> Distance:
        """What thresholds are measured in, if ``asked`` for nothing else."""
        if isinstance(self.data, CountedSet):
            return asked or self.data.settings.distance
        if isinstance(self.data, PairScores):
            return measure_of(self.data, asked)
        return asked or Distance.EUCLIDEAN

    def threshold_in(self, file: Path | None, distance: Distance | None) -> tuple[float, ...]:
        """Read the threshold of a threshold file, as it is shown; nothing without a file.

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
        return (threshold_file.read(file, self.measured(distance), self.score),)

    def count(
        self,
        given: Mapping[str, Any],
        work: Work,
        *,
        complete: bool = False,
        thresholds: tuple[float, ...] = (),
        rates: tuple[tuple[float, ...], tuple[float, ...]] = ((), ()),
        margin: bool = False,
        index: str | None = None,
        gallery: Gallery | None = None,
    ) -> CountedSet:
        """Count the pairs, unless they are counted already.

        Parameters
        ----------
        given
            Settings that differ from the defaults or from those of a file.
        complete, thresholds, margin
            As in `count_items`: what may be asked for later. A margin needs embeddings.
        rates
            False-accept rates, as in `count_items`, and for listed pairs false-reject rates, whose
            thresholds may be asked for.
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
        if isinstance(items, PairScores):
            if index is not None:
                self.items(f"--index={index}")
            work.say(f"{items.n_pairs:,} pairs with scores")
            return count_listed(items, given, thresholds, rates, source=self.name, where=self.where)
        if isinstance(items, CountedSet):
            if index is not None:
                raise UsageError(
                    f"--index={index} needs embeddings, but {self.name} holds only counts",
                    hint="Name the source that the file was made of.",
                )
            return under_settings(items, given, self.name)
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
            fars=rates[0],
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
    pairs
        What to take if its rows are pairs.
    """

    source: str
    selection: Selection = field(default_factory=Selection)
    pairs: PairSelection = field(default_factory=PairSelection)

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
            self.pairs.refuse_any(f"{self.name} is an evaluation file")
            return Opened(counts, self.name)
        data = read_items_or_pairs(self.source, selection, self.pairs, contents=contents)
        if isinstance(data, PairScores):
            return opened_pairs(data, self.name, selection, work)
        id_column = selection.id_among(list(data.columns))
        origin = None if reader is None else Origin(data.vectors, reader)
        return Opened(data, self.name, selection.rows, id_column, origin)


def opened_pairs(pairs: PairScores, name: str, selection: Selection, work: Work) -> Opened:
    """Pairs that were read, and how they were understood is said; raises for a group of items."""
    if work.resources.executor is not None:
        raise UsageError(
            f"--scheduler has no meaning for {name}, whose rows are pairs: there is nothing to"
            " compare, and they are counted in this process",
            hint="Omit it.",
        )
    opened = Opened(pairs, name, selection.rows)
    if selection.group is not None:
        opened.items("--group-by")
    for note in pairs.notes:
        work.say(note)
    return opened


def open_table_of_pairs(
    frame: object, name: str, selection: Selection, pairs: PairSelection, work: Work
) -> Opened:
    """Read a table in memory whose rows are pairs."""
    return opened_pairs(read_pairs(frame, selection, pairs), name, selection, work)


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
