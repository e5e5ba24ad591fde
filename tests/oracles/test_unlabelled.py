"""Thresholds without labels, and from impostors, against all pairs in float64."""

import math

import numpy as np
import pytest
from conftest import clusters, coarse_grid
from hypothesis import given
from hypothesis import strategies as st
from oracles.brute_force import BruteForce
from scipy.special import stdtrit

import opiscli

SETS = {"clusters": clusters(seed=3, n_classes=20), "ties": coarse_grid(seed=1, n_items=90)}


def all_distances(embeddings, distance="euclidean"):
    """Of every unordered pair, and the full matrix."""
    d = BruteForce(embeddings, np.arange(len(embeddings)), distance).d
    return np.sort(d[np.triu_indices(len(d), 1)]), d


def point_of(embeddings, labels=None, **how):
    found = opiscli.calibrate(embeddings, labels, threads=1, **how)
    return found.operating_points[0]


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
@pytest.mark.parametrize("far", [0.3, 0.05])
@pytest.mark.parametrize("share", [0.0, 0.13])
@pytest.mark.parametrize("name", SETS)
def test_the_largest_threshold_whose_accepted_share_is_allowed(name, share, far, distance):
    embeddings, _ = SETS[name]
    pairs, _ = all_distances(embeddings, distance)
    point = point_of(
        embeddings, unlabelled=True, max_positive_share=share, far=far, distance=distance
    )
    accepted = np.searchsorted(pairs, point.threshold + 1e-7, side="right")
    assert (point.accepted.k, point.accepted.n) == (accepted, len(pairs))
    assert accepted / len(pairs) <= far * (1 - share)
    after = pairs[accepted]
    n_with_next = np.searchsorted(pairs, after + 1e-7, side="right")
    assert n_with_next / len(pairs) > far * (1 - share)
    assert point.threshold > pairs[accepted - 1] - 1e-4
    smallest = math.ceil((1 - share) * len(pairs))
    assert (point.far.k, point.far.n) == (accepted, smallest)
    assert point.far.value == pytest.approx(accepted / smallest)
    assert point.far.value <= far
    assert point.far_is_upper_bound
    lo, hi = point.accepted.ci
    bounds = (max(0, (lo - share) / (1 - share)), min(1, hi / (1 - share)))
    assert point.far.ci == pytest.approx(bounds)
    assert (point.tar, point.frr) == (None, None)


@given(seed=st.integers(0, 10**6), far=st.sampled_from([0.2, 0.05]))
def test_the_bound_holds_for_any_labels(seed, far):
    embeddings, labels = clusters(seed=seed, n_classes=9)
    truth = BruteForce(embeddings, labels)
    share = len(truth.positives) / (len(truth.positives) + len(truth.negatives))
    point = point_of(embeddings, unlabelled=True, max_positive_share=share, far=far)
    attained = truth.far(point.threshold + 1e-9)
    assert attained <= point.far.value <= far
    accepted = point.accepted.value
    assert attained >= (accepted - share) / (1 - share) - 1e-12


def logits_without_each(matrix):
    """The logit of the accepted share without each item in turn, with half a pair added."""
    found = []
    for left_out in range(len(matrix)):
        kept = np.delete(np.delete(matrix, left_out, 0), left_out, 1)
        inside = kept[np.triu_indices(len(kept), 1)]
        found.append(math.log((inside.sum() + 0.5) / ((~inside).sum() + 0.5)))
    return np.array(found)


def test_the_interval_is_that_of_leaving_out_one_item_at_a_time():
    embeddings, _ = SETS["clusters"]
    point = point_of(embeddings, unlabelled=True, max_positive_share=0.0, similarity=0.5)
    _, d = all_distances(embeddings)
    without = logits_without_each(d <= point.threshold)
    n = len(without)
    error = math.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
    squares = (without - without.mean()) ** 2
    effective = squares.sum() ** 2 / (squares**2).sum()
    assert point.n_effective == pytest.approx(effective, rel=1e-6)
    reach = stdtrit(effective + 1, 0.975) * error
    rate = point.accepted.value
    bend = 1 - 2 * rate
    logit = math.log(rate / (1 - rate))
    hi = 1 / (1 + math.exp(-(logit - math.log(1 - bend * reach) / bend)))
    # Or a little more: what items of one size would vary by is the least that is taken.
    assert hi * (1 - 1e-6) <= point.accepted.ci.hi <= hi * 1.005
    assert point.accepted.ci.lo < rate < point.accepted.ci.hi


