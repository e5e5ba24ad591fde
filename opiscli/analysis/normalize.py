"""The recipe of a normalisation: offsets of a source by a cohort of other classes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from opiscli.analysis.held_out_offsets import held_out
from opiscli.analysis.inputs import Work
from opiscli.analysis.warnings.normalize import (
    choice_warnings,
    harm_warnings,
    leak_warnings,
    spread_warnings,
)
from opiscli.arrays import Float32Array
from opiscli.atomic_file import require_free
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.labels import Labels
from opiscli.embeddings.offsets import Offsets
from opiscli.embeddings.repeats import fingerprints_of
from opiscli.embeddings.unit_rows import CentredRows
from opiscli.errors import EmbeddingError
from opiscli.neighbours.cohort import Cohort
from opiscli.results import ReportWarning
from opiscli.results.normalization import HeldOut, Normalization, NormalizedData
from opiscli.settings.normalization import NormalizationSettings
from opiscli.settings.version import __version__
from opiscli.sources.offset_rows import OffsetRows
from opiscli.sources.standard_output import is_standard_output
from opiscli.training.choice import FEWEST_CLASSES

_FEWEST_COHORT_CLASSES = 10


@dataclass(frozen=True, slots=True, eq=False)
class Normalized:
    """Offsets in the order of the rows, and what is known of them."""

    offsets: Offsets
    report: Normalization


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Rows that were read, labels where there are any."""

    unit: Float32Array
    labels: Labels | None
    data: NormalizedData

    @classmethod
    def of(cls, rows: OffsetRows, *, needs_labels: bool) -> "_Rows":
        unit, labels = rows.read(needs_labels=needs_labels)
        n_classes = None if labels is None else len(labels.names)
        where = rows.selection.rows
        return cls(unit, labels, NormalizedData(
            source=rows.name, where=where, n_items=len(unit), n_classes=n_classes,
            dims=unit.shape[1],
        ))  # fmt: skip


def normalize_rows(
    source: OffsetRows,
    cohort: OffsetRows,
    settings: NormalizationSettings,
    work: Work,
    *,
    path: Path | None = None,
    force: bool = False,
) -> Normalized:
    """Compute offsets, see what they do on classes of the cohort, and write them.

    Parameters
    ----------
    path
        Parquet file for the rows of the source with their offsets; none is written without it.

    Raises
    ------
    SourceError
        If a source cannot be read, or has another column ``offset``.
    EmbeddingError
        If dims differ, or the cohort has too few classes or items.
    OutputError, UsageError
        If the file cannot be written.
    """
    if path is not None:
        if not is_standard_output(path):
            require_free(path, force=force)
        source.require_no_other_offset()
    work.say(f"reading {source.name} and the cohort {cohort.name}")
    rows = _Rows.of(source, needs_labels=False)
    others = _Rows.of(cohort, needs_labels=True)
    _require_cohort(rows, others, settings)
    tried = _tried(others, settings, work)
    weight = settings.weight if settings.weight is not None else _best(tried)
    codes = None if others.labels is None else others.labels.codes
    searched = Cohort(others.unit, codes, settings.k, threads=work.resources.threads)
    centre = searched.own_mean()
    nearness = searched.nearness(rows.unit, work.on_progress)
    offsets = Offsets.of(weight * (nearness.mean - centre), settings.k, weight)
    if path is not None:
        source.write(offsets, path, force=force)
    return Normalized(offsets, _report(rows, others, settings, offsets, centre, tried))


def _report(
    rows: _Rows,
    others: _Rows,
    settings: NormalizationSettings,
    offsets: Offsets,
    centre: float,
    tried: tuple[HeldOut, ...],
) -> Normalization:
    weight = offsets.weight or 0.0
    return Normalization(
        opis_version=__version__,
        signature=settings.signature(__version__, weight),
        data=rows.data,
        cohort=others.data,
        k=settings.k,
        weight=weight,
        score=offsets.score,
        centre=centre,
        smallest_offset=float(offsets.values.min()),
        largest_offset=float(offsets.values.max()),
        held_out=tried,
        warnings=tuple(_warnings(rows, others, settings, offsets, tried)),
    )


