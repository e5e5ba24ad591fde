"""Listed pairs with scores: against the definitions read aloud, and against the same embeddings."""

from fractions import Fraction

import numpy as np
import pytest
from conftest import clusters
from hypothesis import given
from hypothesis import strategies as st
from listed import calibrate, drawn, evaluate, listed
from scipy.stats import binomtest

import opiscli
from opiscli.counting import pair_scores, score_ticks


def brute(scores, same, kind="distance"):
    """FAR and FRR, as exact fractions, at a threshold, pair by pair."""

    def rates(threshold):
        accepted = [s >= threshold if kind == "similarity" else s <= threshold for s in scores]
        k_far = sum(bool(a and not p) for a, p in zip(accepted, same, strict=True))
        k_frr = sum(bool(p and not a) for a, p in zip(accepted, same, strict=True))
        n = int(np.sum(same))
        return Fraction(k_far, len(same) - n), Fraction(k_frr, n)

    return rates


def observed(scores, kind):
    """Distinct scores, the strictest first."""
    return sorted(set(scores.tolist()), reverse=kind == "similarity")


@pytest.mark.parametrize("kind", ["distance", "similarity"])
@pytest.mark.parametrize("ties", [False, True])
def test_thresholds_and_rates_are_those_of_the_definitions(kind, ties):
    scores, same, _ = drawn(1, n=400, ties=ties)
    scores = scores if kind == "distance" else -scores
    rates, strictest_first = brute(scores, same, kind), observed(scores, kind)
    found = calibrate(
        listed(scores, same, kind),
        far=[0.2, 0.05],
        criterion=["eer", "tar=0.9", "frr=0.2"],
        threshold=[scores[7], 1.234],
    )
    for point in found.operating_points:
        far, frr = rates(point.threshold)
        assert Fraction(point.far.k, point.far.n) == far
        assert Fraction(point.frr.k, point.frr.n) == frr
        assert point.similarity == (point.threshold if kind == "similarity" else None)
    for point, target in zip(found.operating_points, (0.2, 0.05), strict=False):
        assert point.threshold == [t for t in strictest_first if rates(t)[0] <= target][-1]
    eer, tar, frr = (point.threshold for point in found.operating_points[2:5])
    assert eer == min(strictest_first, key=lambda t: abs(rates(t)[0] - rates(t)[1]))
    assert tar == next(t for t in strictest_first if 1 - rates(t)[1] >= 0.9)
    assert frr == next(t for t in strictest_first if rates(t)[1] <= 0.2)
    assert [p.threshold for p in found.operating_points[5:]] == [scores[7], 1.234]


def test_equal_error_rate_and_operating_points_of_an_evaluation():
    scores, same, _ = drawn(2, n=300, ties=True)
    rates, values = brute(scores, same), observed(scores, "distance")
    result = evaluate(listed(scores, same))
    t = min(values, key=lambda t: abs(rates(t)[0] - rates(t)[1]))
    assert result.eer.threshold == t
    assert result.eer.value == pytest.approx(float(sum(rates(t)) / 2), abs=1e-15)
    for point in result.operating_points[:2]:
        assert point.threshold == [t for t in values if rates(t)[0] <= point.target_far][-1]
    assert (result.opis, result.mean_utility, result.recall) == (None, None, {})
    assert result.eps_opis.value is None
    codes = [warning.code for warning in result.warnings]
    assert {"no-classes", "pairs-independent"} <= set(codes)


@pytest.mark.parametrize("one_sided", [False, True])
def test_rates_of_classes_are_over_the_pairs_of_each(one_sided):
    scores, same, (first, second) = drawn(3)
    classes = first if one_sided else (first, second)
    point = calibrate(listed(scores, same, classes=classes), far=0.05).operating_points[0]
    fars, frrs = [], []
    for name in range(12):
        ours = (first == name) if one_sided else (first == name) | (second == name)
        fars.append(np.mean(scores[ours & ~same] <= point.threshold))
        frrs.append(np.mean(scores[ours & same] > point.threshold))
    assert point.macro_far == pytest.approx(np.mean(fars))
    assert point.macro_frr == pytest.approx(np.mean(frrs))
    assert (point.worst_far.label, point.worst_far.value) == (str(np.argmax(fars)), max(fars))
    assert (point.worst_frr.label, point.worst_frr.value) == (str(np.argmax(frrs)), max(frrs))
    assert (point.far.k, point.far.n) == (
        np.count_nonzero(scores[~same] <= point.threshold), np.count_nonzero(~same)
    )  # fmt: skip


