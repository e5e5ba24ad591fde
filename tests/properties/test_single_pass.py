"""The compiled single pass counts the same pairs as the NumPy kernels, and chooses as well."""

import sys

import numpy as np
import pytest
from conftest import clusters, coarse_grid, evaluate_with
from hypothesis import given
from hypothesis import strategies as st
from opiscli.pairs.lattice import LARGEST_GAP, Lattice
from opiscli.pairs.plain import bin_pairs, count_pairs
from opiscli.pairs.survey import accepted, binned, pooled, spread_counts, survey
from oracles.brute_force import BruteForce

from opiscli import EmbeddingSet, EvaluationSettings, counting
from opiscli.counting import CountRequest, pilot
from opiscli.distance import from_cosine_distance
from opiscli.metrics.noise_floor import noise_floor
from opiscli.metrics.opis import opis
from opiscli.metrics.utility import utility
from opiscli.neighbours.match_ranks import match_ranks, match_ranks_from_nearest
from opiscli.settings.evaluation import Distance, RangeBy, RangeRequest, Utility
from opiscli.settings.resources import Resources
from opiscli.thresholds.at_rate import threshold_at_far

pytest.importorskip("numba", reason="the compiled kernel needs the extra 'fast'")

seeds = st.integers(0, 10_000)
distances = st.sampled_from(list(Distance))


def on_grid(counted):
    return counted.at(counted.grid)


def grid_with_duplicates(seed, n_items=150):
    """Exact similarities, a class larger than a band, a singleton, and duplicates."""
    embeddings, labels = coarse_grid(seed, n_items=n_items, n_classes=12)
    labels[labels > 7] = 7
    labels[-1] = 99
    embeddings[20:30] = embeddings[:10]
    return EmbeddingSet.from_arrays(embeddings, labels)


