"""Every number of an evaluation against the definitions in float64."""

import math

import numpy as np
import pytest
from conftest import SAMPLE, clusters, coarse_grid, evaluate_with
from oracles.brute_force import BruteForce

from opiscli import EvaluationSettings, evaluate_items, read_embeddings
from opiscli.distance import OF_EMBEDDINGS
from opiscli.settings.evaluation import RangeBy, RangeRequest, Utility
from opiscli.settings.resources import Resources
from opiscli.sources import Selection


def assert_close(ours, theirs):
    """The project's promise: 1e-5 absolute and 0.5 % relative."""
    assert abs(ours - theirs) <= 1e-5
    assert ours == pytest.approx(theirs, rel=5e-3, abs=1e-9)


def assert_agrees(result, truth, *, epsilon=0.1, beta=1.0, kind="tpr-tnr"):
    assert result.pairs.n_positive == len(truth.positives)
    assert result.pairs.n_negative == len(truth.negatives)
    for point in result.operating_points:
        assert_point_agrees(point, truth, epsilon)

    ends = result.calibration_range.threshold
    grid = np.linspace(ends.lo, ends.hi, result.calibration_range.n_thresholds)
    curves = truth.utilities(grid, beta, kind)
    assert_close(result.opis.value, truth.opis(curves, grid))
    assert_close(result.eps_opis.value, truth.eps_opis(curves, grid, epsilon))
    mean = truth.integrate(curves.mean(axis=0), grid)
    assert result.mean_utility == pytest.approx(mean, abs=1e-5)
    for k, recall in result.recall.items():
        assert abs(recall.value - truth.recall(int(k))) <= 1 / recall.n_queries
    if kind == "tpr-tnr" and result.opis.noise is not None:
        assert_close(result.opis.noise, truth.noise(grid, beta))
        big = [truth.sizes[name] >= 4 for name in truth.classes]
        corrected = truth.opis(curves[big], grid) - truth.noise(grid, beta)
        assert result.opis.corrected == pytest.approx(corrected, abs=1e-5)
        assert result.opis.corrected_from == pytest.approx(truth.opis(curves[big], grid), abs=1e-5)
        eps = result.eps_opis
        assert eps.corrected_from == pytest.approx(
            truth.eps_opis(curves[big], grid, epsilon), abs=1e-5, rel=5e-3
        )
        expected = truth.eps_opis_corrected(grid, epsilon, beta)
        assert eps.corrected == pytest.approx(expected, abs=2e-5, rel=5e-3)
    n_below, share = truth.below_mean(curves, grid)
    assert result.opis.below_mean.n_classes == n_below
    assert result.opis.below_mean.share == pytest.approx(share, abs=1e-3)
    assert result.opis.spread == pytest.approx(truth.opis(curves, grid) ** 0.5, abs=1e-3)
    scores = np.round([truth.integrate(curve, grid) for curve in curves], 9)
    # Of equally low scores, the one with the most pairs behind it is shown.
    order = np.lexsort(([-truth.pairs_of(name)[0] for name in truth.classes], scores))
    assert [w.label for w in result.worst_classes[:1]] == [str(truth.classes[order[0]])]


def assert_point_agrees(point, truth, epsilon):
    observed, after = truth.far_threshold_bounds(point.target_far)
    if observed is None:
        assert point.threshold is None
        return
    assert observed - 1e-4 < point.threshold < after
    assert point.far.k / point.far.n <= point.target_far
    assert (point.far.n, point.frr.n) == (len(truth.negatives), len(truth.positives))
    assert point.far.value == pytest.approx(truth.far(point.threshold), abs=2 / point.far.n)
    assert point.frr.value == pytest.approx(truth.frr(point.threshold), abs=2 / point.frr.n)
    fars = {name: truth.class_rates(name, [point.threshold])[1][0] for name in truth.classes}
    frrs = {name: 1 - truth.class_rates(name, [point.threshold])[0][0] for name in truth.classes}
    assert point.macro_far == pytest.approx(np.mean(list(fars.values())), abs=1e-6)
    assert point.worst_far.value == pytest.approx(max(fars.values()), abs=1e-3)
    assert point.worst_frr.value == pytest.approx(max(frrs.values()), abs=1e-3)
    worst = math.ceil(epsilon * len(fars) - 1e-9)
    for share, rates, sign in (
        (point.worst_classes_far, fars, 1),
        (point.worst_classes_tar, frrs, -1),
    ):
        expected = np.mean(sorted(rates.values())[-worst:])
        assert share.n_classes == worst
        assert share.value == pytest.approx(expected if sign > 0 else 1 - expected, abs=1e-3)


