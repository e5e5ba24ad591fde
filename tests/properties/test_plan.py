"""Thresholds are planned from a sample where the set is large; the sample moves no number."""

import re
import sys

import numpy as np
import pytest
from conftest import clusters, coarse_grid, evaluate_with
from oracles.brute_force import BruteForce

from opiscli import EmbeddingSet, EvaluationSettings
from opiscli.counting import gallery, plan, sampled_items, sweep, within
from opiscli.counting.gallery import count_against_gallery
from opiscli.counting.request import CountRequest
from opiscli.counting.within import count_within
from opiscli.counts.pair_counts import BinnedCounts
from opiscli.distance import OF_EMBEDDINGS, Distance
from opiscli.embeddings.query_gallery import QueryGallery
from opiscli.engine import kernels, ruler
from opiscli.engine.kernels import COMPILED, NUMPY, has_compiler
from opiscli.engine.memory import bytes_needed
from opiscli.engine.pool import Pool
from opiscli.engine.side import Side
from opiscli.engine.space import PairSpace
from opiscli.errors import UsageError
from opiscli.metrics.noise_floor import noise_floor
from opiscli.metrics.opis import opis
from opiscli.metrics.utility import utility
from opiscli.settings.evaluation import RangeBy, RangeRequest, Utility
from opiscli.settings.resources import Resources
from opiscli.thresholds.at_rate import calibration_range, operating_thresholds

ROOMY = Resources(2, 1 << 32)


@pytest.fixture
def planned(monkeypatch):
    """Names of the plans that were counted with, in their order; samples are of 500 items."""
    names = []
    for name in ("plan_from_sample", "final_plan"):
        make = getattr(sweep, name)
        monkeypatch.setattr(
            sweep, name, lambda *a, name=name, make=make: names.append(name) or make(*a)
        )
    monkeypatch.setattr(sampled_items, "SAMPLE_ITEMS", 500)
    monkeypatch.setattr(gallery, "SAMPLE_ITEMS", 200)
    return names


def from_all(items, request, monkeypatch):
    """Count without a sample."""
    with monkeypatch.context() as patch:
        patch.setattr(within, "sample_space", lambda items, space, request: space)
        return count_within(items, request, ROOMY)


@pytest.mark.parametrize("distance", OF_EMBEDDINGS)
@pytest.mark.parametrize("by", [RangeBy.FAR, RangeBy.FRR])
def test_numbers_after_a_sample_are_right(planned, distance, by):
    """With a sample of half of the items, so that it has to find its way."""
    embeddings, labels = clusters(seed=8, n_classes=90, dims=10, sizes=(4, 16), spread=0.6)
    asked = RangeRequest(by, 0.1, 0.5) if by is RangeBy.FRR else RangeRequest()
    settings = EvaluationSettings(distance=distance, calibration_range=asked)
    result = evaluate_with(embeddings, labels, settings)
    assert planned == ["plan_from_sample"]
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


@pytest.mark.parametrize("seed", range(3))
def test_no_threshold_stands_between_pairs_that_only_rounding_sets_apart(seed):
    embeddings, labels = coarse_grid(seed, n_items=90)
    axes = np.linalg.qr(np.random.default_rng(0).normal(size=(16, 16)))[0]
    settings = EvaluationSettings(calibration_range=RangeRequest(RangeBy.FAR, 0.05, 0.4))
    result = evaluate_with(embeddings @ axes, labels, settings)
    truth = BruteForce(embeddings, labels)
    thresholds = [p.threshold for p in result.operating_points if p.threshold is not None]
    for threshold in (*thresholds, *result.calibration_range.threshold):
        assert np.abs(truth.negatives - threshold).min() > 1e-7
    assert len(thresholds) > 0


def test_no_edge_of_the_ruler_between_such_pairs_is_a_threshold():
    cell = int(ruler.cells(np.float32([0.3]))[0])
    edge = ruler.edges(np.array([cell]))[0]
    below, above = edge - 1e-8, edge + 1e-8
    lowest = np.array([below, above, 0.6])
    cells = ruler.cells(lowest.astype(np.float32))
    counts = np.bincount(cells - cell)
    assert counts[:2].tolist() == [1, 1]
    of = Pool(counts, counts, cell, lowest, 3)
    ticks = plan._pooled(of, 1.0, Distance.COSINE).ticks
    assert np.all((ticks < below) | (ticks > above))
    assert np.any((ticks > above) & (ticks < 0.6))


def numbers(counted):
    at = counted.at(counted.grid)
    curves = utility(at, Utility.TPR_TNR, 1.0)
    ends = counted.grid[0], counted.grid[-1]
    return opis(curves, counted.grid), noise_floor(counted.for_noise, 1.0, ends)