@given(seeds, distances, st.sampled_from([8, 17, 64, 1024]), st.sampled_from([1, 2, 5]))
def test_the_compiled_kernel_counts_what_numpy_counts(seed, distance, side, threads):
    items = grid_with_duplicates(seed)
    lattice = Lattice.covering(0.4, 0.6) | Lattice.covering(0.8, 1.3, gap=1e-3)
    coarse = lattice.between(0.7, 1.2, 9)
    home = survey(items, lattice, coarse, distance, side=side, threads=threads)
    plain = count_pairs(items, lattice.thresholds, distance, side=64, threads=1)
    n = items.n_items
    total = n * (n - 1) // 2
    ruler = pooled(home)
    assert ruler.positive.sum() + ruler.negative.sum() == total
    np.testing.assert_array_equal(np.cumsum(ruler.negative)[:-1], plain.negative.sum(axis=0) // 2)

    ours = accepted(home)
    np.testing.assert_array_equal(ours.positive, plain.positive)
    np.testing.assert_array_equal(ours.negative, plain.negative)

    spread, expected = spread_counts(home), plain.at(coarse)
    for name in ("positive", "negative", "positive_adjacent", "negative_squares", "cross_products"):
        np.testing.assert_array_equal(getattr(spread, name), getattr(expected, name))


@given(seeds)
def test_the_nearest_on_the_way_are_the_nearest(seed):
    items = grid_with_duplicates(seed, n_items=80)
    lattice = Lattice.covering(0.0, 1.0)
    home = survey(items, lattice, np.array([0]), Distance.EUCLIDEAN, side=16, threads=2)
    cosine = 1 - items.unit_rows.astype(float) @ items.unit_rows.T.astype(float)
    np.fill_diagonal(cosine, np.inf)
    near = from_cosine_distance(cosine, Distance.EUCLIDEAN) <= lattice.thresholds[-1]
    same = items.codes[:, None] == items.codes
    for found, of_kind in ((home.nearest_positive, same), (home.nearest_negative, ~same)):
        expected = np.where(of_kind & near, cosine, np.inf).min(axis=1)
        np.testing.assert_array_equal(found, expected.astype(np.float32))
    ranks = match_ranks_from_nearest(items, home.nearest_positive, home.nearest_negative, threads=1)
    searched = match_ranks(items, 1, threads=1)
    np.testing.assert_array_equal(ranks.nearer > 0, searched.nearer > 0)
    first = searched.nearer == 0
    np.testing.assert_array_equal(ranks.tied[first] > 0, searched.tied[first] > 0)


@pytest.mark.parametrize("distance", list(Distance))
@pytest.mark.parametrize("by", [RangeBy.FAR, RangeBy.FRR])
def test_a_single_pass_agrees_with_brute_force(monkeypatch, distance, by):
    """With a pilot of half of the items, so that it has to find its way."""
    embeddings, labels = clusters(seed=8, n_classes=90, dims=10, sizes=(4, 16), spread=0.6)
    monkeypatch.setattr(counting, "_COMPILED_FROM", 0)
    monkeypatch.setattr(pilot, "_PILOT_ITEMS", 500)
    used = []
    single = counting.count_in_one_pass
    monkeypatch.setattr(
        counting, "count_in_one_pass", lambda *a: used.append(single(*a)) or used[-1]
    )
    request = RangeRequest(by, 0.1, 0.5) if by is RangeBy.FRR else RangeRequest()
    settings = EvaluationSettings(distance=distance, calibration_range=request)
    result = evaluate_with(embeddings, labels, settings)
    assert used[0] is not None, "fell back to two passes"

    truth = BruteForce(embeddings, labels, distance.value)
    ends = result.calibration_range.threshold
    if by is RangeBy.FAR:
        for end, far in zip(ends, (0.01, 0.1), strict=True):
            observed, after = truth.far_threshold_bounds(far)
            assert observed - 1e-4 < end < after
    grid = np.linspace(*ends, 201)
    curves = truth.utilities(grid)
    assert result.opis.value == pytest.approx(truth.opis(curves, grid), abs=1e-5, rel=5e-3)
    assert result.eps_opis.value == pytest.approx(truth.eps_opis(curves, grid, 0.1), rel=5e-3)
    assert result.recall["1"].value == pytest.approx(truth.recall(1), abs=1 / len(labels))
    for point in result.operating_points:
        observed, after = truth.far_threshold_bounds(point.target_far)
        assert observed - 1e-4 < point.threshold < after
        assert point.far.value <= point.target_far
        assert point.far.value == pytest.approx(truth.far(point.threshold), abs=2 / point.far.n)
        assert point.frr.value == pytest.approx(truth.frr(point.threshold), abs=2 / point.frr.n)


@pytest.mark.parametrize("distance", list(Distance))
def test_a_single_pass_agrees_with_two(monkeypatch, distance):
    """On a set large enough for the noise floor's fewer thresholds; two passes have an oracle."""
    monkeypatch.setattr(pilot, "_PILOT_ITEMS", 1500)
    embeddings, labels = clusters(seed=1, n_classes=400, dims=12, sizes=(4, 26), spread=0.6)
    items = EmbeddingSet.from_arrays(embeddings, labels)
    settings = EvaluationSettings(distance=distance)
    ways = counting.count_in_one_pass, counting.count_in_two_passes
    single, double = (way(items, CountRequest.of(settings), Resources(2, 1 << 32)) for way in ways)
    ends = on_grid(double).thresholds[0], on_grid(double).thresholds[-1]
    assert on_grid(single).thresholds == pytest.approx(on_grid(double).thresholds, abs=5e-4)
    noise = [noise_floor(counted.for_noise, 1.0, ends) for counted in (single, double)]
    assert noise[0] == pytest.approx(noise[1], rel=5e-3)
    one, two = (utility(on_grid(c), Utility.TPR_TNR, 1.0) for c in (single, double))
    assert opis(one, on_grid(single).thresholds) == pytest.approx(
        opis(two, on_grid(double).thresholds), rel=1e-3
    )
    np.testing.assert_array_equal(single.retrieval["recall@1"], double.retrieval["recall@1"])


@given(seeds)
def test_row_order_changes_nothing_in_a_single_pass(seed):
    """Not even where the pilot looks, on data whose similarities are exact."""
    embeddings, labels = coarse_grid(seed, n_items=500, n_classes=20)
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    settings = EvaluationSettings(calibration_range=RangeRequest(RangeBy.FAR, 0.05, 0.4))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pilot, "_PILOT_ITEMS", 200)
        plain, other = (
            counting.count_in_one_pass(
                EmbeddingSet.from_arrays(embeddings[rows], labels[rows]),
                CountRequest.of(settings),
                Resources(2, 1 << 32),
            )
            for rows in (slice(None), shuffled)
        )
    assert (plain is None) == (other is None)
    if plain is not None:
        for a, b in ((on_grid(plain), on_grid(other)), (plain.for_noise, other.for_noise)):
            np.testing.assert_array_equal(a.thresholds, b.thresholds)
            np.testing.assert_array_equal(a.positive, b.positive)
            np.testing.assert_array_equal(a.negative, b.negative)
        np.testing.assert_array_equal(
            plain.for_noise.cross_products, other.for_noise.cross_products
        )


