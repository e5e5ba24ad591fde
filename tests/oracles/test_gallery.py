"""Counts across queries and a gallery against loops over all pairs."""

import numpy as np
import pytest
from conftest import clusters, coarse_grid
from counted import cut_into, pool_of, tally_at

from opiscli import EmbeddingError, EmbeddingSet
from opiscli.counting.tables import pair_counts
from opiscli.distance import OF_EMBEDDINGS, Distance
from opiscli.embeddings.query_gallery import QueryGallery
from opiscli.engine import ruler
from opiscli.engine.side import Side
from opiscli.engine.space import PairSpace
from opiscli.metrics.recall import hits_at
from opiscli.neighbours.match_ranks import match_ranks_across


def space_of(sets):
    queries, gallery = (
        Side(side.vectors, side.codes, np.arange(len(side.codes)), side.half_squares)
        for side in (sets.queries, sets.gallery)
    )
    return PairSpace.across(queries, gallery, len(sets.names))


def count_across(sets, thresholds, kind):
    space = space_of(sets)
    tally = tally_at(space, thresholds, kind, n_threads=2)
    return pair_counts(space, thresholds, tally, thresholds)


def across(queries, query_labels, gallery, gallery_labels):
    sides = (queries, query_labels), (gallery, gallery_labels)
    return QueryGallery.of(*(EmbeddingSet.from_arrays(x, y, with_pairs=False) for x, y in sides))


def split(embeddings, labels, seed=0):
    """A query side and a gallery side with classes of their own on either, some on both."""
    to_gallery = np.random.default_rng(seed).random(len(labels)) < 0.4
    to_gallery[labels == 0], to_gallery[labels == 1] = True, False
    return embeddings[~to_gallery], labels[~to_gallery], embeddings[to_gallery], labels[to_gallery]


def distances(x, z, kind):
    x, z = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (x, z))
    cosine = np.round(1 - x @ z.T, 12)
    return cosine if kind is Distance.COSINE else np.sqrt(np.maximum(2 * cosine, 0))


@pytest.mark.parametrize("kind", OF_EMBEDDINGS)
@pytest.mark.parametrize("side", [1024, 70])
def test_counts_are_those_of_all_pairs_one_by_one(monkeypatch, kind, side):
    cut_into(monkeypatch, side)
    x, y, z, w = split(*coarse_grid(seed=2, n_items=500, n_classes=9))
    # At all distances that this data can have, where ties are accepted, and halfway between.
    values = np.unique(distances(x, z, kind))
    thresholds = np.union1d(values[1:], (values[1:] + values[:-1]) / 2)
    sets = across(x, y, z, w)
    counted = count_across(sets, thresholds, kind)
    d = distances(x, z, kind)
    for i, name in enumerate(sets.names):
        positive = (y == int(name))[:, None] & (w == int(name))
        negative = (y == int(name))[:, None] ^ (w == int(name))
        assert counted.positive_pairs[i] == positive.sum()
        assert counted.negative_pairs[i] == negative.sum()
        for j, threshold in enumerate(thresholds):
            assert counted.positive[i, j] == (positive & (d <= threshold)).sum()
            assert counted.negative[i, j] == (negative & (d <= threshold)).sum()
    assert counted.negative_pairs.sum() == counted.ends * (y[:, None] != w).sum()
    pooled = pool_of(space_of(sets), n_threads=2)
    assert pooled.positive.sum() == (y[:, None] == w).sum()
    known = np.arange(len(pooled.negative)) + pooled.first_cell
    # Two distances of this data are many cells apart.
    last = np.searchsorted(ruler.edge_distances(known, kind), thresholds, side="right")
    accepted = np.append(0, np.cumsum(pooled.negative))[np.minimum(last + 1, len(known))]
    np.testing.assert_array_equal(accepted, counted.negative.sum(axis=0) // 2)


def turned(embeddings, labels):
    """The same angles, but rounding sets tied items apart."""
    axes = np.random.default_rng(0).normal(size=(embeddings.shape[1],) * 2)
    return embeddings @ np.linalg.qr(axes)[0], labels


@pytest.mark.parametrize(
    "data",
    [
        coarse_grid(4, 200),
        turned(*coarse_grid(5, 200)),
        clusters(3, n_classes=20, spread=0.9),
    ],
)
def test_recall_is_that_of_all_queries_one_by_one(data):
    x, y, z, w = split(*data)
    z, w = np.concatenate([z, z[:30], x[:5]]), np.concatenate([w, w[5:35], y[5:10]])
    hits = []
    for distance, label in zip(distances(x, z, Distance.EUCLIDEAN), y, strict=True):
        if label in w:
            match = w[distance <= distance.min() + 1e-6] == label
            hits.append((int(match.any()) + int(match.all())) / 2)
    sets = across(x, y, z, w)
    ranks = match_ranks_across(sets.queries, sets.gallery, threads=2)
    assert hits_at(ranks, 1).mean() == pytest.approx(np.mean(hits), abs=1e-12)
    assert len(ranks.codes) == len(hits)


def test_labels_are_matched_by_name():
    x = np.eye(3)
    sets = across(x, ["b", "a", "c"], x[[0, 1]], ["c", "b"])
    assert sets.names == ("a", "b", "c")
    assert (sets.query_sizes.tolist(), sets.gallery_sizes.tolist()) == ([1, 1, 1], [0, 1, 1])
    counted = count_across(sets, np.array([0.5]), Distance.EUCLIDEAN)
    # The query b and the gallery's c are equal, and so are the query a and the gallery's b.
    assert counted.positive[:, 0].tolist() == [0, 0, 0]
    assert counted.negative[:, 0].tolist() == [1, 2, 1]


def test_items_stand_in_the_order_of_names_not_of_numbers():
    x = np.eye(3)
    sets = across(x, [2, 10, 9], x, [10, 2, 2])
    assert sets.names == ("10", "2", "9")
    assert (sets.queries.codes.tolist(), sets.gallery.codes.tolist()) == ([0, 1, 2], [0, 1, 1])
    np.testing.assert_array_equal(sets.queries.vectors, x[[1, 0, 2]])
    np.testing.assert_array_equal(sets.gallery.vectors, x)


def test_what_cannot_be_compared_is_explained():
    x = np.eye(3)
    with pytest.raises(EmbeddingError, match="none of the 2 classes of the queries"):
        across(x, [1, 2, 1], x, [3, 4, 5])
    with pytest.raises(EmbeddingError, match="3 dims and the gallery 2; the numbers must match"):
        across(x, [1, 2, 1], x[:2, :2], [1, 2])
    with pytest.raises(EmbeddingError, match="of one class, '1'"):
        across(x, [1, 1, 1], x, [1, 1, 1])
