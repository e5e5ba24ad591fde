"""What can be given to a function: arrays, files, sets that were read or counted before."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from opiscli.analysis.inputs import (
    Input,
    Opened,
    Source,
    Work,
    open_table_of_pairs,
    require_columns,
)
from opiscli.api.reading import OF_PAIRS, pairs_of
from opiscli.api.reading import PathLike as PathLike
from opiscli.api.reading import ReadingOptions as ReadingOptions
from opiscli.api.reading import conditions as conditions
from opiscli.api.reading import path_of as path_of
from opiscli.api.reading import selection_of as selection_of
from opiscli.counts.counts import CountedSet
from opiscli.distance import OF_EMBEDDINGS, Distance
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.frame_like import is_frame
from opiscli.errors import UsageError
from opiscli.settings.choice import choice, given, require_together
from opiscli.settings.evaluation import RangeRequest, Utility
from opiscli.settings.resources import Resources
from opiscli.sources import Selection, read_arrays, read_frame
from opiscli.sources.pair_selection import PairSelection

_OF_TABLES = ("embedding_column", "embedding_columns", "label_column")
Embeddings: TypeAlias = npt.ArrayLike | PathLike | EmbeddingSet | CountedSet
"""An array, a table, the name of a SOURCE, or what was read or counted before."""

AnySource: TypeAlias = Embeddings | tuple[npt.ArrayLike, npt.ArrayLike]
"""The same, or a pair of embeddings and labels."""

Bounds: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Arrays:
    """Embeddings and labels that are checked when they are opened."""

    embeddings: object
    labels: object
    columns: Mapping[str, object]
    selection: Selection
    name: str = "arrays"

    def open(self, work: Work, **further: Any) -> Opened:  # noqa: ANN401
        """Check the arrays, and that the columns that are asked for are there."""
        require_columns(list(self.columns), further)
        selection = replace(
            self.selection,
            with_pairs=further.get("with_pairs", True),
            memory_limit=work.resources.memory_limit,
        )
        items = read_arrays(self.embeddings, self.labels, self.columns, selection)
        found = "id" if "id" in self.columns else None
        return Opened(items, self.name, selection.rows, selection.id or found)


@dataclass(frozen=True, slots=True)
class Frame:
    """A table of pandas, polars, pyarrow or another library, read when it is opened."""

    frame: object
    selection: Selection
    pairs: PairSelection
    name: str = "table"

    def open(self, work: Work, **further: Any) -> Opened:  # noqa: ANN401
        """Read the columns and rows that are asked for."""
        selection = replace(self.selection, memory_limit=work.resources.memory_limit, **further)
        if self.pairs.given:
            return open_table_of_pairs(self.frame, self.name, selection, self.pairs, work)
        items = read_frame(self.frame, selection, name=self.name)
        return Opened(items, self.name, selection.rows, selection.id_among(list(items.columns)))


def work_of(options: ReadingOptions) -> Work:
    """How work is done; refuses options that there are not."""
    unknown = set(options) - ReadingOptions.__annotations__.keys()
    if unknown:
        raise TypeError(f"unexpected keyword argument {sorted(unknown)[0]!r}")
    resources = Resources.of_machine(
        threads=options.get("threads"),
        memory_limit=options.get("memory_limit"),
        executor=options.get("executor"),
    )
    workers_read = bool(options.get("workers_read"))
    return Work(resources, options.get("on_progress"), workers_read=workers_read)


def input_of(
    embeddings: AnySource,
    labels: npt.ArrayLike | PathLike | None,
    options: ReadingOptions,
    *,
    side: str = "",
    needs_labels: bool = True,
) -> Input:
    """What was given as embeddings and labels.

    Parameters
    ----------
    side
        Which of two sources this is, as the options for it begin: ``gallery``.
    needs_labels
        Whether arrays must have labels; of files and tables, `Input.open` decides.

    Raises
    ------
    UsageError
        If labels are missing, or given twice.
    """
    if labels is None and isinstance(embeddings, tuple) and len(embeddings) == 2:
        embeddings, labels = embeddings
    if isinstance(embeddings, str | os.PathLike):
        _refuse(options, ("columns",), "a file was given, which has its own")
        return _file(embeddings, labels, options, side)
    if isinstance(embeddings, EmbeddingSet | CountedSet):
        return _read_before(embeddings, labels, options)
    if is_frame(embeddings) and (labels is None or isinstance(labels, str)):
        return _frame(embeddings, labels, options, side)
    return _arrays(embeddings, labels, options, side, needs_labels=needs_labels)


def _read_before(
    found: EmbeddingSet | CountedSet, labels: object, options: ReadingOptions
) -> Opened:
    _refuse(
        options,
        (*_OF_TABLES, *OF_PAIRS, "where", "exclude", "columns", "no_offset", "query"),
        "a set was given that is read already",
    )
    if labels is not None:
        raise UsageError("labels were given twice", hint="Leave the second ones out.")
    if isinstance(found, CountedSet):
        return Opened(found, found.data.source, found.data.where)
    id_column = options.get("id_column") or ("id" if "id" in found.columns else None)
    return Opened(found, id_column=id_column)


def _frame(frame: object, labels: str | None, options: ReadingOptions, side: str) -> Frame:
    _refuse(options, ("columns", "query"), "a table was given, which has its own")
    if labels is not None:
        raise UsageError(
            f"labels are {labels!r} beside a table, which has its own",
            hint=f"If this is a column of it: label_column={labels!r}.",
        )
    return Frame(frame, selection_of(options, side), pairs_of(options))


def _arrays(
    embeddings: object, labels: object, options: ReadingOptions, side: str, *, needs_labels: bool
) -> Arrays:
    _refuse(options, (*_OF_TABLES, *OF_PAIRS, "query"), "arrays were given")
    if labels is None and needs_labels:
        hint = "Give labels, too, or a table with both, or the name of a file."
        if isinstance(embeddings, Mapping):
            hint = "Give two of its arrays, for example x['embedding'] and x['label']."
        raise UsageError("embeddings were given without labels", hint=hint)
    return Arrays(embeddings, labels, options.get("columns", {}), selection_of(options, side))


def _refuse(options: ReadingOptions, names: Sequence[str], because: str) -> None:
    for name in names:
        if options.get(name):
            raise UsageError(f"{name} selects nothing here: {because}", hint=f"Leave {name} out.")


def _file(name: PathLike, labels: object, options: ReadingOptions, side: str) -> Source:
    if labels is not None and not isinstance(labels, str | os.PathLike):
        raise UsageError(
            f"labels of {name} were given as an array, expected the name of a file",
            hint="Give embeddings as an array, too, or the name of a file of labels.",
        )
    labels_file = None if labels is None else os.fspath(labels)
    selection = replace(selection_of(options, side), labels_file=labels_file)
    return Source(os.fspath(name), selection, pairs_of(options))


def settings_of(
    *,
    far: Bounds | None = None,
    frr: Bounds | None = None,
    range: Bounds | None = None,
    similarity_range: Bounds | None = None,
    distance: Distance | str | None = None,
    utility: Utility | str | None = None,
    k: int | Sequence[int] | None = None,
    **others: Any,  # noqa: ANN401
) -> dict[str, Any]:
    """Fields of `EvaluationSettings` that were given."""
    return given(
        calibration_range=RangeRequest.given(
            far=far, frr=frr, distance=range, similarity=similarity_range
        ),
        distance=None
        if distance is None
        else choice(Distance, "--distance", distance, OF_EMBEDDINGS),
        utility=None if utility is None else choice(Utility, "--utility", utility),
        ks=each(k) or None,
        **others,
    )


def each(value: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """Several values, where one alone may be given."""
    if value is None:
        return ()
    return (value,) if np.ndim(value) == 0 else tuple(value)


def gallery_of(
    gallery: AnySource | None,
    where: Sequence[str] | None,
    labels: PathLike | None,
    reading: ReadingOptions,
) -> Input | None:
    """The gallery that was given; ``None`` compares items with one another."""
    if gallery is not None:
        rows: ReadingOptions = {**reading, "where": where or (), "columns": {}}
        return input_of(gallery, labels, rows, side="gallery")
    require_together("--gallery", gallery_where=where, gallery_labels=labels)
    return None