@pytest.mark.parametrize("distance", OF_EMBEDDINGS)
def test_a_sample_changes_no_number_of_a_large_set(distance, monkeypatch):
    """With the sample that is really taken, of somewhat fewer items than there are."""
    embeddings, labels = clusters(1, n_classes=500, dims=16, sizes=(4, 26), spread=0.6)
    items = EmbeddingSet.from_arrays(embeddings, labels)
    assert items.n_items > sampled_items.SAMPLE_ITEMS
    request = CountRequest.of(EvaluationSettings(distance=distance))
    some, every = count_within(items, request, ROOMY), from_all(items, request, monkeypatch)
    assert some.grid == pytest.approx(every.grid, abs=5e-4)
    assert some.grid[[0, -1]] == pytest.approx(every.grid[[0, -1]], abs=1e-4)
    (one, noise), (other, other_noise) = numbers(some), numbers(every)
    assert one == pytest.approx(other, abs=1e-5, rel=1e-3)
    assert noise == pytest.approx(other_noise, rel=5e-3)
    np.testing.assert_array_equal(some.retrieval["recall@1"], every.retrieval["recall@1"])
    thresholds = [operating_thresholds(counted.pooled) for counted in (some, every)]
    for far, threshold in thresholds[0].items():
        assert threshold == pytest.approx(thresholds[1][far], abs=1e-4)
        at = some.at(np.array([threshold]))
        assert at.negative.sum() <= far * at.negative_pairs.sum()


def test_a_sample_that_saw_too_few_false_accepts_is_not_believed(planned, monkeypatch):
    """Copies of one item in many classes decide a rate, and none of them was drawn."""
    embeddings, labels = clusters(2, n_classes=150, dims=10, sizes=(8, 12), spread=0.6)
    copies = np.tile([1.0, -2, 3, 0, 1, 0, 0, 2, -1, 1], (80, 1))
    labels = np.append(labels, 1000 + np.arange(80))
    items = EmbeddingSet.from_arrays(np.concatenate([embeddings, copies]), labels)
    drawn = sampled_items.sample_of_items(items)
    assert items.codes[drawn].max() < 150, "give the copies other numbers"
    request = CountRequest.of(EvaluationSettings())
    some = count_within(items, request, ROOMY)
    assert planned == ["plan_from_sample", "final_plan"]
    assert min(operating_thresholds(some.pooled)) == 1e-2
    every = from_all(items, request, monkeypatch)
    np.testing.assert_array_equal(some.grid, every.grid)
    np.testing.assert_array_equal(some.table.negative, every.table.negative)


def test_a_threshold_outside_its_candidates_is_not_believed(planned, monkeypatch):
    items = EmbeddingSet.from_arrays(*clusters(0, n_classes=120, sizes=(8, 9)))
    zone = plan._zone

    def shifted(of, by, rate):
        lo, hi = zone(of, by, rate)
        return (lo - 0.2, hi - 0.2) if rate == 1e-3 else (lo, hi)

    monkeypatch.setattr(plan, "_zone", shifted)
    count_within(items, CountRequest.of(EvaluationSettings()), ROOMY)
    assert planned == ["plan_from_sample", "final_plan"]


def test_a_grid_finer_than_the_candidates_is_planned_from_all_pairs(planned):
    items = EmbeddingSet.from_arrays(*clusters(0, n_classes=120, sizes=(8, 9)))
    narrow = RangeRequest(lo=0.095, hi=0.1)
    fine = EvaluationSettings(n_thresholds=10_001, calibration_range=narrow)
    counted = count_within(items, CountRequest.of(fine), ROOMY)
    assert planned == ["plan_from_sample", "final_plan"]
    assert np.ptp(np.diff(counted.grid)) < 1e-12


def test_a_range_of_distances_is_its_own_grid(planned):
    """Also where its thresholds are closer than any cell of the ruler."""
    items = EmbeddingSet.from_arrays(*clusters(0, n_classes=120, sizes=(8, 9)))
    asked = RangeRequest(RangeBy.DISTANCE, 0.9, 0.905)
    counted = count_within(
        items, CountRequest.of(EvaluationSettings(calibration_range=asked)), ROOMY
    )
    assert planned == ["plan_from_sample"]
    np.testing.assert_array_equal(counted.grid, np.linspace(0.9, 0.905, 201))


