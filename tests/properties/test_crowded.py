"""Embeddings on a common offset, all cosines close to 1: moving them costs no digits."""

import numpy as np
import pytest
from conftest import clusters, evaluate_with
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oracles.brute_force import BruteForce

from opiscli import EmbeddingSet, EvaluationSettings, evaluate
from opiscli.distance import OF_EMBEDDINGS
from opiscli.embeddings.shared_items import shared_items

OFFSETS = [0, 0.1, 1, 10, 100, 1000, 10_000]


def crowded(offset, seed=0, dims=32):
    """Clusters, all moved by the same vector."""
    embeddings, labels = clusters(seed, n_classes=20, dims=dims, sizes=(5, 15))
    direction = np.random.default_rng(seed + 1).normal(size=dims)
    return embeddings + offset * direction, labels


def half_squared_distances(embeddings):
    """Of unit rows, in float64 from differences."""
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    difference = unit[:, None] - unit
    return 0.5 * np.einsum("ijk,ijk->ij", difference, difference)


def from_products(items):
    """As an engine forms them: a float32 product and what half squares add."""
    product = items.vectors @ items.vectors.T
    halves = items.half_squares
    if halves is None:
        return 1 - product
    return halves[:, None] + halves - product


@pytest.mark.parametrize("offset", OFFSETS)
def test_distances_keep_their_digits_at_any_offset(offset):
    embeddings, labels = crowded(offset)
    items = EmbeddingSet.from_arrays(embeddings, labels)
    right = half_squared_distances(embeddings[items.rows])
    far = right > 0.2 * np.median(right)
    found = from_products(items)
    assert np.abs(found[far] / right[far] - 1).max() <= 2e-6
    assert np.abs(found - right).max() <= 1e-6 * right.max()
    assert (items.centre is None) == (offset < 10)


@pytest.mark.parametrize("offset", [0, 0.1])
def test_without_a_crowd_rows_are_unit_rows_bit_by_bit(offset):
    embeddings, labels = crowded(offset)
    items = EmbeddingSet.from_arrays(embeddings, labels)
    unit = embeddings / np.abs(embeddings).max(axis=1, keepdims=True)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    assert np.array_equal(items.vectors, unit[items.rows].astype(np.float32))
    assert items.unit_rows is items.vectors
    assert items.half_squares is None


@pytest.mark.parametrize("offset", [10, 1000])
def test_unit_rows_of_a_crowd_have_length_one(offset):
    embeddings, labels = crowded(offset)
    items = EmbeddingSet.from_arrays(embeddings, labels)
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    np.testing.assert_allclose(items.unit_rows, unit[items.rows], rtol=2e-7, atol=1e-8)
    assert not items.unit_rows.flags.writeable


@pytest.mark.parametrize("offset", [0, 10, 1000])
def test_neither_order_nor_scale_of_rows_moves_a_bit(offset):
    embeddings, labels = crowded(offset)
    items = EmbeddingSet.from_arrays(embeddings, labels)
    order = np.random.default_rng(3).permutation(len(labels))
    other = EmbeddingSet.from_arrays(4 * embeddings[order], labels[order])
    assert np.array_equal(other.centre, items.centre)
    assert other.sha256 == items.sha256
    assert sorted(other.fingerprints) == sorted(items.fingerprints)


@pytest.mark.parametrize("offset", [0, 10, 1000])
def test_repeats_of_a_crowd_are_found_and_subsets_keep_its_centre(offset):
    embeddings, labels = crowded(offset)
    embeddings[7] = 2 * embeddings[3]
    items = EmbeddingSet.from_arrays(embeddings, labels)
    assert np.flatnonzero(items.repeats).tolist() == [7]
    kept = items.without_repeats()
    assert kept.n_items == items.n_items - 1
    assert kept.centre is items.centre
    assert np.array_equal(kept.vectors, np.delete(items.vectors, 7, axis=0))


@pytest.mark.parametrize("offset", [0, 10, 1000])
def test_two_sets_share_a_centre(offset):
    embeddings, labels = crowded(offset)
    gallery = EmbeddingSet.from_arrays(embeddings[::2], labels[::2], with_pairs=False)
    queries = EmbeddingSet.from_arrays(
        embeddings[::3], labels[::3], with_pairs=False, beside=gallery
    )
    assert queries.centre is gallery.centre
    assert shared_items(queries, gallery) == (len(embeddings[::6]), 0)