def _warnings(
    rows: _Rows,
    others: _Rows,
    settings: NormalizationSettings,
    offsets: Offsets,
    tried: tuple[HeldOut, ...],
) -> Iterator[ReportWarning]:
    shared = [] if others.labels is None else _shared_names(rows.labels, others.labels)
    n_shared = int(np.isin(fingerprints_of(rows.unit), fingerprints_of(others.unit)).sum())
    yield from leak_warnings(shared, n_shared)
    yield from spread_warnings(offsets.values, offsets.weight)
    if settings.weight is None:
        yield from choice_warnings(offsets.weight or 0.0)
    else:
        yield from harm_warnings(tried, settings.weight, has_labels=others.labels is not None)


def _shared_names(labels: Labels | None, others: Labels) -> list[str]:
    return [] if labels is None else sorted(set(labels.names) & set(others.names))


def _require_cohort(rows: _Rows, others: _Rows, settings: NormalizationSettings) -> None:
    if rows.data.dims != others.data.dims:
        raise EmbeddingError(
            f"{rows.data.source} has {rows.data.dims:,} dims and the cohort {others.data.dims:,};"
            " the numbers must match",
            hint="Embed both with the same model.",
        )
    largest = 1
    if others.labels is not None:
        largest = int(np.bincount(others.labels.codes).max())
        if (n := len(others.labels.names)) < _FEWEST_COHORT_CLASSES:
            raise EmbeddingError(
                f"the cohort has {n} {'class' if n == 1 else 'classes'}, expected at least"
                f" {_FEWEST_COHORT_CLASSES}",
                hint="Use more classes that are not evaluated, such as those the model is"
                " trained on.",
            )
    n_usable = others.data.n_items - largest
    if n_usable < settings.k:
        beside = "one item" if others.labels is None else "its largest class"
        raise EmbeddingError(
            f"the cohort has {n_usable:,} items beside {beside}, fewer than the {settings.k}"
            " neighbours of -k",
            hint="Use a larger cohort, or give a smaller -k.",
        )
    n_distinct = len(np.unique(fingerprints_of(others.unit)))
    if n_distinct < settings.k:
        raise EmbeddingError(
            f"the cohort has only {n_distinct:,} different embeddings, fewer than the"
            f" {settings.k} neighbours of -k",
            hint="Most of its rows are duplicates: has the model collapsed, or was a constant"
            " saved?",
        )


def _tried(others: _Rows, settings: NormalizationSettings, work: Work) -> tuple[HeldOut, ...]:
    """What the weights do on classes of the cohort; empty where they cannot tell."""
    is_auto = settings.weight is None
    if others.labels is None:
        if is_auto:
            raise EmbeddingError(
                f"the cohort {others.data.source} has no labels, on which --weight auto could"
                " choose",
                hint="Name their column with --label-column, or give a weight: --weight 0.25.",
            )
        return ()
    cohort = EmbeddingSet.from_rows(CentredRows(others.unit, None), others.labels, with_pairs=False)
    work.say("comparing scores with and without offsets on held-out classes of the cohort")
    tried = held_out(cohort, settings.k, settings.tried, work.resources, settings.seed)
    if is_auto and not tried:
        n_classes = int(np.count_nonzero(cohort.class_sizes > 1))
        raise EmbeddingError(
            f"{n_classes} cohort classes have two items or more, too few for --weight auto to"
            f" choose on; it needs {FEWEST_CLASSES}, and half of them with {settings.k} items",
            hint="Use a larger cohort, or give a weight: --weight 0.25.",
        )
    return tried


def _best(tried: tuple[HeldOut, ...]) -> float:
    passed = [one for one in tried if one.passed]
    return min(passed, key=lambda one: one.after.opis).weight if passed else 0.0