@pytest.mark.parametrize("complete", [False, True])
def test_row_order_changes_nothing_not_even_where_a_sample_looks(planned, complete):
    embeddings, labels = coarse_grid(3, n_items=900, n_classes=20)
    settings = EvaluationSettings(calibration_range=RangeRequest(RangeBy.FAR, 0.05, 0.4))
    shuffled = np.random.default_rng(0).permutation(len(labels))
    plain, other = (
        count_within(
            EmbeddingSet.from_arrays(embeddings[rows], labels[rows]),
            CountRequest.of(settings, complete=complete),
            ROOMY,
        )
        for rows in (slice(None), shuffled)
    )
    np.testing.assert_array_equal(plain.grid, other.grid)
    np.testing.assert_array_equal(plain.table.thresholds, other.table.thresholds)
    for table in ("at", "noise"):
        a, b = (c.at(c.grid) if table == "at" else c.for_noise for c in (plain, other))
        np.testing.assert_array_equal(a.positive, b.positive)
        np.testing.assert_array_equal(a.negative, b.negative)
    np.testing.assert_array_equal(plain.for_noise.cross_products, other.for_noise.cross_products)


@pytest.mark.parametrize("n_items", [400, 5000])
def test_counting_everything_gives_the_same_numbers(planned, monkeypatch, n_items):
    """With a sample of 500 items, and of all."""
    monkeypatch.setattr(sampled_items, "SAMPLE_ITEMS", n_items)
    items = EmbeddingSet.from_arrays(
        *clusters(seed=8, n_classes=90, dims=10, sizes=(4, 16), spread=0.6)
    )
    some, every = (
        count_within(items, CountRequest.of(EvaluationSettings(), complete=complete), ROOMY)
        for complete in (False, True)
    )
    assert planned == 2 * (["plan_from_sample"] if n_items == 400 else ["final_plan"])
    assert isinstance(every.table, BinnedCounts)
    assert not isinstance(some.table, BinnedCounts)
    np.testing.assert_array_equal(some.grid, every.grid)
    assert numbers(some) == pytest.approx(numbers(every), rel=1e-12)
    ours, theirs = (operating_thresholds(counted.pooled) for counted in (some, every))
    assert ours == theirs
    at = np.array(sorted(ours.values()))
    np.testing.assert_array_equal(some.at(at).negative, every.at(at).negative)
    np.testing.assert_array_equal(some.at(at).positive, every.at(at).positive)