@pytest.mark.parametrize("distance", OF_EMBEDDINGS)
@pytest.mark.parametrize("kind", list(Utility))
def test_small_clusters(distance, kind):
    embeddings, labels = clusters(seed=3, n_classes=25, sizes=(1, 12))
    settings = EvaluationSettings(distance=distance, utility=kind, beta=1.5, epsilon=0.2, ks=(1, 3))
    result = evaluate_with(embeddings, labels, settings)
    truth = BruteForce(embeddings, labels, distance.value)
    assert_agrees(result, truth, epsilon=0.2, beta=1.5, kind=kind.value)


@pytest.mark.parametrize("seed", range(5))
def test_tied_data(seed):
    embeddings, labels = coarse_grid(seed, n_items=90)
    settings = EvaluationSettings(
        calibration_range=RangeRequest(RangeBy.FAR, 0.05, 0.4), ks=(1, 2, 5)
    )
    assert_agrees(evaluate_with(embeddings, labels, settings), BruteForce(embeddings, labels))


def test_duplicates_within_and_between_classes():
    embeddings, labels = clusters(seed=5, n_classes=10, sizes=(4, 8))
    embeddings = np.concatenate([embeddings, embeddings[:9], 3 * embeddings[:4], embeddings[:1]])
    labels = np.concatenate([labels, labels[:9], labels[:4], [9]])
    result = evaluate_with(embeddings, labels, EvaluationSettings(ks=(1, 2, 3)))
    assert_agrees(result, BruteForce(embeddings, labels))


def test_a_range_given_by_frr_and_by_distance():
    embeddings, labels = clusters(seed=7, n_classes=15, sizes=(4, 9))
    truth = BruteForce(embeddings, labels)
    by_frr = evaluate_with(
        embeddings,
        labels,
        EvaluationSettings(calibration_range=RangeRequest(RangeBy.FRR, 0.05, 0.3)),
    )
    ends = by_frr.calibration_range.threshold
    assert truth.frr(ends.lo) <= 0.3 < truth.frr(ends.lo - 1e-4)
    assert truth.frr(ends.hi) <= 0.05 < truth.frr(ends.hi - 1e-4)
    assert_agrees(by_frr, truth)
    by_distance = evaluate_with(
        embeddings,
        labels,
        EvaluationSettings(calibration_range=RangeRequest(RangeBy.DISTANCE, 0.0, 1.25)),
    )
    assert by_distance.calibration_range.threshold == (0.0, 1.25)
    assert_agrees(by_distance, truth)


def whole_run(source, where=(), keep=None):
    """Evaluate a file, or the first classes of it, against its float64 truth."""
    items = read_embeddings(str(source), Selection(where=where))
    truth_rows = np.argsort(items.rows)
    unit, codes = items.unit_rows[truth_rows], items.codes[truth_rows]
    names = np.array(items.names)[codes]
    if keep is not None:
        chosen = codes < keep
        unit, names = unit[chosen], names[chosen]
        result = evaluate_with(unit, names, EvaluationSettings(ks=(1, 5)))
    else:
        result = evaluate_items(items, EvaluationSettings(ks=(1, 5)), Resources.of_machine())
    return result, BruteForce(unit, names)


def test_sample_wordnet():
    assert_agrees(*whole_run(SAMPLE / "wordnet.parquet"))


@pytest.mark.parametrize(
    ("name", "keep"),
    [
        ("digits64", None),
        ("letters32", 4),
        ("debian50", 600),
        ("wordnet384", 300),
        ("glyphs128", 60),
        ("sample_wordnet", None),
    ],
)
def test_real_sets(shared_data, name, keep):
    assert_agrees(*whole_run(shared_data / f"{name}.parquet", ("split=test",), keep))
