"""Neighbours of embeddings on a common offset, all cosines close to 1, against float64."""

import numpy as np
import pytest
from conftest import clusters, coarse_grid

from opiscli import EmbeddingSet
from opiscli.counting.retrieval import ranking_sums
from opiscli.neighbours.exact import NeighbourSearch
from opiscli.neighbours.extreme_pairs import extreme_pairs
from opiscli.neighbours.label_errors import label_errors
from opiscli.neighbours.match_ranks import (
    match_ranks,
    match_ranks_across,
    match_ranks_from_nearest,
)
from opiscli.settings.resources import Resources

OFFSETS = [0, 10, 100, 1000, 10_000]
TWO = Resources.of_machine(threads=2)


@pytest.fixture(params=OFFSETS)
def crowd(request):
    """Overlapping clusters, all moved by one vector; an outlier, and an item on the centre."""
    embeddings, labels = clusters(3, n_classes=25, dims=24, sizes=(4, 24), spread=1.0)
    embeddings[0] *= 8
    embeddings[-1] = embeddings.mean(axis=0)
    direction = np.random.default_rng(1).normal(size=24)
    return embeddings + request.param * direction, labels


def distances(x, z=None):
    """Euclidean distances of unit rows in float64, from differences."""
    x, z = (
        rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (x, x if z is None else z)
    )
    return np.linalg.norm(x[:, None] - z, axis=2)


@pytest.fixture
def no_full_comparison(monkeypatch):
    def refuse(_, left):
        raise AssertionError(f"{len(left.queries)} queries are compared with everything")

    monkeypatch.setattr(NeighbourSearch, "_among_all", refuse)


def nearer_than_own(d, same):
    own = np.where(same, d, np.inf).min(axis=1)
    return ((d < own[:, None]) & ~same).sum(axis=1)


@pytest.mark.usefixtures("no_full_comparison")
def test_ranks(crowd):
    embeddings, labels = crowd
    items = EmbeddingSet.from_arrays(embeddings, labels)
    d = distances(embeddings[items.rows])
    np.fill_diagonal(d, np.inf)
    expected = nearer_than_own(d, items.codes[:, None] == items.codes)
    found = match_ranks(items, 50, threads=2)
    low = expected < 50
    np.testing.assert_array_equal(found.nearer[low], expected[low])
    assert np.all(found.nearer[~low] >= 50)
    assert not found.tied.any()
    np.testing.assert_array_equal(match_ranks(items, 1, threads=1).nearer > 0, expected > 0)


@pytest.mark.usefixtures("no_full_comparison")
def test_ranks_from_nearest(crowd):
    embeddings, labels = crowd
    items = EmbeddingSet.from_arrays(embeddings, labels)
    d = 0.5 * distances(embeddings[items.rows]) ** 2
    np.fill_diagonal(d, np.inf)
    same = items.codes[:, None] == items.codes
    own, other = (np.where(kind, d, np.inf).min(axis=1) for kind in (same, ~same))
    # As far off as float32 products of the vectors may be.
    off = 1e-6 * np.median(d)
    own, other = np.float32(own + off), np.float32(other - off)
    found = match_ranks_from_nearest(items, own, other, threads=1)
    np.testing.assert_array_equal(found.nearer > 0, nearer_than_own(d, same) > 0)


@pytest.mark.usefixtures("no_full_comparison")
def test_ranks_across(crowd):
    embeddings, labels = crowd
    x, y, z, w = embeddings[::2], labels[::2], embeddings[1::2], labels[1::2]
    gallery = EmbeddingSet.from_arrays(z, w, with_pairs=False)
    queries = EmbeddingSet.from_arrays(x, y, with_pairs=False, beside=gallery)
    found = match_ranks_across(queries, gallery, threads=1)
    same = y[queries.rows][:, None] == w[gallery.rows]
    expected = nearer_than_own(distances(x[queries.rows], z[gallery.rows]), same)
    np.testing.assert_array_equal(found.nearer > 0, expected[same.any(axis=1)] > 0)


@pytest.mark.usefixtures("no_full_comparison")
def test_average_precision(crowd):
    embeddings, labels = crowd
    items = EmbeddingSet.from_arrays(embeddings, labels)
    d = distances(embeddings[items.rows])
    np.fill_diagonal(d, np.inf)
    expected = np.zeros(items.n_classes)
    for a in range(items.n_items):
        r = items.class_sizes[items.codes[a]] - 1
        hit = items.codes[np.argsort(d[a])[:r]] == items.codes[a]
        expected[items.codes[a]] += np.sum(hit * np.cumsum(hit) / np.arange(1, r + 1)) / r
    np.testing.assert_allclose(ranking_sums(items, TWO)["map_at_r"], expected, atol=1e-12)


