"""A linear head as the transforms of an empty FAISS index, which then accepts raw embeddings."""

import faiss
import numpy as np

from opiscli.errors import UsageError
from opiscli.heads.projection import Projection


def faiss_bytes(projection: Projection) -> bytes:
    """Serialise an empty inner-product index that projects both stored vectors and queries.

    ``faiss.read_index`` gives it back. Its ``chain`` holds three `VectorTransform`, scaling to
    length one, the linear map, and scaling again, to be put before an index of another kind.

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
    linear = faiss.LinearTransform(projection.dims, projection.dim, True)
    faiss.copy_array_to_vector(np.ascontiguousarray(projection.weight.T).ravel(), linear.A)
    faiss.copy_array_to_vector(projection.bias, linear.b)
    linear.is_trained = True
    index = faiss.IndexPreTransform(faiss.IndexFlatIP(projection.dim))
    steps = (
        faiss.NormalizationTransform(projection.dim),
        linear,
        faiss.NormalizationTransform(projection.dims),
    )
    for step in steps:
        index.prepend_transform(step)
    return bytes(faiss.serialize_index(index))