def test_opis_is_over_classes_that_have_both_kinds_of_pairs():
    scores, same, (first, second) = drawn(4, n=600)
    # A class of positive pairs only, and one of negative pairs only.
    first = np.append(first, [50, 50, 51, 51])
    second = np.append(second, [50, 50, 0, 1])
    scores, same = np.append(scores, [0, 1, 2, 3]), np.append(same, [True, True, False, False])
    result = evaluate(listed(scores, same, classes=(first, second)))
    ends = result.calibration_range.threshold
    grid = np.linspace(ends.lo, ends.hi, 201)
    curves = []
    for name in range(12):
        ours = (first == name) | (second == name)
        tpr = np.mean(scores[ours & same, None] <= grid, axis=0)
        tnr = np.mean(scores[ours & ~same, None] > grid, axis=0)
        curves.append(2 * tpr * tnr / (tpr + tnr))
    spread = np.trapezoid(np.var(curves, axis=0), grid) / (ends.hi - ends.lo)
    assert result.opis.value == pytest.approx(spread, abs=1e-12)
    worst, rest = np.sort(curves, axis=0)[:2].mean(0), np.sort(curves, axis=0)[2:].mean(0)
    gap = np.trapezoid((worst - rest) ** 2, grid) / (ends.hi - ends.lo)
    assert result.eps_opis.value == pytest.approx(gap, abs=1e-12)
    assert (result.opis.n_classes, result.data.n_classes) == (12, 14)
    assert "classes-with-one-kind" in [warning.code for warning in result.warnings]


def all_pairs(embeddings, labels):
    """Euclidean distances of all pairs in float64, with both identities."""
    x = np.asarray(embeddings) / np.linalg.norm(embeddings, axis=1, keepdims=True)
    i, j = np.triu_indices(len(x), 1)
    return np.linalg.norm(x[i] - x[j], axis=1), labels[i] == labels[j], (labels[i], labels[j])


def test_a_table_of_all_pairs_has_the_numbers_of_its_embeddings():
    embeddings, labels = clusters(seed=6, n_classes=30, sizes=(1, 9))
    scores, same, both = all_pairs(embeddings, labels)
    direct, pairs = opiscli.evaluate(embeddings, labels), listed(scores, same, classes=both)
    result = evaluate(pairs)
    # The thresholds of the range are those of its ends to rounding, and so is what lies between.
    assert result.opis.value == pytest.approx(direct.opis.value, rel=5e-3)
    assert result.eps_opis.value == pytest.approx(direct.eps_opis.value, rel=5e-3)
    assert result.mean_utility == pytest.approx(direct.mean_utility, rel=1e-3)
    assert result.opis.ci == pytest.approx(direct.opis.ci, rel=1e-2)
    assert (result.pairs.n_positive, result.pairs.n_negative) == (
        direct.pairs.n_positive, direct.pairs.n_negative
    )  # fmt: skip
    for ours, theirs in zip(result.operating_points, direct.operating_points, strict=True):
        # The direct one lies somewhere before the next pair.
        assert ours.threshold <= theirs.threshold + 1e-6
        assert not np.any((scores > ours.threshold) & (scores < theirs.threshold - 1e-6))
        for name in ("far", "frr", "tar", "macro_far", "worst_far", "worst_frr"):
            assert getattr(ours, name) == getattr(theirs, name)
    for asked in ({"far": 0.01}, {"far": 0.1, "average": "macro"}):
        ours, theirs = calibrate(pairs, **asked), opiscli.calibrate(embeddings, labels, **asked)
        ours, theirs = ours.operating_points[0], theirs.operating_points[0]
        assert (ours.far, ours.frr, ours.macro_frr) == (theirs.far, theirs.frr, theirs.macro_frr)
        assert ours.n_effective_classes == theirs.n_effective_classes


def test_the_share_of_classes_that_meet_a_target_is_bounded_alike():
    embeddings, labels = clusters(seed=12, n_classes=40, sizes=(2, 9))
    scores, same, both = all_pairs(embeddings, labels)
    asked = {"far": 0.2, "class_share": 0.7, "confidence": 0.9}
    ours = calibrate(listed(scores, same, classes=both), **asked).operating_points[0]
    theirs = opiscli.calibrate(embeddings, labels, **asked).operating_points[0]
    one, other = ours.class_guarantee, theirs.class_guarantee
    assert one.n_effective < 40
    assert one.n_effective == pytest.approx(other.n_effective, rel=0.1)
    assert abs(one.n_failing - other.n_failing) <= 1
    assert ours.threshold == pytest.approx(theirs.threshold, rel=0.01)


def test_pairs_without_clusters_have_the_binomial_interval():
    scores, same, _ = drawn(5, n=500)
    point = calibrate(listed(scores, same), far=0.05).operating_points[0]
    for rate in (point.far, point.frr):
        exact = binomtest(rate.k, rate.n).proportion_ci(0.95, method="exact")
        assert rate.ci == pytest.approx((exact.low, exact.high), abs=1e-12)
    bound = calibrate(listed(scores, same), far=0.05, confidence=0.95).operating_points[0]
    exact = binomtest(bound.far.k, bound.far.n, alternative="less").proportion_ci(0.95, "exact")
    assert bound.far_bound.value == pytest.approx(exact.high, abs=1e-12)
    assert bound.far_bound.value <= 0.05


