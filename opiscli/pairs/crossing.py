"""Counts all items against a few of them: what a random sample of pairs is made of."""

import threading
from dataclasses import dataclass

import numpy as np

from opiscli.arrays import AnyArray, Float32Array, Int32Array, IntArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.engine.executors import Progress, sweep_tiles
from opiscli.pairs.items import cell_type, zeros
from opiscli.pairs.lattice import Lattice
from opiscli.pairs.listing import Lister, TileSide
from opiscli.pairs.survey import COLUMNS_AT_ONCE, class_bands, class_groups, coarse_bins
from opiscli.pairs.tiles import Tile
from opiscli.settings.evaluation import Distance

_SIDE = 1024


@dataclass(frozen=True, slots=True)
class Crossing:
    """Negative pairs of all items with some of them, and the neighbours of those.

    Parameters
    ----------
    negative
        Shape ``(n_classes, n_thresholds + 1)``, pairs of each class's items with those
        chosen of other classes, in the bins of the lattice.
    items
        Shape ``(n_items, len(coarse) + 1)``, the same of each item in the coarse bins.
    nearest_positive, nearest_negative
        Shape ``(n_chosen,)``, cosine distance of each chosen item to the nearest of all
        others of its class and of other classes; infinite if it lies beyond the lattice.
    """

    negative: IntArray
    items: Int32Array
    nearest_positive: Float32Array
    nearest_negative: Float32Array


def cross(
    items: EmbeddingSet,
    chosen: IntArray,
    lattice: Lattice,
    coarse: IntArray,
    distance: Distance,
    *,
    threads: int,
    compiled: bool,
    on_progress: Progress | None = None,
) -> Crossing:
    """Pair every item with every chosen one but itself.

    Parameters
    ----------
    chosen
        Positions of the chosen items, increasing.
    lattice, coarse
        As in `opiscli.pairs.survey.Survey`.
    """
    shape = (items.n_classes, lattice.n_thresholds + 1)
    home = Crossing(
        negative=zeros(shape, cell_type(items.class_sizes)),
        items=zeros((items.n_items, len(coarse) + 1), np.int32),
        nearest_positive=np.full(len(chosen), np.inf, dtype=np.float32),
        nearest_negative=np.full(len(chosen), np.inf, dtype=np.float32),
    )
    bands = class_bands(items, _SIDE)
    columns = slice(0, len(chosen))
    tiles = [Tile(rows, columns) for rows in bands]
    lister = Lister(lattice, distance, compiled=compiled)
    worker = _Worker(items, chosen, home, lister, bands, coarse_bins(coarse, lattice))
    for _ in sweep_tiles(
        tiles,
        worker,
        n_pairs=items.n_items * len(chosen),
        threads=threads,
        stage="sample",
        on_progress=on_progress,
    ):
        pass
    return home


class _Worker:
    """Adds a band of items against all chosen ones at a time, from several threads."""

    def __init__(
        self,
        items: EmbeddingSet,
        chosen: IntArray,
        home: Crossing,
        lister: Lister,
        bands: list[slice],
        coarse: AnyArray,
    ) -> None:
        self._items = items
        self._chosen = chosen
        self._unit, self._codes = items.unit_rows[chosen], items.codes[chosen]
        self._home = home
        self._lister = lister
        self._coarse = coarse
        groups = list(class_groups(items, bands))
        self._group = dict(zip((band.start for band in bands), groups, strict=True))
        self._locks = [threading.Lock() for _ in range(groups[-1] + 1)]
        self._lock_of_chosen = threading.Lock()

    def __call__(self, tile: Tile) -> None:
        for start in range(0, len(self._chosen), COLUMNS_AT_ONCE):
            self._add(tile.rows, slice(start, start + COLUMNS_AT_ONCE))

    def _add(self, rows: slice, columns: slice) -> None:
        codes = self._items.codes[rows]
        listed = self._lister.list(
            TileSide(self._items.unit_rows[rows], codes),
            TileSide(self._unit[columns], self._codes[columns]),
            without=self._selves(rows, columns),
        )
        kernel, home = self._lister.kernel, self._home
        found = listed(True)
        with self._lock_of_chosen:
            kernel.approach(found.columns, found.distances, home.nearest_positive[columns])
        found = listed(False)
        with self._lock_of_chosen:
            kernel.approach(found.columns, found.distances, home.nearest_negative[columns])
        nobody = np.full(len(codes), np.inf, dtype=np.float32)
        with self._locks[self._group[rows.start]]:
            kernel.tally(
                found.rows,
                found.bins,
                found.distances,
                codes,
                home.negative,
                self._coarse,
                home.items[rows],
                nobody,
            )

    def _selves(self, rows: slice, columns: slice) -> tuple[IntArray, IntArray]:
        """Cells of a tile that pair an item with itself."""
        some = self._chosen[columns]
        first, last = np.searchsorted(some, [rows.start, rows.stop])
        return some[first:last] - rows.start, np.arange(first, last)
