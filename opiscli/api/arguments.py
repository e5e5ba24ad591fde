"""What can be given to a function: arrays, files, sets that were read or counted before."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypedDict

import numpy as np
import numpy.typing as npt

from opiscli.analysis.inputs import Input, Opened, Source, Work, require_columns
from opiscli.arrays import AnyArray
from opiscli.counts.counts import CountedSet
from opiscli.distance import Distance
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import UsageError
from opiscli.progress import Progress
from opiscli.settings.choice import choice, given
from opiscli.settings.evaluation import RangeRequest, Utility
from opiscli.settings.resources import Resources
from opiscli.sources import Selection

PathLike: TypeAlias = str | os.PathLike[str]
Embeddings: TypeAlias = npt.ArrayLike | PathLike | EmbeddingSet | CountedSet
"""An array, the name of a SOURCE, or what was read or counted before."""

AnySource: TypeAlias = Embeddings | tuple[npt.ArrayLike, npt.ArrayLike]
"""The same, or a pair of embeddings and labels."""

Bounds: TypeAlias = tuple[float, float]


class ReadingOptions(TypedDict, total=False):
    """Keyword arguments of every function that takes embeddings.

    Parameters
    ----------
    columns
        Further arrays by name, of shape ``(n_items,)``, beside arrays of embeddings.
    embedding_column, label_column, id_column
        Names of the columns of a file; by default ``embedding`` or the one list-of-float
        column, and ``label``.
    where
        Conditions ``COLUMN=VALUE`` that rows of a file must meet.
    threads
        At least 1; by default one per processor.
    memory_limit
        Bytes, or text such as ``1.5GB``; by default a quarter of the memory.
    on_progress
        Called with a stage, what is done and the total while pairs are counted.
    """

    columns: Mapping[str, npt.ArrayLike]
    embedding_column: str | None
    label_column: str | None
    id_column: str | None
    where: str | Sequence[str]
    threads: int | None
    memory_limit: int | str | None
    on_progress: Progress | None


@dataclass(frozen=True, slots=True)
class Arrays:
    """Embeddings and labels that are checked when they are opened."""

    embeddings: AnyArray
    labels: AnyArray
    columns: Mapping[str, npt.ArrayLike]
    id_column: str | None = None
    name: str = "arrays"

    def open(self, work: Work, **further: Any) -> Opened:  # noqa: ANN401
        """Check the arrays, and that the columns that are asked for are there."""
        require_columns(list(self.columns), further)
        items = EmbeddingSet.from_arrays(
            self.embeddings,
            self.labels,
            {name: _values(column) for name, column in self.columns.items()},
            with_pairs=further.get("with_pairs", True),
        )
        found = "id" if "id" in self.columns else None
        return Opened(items, self.name, id_column=self.id_column or found)


def _values(column: npt.ArrayLike) -> AnyArray:
    """Labels or a further column; strings are objects in a column of pandas."""
    values = np.asarray(column)
    if values.dtype == object and all(isinstance(value, str) for value in values.flat):
        return values.astype(str)
    return values


def work_of(options: ReadingOptions) -> Work:
    """How work is done; refuses options that there are not."""
    unknown = set(options) - ReadingOptions.__annotations__.keys()
    if unknown:
        raise TypeError(f"unexpected keyword argument {sorted(unknown)[0]!r}")
    resources = Resources.of_machine(
        threads=options.get("threads"), memory_limit=options.get("memory_limit")
    )
    return Work(resources, options.get("on_progress"))


def input_of(
    embeddings: AnySource,
    labels: npt.ArrayLike | PathLike | None,
    options: ReadingOptions,
    *,
    side: str = "",
) -> Input:
    """What was given as embeddings and labels.

    Parameters
    ----------
    side
        Which of two sources this is, as the options for it begin: ``gallery``.

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
    rows_of_files = ("where", "embedding_column", "label_column")
    if isinstance(embeddings, EmbeddingSet | CountedSet):
        _refuse(options, (*rows_of_files, "columns"), "a set was given that is read already")
        if labels is not None:
            raise UsageError("labels were given twice", hint="Leave the second ones out.")
        if isinstance(embeddings, EmbeddingSet):
            id_column = options.get("id_column") or ("id" if "id" in embeddings.columns else None)
            return Opened(embeddings, id_column=id_column)
        return Opened(embeddings, embeddings.data.source, embeddings.data.where)
    _refuse(options, rows_of_files, "arrays were given")
    if labels is None or isinstance(labels, str | os.PathLike):
        raise UsageError(
            "an array of embeddings was given without an array of labels",
            hint="Give both arrays, or the name of a file.",
        )
    columns, id_column = options.get("columns", {}), options.get("id_column")
    return Arrays(np.asarray(embeddings), _values(labels), columns, id_column)


def _refuse(options: ReadingOptions, names: Sequence[str], because: str) -> None:
    for name in names:
        if options.get(name):
            raise UsageError(f"{name} selects nothing here: {because}", hint=f"Leave {name} out.")


def _file(name: PathLike, labels: object, options: ReadingOptions, side: str) -> Source:
    if labels is not None and not isinstance(labels, str | os.PathLike):
        raise UsageError(
            f"labels of {name} were given as an array, expected the name of a file",
            hint="Give embeddings as an array, too, or the name of an NPY file of labels.",
        )
    where = options.get("where", ())
    selection = Selection(
        options.get("embedding_column"),
        options.get("label_column"),
        options.get("id_column"),
        (where,) if isinstance(where, str) else tuple(where),
        None if labels is None else Path(labels),
        side=side,
    )
    return Source(os.fspath(name), selection)


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
        distance=None if distance is None else choice(Distance, "--distance", distance),
        utility=None if utility is None else choice(Utility, "--utility", utility),
        ks=each(k) or None,
        **others,
    )


def path_of(file: PathLike | None) -> Path | None:
    """A path, or none from none."""
    return None if file is None else Path(file)


def each(value: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """Several values, where one alone may be given."""
    if value is None:
        return ()
    return (value,) if np.ndim(value) == 0 else tuple(value)
