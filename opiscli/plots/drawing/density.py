"""How many curves run through each cell of a grid: what thousands of lines show best."""

import numpy as np

from opiscli.arrays import FloatArray, IntArray


def curve_density(curves: FloatArray, n_bins: int) -> IntArray:
    """Count the curves in each of ``n_bins`` equal bins of [0, 1] at each point.

    Parameters
    ----------
    curves
        Shape ``(n_curves, n_points)``, in [0, 1].

    Returns
    -------
    IntArray
        Shape ``(n_bins, n_points)``, lowest values first; columns sum to ``n_curves``.
    """
    n_points = curves.shape[1]
    bins = np.minimum((curves * n_bins).astype(np.int64), n_bins - 1)
    cells = bins * n_points + np.arange(n_points)
    return np.bincount(cells.ravel(), minlength=n_bins * n_points).reshape(n_bins, n_points)
