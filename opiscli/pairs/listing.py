"""Lists the pairs of a tile with the bin of each, whichever kernel there is."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from opiscli.arrays import AnyArray, Float32Array, IntArray
from opiscli.counts.histogram import STEP
from opiscli.distance import cutoffs
from opiscli.pairs.kernels import kernel
from opiscli.pairs.lattice import Lattice
from opiscli.pairs.tiles import EXACT_BELOW
from opiscli.settings.evaluation import Distance


@dataclass(frozen=True, slots=True)
class Listed:
    """Some pairs of a tile, all positive or all negative.

    Parameters
    ----------
    rows, columns
        Positions in the tile.
    distances
        Cosine distances.
    bins
        Bins of the lattice.
    """

    rows: AnyArray
    columns: AnyArray
    distances: Float32Array
    bins: AnyArray


@dataclass(frozen=True, slots=True)
class TileSide:
    """Rows or columns of a tile: their embeddings and their classes."""

    unit: Float32Array
    codes: AnyArray


class Lister:
    """Lists pairs on a lattice; several threads may use one, each with memory of its own.

    Parameters
    ----------
    lattice
        Pairs beyond its last threshold are left out.
    compiled
        Which kernel.
    """

    def __init__(self, lattice: Lattice, distance: Distance, *, compiled: bool) -> None:
        self.kernel = kernel(compiled=compiled)
        widest = cutoffs(lattice.thresholds[-1:], distance)[0]
        # A hair wider, because nearly equal pairs are computed anew.
        self._least = np.float32(1 - widest - 1e-6)
        self._ruler = (
            distance is Distance.EUCLIDEAN,
            STEP,
            int(lattice.ticks[0]),
            lattice.bin_of_tick,
            lattice.split_of_tick(distance),
        )
        self._scratch = threading.local()

    def list(
        self,
        rows: TileSide,
        columns: TileSide,
        *,
        offset: int | None = None,
        without: tuple[IntArray, IntArray] | None = None,
    ) -> Callable[[bool], Listed]:
        """Form the similarities of a tile and list its pairs.

        Parameters
        ----------
        offset
            Where rows and columns are of one set: row ``r`` is paired with the columns from
            ``offset + r`` on. Left out, every row is paired with every column.
        without
            Rows and columns of cells that are no pairs.

        Returns
        -------
        Callable
            Gives the listed pairs, positive or not, with their bins. They lie in memory
            that the thread's next tile takes again.
        """
        similarity, row_of, column_of, distances, bins = self._room(
            len(rows.unit), len(columns.unit)
        )
        np.matmul(rows.unit, columns.unit.T, out=similarity)
        if without is not None:
            similarity[without] = -np.inf
        n_negative, n_positive = self.kernel.list_pairs(
            similarity,
            -len(similarity) if offset is None else offset,
            rows.codes,
            columns.codes,
            self._least,
            row_of,
            column_of,
            distances,
        )

        def listed(positive: bool) -> Listed:
            found = slice(len(row_of) - n_positive, len(row_of)) if positive else slice(n_negative)
            self.kernel.measure(
                rows.unit,
                columns.unit,
                row_of[found],
                column_of[found],
                distances[found],
                np.float32(EXACT_BELOW),
                *self._ruler,
                bins[found],
            )
            return Listed(row_of[found], column_of[found], distances[found], bins[found])

        return listed

    def _room(
        self, n_rows: int, n_columns: int
    ) -> tuple[Float32Array, AnyArray, AnyArray, Float32Array, AnyArray]:
        """Memory of the calling thread, kept from tile to tile."""
        n = n_rows * n_columns
        kept = self._scratch
        if not hasattr(kept, "similarity") or kept.similarity.size < n:
            kept.similarity, kept.distances = np.empty((2, n), dtype=np.float32)
            kept.rows, kept.columns = np.empty((2, n), dtype=np.uint16)
            kept.bins = np.empty(n, dtype=np.int32)
        similarity: Float32Array = kept.similarity[:n].reshape(n_rows, n_columns)
        return similarity, kept.rows[:n], kept.columns[:n], kept.distances[:n], kept.bins[:n]