@pytest.mark.parametrize("k", [1, 3])
def test_label_errors(crowd, k):
    embeddings, labels = crowd
    labels = labels.copy()
    labels[[20, 60, 100]] = (labels[[20, 60, 100]] + 1) % 25
    items = EmbeddingSet.from_arrays(embeddings, labels)
    d = distances(embeddings[items.rows])
    np.fill_diagonal(d, np.inf)
    near = np.argsort(d, axis=1)[:, :k]
    codes = items.codes[near]
    expected = np.flatnonzero((codes == codes[:, :1]).all(axis=1) & (codes[:, 0] != items.codes))
    found = label_errors(items, k, threads=2)
    np.testing.assert_array_equal(found.items, expected)
    np.testing.assert_array_equal(found.among, codes[expected, 0])
    np.testing.assert_allclose(found.neighbour, np.sort(d)[expected, k - 1], rtol=1e-5)
    same = items.codes[:, None] == items.codes
    own = np.where(same, d, np.inf).min(axis=1)
    np.testing.assert_allclose(found.own, own[expected], rtol=1e-5)


def test_extreme_pairs(crowd):
    embeddings, labels = crowd
    items = EmbeddingSet.from_arrays(embeddings, labels)
    d = distances(embeddings[items.rows])
    first, second = np.triu_indices(items.n_items, 1)
    d = d[first, second]
    positive = items.codes[first] == items.codes[second]
    for found, kind, order in zip(
        extreme_pairs(items, 12, np.arange(items.n_items), TWO),
        (~positive, positive),
        (np.argsort(d), np.argsort(-d)),
        strict=True,
    ):
        expected = order[kind[order]][:12]
        pairs = set(zip(found.first.tolist(), found.second.tolist(), strict=True))
        assert pairs == set(zip(first[expected].tolist(), second[expected].tolist(), strict=True))
        np.testing.assert_allclose(found.distance, d[expected], rtol=1e-5)


@pytest.mark.parametrize("offset", OFFSETS)
def test_repeated_embeddings_are_tied_at_any_offset(offset):
    """Each item twenty times over, half of them in another class: more than any list holds."""
    embeddings, labels = clusters(5, n_classes=6, dims=8, sizes=(3, 6))
    many = np.tile(embeddings + offset, (20, 1))
    half = np.tile(labels, 20) + 6 * (np.repeat(np.arange(20), len(labels)) % 2)
    items = EmbeddingSet.from_arrays(many, half)
    ranks = match_ranks(items, 1, threads=1)
    assert not ranks.nearer.any()
    assert set(ranks.tied.tolist()) == {10}


@pytest.mark.parametrize("offset", OFFSETS)
def test_what_is_tied_is_tied_at_any_offset(offset):
    """Corners of a cube and an axis across, turned so that rounding sets ties apart."""
    cube, labels = coarse_grid(4, n_items=150, dims=6, n_classes=5)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(7, 7)))[0]
    plain, moved = (
        EmbeddingSet.from_arrays(np.column_stack([cube, np.full(150, height)]) @ turned, labels)
        for height, turned in ((0.25, np.eye(7)), (offset, turn))
    )
    for k in (1, 10):
        one, other = (match_ranks(items, k, threads=1) for items in (plain, moved))
        few = np.minimum(one.nearer, k)
        np.testing.assert_array_equal(few, np.minimum(other.nearer, k))
        np.testing.assert_array_equal(one.tied[few < k], other.tied[few < k])
        one, other = (label_errors(items, k, threads=1) for items in (plain, moved))
        np.testing.assert_array_equal(one.items, other.items)
    for measure in ranking_sums(plain, TWO):
        one, other = (ranking_sums(items, TWO)[measure] for items in (plain, moved))
        np.testing.assert_allclose(one, other, atol=1e-12)
    ranks = np.random.default_rng(0).permutation(150)
    for kind in range(2):
        one, other = (extreme_pairs(items, 12, ranks, TWO)[kind] for items in (plain, moved))
        assert (one.first.tolist(), one.second.tolist()) == (
            other.first.tolist(),
            other.second.tolist(),
        )
