"""Small distances stay exact where a float32 product has lost them."""

import numpy as np
import pytest

from opiscli import EmbeddingSet
from opiscli.pairs.lattice import Lattice
from opiscli.pairs.plain import count_pairs
from opiscli.pairs.survey import accepted, survey
from opiscli.pairs.tiles import Tile, block, cosine_distances
from opiscli.settings.evaluation import Distance


def pairs_at(distance, n_pairs=200, dims=64):
    """Pairs of unit vectors exactly ``distance`` apart; one class a pair."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=(n_pairs, dims))
    a /= np.linalg.norm(a, axis=1, keepdims=True)
    b = rng.normal(size=(n_pairs, dims))
    b -= (a * b).sum(axis=1, keepdims=True) * a
    b /= np.linalg.norm(b, axis=1, keepdims=True)
    angle = 2 * np.arcsin(distance / 2)
    rows = np.empty((2 * n_pairs, dims))
    rows[::2], rows[1::2] = a, np.cos(angle) * a + np.sin(angle) * b
    return EmbeddingSet.from_arrays(rows, np.repeat(np.arange(n_pairs), 2))


@pytest.mark.parametrize("distance", [0.0, 1e-5, 1e-4, 1e-3, 0.01, 0.044, 0.046, 0.3])
def test_distances_are_right_to_far_below_the_ruler(distance):
    items = pairs_at(distance)
    whole = block(items, Tile(slice(0, 400), slice(0, 400)))
    partners = np.arange(0, 400, 2) * 400 + np.arange(1, 400, 2)
    measured = np.sqrt(2 * cosine_distances(whole, partners).astype(np.float64))
    assert measured == pytest.approx(distance, abs=2e-5)
    # A product alone is off by up to 5e-4 here, and would fail this test below 1e-2.


@pytest.mark.parametrize("distance", [0.0, 1e-4, 1e-3, 0.01])
def test_the_compiled_kernel_sees_them_alike(distance):
    pytest.importorskip("numba", reason="the compiled kernel needs the extra 'fast'")
    items = pairs_at(distance)
    lattice = Lattice.covering(0.0, 0.1)
    home = survey(items, lattice, np.array([0]), Distance.EUCLIDEAN, threads=2)
    found = np.sqrt(2 * home.nearest_positive.astype(np.float64))
    assert found == pytest.approx(distance, abs=2e-5)
    positive = accepted(home).positive.sum(axis=0)
    assert positive[lattice.thresholds < distance - 1e-4].sum() == 0
    assert np.all(positive[lattice.thresholds > distance + 1e-4] == 200)


def test_threshold_zero_accepts_duplicates_and_nothing_else():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(20, 48))
    items = EmbeddingSet.from_arrays(np.concatenate([rows, rows]), np.tile(np.arange(20), 2))
    counts = count_pairs(items, np.array([0.0, 1e-6]), Distance.EUCLIDEAN, side=16, threads=1)
    assert counts.positive.tolist() == [[1, 1]] * 20
    assert counts.negative.sum() == 0