def test_clusters_that_are_the_classes_have_the_interval_of_classes():
    scores, same, both = drawn(6)
    of_classes = calibrate(listed(scores, same, classes=both), far=0.05).operating_points[0]
    of_clusters = calibrate(listed(scores, same, clusters=both), far=0.05).operating_points[0]
    assert (of_clusters.far, of_clusters.frr) == (of_classes.far, of_classes.frr)
    assert of_clusters.n_effective_classes == of_classes.n_effective_classes
    assert of_clusters.macro_far is None


def test_positive_pairs_between_two_clusters_are_deleted_with_either():
    scores, same, _ = drawn(7, n=900)
    both = np.random.default_rng(7).integers(30, size=(2, 900))
    point = calibrate(listed(scores, same, clusters=both), criterion="eer").operating_points[0]
    for wanted, rate in ((~same, point.far), (same, point.frr)):
        wrong = (scores <= point.threshold) != same
        logits, n = [], np.count_nonzero(wanted)
        for cluster in range(30):
            left = wanted & (both != cluster).all(axis=0)
            k = np.count_nonzero(wrong & left)
            logits.append(np.log((k + 0.5) / (np.count_nonzero(left) - k + 0.5)))
        error = np.sqrt(29 / 30 * np.sum((logits - np.mean(logits)) ** 2))
        # The jackknife is one of three lower bounds of the standard error.
        centre = np.log(rate.k / (n - rate.k))
        lo, hi = np.log(np.array(rate.ci) / (1 - np.array(rate.ci)))
        assert hi - centre > 1.9 * error
        assert centre - lo > 1.9 * error
        assert hi - lo < 12 * max(error, 1 / np.sqrt(rate.k))


@given(st.integers(0, 20), st.booleans())
def test_rows_in_another_order_and_negated_scores_change_nothing(seed, ties):
    scores, same, both = drawn(seed, n=200, ties=ties)
    order = np.random.default_rng(seed).permutation(len(scores))
    one = evaluate(listed(scores, same, classes=both))
    moved = evaluate(listed(scores[order], same[order], classes=both[:, order]))
    negated = evaluate(listed(-scores, same, "similarity", classes=both))
    for other, sign in ((moved, 1), (negated, -1)):
        assert (other.opis, other.eps_opis) == (one.opis, one.eps_opis)
        assert (other.eer.value, other.eer.threshold) == (one.eer.value, sign * one.eer.threshold)
        for a, b in zip(one.operating_points, other.operating_points, strict=True):
            assert (a.far, a.frr, a.worst_frr) == (b.far, b.frr, b.worst_frr)
            assert a.threshold is None or b.threshold == sign * a.threshold
    if one.calibration_range is not None:
        ends, others = one.calibration_range.threshold, negated.calibration_range.threshold
        assert others == (-ends.hi, -ends.lo)


@given(st.integers(0, 20))
def test_increasing_transformations_change_only_thresholds(seed):
    scores, same, _ = drawn(seed, n=200, ties=True)
    one, other = evaluate(listed(scores, same)), evaluate(listed(np.exp(scores), same))
    assert other.eer.value == one.eer.value
    assert other.eer.threshold == np.exp(one.eer.threshold)
    for a, b in zip(one.operating_points, other.operating_points, strict=True):
        assert (a.far, a.frr) == (b.far, b.frr)


@pytest.mark.parametrize("n_sorted", [1 << 25, 1500])
def test_of_many_distinct_scores_counts_stay_exact(monkeypatch, n_sorted):
    """With few ticks, and with a plan from a sample alone."""
    monkeypatch.setattr(pair_scores, "MOST_TICKS", 400)
    monkeypatch.setattr(score_ticks, "_SAMPLE", n_sorted)
    monkeypatch.setattr(score_ticks, "PAIRS_AT_ONCE", 777)
    scores, same, both = drawn(8, n=6000)
    asked = {"far": [0.03, 0.3], "criterion": ["eer", "tar=0.95"], "threshold": [1.5]}
    for groups in ({}, {"classes": both}):
        found = calibrate(listed(scores, same, **groups), **asked).operating_points
        monkeypatch.setattr(pair_scores, "MOST_TICKS", 1 << 18)
        exact = calibrate(listed(scores, same, **groups), **asked).operating_points
        monkeypatch.setattr(pair_scores, "MOST_TICKS", 400)
        for one, other in zip(found, exact, strict=True):
            assert (one.threshold, one.far, one.frr) == (other.threshold, other.far, other.frr)
            assert one.macro_far == other.macro_far
        # Thresholds of rates that were not announced lie at most a little lower.
        table = pair_scores.count_pairs(listed(scores, same, **groups), request()).pooled
        assert len(table.ticks) < 1200
        # The nearest negative pairs are known one by one.
        assert np.isin(np.sort(scores[~same])[:45], table.ticks).all()
        accepted = np.searchsorted(np.sort(scores[~same]), table.ticks, side="right")
        assert np.array_equal(np.cumsum(table.negative), accepted)


def request():
    from opiscli.counting.request import CountRequest
    from opiscli.settings.evaluation import EvaluationSettings

    return CountRequest.of(EvaluationSettings(distance="given-distance"), complete=True)
