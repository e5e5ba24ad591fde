"""Thresholds of a new model for the share of pairs of an old one, against float64."""

import math

import numpy as np
import pyarrow as pa
import pytest
from conftest import clusters
from oracles.brute_force import BruteForce
from scipy.special import stdtrit

import opiscli


def two_models(seed=0, n_classes=15):
    """Items under one model, and the same under a projection of it with noise."""
    embeddings, labels = clusters(seed=seed, n_classes=n_classes, dims=8)
    rng = np.random.default_rng(seed)
    new = embeddings @ rng.normal(size=(8, 6)) + 0.3 * rng.normal(size=(len(labels), 6))
    return embeddings, new, labels


def pairs_of(d):
    return np.sort(d[np.triu_indices(len(d), 1)])


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
@pytest.mark.parametrize("similarity", [0.8, 0.3])
def test_the_largest_threshold_that_accepts_no_more(similarity, distance):
    old, new, labels = two_models()
    found = opiscli.translate(
        (old, labels), (new, labels), by_row=True, similarity=similarity, distance=distance
    )
    before, after = (BruteForce(x, labels, distance) for x in (old, new))
    at_old = math.sqrt(2 - 2 * similarity) if distance == "euclidean" else 1 - similarity
    ours, theirs = pairs_of(before.d), pairs_of(after.d)
    k = int(np.count_nonzero(ours <= at_old + 1e-9))
    assert (found.old_point.accepted.k, found.old_point.accepted.n) == (k, len(ours))
    assert found.new_point.accepted.k == k  # without ties it is the same number
    assert theirs[k - 1] <= found.new_point.threshold + 1e-7
    assert found.new_point.threshold < theirs[k] + 1e-7
    assert found.new_point.threshold > theirs[k - 1] - 1e-4
    for point, truth in ((found.old_point, before), (found.new_point, after)):
        assert point.far.value == pytest.approx(truth.far(point.threshold + 1e-7), abs=1e-12)
        assert point.tar.value == pytest.approx(1 - truth.frr(point.threshold + 1e-7), abs=1e-12)
    difference = found.new_point.tar.value - found.old_point.tar.value
    assert found.tar_change.value == pytest.approx(difference)


def without_each(accepted, of_interest, groups):
    """Share of accepted pairs of interest, without one group in turn."""
    shares = []
    for group in np.unique(groups):
        kept = groups != group
        inside = np.triu(np.ones((kept.sum(),) * 2, dtype=bool), 1) & of_interest[kept][:, kept]
        shares.append((accepted[kept][:, kept][inside].sum(), inside.sum()))
    return np.array(shares, dtype=float).T


def jackknife(values):
    squares = (values - values.mean()) ** 2
    degrees = squares.sum() ** 2 / (squares**2).sum() + 1
    error = math.sqrt((len(values) - 1) / len(values) * squares.sum())
    return stdtrit(degrees, 0.975) * error


def test_the_interval_leaves_out_one_item_under_both_models():
    old, new, labels = two_models(seed=1)
    found = opiscli.translate(old, new, by_row=True, similarity=0.5)
    logits = []
    sides = (BruteForce(old, labels).d, BruteForce(new, labels).d)
    for d, point in zip(sides, (found.old_point, found.new_point), strict=True):
        k, n = without_each(d <= point.threshold + 1e-7, np.ones_like(d, bool), np.arange(len(d)))
        logits.append(np.log((k + 0.5) / (n - k + 0.5)))
    reach = jackknife(logits[1] - logits[0])
    rate = found.new_point.accepted.value
    pairs = pairs_of(sides[1])
    for bound, sign in zip(found.threshold_ci, (-1, 1), strict=True):
        share = 1 / (1 + (1 - rate) / rate * math.exp(-sign * reach))
        nearest = pairs[min(int(share * len(pairs)), len(pairs) - 1)]
        assert bound == pytest.approx(nearest, abs=0.01)
    lo, hi = found.threshold_ci
    assert lo < found.new_point.threshold < hi
    assert found.similarity_ci.lo == pytest.approx(1 - hi**2 / 2, abs=1e-6)
    assert found.similarity_ci.hi == pytest.approx(1 - lo**2 / 2, abs=1e-6)
    assert (found.far_change, found.labels_from) == (None, None)


def test_changes_leave_out_one_class_under_both_models():
    old, new, labels = two_models(seed=2)
    found = opiscli.translate((old, labels), (new, labels), by_row=True, similarity=0.5)
    same = labels[:, None] == labels
    for of_interest, change in ((~same, found.far_change), (same, found.tar_change)):
        shares = []
        for x, point in ((old, found.old_point), (new, found.new_point)):
            k, n = without_each(
                BruteForce(x, labels).d <= point.threshold + 1e-7, of_interest, labels
            )
            shares.append(k / n)
        # Classes without same-class pairs change no TAR, and are left out of its jackknife.
        if of_interest is same:
            sizes = np.bincount(labels)
            shares = [share[sizes > 1] for share in shares]
        reach = jackknife(shares[1] - shares[0])
        assert change.ci.hi - change.value == pytest.approx(reach, rel=1e-6)
        assert change.value - change.ci.lo == pytest.approx(reach, rel=1e-6)


def test_order_does_not_matter_and_a_model_translates_to_itself():
    old, new, labels = two_models(seed=3)
    ids = np.array([f"item {i}" for i in range(len(labels))])
    order = np.random.default_rng(0).permutation(len(labels))[3:]

    def table(x, at):
        return pa.table({"id": ids[at], "embedding": list(x[at]), "label": labels[at]})

    every = np.arange(len(labels))
    found = opiscli.translate(table(old, every), table(new, order), similarity=0.5)
    kept = np.sort(order)
    same = opiscli.translate(table(old, kept), table(new, kept), similarity=0.5)
    assert (found.n_common, found.n_only_old, found.n_only_new) == (len(order), 3, 0)
    assert found.new_point.accepted.k == same.new_point.accepted.k
    assert found.new_point.threshold == pytest.approx(same.new_point.threshold, abs=1e-6)
    assert found.new_point.tar == same.new_point.tar
    itself = opiscli.translate(table(old, every), table(old, every), similarity=0.5)
    assert itself.new_point.accepted == itself.old_point.accepted
    assert itself.new_point.tar == itself.old_point.tar
    assert itself.far_change.value == 0
    assert itself.new_point.threshold >= itself.old_point.threshold - 1e-4
