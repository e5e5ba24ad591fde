"""Gaps between the nearest candidates of classes, with offsets and in a crowd, against loops."""

import numpy as np
import pytest
from conftest import clusters

from opiscli import EmbeddingSet
from opiscli.distance import OF_EMBEDDINGS, Distance
from opiscli.embeddings.offsets import Offsets
from opiscli.neighbours.second_class import class_gaps


def expected(embeddings, labels, offsets, distance):
    x = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    cosine = 1 - x @ x.T + offsets[:, None] + offsets
    d = cosine if distance is Distance.COSINE else np.sign(cosine) * np.sqrt(2 * np.abs(cosine))
    np.fill_diagonal(d, np.inf)
    found = []
    for i, label in enumerate(labels):
        nearest = {c: d[i, labels == c].min() for c in set(labels)}
        own = nearest.pop(label)
        first, second = sorted(nearest.values())[:2]
        found.append((first - own if own < first else np.nan, second - first))
    return np.array(found).T


@pytest.mark.parametrize("distance", OF_EMBEDDINGS)
@pytest.mark.parametrize("spread", [0.0, 0.1])
@pytest.mark.parametrize("crowd", [0.0, 30.0])
def test_gaps(distance, spread, crowd):
    x, y = clusters(seed=2, n_classes=20, sizes=(1, 60))
    x = x + crowd
    offsets = (spread * np.random.default_rng(1).normal(size=len(y))).astype(np.float32)
    given = Offsets.of(offsets) if spread else None
    items = EmbeddingSet.from_arrays(x, y, offsets=given)
    gaps = class_gaps(items, items, distance, threads=1)
    to_other, to_next = expected(x, y, offsets[items.rows].astype(float), distance)
    close = 2e-5  # of a root of what float32 resolves
    np.testing.assert_allclose(gaps.other_to_next, to_next, atol=close)
    right = ~np.isnan(to_other)
    assert right.sum() > 50
    np.testing.assert_allclose(gaps.own_to_other[right], to_other[right], atol=close)