@pytest.mark.parametrize("are_labelled", [True, False])
@pytest.mark.parametrize("name", SETS)
def test_impostors_are_all_pairs_across(name, are_labelled):
    embeddings, labels = SETS[name]
    ours = labels < np.median(labels)
    sides = [(embeddings[part], labels[part] if are_labelled else None) for part in (ours, ~ours)]
    found = opiscli.calibrate(*sides[0], impostors=sides[1], far=0.05, threads=1)
    [point] = found.operating_points
    _, d = all_distances(embeddings)
    across = np.sort(d[ours][:, ~ours].ravel())
    accepted = np.searchsorted(across, point.threshold + 1e-7, side="right")
    assert (point.far.k, point.far.n) == (accepted, len(across))
    assert accepted / len(across) <= 0.05
    with_next = np.searchsorted(across, across[accepted] + 1e-7, side="right")
    assert with_next / len(across) > 0.05
    assert not point.far_is_upper_bound
    assert found.intervals_over == (("classes",) * 2 if are_labelled else ("items",) * 2)
    assert found.pairs.n_negative == len(across)


def test_impostors_leave_out_one_class_of_either_side():
    embeddings, labels = clusters(seed=5, n_classes=30)
    ours = labels < 14
    given = (embeddings[~ours], labels[~ours])
    point = point_of(embeddings[ours], labels[ours], impostors=given, similarity=0.4)
    _, d = all_distances(embeddings)
    accepted = (d <= point.threshold)[ours][:, ~ours]
    without = []
    for axis, codes in ((0, labels[ours]), (1, labels[~ours])):
        for code in np.unique(codes):
            kept = np.delete(accepted, np.flatnonzero(codes == code), axis)
            without.append(math.log((kept.sum() + 0.5) / ((~kept).sum() + 0.5)))
    squares = (np.array(without) - np.mean(without)) ** 2
    assert point.n_effective == pytest.approx(squares.sum() ** 2 / (squares**2).sum(), rel=1e-6)
    rate = point.far.value
    # Two standard errors on the logit scale lie inside an interval that is not much wider.
    reach = 2 * math.sqrt(squares.sum())
    least, most = (1 / (1 + (1 - rate) / rate * math.exp(-x)) for x in (-reach, reach))
    assert point.far.ci.lo < least
    assert most < point.far.ci.hi < 1.5 * most


@pytest.mark.parametrize("how", [{"max_positive_share": 0.05, "unlabelled": True}, {}])
def test_with_confidence_the_upper_bound_meets_the_target(how):
    embeddings, labels = clusters(seed=6, n_classes=40)
    ours = labels < 20
    if not how:
        how = {"impostors": embeddings[~ours]}
    points = [
        point_of(embeddings[ours], far=0.1, confidence=confidence, **how)
        for confidence in (None, 0.8, 0.99)
    ]
    assert points[0].threshold > points[1].threshold > points[2].threshold
    for point in points[1:]:
        assert point.far.value < point.far_bound.value <= 0.1
        assert point.far_bound.value > 0.08


def test_order_labels_and_the_stated_share():
    embeddings, labels = SETS["clusters"]
    how = {"unlabelled": True, "far": 0.1}
    first = opiscli.calibrate(embeddings, max_positive_share=0.1, **how)
    turned = opiscli.calibrate(embeddings[::-1], labels, max_positive_share=0.1, **how)
    one, other = first.operating_points[0], turned.operating_points[0]
    assert (one.accepted.k, one.far.n) == (other.accepted.k, other.far.n)
    assert one.threshold == pytest.approx(other.threshold, abs=1e-6)
    assert one.far.ci == pytest.approx(other.far.ci, abs=1e-9)
    assert turned.data == first.data
    codes = [[warning.code for warning in found.warnings] for found in (first, turned)]
    assert codes[1] == ["labels-ignored", *codes[0]]
    thresholds = [
        point_of(embeddings, max_positive_share=share, **how).threshold
        for share in (0.0, 0.1, 0.5, 0.9)
    ]
    assert thresholds == sorted(thresholds, reverse=True)
    assert thresholds[0] > thresholds[-1]
    given = point_of(embeddings, unlabelled=True, max_positive_share=0.0, similarity=0.3)
    pairs, _ = all_distances(embeddings)
    assert given.accepted == given.far
    assert given.accepted.value == np.mean(pairs <= given.threshold)


def test_thousands_of_items_are_planned_from_a_sample():
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(6100, 5))
    point = point_of(embeddings, unlabelled=True, max_positive_share=0.0, far=0.01)
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    similarity = unit @ unit.T
    n = point.accepted.n
    assert n == len(unit) * (len(unit) - 1) // 2
    least = point.similarity, 1 - (point.threshold + 1e-4) ** 2 / 2
    accepted, within = ((np.count_nonzero(similarity >= s) - len(unit)) // 2 for s in least)
    assert abs(accepted - point.accepted.k) <= 3  # float32
    assert accepted / n <= 0.01 < within / n