def test_shared_items_are_found_under_different_centres():
    axis, diagonal = np.eye(4)[0], np.full(4, 0.5)  # exact in float32
    gallery = EmbeddingSet.from_arrays(np.array(30 * [axis] + [diagonal]), np.array(30 * [0] + [1]))
    queries = EmbeddingSet.from_arrays(
        np.array([axis, diagonal, -axis]), np.array([1, 1, 0]), with_pairs=False
    )
    assert gallery.centre is not None
    assert queries.centre is None
    assert shared_items(queries, gallery) == (2, 1)


@pytest.mark.parametrize(("one", "other"), [(0, 1000), (1000, 0), (1000, 1000)])
def test_a_set_can_be_given_the_centre_of_another(one, other):
    (x, labels), (y, _) = crowded(one), crowded(other)
    items, others = (EmbeddingSet.from_arrays(rows, labels) for rows in (x, y[::-1] * 1.5))
    moved = items.recentred(others)
    assert np.array_equal(moved.centre, others.centre)
    np.testing.assert_allclose(moved.unit_rows, items.unit_rows, atol=1e-7)
    assert moved.recentred(others) is moved


def test_projected_rows_are_centred_where_they_crowd():
    embeddings, labels = crowded(0)
    items = EmbeddingSet.from_arrays(embeddings, labels)
    crowd = EmbeddingSet.from_arrays(*crowded(100))
    moved = items.with_unit_rows(crowd.unit_rows)
    assert moved.centre is not None
    np.testing.assert_allclose(moved.vectors, crowd.vectors, atol=1e-7)
    assert items.with_unit_rows(items.unit_rows).vectors is items.vectors


class Crowd(BruteForce):
    """The definitions on distances from differences, with all digits that float64 has."""

    def __init__(self, embeddings, labels, distance):
        self.min_items = 2
        half = half_squared_distances(embeddings.astype(float))
        self.sort_pairs(half if distance == "cosine" else np.sqrt(2 * half), labels)


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("distance", OF_EMBEDDINGS)
@settings(max_examples=8)
@given(st.integers(0, 1000), st.floats(0, 4) | st.just(-np.inf))
@example(0, 4)
@example(0, 3)
@example(0, 1)
@example(410, -np.inf)
def test_numbers_of_a_crowd_are_those_of_float64(distance, kind, seed, power):
    """Offsets of 0 to 10 000, where cosines differ from 1 by less than float32 can tell."""
    embeddings, labels = crowded(10**power, seed)
    embeddings = embeddings.astype(kind)
    result = evaluate_with(embeddings, labels, EvaluationSettings(distance=distance))
    truth = Crowd(embeddings, labels, distance.value)
    ends = result.calibration_range.threshold
    grid = np.linspace(ends.lo, ends.hi, 201)
    opis = truth.opis(truth.utilities(grid), grid)
    assert abs(result.opis.value - opis) <= max(1e-5, 5e-3 * opis)
    assert abs(result.recall["1"].value - truth.recall(1, tie=0)) <= 1 / len(labels)
    for point in result.operating_points:
        observed, after = truth.far_threshold_bounds(point.target_far)
        least, alike = observed, 1e-6 * np.median(truth.negatives)
        if after - observed < alike:  # float32 may not tell them apart: a tie, rejected whole
            least = truth.negatives[truth.negatives < observed - alike].max()
        assert least * (1 - 1e-4) < point.threshold < after
        assert point.far.k == np.searchsorted(truth.negatives, point.threshold, side="right")
        assert point.far.k >= np.searchsorted(truth.negatives, least, side="right")
        assert point.far.value <= point.target_far


@pytest.mark.parametrize("offset", [0, 10, 1000])
def test_a_crowded_gallery_is_searched_and_counted_as_in_float64(offset):
    embeddings, labels = clusters(0, n_classes=20, dims=32, sizes=(5, 15), spread=1.5)
    embeddings = embeddings + offset * np.random.default_rng(1).normal(size=32)
    query = np.arange(len(labels)) % 3 == 0
    result = evaluate(
        embeddings[query],
        labels[query],
        gallery=(embeddings[~query], labels[~query]),
        far=(0.05, 0.2),
    )
    d = np.sqrt(2 * half_squared_distances(embeddings)[np.ix_(query, ~query)])
    same = labels[query][:, None] == labels[~query]
    first = same[np.arange(len(d)), d.argmin(axis=1)][same.any(axis=1)]
    assert 0.2 < first.mean() < 0.8
    assert abs(result.recall["1"].value - first.mean()) <= 1 / len(first)
    negatives = np.sort(d[~same])
    for point in result.operating_points:
        assert point.far.k == int(point.target_far * len(negatives))
        assert negatives[point.far.k - 1] < point.threshold < negatives[point.far.k]