def test_given_thresholds_are_counted_to_the_digit(planned, monkeypatch):
    items = EmbeddingSet.from_arrays(*coarse_grid(1, n_items=800))
    exact = (0.5, 0.7071067811865476, 1.0, 1.2345678)
    wide = EvaluationSettings(calibration_range=RangeRequest(RangeBy.FAR, 0.05, 0.4))
    for complete in (False, True):
        request = CountRequest.of(wide, complete=complete, thresholds=exact)
        counted = count_within(items, request, ROOMY).at(np.array(exact))
        truth = BruteForce(items.unit_rows, items.codes)
        expected = np.searchsorted(truth.negatives, np.array(exact) + 1e-9, side="right")
        np.testing.assert_array_equal(counted.negative.sum(axis=0) // 2, expected)


def test_the_range_ends_where_its_rates_do_also_at_a_given_threshold(planned):
    items = EmbeddingSet.from_arrays(*clusters(0, n_classes=120, sizes=(8, 9)))
    asked, first = RangeRequest(), count_within(items, CountRequest.of(EvaluationSettings()), ROOMY)
    near = (first.grid[[0, -1]][:, None] + np.linspace(0, 1e-4, 40)).ravel()
    request = CountRequest.of(EvaluationSettings(), thresholds=tuple(near.tolist()))
    counted = count_within(items, request, ROOMY)
    assert planned == ["plan_from_sample", "plan_from_sample"]
    assert tuple(counted.grid[[0, -1]]) == calibration_range(
        counted.pooled, asked, Distance.EUCLIDEAN
    )
    assert np.isin(counted.grid[[0, -1]], near).any()


@pytest.mark.parametrize("distance", OF_EMBEDDINGS)
def test_a_gallery_is_planned_from_a_sample_of_both_sides(planned, monkeypatch, distance):
    embeddings, labels = clusters(5, n_classes=60, sizes=(8, 14), spread=0.7)
    query = np.arange(len(labels)) % 2 == 0
    sets = QueryGallery.of(
        *(
            EmbeddingSet.from_arrays(embeddings[side], labels[side], with_pairs=False)
            for side in (query, ~query)
        )
    )
    request = CountRequest.of(EvaluationSettings(distance=distance))
    some = count_against_gallery(sets, request, ROOMY)
    assert planned == ["plan_from_sample"]
    monkeypatch.setattr(gallery, "SAMPLE_ITEMS", 5000)
    every = count_against_gallery(sets, request, ROOMY)
    assert planned == ["plan_from_sample", "final_plan"]
    assert some.grid == pytest.approx(every.grid, abs=5e-4)
    one, other = (
        opis(utility(counted.at(counted.grid), Utility.TPR_TNR, 1.0), counted.grid)
        for counted in (some, every)
    )
    assert one == pytest.approx(other, abs=1e-5, rel=1e-3)


def test_too_little_memory_is_explained():
    items = EmbeddingSet.from_arrays(*clusters(0, n_classes=120, sizes=(8, 9)))
    request = CountRequest.of(EvaluationSettings())
    message = r"memory_limit is 1 MB, but \d+ items need \d+ MB"
    with pytest.raises(UsageError, match=message) as no:
        count_within(items, request, Resources(1, 1 << 20))
    (enough,) = (int(number) for number in re.findall(r"(\d+)MB", no.value.hint))
    assert count_within(items, request, Resources(1, enough * 1_000_000)).grid is not None
    with pytest.raises(UsageError, match="memory_limit"):
        count_within(items, request, Resources(1, (enough - 1) * 1_000_000))


def test_what_can_never_fit_is_refused_before_all_pairs_are_looked_at(planned, monkeypatch):
    items = EmbeddingSet.from_arrays(*clusters(0, n_classes=400, sizes=(2, 3)))
    request, pooled, pool = CountRequest.of(EvaluationSettings()), [], sweep.pool

    def watched(space, **how):
        pooled.append(len(space.rows))
        return pool(space, **how)

    monkeypatch.setattr(sweep, "pool", watched)
    with pytest.raises(UsageError, match="memory_limit"):
        count_within(items, request, Resources(2, 1000))
    assert max(pooled) < items.n_items


def test_scores_of_very_many_classes_need_memory_too():
    """After counting, and not of singletons, which have no scores."""
    rows = np.random.default_rng(0).normal(size=(100_000, 2))
    needs = []
    for labels in (np.arange(100_000) // 2, np.maximum(np.arange(100_000) - 2, 0)):
        items = EmbeddingSet.from_arrays(rows, labels)
        space = PairSpace.within(Side.of(items), items.n_classes)
        needs.append(bytes_needed(space, 10, None, threads=1))
    assert needs[0] > 300e6 > needs[1]


def test_a_large_set_has_a_larger_sample(monkeypatch):
    items = EmbeddingSet.from_arrays(*clusters(0, n_classes=400, sizes=(4, 5)))
    monkeypatch.setattr(sampled_items, "SAMPLE_ITEMS", 50)
    assert len(sampled_items.sample_of_items(items)) == items.n_items // 16
    assert len(sampled_items.sample_of_classes(items)) >= items.n_items // 16
    # Planning never takes more than a part of a count of few pairs.
    n_pairs = 45_000
    few = len(sampled_items.sample_of_items(items, n_pairs))
    assert sampled_items.SAMPLE_ITEMS < few < items.n_items // 16
    assert few * (few - 1) // 2 <= n_pairs // 16


def test_candidates_that_do_not_fit_are_replaced_by_the_thresholds_themselves(planned, monkeypatch):
    items = EmbeddingSet.from_arrays(*clusters(0, n_classes=400, sizes=(2, 3)))
    request, needed = CountRequest.of(EvaluationSettings()), []

    def watched(*arguments):
        needed.append(bytes_needed(*arguments))
        return needed[-1]

    monkeypatch.setattr(sweep, "bytes_needed", watched)
    roomy = count_within(items, request, ROOMY)
    assert planned == ["plan_from_sample"]
    tight = count_within(items, request, Resources(2, needed[0] - 1))
    assert planned == 2 * ["plan_from_sample"]
    assert np.array_equal(tight.grid, roomy.grid)
    chosen = tight.table.thresholds
    assert np.array_equal(tight.table.positive, roomy.at(chosen).positive)
    assert np.array_equal(tight.table.negative, roomy.at(chosen).negative)


def test_a_numba_that_cannot_be_imported_is_as_good_as_none(monkeypatch):
    monkeypatch.setattr(kernels, "_COMPILED_FROM", 0)
    items = EmbeddingSet.from_arrays(*clusters(0))
    request = CountRequest.of(EvaluationSettings())
    if has_compiler():
        assert count_within(items, request, ROOMY).kernel == COMPILED
    monkeypatch.setitem(sys.modules, "numba", None)
    assert not kernels.has_compiler()
    assert count_within(items, request, ROOMY).kernel == NUMPY
