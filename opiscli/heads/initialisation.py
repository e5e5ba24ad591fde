"""The initial linear map of a head: identity, PLDA, principal components (PCA) or whitening."""

from enum import StrEnum

import numpy as np

from opiscli.arrays import Float32Array, FloatArray, Int32Array
from opiscli.errors import UsageError
from opiscli.heads.linear_map import LinearMap
from opiscli.heads.plda import plda_map


class StartKind(StrEnum):
    """How the weights of a head are initialised; ``auto`` depends on the number of classes."""

    AUTO = "auto"
    IDENTITY = "identity"
    PLDA = "plda"
    PCA = "pca"
    WHITENING = "whitening"


def initial_map(kind: StartKind, unit: Float32Array, codes: Int32Array, dim: int) -> LinearMap:
    """Build the initial map to ``dim`` dims, with which a head is useful before its first step.

    ``identity`` keeps all similarities; with fewer dims than the embeddings have it is
    the projection on the ``dim`` directions with most of their squared length, so that
    similarities change least. ``pca`` subtracts the mean first; ``whitening`` also divides
    by the standard deviation along each direction. ``plda`` is the only one that uses labels:
    see `plda_map`; where class means differ no more than by chance, it is ``identity``.

    Parameters
    ----------
    unit
        Shape ``(n_items, dims)``, the training embeddings.
    codes
        Shape ``(n_items,)``, class of each, non-decreasing.
    dim
        From 1 to ``dims``.

    Raises
    ------
    UsageError
        If ``dim`` is out of range.
    """
    dims = unit.shape[1]
    if not 1 <= dim <= dims:
        raise UsageError(
            f"--dim is {dim}, expected 1 to the {dims} dims of the embeddings",
            hint=f"For example --dim {min(128, dims)}.",
        )
    if kind is StartKind.PLDA:
        return plda_map(unit, codes, dim) or initial_map(StartKind.IDENTITY, unit, codes, dim)
    if kind is StartKind.IDENTITY and dim == dims:
        return LinearMap.identity(dims)
    mean = np.zeros(dims) if kind is StartKind.IDENTITY else unit.mean(axis=0, dtype=np.float64)
    spread, directions = _principal_directions(unit, mean, dim)
    weight = directions
    if kind is StartKind.WHITENING:
        # A direction without variance holds only rounding errors, which must not be amplified.
        weight = directions / np.sqrt(np.maximum(spread, 1e-6 * spread.max()))
    return LinearMap(weight.astype(np.float32), (-mean @ weight).astype(np.float32))


def _principal_directions(
    unit: Float32Array, mean: FloatArray, dim: int
) -> tuple[FloatArray, FloatArray]:
    """The ``dim`` largest eigenvalues of the second moments around ``mean``, with eigenvectors."""
    moments = (unit.T @ unit).astype(np.float64) / len(unit) - np.outer(mean, mean)
    values, vectors = np.linalg.eigh(moments)
    vectors = vectors[:, ::-1][:, :dim]
    # Eigenvectors have no sign of their own; the same data must give the same map.
    sign = np.sign(vectors[np.argmax(np.abs(vectors), axis=0), np.arange(dim)])
    return values[::-1][:dim], vectors * sign
