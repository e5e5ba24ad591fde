"""A linear head as the transforms of an empty FAISS index, which then accepts raw embeddings."""

from typing import Any

import faiss
import numpy as np

from opiscli.arrays import Float32Array
from opiscli.errors import UsageError
from opiscli.heads.cohort import HeadCohort
from opiscli.heads.projection import Projection

_N_ADDED = 2


def faiss_bytes(projection: Projection, cohort: HeadCohort | None = None) -> bytes:
    """Serialise an empty inner-product index that projects both stored vectors and queries.

    ``faiss.read_index`` gives it back. Its ``chain`` holds three `VectorTransform`, scaling to
    length one, the linear map, and scaling again, to be put before an index of another kind.

    With offsets a fourth one adds the dims (1, 0), and the index behind the chain has two dims
    more. An offset needs a search of its own, which FAISS has no transform for. So stored vectors
    (z, -offset, -1) are added behind the chain, to ``index.index``; a query through the chain
    finds the right neighbours, by a score that is larger than s' by its own offset.

    Raises
    ------
    UsageError
        If the head is a perceptron, which FAISS has no transform for.
    """
    if projection.hidden is not None:
        raise UsageError(
            "an mlp head is not linear, and FAISS has no transform for it",
            hint="Export it as ONNX, or run opis project before adding to the index.",
        )
    steps = [
        faiss.NormalizationTransform(projection.dims),
        _linear(projection.weight.T, projection.bias),
        faiss.NormalizationTransform(projection.dim),
    ]
    if cohort is not None:
        query = np.zeros(projection.dim + _N_ADDED, dtype=np.float32)
        query[projection.dim] = 1
        steps.append(_linear(np.eye(len(query), projection.dim, dtype=np.float32), query))
    index = faiss.IndexPreTransform(faiss.IndexFlatIP(steps[-1].d_out))
    for step in reversed(steps):
        index.prepend_transform(step)
    return bytes(faiss.serialize_index(index))


def _linear(weight: Float32Array, bias: Float32Array) -> Any:  # noqa: ANN401
    """A map from columns to rows of a matrix."""
    d_out, d_in = weight.shape
    linear = faiss.LinearTransform(d_in, d_out, True)
    faiss.copy_array_to_vector(np.ascontiguousarray(weight).ravel(), linear.A)
    faiss.copy_array_to_vector(bias, linear.b)
    linear.is_trained = True
    return linear
