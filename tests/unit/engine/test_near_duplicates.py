"""Small distances stay exact where a float32 product has lost them."""

import numpy as np
import pytest
from counted import KERNELS, pool_of, tally_at, within

from opiscli import EmbeddingSet
from opiscli.engine import ruler
from opiscli.engine.count import cell_type
from opiscli.engine.kernels import numpy_kernel
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


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("distance", [0.0, 1e-5, 1e-4, 1e-3, 0.01, 0.044, 0.046, 0.3])
def test_distances_are_right_to_far_below_a_product(kernel, distance, monkeypatch):
    monkeypatch.setattr(numpy_kernel, "_VALUES_AT_ONCE", 50)  # of 64 dims
    thresholds = np.linspace(0, 0.4, 4001)
    counted = tally_at(within(pairs_at(distance)), thresholds, kernel=kernel)
    found = np.sqrt(2 * counted.row_items.nearest_positive.astype(np.float64))
    assert found == pytest.approx(distance, abs=2e-5)
    # A product alone is off by up to 5e-4 here, and would fail this test below 1e-2.
    accepted = np.cumsum(counted.pooled_positive)[:-1]
    assert accepted[thresholds < distance - 1e-4].sum() == 0
    assert np.all(accepted[thresholds > distance + 1e-4] == 200)


@pytest.mark.parametrize("kernel", KERNELS)
def test_threshold_zero_accepts_duplicates_and_nothing_else(kernel):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(20, 48))
    items = EmbeddingSet.from_arrays(np.concatenate([rows, rows]), np.tile(np.arange(20), 2))
    counted = tally_at(within(items), [0.0, 1e-6], kernel=kernel)
    assert counted.positive[:, :-1].tolist() == [[1, 0]] * 20
    assert counted.negative[:, :-1].sum() == 0


@pytest.mark.parametrize("kernel", KERNELS)
def test_duplicates_are_exactly_their_offsets_apart(kernel):
    offsets = np.random.default_rng(0).uniform(-0.2, 0.3, 400).astype(np.float32)
    space = within(pairs_at(0.0), offsets)
    counted = tally_at(space, np.linspace(-0.5, 1, 50), Distance.COSINE, kernel=kernel)
    together = offsets[::2] + offsets[1::2]
    np.testing.assert_array_equal(counted.row_items.nearest_positive[::2], together)
    np.testing.assert_array_equal(counted.row_items.nearest_positive[1::2], together)


@pytest.mark.parametrize("with_offsets", [False, True])
def test_the_ruler_sees_duplicates_where_they_are(with_offsets):
    offsets = np.full(400, 0.125 * with_offsets, dtype=np.float32)
    pooled = pool_of(within(pairs_at(0.0), offsets if with_offsets else None))
    (cell,) = ruler.cells(2 * offsets[:1])
    assert pooled.positive[cell - pooled.first_cell] == pooled.positive.sum() == 200


def test_counts_have_room_for_all_pairs_of_a_class():
    kinds = {255: np.uint8, 256: np.uint16, 2**32 - 1: np.uint32, 2**32: np.uint64}
    for most, kind in kinds.items():
        assert cell_type(np.array([1, most])) is kind
