"""Exact counts of pairs across two sets only: queries against a separate gallery.

Classes are matched by label. For class i with q_i queries out of Q and g_i gallery items out of G:

- its positive pairs are a query and a gallery item of it: q_i g_i of them. A class has an
  OPIS, a TPR and R@1 queries only if it has both.
- its negative pairs have one end in it, on either side: q_i (G - g_i) + g_i (Q - q_i). So the
  FAR of a class counts what its queries wrongly accept and what wrongly accepts its gallery
  items; over all classes every negative pair is counted twice, as it is within one set.
- pooled rates are over all Q G pairs; classes on one side only take part in them.
- R@1: share of the queries of classes in the gallery whose nearest gallery item is of
  their class, one half where that depends on how ties are ordered.

No item is compared with another of its own side, and none is left out: an item that is in both
sets is an ordinary pair with itself, at distance 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from opiscli.arrays import Float32Array, FloatArray, Int32Array, IntArray
from opiscli.counts.histogram import TICKS, DistanceHistogram, count_distances
from opiscli.counts.pair_counts import PairCounts
from opiscli.distance import cutoffs
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.engine.executors import Progress, sweep_tiles
from opiscli.errors import EmbeddingError
from opiscli.pairs.directed import classes_of, count_crossing, with_nearest_exact
from opiscli.pairs.tiles import Block, Tile, tile_side
from opiscli.settings.evaluation import Distance
from opiscli.settings.resources import Resources


@dataclass(frozen=True, slots=True)
class Across:
    """Queries and a gallery under one list of classes, each in class order.

    Parameters
    ----------
    query_unit, gallery_unit
        Shape ``(n, dims)``, float32, rows of length one.
    query_codes, gallery_codes
        Shape ``(n,)``, class of each item, non-decreasing.
    names
        Label of each class on either side, sorted as text.
    """

    query_unit: Float32Array
    query_codes: Int32Array
    gallery_unit: Float32Array
    gallery_codes: Int32Array
    names: tuple[str, ...]

    @classmethod
    def of(cls, queries: EmbeddingSet, gallery: EmbeddingSet) -> "Across":
        """Match two sets by the names of their classes.

        Raises
        ------
        EmbeddingError
            If dims differ, no class is on both sides, or there is only one class.
        """
        if queries.dims != gallery.dims:
            raise EmbeddingError(
                f"queries have {queries.dims:,} dims and the gallery {gallery.dims:,},"
                " expected as many",
                hint="Embed both with the same model.",
            )
        names = tuple(sorted({*queries.names, *gallery.names}))
        if not set(queries.names) & set(gallery.names):
            raise EmbeddingError(
                f"none of the {queries.n_classes:,} classes of the queries is in the gallery",
                hint="Labels are matched as text; check the label columns of both.",
            )
        if len(names) < 2:
            raise EmbeddingError(
                f"all queries and the whole gallery are of one class, {names[0]!r}",
                hint="Without a second class there are no negative pairs.",
            )
        return cls(*_in_class_order(queries, names), *_in_class_order(gallery, names), names)

    @property
    def query_sizes(self) -> IntArray:
        """Shape ``(n_classes,)``, queries of each class."""
        return np.bincount(self.query_codes, minlength=len(self.names))

    @property
    def gallery_sizes(self) -> IntArray:
        """Shape ``(n_classes,)``, gallery items of each class."""
        return np.bincount(self.gallery_codes, minlength=len(self.names))

    @property
    def sides(self) -> "tuple[GallerySide, GallerySide]":
        """Queries and gallery, to be searched."""
        return (
            GallerySide(self.query_unit, self.query_codes),
            GallerySide(self.gallery_unit, self.gallery_codes),
        )

    @property
    def n_pairs(self) -> int:
        """Pairs across the two."""
        return len(self.query_codes) * len(self.gallery_codes)

    def block(self, tile: Tile) -> Block:
        """Form the similarities of some queries and some of the gallery."""
        row_unit, column_unit = self.query_unit[tile.rows], self.gallery_unit[tile.columns]
        codes = self.query_codes[tile.rows], self.gallery_codes[tile.columns]
        return Block(tile, row_unit @ column_unit.T, *codes, row_unit, column_unit)


@dataclass(frozen=True, slots=True)
class GallerySide:
    """Queries or gallery: rows of length one with their classes."""

    vectors: Float32Array
    codes: Int32Array
    half_squares: Float32Array | None = None


class Rectangle(Tile):
    """Some queries against some of the gallery: equal positions are not equal items."""

    @property
    def on_diagonal(self) -> bool:
        """Never: no item is on both sides."""
        return False


def histogram_across(
    sets: Across, distance: Distance, resources: Resources, on_progress: Progress | None = None
) -> DistanceHistogram:
    """Count all pairs across on the ruler, from which thresholds are chosen."""
    positive, negative = np.zeros((2, len(TICKS)), dtype=np.int64)
    for _, counted in sweep_tiles(
        _rectangles(sets, 0, resources),
        lambda tile: count_distances(sets.block(tile), distance),
        n_pairs=sets.n_pairs,
        threads=resources.threads,
        stage="distances",
        on_progress=on_progress,
    ):
        positive += counted.positive
        negative += counted.negative
    return DistanceHistogram(positive, negative, TICKS)


def count_across(
    sets: Across,
    thresholds: FloatArray,
    distance: Distance,
    resources: Resources,
    on_progress: Progress | None = None,
) -> PairCounts:
    """Count the accepted pairs of every class at every threshold, ties included.

    Parameters
    ----------
    thresholds
        Shape ``(n_thresholds,)``, distances in ``[0, 2]``, increasing.

    Returns
    -------
    PairCounts
        ``class_sizes`` are the items of both sides; classes with ``positive_pairs`` are on both.
    """
    accepted_up_to = cutoffs(thresholds, distance)

    def count(tile: Tile) -> tuple[IntArray, IntArray, IntArray]:
        of = sets.block(tile)
        distances = np.subtract(np.float32(1), of.similarity, out=of.similarity)
        distances = with_nearest_exact(distances, of.row_unit, of.column_unit)
        counted = count_crossing(distances, of.row_codes, of.column_codes, accepted_up_to)
        return counted.positive, counted.row_negative, counted.column_negative

    positive, negative = np.zeros((2, len(sets.names), len(thresholds)), dtype=np.int64)
    for tile, (matches, by_query, by_gallery) in sweep_tiles(
        _rectangles(sets, len(thresholds), resources),
        count,
        n_pairs=sets.n_pairs,
        threads=resources.threads,
        stage="thresholds",
        on_progress=on_progress,
    ):
        queries = classes_of(sets.query_codes[tile.rows])
        positive[queries] += matches
        negative[queries] += by_query
        negative[classes_of(sets.gallery_codes[tile.columns])] += by_gallery
    q, g = sets.query_sizes, sets.gallery_sizes
    return PairCounts(
        thresholds=thresholds,
        class_sizes=q + g,
        positive_pairs=q * g,
        negative_pairs=q * (g.sum() - g) + g * (q.sum() - q),
        positive=np.cumsum(positive, axis=1),
        negative=np.cumsum(negative, axis=1),
    )


def _rectangles(sets: Across, n_thresholds: int, resources: Resources) -> Iterator[Rectangle]:
    units = sets.query_unit, sets.gallery_unit
    side = tile_side(
        sum(len(unit) for unit in units),
        fixed_bytes=2 * sum(unit.nbytes for unit in units) + 4 * 8 * len(sets.names) * n_thresholds,
        bytes_per_item=2 * 8 * n_thresholds,
        resources=resources,
    )
    for rows in _bands(len(sets.query_codes), side):
        for columns in _bands(len(sets.gallery_codes), side):
            yield Rectangle(rows, columns)


def _bands(n_items: int, side: int) -> Iterator[slice]:
    for start in range(0, n_items, side):
        yield slice(start, min(start + side, n_items))


def _in_class_order(items: EmbeddingSet, names: tuple[str, ...]) -> tuple[Float32Array, Int32Array]:
    code_of = {name: code for code, name in enumerate(names)}
    codes = np.array([code_of[name] for name in items.names], dtype=np.int32)[items.codes]
    if np.all(codes[1:] >= codes[:-1]):
        return items.unit_rows, codes
    order = np.argsort(codes, kind="stable")
    return items.unit_rows[order], codes[order]
