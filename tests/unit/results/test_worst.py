"""The worst classes: ties are counted, the one with the most evidence is named, bounds are kept."""

import numpy as np
import pytest
from conftest import SAMPLE, clusters

import opiscli
from opiscli.errors import OpisError


def two_corners(sizes):
    """Classes whose halves point in opposite ways: of each, the same pairs are rejected."""
    rng = np.random.default_rng(0)
    axes, labels, rows = np.eye(len(sizes)), [], []
    for label, (axis, size) in enumerate(zip(axes, sizes, strict=True)):
        for item in range(size):
            side = -1 if item % 2 and label < 3 else 1
            rows.append(side * axis + 1e-3 * rng.normal(size=len(sizes)))
            labels.append(f"c{label}")
    return np.array(rows), np.array(labels)


def test_of_equally_bad_classes_the_largest_is_named():
    """Classes of two items that are opposite have TAR 0 at any threshold below 2."""
    embeddings, labels = two_corners([2, 2, 2, 6, 6, 8, 8])
    result = opiscli.evaluate(embeddings, labels, range=(1.0, 1.2))
    worst = result.worst_classes
    assert [one.n_tied for one in worst[:3]] == [3, 3, 3]
    assert {one.label for one in worst[:3]} == {"c0", "c1", "c2"}
    assert [one.mean_utility for one in worst[:3]] == [0, 0, 0]
    for point in result.operating_points:
        if point.worst_frr is not None:
            assert (point.worst_frr.value, point.worst_frr.n_tied) == (1.0, 3)
            assert point.worst_classes_tar.n_classes == 1
            assert point.worst_classes_tar.value == 0
    # Where no pair at all is accepted, all classes are equally bad.
    strict = opiscli.evaluate(embeddings, labels, range=(0.0001, 0.0002))
    first = strict.worst_classes[0]
    assert (first.label, first.n_items, first.n_tied, first.mean_utility) == ("c5", 8, 7, 0)
    (point,) = opiscli.calibrate(embeddings, labels, threshold=0.0001).operating_points
    for worst_rate in (point.worst_far, point.worst_frr):
        assert (worst_rate.label, worst_rate.n_tied) == ("c5", 7)


def test_as_many_classes_are_listed_as_are_counted():
    found = opiscli.calibrate(SAMPLE / "wordnet.parquet", far=[1e-1, 1e-2, 1e-3])
    for point in found.operating_points:
        assert len(point.hardest_classes) == min(point.n_above_limit, 10)
        assert all(one.far > point.far_limit for one in point.hardest_classes)
    assert [len(point.hardest_classes) for point in found.operating_points] == [0, 7, 10]


@pytest.mark.parametrize("average", ["pooled", "macro"])
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_the_bound_that_was_used_meets_the_target(average, confidence):
    embeddings, labels = clusters(4, n_classes=80, dims=12)
    how = {"far": 0.05, "average": average}
    (point,) = opiscli.calibrate(embeddings, labels, confidence=confidence, **how).operating_points
    assert point.far_bound.confidence == confidence
    attained = point.far.value if average == "pooled" else point.macro_far
    assert attained < point.far_bound.value <= 0.05
    (plain,) = opiscli.calibrate(embeddings, labels, **how).operating_points
    assert plain.far_bound is None


def test_the_bound_is_of_the_set_that_the_threshold_was_chosen_on():
    embeddings, labels = clusters(4, n_classes=80, dims=12)
    is_first = labels < 40
    first, second = ((embeddings[at], labels[at]) for at in (is_first, ~is_first))
    how = {"far": 0.05, "confidence": 0.9}
    alone = opiscli.calibrate(*first, **how).operating_points[0]
    tested = opiscli.calibrate(*first, **how, eval=second).operating_points[0]
    assert tested.far_bound == alone.far_bound
    assert tested.far != alone.far


def test_the_share_below_the_mean_of_one_bad_class():
    """One class at score 0 and n − 1 at 1: it is below the mean, with (n − 1)/n of the squares."""
    embeddings, labels = two_corners([8, 8, 8, 8, 8])
    embeddings[labels == "c1"] = np.abs(embeddings[labels == "c1"])
    embeddings[labels == "c2"] = np.abs(embeddings[labels == "c2"])
    embeddings[labels == "c0"] = np.abs(embeddings[labels == "c0"])
    rng = np.random.default_rng(1)
    embeddings = np.concatenate([embeddings, rng.normal(size=(2, 5))])
    embeddings[-2:] = [[0, 0, 0, 0, -1], [0, 0, 0, -1, 0]]
    labels = np.concatenate([labels, ["bad", "bad"]])
    result = opiscli.evaluate(embeddings, labels, range=(0.5, 1.2))
    assert result.opis.below_mean.n_classes == 1
    assert result.opis.below_mean.share == pytest.approx(5 / 6)
    assert result.opis.spread == pytest.approx((5 / 36) ** 0.5)


def test_without_a_difference_there_is_no_share():
    embeddings, labels = two_corners([4, 4, 4, 4])
    embeddings = np.abs(np.round(embeddings))
    try:
        result = opiscli.evaluate(embeddings, labels, range=(0.5, 1.2))
    except OpisError as error:
        pytest.fail(str(error))
    assert (result.opis.value, result.opis.below_mean.share) == (0, None)
    assert result.opis.below_mean.n_classes == 0
    assert result.eps_opis.corrected == 0