def test_what_candidates_cannot_settle_is_left_to_two_passes(monkeypatch):
    """A grid far too fine, given thresholds closer than the ruler, too little memory."""
    monkeypatch.setattr(pilot, "_PILOT_ITEMS", 300)
    smooth = EmbeddingSet.from_arrays(*clusters(0, n_classes=60, sizes=(8, 9)))
    roomy = Resources(1, 1 << 32)
    plain, close = EvaluationSettings(), RangeRequest(RangeBy.DISTANCE, 0.9, 0.905)
    narrow = EvaluationSettings(n_thresholds=10_001)
    assert counting.count_in_one_pass(smooth, CountRequest.of(narrow), roomy) is None
    given = EvaluationSettings(calibration_range=close)
    assert counting.count_in_one_pass(smooth, CountRequest.of(given), roomy) is None
    assert counting.count_in_one_pass(smooth, CountRequest.of(plain), Resources(1, 1 << 20)) is None


def test_a_numba_that_cannot_be_imported_is_as_good_as_none(monkeypatch):
    monkeypatch.setattr(counting, "_COMPILED_FROM", 0)
    items = EmbeddingSet.from_arrays(*clusters(0))
    assert counting.is_compiled(items)
    monkeypatch.setitem(sys.modules, "numba", None)
    assert not counting.is_compiled(items)


def test_a_pilot_that_was_wrong_is_not_believed(monkeypatch):
    """Candidates for one of the thresholds are dense only where it turns out not to be."""
    monkeypatch.setattr(pilot, "_PILOT_ITEMS", 300)
    items = EmbeddingSet.from_arrays(*clusters(0, n_classes=60, sizes=(8, 9)))
    settings, roomy = EvaluationSettings(), Resources(1, 1 << 32)
    assert counting.count_in_one_pass(items, CountRequest.of(settings), roomy) is not None
    zone = pilot._zone

    def shifted(of, by, rate):
        lo, hi = zone(of, by, rate)
        return (lo - 0.2, hi - 0.2) if rate == 1e-3 else (lo, hi)

    monkeypatch.setattr(pilot, "_zone", shifted)
    assert counting.count_in_one_pass(items, CountRequest.of(settings), roomy) is None


