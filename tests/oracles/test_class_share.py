"""Thresholds that most classes meet each by itself: brute force, and coverage by simulation."""

from itertools import pairwise

import numpy as np
import pytest
from conftest import clusters, coarse_grid
from hypothesis import given
from hypothesis import strategies as st
from oracles.brute_force import BruteForce
from scipy.stats import beta, binomtest

import opiscli
from opiscli.errors import UndefinedMetric, UsageError
from opiscli.metrics.intervals.share_of_classes import ShareOfClasses


def rates_of_classes(truth, labels, threshold):
    """FAR and FRR of every class with two items or more, from the definition."""
    near = truth.d <= threshold
    np.fill_diagonal(near, False)
    far, frr = [], []
    for name in np.unique(labels):
        own = labels == name
        n = int(own.sum())
        if n > 1:
            far.append(near[own][:, ~own].sum() / (n * (~own).sum()))
            frr.append(1 - near[own][:, own].sum() / (n * (n - 1)))
    return np.array(far), np.array(frr)


def far_bound(truth, labels, threshold, target, confidence):
    """Share of classes above the target, and its upper bound, class by class."""
    near = truth.d <= threshold
    np.fill_diagonal(near, False)
    names, sizes = np.unique(labels, return_counts=True)
    n = len(labels)
    far = []
    for name, size in zip(names, sizes, strict=True):
        own = labels == name
        far.append(near[own][:, ~own].sum() / (size * (n - size)))
    own_rates = [rate for rate, size in zip(far, sizes, strict=True) if size > 1]
    paired = len(own_rates)
    share = sum(rate > target + 1e-12 for rate in own_rates) / paired
    if share == 0:
        return 0.0, beta.ppf(confidence, 1, paired)
    if share == 1:
        return 1.0, 1.0
    faster = sum(rate > target / 1.25 for rate in own_rates) / paired
    slower = sum(rate > target * 1.25 for rate in own_rates) / paired
    slope = (faster - slower) / (2 * np.log(1.25))
    mean = sum(rate * size / n for rate, size in zip(far, sizes, strict=True))
    variance = 0.0
    for rate, size in zip(far, sizes, strict=True):
        influence = slope * size / n * (rate / mean - 1)
        if size > 1:
            influence += ((rate > target + 1e-12) - share) / paired
        variance += influence**2
    effective = min(paired, share * (1 - share) / variance)
    return share, beta.ppf(confidence, share * effective + 1, (1 - share) * effective)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_the_bound_of_independent_classes_is_that_of_clopper_and_pearson(confidence):
    for n in (1, 10, 59, 200):
        for n_failing in {0, 1, n // 3, n}:
            interval = binomtest(n_failing, n).proportion_ci(2 * confidence - 1, "exact")
            found = ShareOfClasses(np.array([n_failing / n]), np.array([float(n)]))
            assert found.upper_bound(confidence)[0] == pytest.approx(interval.high)


@given(st.integers(0, 10_000), st.sampled_from([0.02, 0.1, 0.3]), st.sampled_from([0.3, 0.6]))
def test_no_larger_threshold_surely_holds_for_enough_classes(seed, target, share):
    embeddings, labels = coarse_grid(seed, n_items=50, n_classes=12)
    truth = BruteForce(embeddings, labels, "euclidean")
    bounds = {t: far_bound(truth, labels, t, target, 0.8) for t in np.unique(truth.negatives)}
    n_classes = len(rates_of_classes(truth, labels, 0.0)[0])
    if_independent = [t for t, (above, _) in bounds.items()
                      if beta.ppf(0.8, above * n_classes + 1, n_classes * (1 - above) or 1e-9)
                      <= 1 - share]  # fmt: skip
    last = max(if_independent, default=-1)
    fine = [t for t, (_, bound) in bounds.items() if t <= last and bound <= 1 - share]
    asked = {"far": target, "class_share": share, "confidence": 0.8, "threads": 1}
    if not fine:
        with pytest.raises(UndefinedMetric, match="too many classes are above it"):
            opiscli.calibrate(embeddings, labels, **asked)
        return
    point = opiscli.calibrate(embeddings, labels, **asked).operating_points[0]
    assert point.far.k == np.count_nonzero(truth.negatives <= max(fine))
    found, (above, bound) = point.class_guarantee, bounds[max(fine)]
    assert found.upper_share == pytest.approx(bound)
    assert found.n_failing == round(above * n_classes)
    assert found.n_effective <= found.n_classes == n_classes
    assert (found.share, found.confidence) == (share, 0.8)


@given(st.integers(0, 10_000), st.sampled_from([0.2, 0.5]), st.sampled_from(["frr", "tar"]))
def test_no_smaller_threshold_is_met_by_enough_classes(seed, target, criterion):
    embeddings, labels = coarse_grid(seed, n_items=50, n_classes=12)
    truth = BruteForce(embeddings, labels, "euclidean")
    n_classes = len(rates_of_classes(truth, labels, 0.0)[1])
    allowed = max(k for k in range(n_classes) if beta.ppf(0.8, k + 1, n_classes - k) <= 0.5)
    every = np.unique(np.concatenate([truth.positives, truth.negatives]))
    fails = [(rates_of_classes(truth, labels, t)[1] > target + 1e-12).sum() for t in every]
    first = next(t for t, n in zip(every, fails, strict=True) if n <= allowed)
    value = target if criterion == "frr" else 1 - target
    asked = {"criterion": f"{criterion}={value}", "class_share": 0.5, "confidence": 0.8}
    point = opiscli.calibrate(embeddings, labels, threads=1, **asked).operating_points[0]
    assert point.threshold == pytest.approx(first, abs=1e-4)
    assert point.tar_rate.k == np.count_nonzero(truth.positives <= first)
    assert all(later <= before for before, later in pairwise(fails))


def test_at_least_the_share_of_new_classes_meets_the_target_with_the_confidence():
    """Classes of which some are crowded: 40 draws of 80 of them, tested on 400 others."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(40):
        crowding = rng.uniform(0.05, 0.6, size=240)
        centres = rng.normal(size=(240, 6)) * crowding[:, None] + np.eye(6)[rng.integers(0, 6, 240)]
        labels = np.repeat(np.arange(240), 4)
        rows = centres[labels] + 0.1 * rng.normal(size=(960, 6))
        seen = labels < 80
        asked = {"far": 0.05, "class_share": 0.8, "confidence": 0.9, "threads": 1}
        point = opiscli.calibrate(rows[seen], labels[seen], **asked).operating_points[0]
        truth = BruteForce(rows[~seen], labels[~seen], "euclidean")
        far, _ = rates_of_classes(truth, labels[~seen], point.threshold)
        held += np.mean(far <= 0.05) >= 0.8
    # 36 expected at least. As if classes were independent, it would be 31.
    assert held >= 36


def test_what_is_shown_and_what_is_refused(opis, tmp_path):
    embeddings, labels = clusters(n_classes=90, sizes=(3, 6))
    np.savez(tmp_path / "e.npz", embedding=embeddings, label=labels)
    run = ("calibrate", tmp_path / "e.npz", "--far", "0.1", "--class-share", "0.9")
    code, out, _ = opis(*run)
    assert code == 0
    assert "With 95 % confidence at least 90 % of new classes meet this" in " ".join(out.split())
    assert "|classes:0.9@0.95|" in out
    few = clusters(n_classes=20)
    with pytest.raises(UndefinedMetric, match="it takes 59 to be sure"):
        opiscli.calibrate(*few, far=0.1, class_share=0.95)
    for options, says in (
        ({"criterion": "eer"}, "class_share is for a FAR, FRR or TAR"),
        ({"far": 0.1, "average": "macro"}, "no effect with class_share"),
        ({"far": 0.1, "class_share": 1.0}, "class_share is 1"),
    ):
        with pytest.raises(UsageError, match=says):
            opiscli.calibrate(*few, **{"class_share": 0.9, **options})
