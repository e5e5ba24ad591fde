"""Bins are exact for any thresholds, and the ruler is as fine at every scale."""

from dataclasses import replace

import numpy as np
import pytest
from counted import KERNELS, tally_at
from hypothesis import given
from hypothesis import strategies as st

from opiscli.distance import OF_EMBEDDINGS
from opiscli.embeddings.cosine import LARGEST, from_cosine_distance, to_cosine_distance
from opiscli.engine import ruler
from opiscli.engine.bins import Bins
from opiscli.engine.side import Side
from opiscli.engine.space import PairSpace

distances = st.sampled_from(OF_EMBEDDINGS)


def pairs_at(cosine):
    """One item against others at exactly these cosine distances, whatever they are."""
    values = np.asarray(cosine, dtype=np.float32)
    sides = [
        Side(vectors, np.zeros(n, np.int32), np.arange(n), terms=np.zeros(n, np.float32))
        for vectors, n in (
            (np.ones((1, 1), np.float32), 1),
            (-values[:, None], len(values)),
        )
    ]
    return replace(PairSpace.across(*sides, 1), by_difference=False)


def around(values):
    """Some float32 numbers and their neighbours on both sides."""
    exact = np.asarray(values, dtype=np.float32)
    return np.concatenate([exact, *(np.nextafter(exact, np.float32(to)) for to in (-9, 9))])


def assert_bins_are_exact(bins, cosine, kernel):
    tally = tally_at(pairs_at(cosine), bins.thresholds, bins.distance, kernel=kernel)
    expected = np.searchsorted(bins.cutoffs[:-1], cosine)
    counts = np.bincount(expected, minlength=len(bins) + 1)
    np.testing.assert_array_equal(tally.positive[0, :-1], counts[:-1])


small = st.floats(0, 2) | st.floats(-0.5, 2) | st.floats(0, 1e-6) | st.floats(0.5, 0.5 + 1e-6)


@pytest.mark.parametrize("kernel", KERNELS)
@given(st.lists(small, min_size=1, max_size=40), distances, st.integers(0, 1000))
def test_any_increasing_thresholds_are_exact(kernel, values, distance, seed):
    """Also closer than float32 can tell, negative ones, and the one that accepts all."""
    thresholds = np.unique(values)
    thresholds = np.union1d(thresholds, np.nextafter(thresholds, -1))
    bins = Bins(thresholds, distance)
    rng = np.random.default_rng(seed)
    finite = bins.cutoffs[np.isfinite(bins.cutoffs)]
    drawn = rng.uniform(-1, 2.5, 200).astype(np.float32)
    assert_bins_are_exact(bins, np.concatenate([around(finite), drawn]), kernel)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("distance", OF_EMBEDDINGS)
@pytest.mark.parametrize("scale", [1, 1e-6, 1e-12])
def test_very_many_thresholds_are_exact_at_any_scale(kernel, distance, scale):
    """More than the table has cells, some crowded and some not."""
    rng = np.random.default_rng(0)
    spread = [np.linspace(0.3, 1.2, 9000), 0.7 + 1e-4 * rng.random(3000), rng.random(20)]
    thresholds = np.unique(scale * np.concatenate(spread))
    bins = Bins(thresholds, distance)
    drawn = (rng.random(20_000) * to_cosine_distance(thresholds[-1:], distance)).astype(np.float32)
    assert_bins_are_exact(bins, np.concatenate([around(bins.cutoffs[:-1]), drawn]), kernel)


def test_the_largest_threshold_accepts_what_rounding_moved_past_it():
    for distance in OF_EMBEDDINGS:
        tally = tally_at(pairs_at([1.9, 2.0, 2.0000005, 2.5]), [0.5, LARGEST], distance)
        assert tally.positive[0].tolist() == [0, 4, 0]


ROUND = np.array([0.5, 1, 2, 3, 4, 6, 7, 8, 12]) / 8


def test_cells_increase_with_distance():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.uniform(0, 2.2, 30_000), 10 ** rng.uniform(-14, 0, 30_000)])
    values = np.sort(np.concatenate([values, -values, [0.0, -0.0], around(ROUND)]))
    cells = ruler.cells(values.astype(np.float32))
    assert np.all(np.diff(cells) >= 0)
    assert cells[0] >= 0
    assert cells[-1] < ruler.N_CELLS
    assert ruler.cells(np.float32([0.0]))[0] == ruler.cells(np.float32([-0.0]))[0]


@given(st.integers(0, ruler.N_CELLS - 4) | st.integers(950_000, 1_150_000), distances)
def test_an_edge_accepts_its_cell_and_nothing_after_it(cell, distance):
    cell = min(max(cell, 1), ruler.N_CELLS - 4)
    edge = ruler.edges(np.array([cell]))[0]
    below = np.float32(edge)
    if below > edge:
        below = np.nextafter(below, np.float32(-9))
    above = np.nextafter(below, np.float32(9))
    assert ruler.cells(np.array([below, above])).tolist() == [cell, cell + 1]
    (cutoff,) = Bins(ruler.edge_distances(np.array([cell]), distance), distance).cutoffs[:1]
    if np.isfinite(cutoff):
        assert cutoff == below


@pytest.mark.parametrize("scale", [1, 2.0**-10, 2.0**-20, 2.0**-30])
def test_cells_are_as_fine_at_every_scale(scale):
    at = np.linspace(scale / 100, scale, 1000).astype(np.float32)
    edges = [ruler.edges(ruler.cells(at) - step) for step in (0, 1)]
    assert np.max((edges[0] - edges[1]) / at) <= 6.2e-5


@pytest.mark.parametrize("scale", [1, 2.0**-20])
@pytest.mark.parametrize("sign", [1, -1])
def test_round_distances_lie_in_the_middle_of_a_cell(scale, sign):
    """Tied data pile up there; rounding that moves a pair by some digits splits no tie."""
    value = (sign * scale * ROUND).astype(np.float32)
    cell = ruler.cells(value)
    for factor in (1 - 1e-5, 1 + 1e-5):
        np.testing.assert_array_equal(ruler.cells(value * np.float32(factor)), cell)


@given(st.floats(-0.3, 1.6), st.floats(0, 0.3), st.floats(1e-5, 0.01), distances, st.floats(0, 0.1))
def test_edges_are_at_most_a_gap_apart_and_calls_agree(lo, length, gap, distance, shift):
    hi = lo + length
    edges = ruler.every(lo, hi, gap, distance)
    assert edges[0] <= lo
    assert hi <= edges[-1]
    assert np.all(np.diff(edges) > 0)
    # Cells themselves are up to 6.2e-5 of a distance wide, and half a cell wider at a power of two.
    cell = 6.2e-5 * max(abs(lo), abs(hi))
    widest = max(gap + cell / 2, cell)
    inside = (edges >= lo) & (edges <= hi)
    assert np.diff(edges[inside]).max(initial=0) <= widest
    other = ruler.every(lo + shift, hi + shift, gap, distance)
    both = max(edges[1], other[1]), min(edges[-2], other[-2])
    one, two = (of[(of >= both[0]) & (of <= both[1])] for of in (edges, other))
    np.testing.assert_array_equal(one, two)


def test_edges_translate_into_either_distance():
    cells = ruler.cells(np.float32([1e-9, 1e-3, 0.3, 1.7]))
    cosine = ruler.edges(cells)
    for distance in OF_EMBEDDINGS:
        np.testing.assert_array_equal(
            ruler.edge_distances(cells, distance), from_cosine_distance(cosine, distance)
        )