@given(seeds, distances, st.booleans())
def test_thresholds_given_to_the_digit_are_counted_to_the_digit(seed, distance, complete):
    """Round numbers, at which tied data piles up, and any others; in bins or accepted."""
    items = grid_with_duplicates(seed)
    exact = np.array([0.0, 0.5, 0.75, 1.0, *np.random.default_rng(seed).uniform(0.2, 1.6, 3)])
    lattice = (Lattice.covering(0.3, 1.2, gap=1e-3)).with_extra(exact)
    home = survey(items, lattice, np.array([0]), distance, side=16, threads=1, sparse=complete)
    table = binned(home) if complete else accepted(home)
    plain = count_pairs(items, np.sort(exact), distance, side=64, threads=1)
    ours = table.up_to(np.sort(exact))
    np.testing.assert_array_equal(ours.positive, plain.positive)
    np.testing.assert_array_equal(ours.negative, plain.negative)


@given(seeds, distances)
def test_both_kernels_fill_the_same_bins(seed, distance):
    items = grid_with_duplicates(seed)
    lattice = Lattice.covering(0.0, 1.9, gap=1e-3).with_extra(np.array([0.7, 1.0]))
    home = survey(items, lattice, np.array([3, 40]), distance, side=16, threads=2, sparse=True)
    compiled = binned(home)
    at_items = lattice.thresholds[[3, 40]]
    plain, spread = bin_pairs(items, compiled.thresholds, at_items, distance, side=32, threads=1)
    for name in ("positive", "negative"):
        for part in ("starts", "bins", "pairs"):
            a, b = (getattr(getattr(table, name), part) for table in (compiled, plain))
            np.testing.assert_array_equal(a, b)
        total = getattr(plain, name).of_all_classes(len(plain.thresholds)).sum()
        assert total == getattr(plain, f"{name}_pairs").sum()
    np.testing.assert_array_equal(spread_counts(home).cross_products, spread.cross_products)


@pytest.mark.parametrize("way", ["count_in_one_pass", "count_in_two_passes"])
def test_counting_everything_gives_the_same_numbers(monkeypatch, way):
    monkeypatch.setattr(pilot, "_PILOT_ITEMS", 500)
    embeddings, labels = clusters(seed=8, n_classes=90, dims=10, sizes=(4, 16), spread=0.6)
    items = EmbeddingSet.from_arrays(embeddings, labels)
    settings = EvaluationSettings()
    some, every = (
        getattr(counting, way)(
            items, CountRequest.of(settings, complete=complete), Resources(2, 1 << 32)
        )
        for complete in (False, True)
    )
    assert every.is_complete
    assert not some.is_complete
    np.testing.assert_array_equal(some.grid, every.grid)
    ends = some.grid[0], some.grid[-1]
    assert noise_floor(some.for_noise, 1.0, ends) == noise_floor(every.for_noise, 1.0, ends)
    for target in (0.1, 0.01, 0.001):
        found = [threshold_at_far(counted.pooled, target) for counted in (some, every)]
        assert found[0] == found[1]
        at = [counted.at(np.array([found[0]])) for counted in (some, every)]
        np.testing.assert_array_equal(at[0].positive, at[1].positive)
        np.testing.assert_array_equal(at[0].negative, at[1].negative)


def test_lattice():
    lattice = Lattice.covering(0.5, 0.9)
    assert lattice.thresholds[0] < 0.5
    assert lattice.thresholds[-1] > 0.9
    assert np.diff(lattice.thresholds).max() <= LARGEST_GAP < 1e-4
    some = np.array([lattice.thresholds[0], 0.7, lattice.thresholds[-1]])
    assert np.abs(lattice.thresholds[lattice.nearest(some)] - some).max() <= LARGEST_GAP / 2
    assert lattice.is_dense_at(5)
    assert not lattice.is_dense_at(0)
    whole = Lattice.covering(0.0, 2.0)
    assert whole.ticks[0] == 0
    assert whole.thresholds[-1] < 2
    both = Lattice.covering(0.5, 0.5, gap=0.01) | Lattice.covering(0.9, 0.9, gap=0.01)
    assert np.diff(both.thresholds).max() > 0.3
    assert not any(both.is_dense_at(p) for p in range(both.n_thresholds))
