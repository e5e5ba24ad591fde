"""``--min-items``: small classes are partners of negative pairs only, against the brute force."""

import json

import numpy as np
import pytest
from conftest import clusters, coarse_grid
from oracles.brute_force import BruteForce
from oracles.test_brute_force import assert_agrees

import opiscli
from opiscli.errors import EmbeddingError, UsageError

RANGES = {"far": (0.02, 0.2), "frr": (0.05, 0.4), "range": (0.4, 1.2)}


@pytest.mark.parametrize("by", RANGES)
@pytest.mark.parametrize("min_items", [3, 6])
def test_every_number_is_that_of_the_definitions(by, min_items):
    embeddings, labels = clusters(seed=3, n_classes=30, sizes=(1, 12))
    how = {by: RANGES[by], "min_items": min_items}
    result = opiscli.evaluate(embeddings, labels, k=(1, 3), **how)
    truth = BruteForce(embeddings, labels, min_items=min_items)
    assert_agrees(result, truth)
    assert result.opis.noise is not None
    sizes = np.bincount(labels)
    assert (result.data.min_items, result.data.n_below_min) == (
        min_items,
        np.count_nonzero(sizes < min_items),
    )
    assert f"|min:{min_items}|" in result.signature
    if by == "frr":
        ends = result.calibration_range.threshold
        assert truth.frr(ends.lo) <= 0.4 < truth.frr(ends.lo - 1e-4)
        assert truth.frr(ends.hi) <= 0.05 < truth.frr(ends.hi - 1e-4)


def test_ties_and_duplicates():
    embeddings, labels = coarse_grid(2, n_items=90, n_classes=20)
    result = opiscli.evaluate(embeddings, labels, far=(0.05, 0.4), min_items=5)
    assert_agrees(result, BruteForce(embeddings, labels, min_items=5))


@pytest.fixture
def file(tmp_path):
    embeddings, labels = clusters(seed=4, n_classes=25, sizes=(1, 12), dims=10)
    path = tmp_path / "e.npz"
    np.savez(path, embedding=embeddings, label=labels)
    return path


def test_a_saved_evaluation_holds_all_classes(file, tmp_path):
    """Whatever was asked for when it was saved, any other number of items can be asked for."""
    results = {n: opiscli.evaluate(file, min_items=n, save=tmp_path / f"{n}.opis") for n in (2, 5)}
    for saved in results:
        for asked, direct in results.items():
            again = opiscli.evaluate(tmp_path / f"{saved}.opis", min_items=asked)
            assert again.opis.value == pytest.approx(direct.opis.value, rel=2e-3)
            assert again.operating_points == direct.operating_points
            assert (again.recall, again.data) == (direct.recall, direct.data)
    assert opiscli.evaluate(tmp_path / "5.opis").data.min_items == 5
    by_frr = [
        opiscli.evaluate(source, min_items=5, frr=(0.1, 0.3)).opis.value
        for source in (file, tmp_path / "2.opis")
    ]
    assert by_frr[0] == pytest.approx(by_frr[1], rel=5e-3)


def test_calibrate_and_check_leave_the_same_pairs_out(file):
    with np.load(file) as arrays:
        truth = BruteForce(arrays["embedding"], arrays["label"], min_items=6)
    found = opiscli.calibrate(file, criterion=["frr=0.1", "eer"], far=0.01, min_items=6)
    assert "|min:6|" in found.signature
    for point in found.operating_points:
        assert (point.frr.n, point.far.n) == (len(truth.positives), len(truth.negatives))
        assert point.frr.value == pytest.approx(truth.frr(point.threshold), abs=2 / point.frr.n)
    frr = next(one for one in found.operating_points if one.criterion == "frr")
    assert truth.frr(frr.threshold) <= 0.1 < truth.frr(frr.threshold - 1e-4)
    checked = opiscli.check(file, fail_if=["frr@far=0.01>0.9", "recall@1<0.1"], min_items=6)
    values = [one.value for one in checked.conditions]
    far = next(one for one in found.operating_points if one.criterion == "far")
    assert values == pytest.approx([far.frr.value, truth.recall(1)])


def test_held_out_classes_groups_and_own_thresholds(file):
    """Each of these counts or filters on its own; the pairs that are left must be the same."""
    asked = {"far": 0.05, "per_class": True, "holdout": 0.5, "repeats": 3}
    whole = opiscli.calibrate(file, **asked)
    some = opiscli.calibrate(file, **asked, min_items=6)
    assert some.own_thresholds.n_classes < whole.own_thresholds.n_classes
    assert some.own_thresholds.n_classes == some.data.n_classes - some.data.n_below_min
    assert len(some.operating_points[0].holdout.ratios) == 3
    with np.load(file) as arrays:
        embeddings, labels = arrays["embedding"], arrays["label"]
    group = np.where(np.arange(len(labels)) % 3 > 0, "a", "b")
    inside = opiscli.evaluate(
        embeddings, labels, columns={"group": group}, group_by="group", min_items=4
    )
    for one in inside.groups:
        kept = group == one.group
        truth = BruteForce(embeddings[kept], labels[kept], min_items=4)
        assert one.operating_points[0].frr.n == len(truth.positives)
        assert one.opis.n_classes == len(truth.classes)


def test_a_gallery_counts_the_items_of_both_sides():
    embeddings, labels = clusters(seed=6, n_classes=25, sizes=(2, 12))
    is_query = np.arange(len(labels)) % 2 == 0
    sides = [(embeddings[at], labels[at]) for at in (is_query, ~is_query)]
    small = np.flatnonzero(np.bincount(labels) < 6)
    result = opiscli.evaluate(*sides[0], gallery=sides[1], min_items=6)
    assert result.data.n_below_min == len(small)
    same = sides[0][1][:, None] == sides[1][1][None, :]
    counted = same & ~np.isin(sides[0][1], small)[:, None]
    point = result.operating_points[0]
    assert (point.frr.n, point.far.n) == (counted.sum(), (~same).sum())
    assert result.recall["1"].n_queries == np.count_nonzero(counted.any(axis=1))


def test_a_sample_leaves_the_same_classes_out():
    embeddings, labels = clusters(seed=8, n_classes=120, sizes=(1, 14))
    exact = opiscli.evaluate(embeddings, labels, min_items=8)
    sampled = opiscli.evaluate(embeddings, labels, min_items=8, sample_pairs=220_000)
    assert sampled.pairs.mode == "sampled"
    assert sampled.opis.n_classes == exact.opis.n_classes
    assert sampled.pairs.n_positive == exact.pairs.n_positive
    assert sampled.opis.value == pytest.approx(exact.opis.value, rel=0.1)


def test_through_an_index(file):
    pytest.importorskip("faiss")
    result = opiscli.evaluate(file, min_items=6, index="Flat", frr=(0.05, 0.4))
    for number in (result.deployed.recall_at_1, result.deployed.opis):
        assert number.deployed == pytest.approx(number.exact, rel=1e-3)
    assert result.deployed.recall_at_1.exact == pytest.approx(result.recall["1"].value)
    assert result.deployed.opis.exact == pytest.approx(result.opis.value)


def test_what_cannot_be_asked_for_is_explained(opis, file):
    with pytest.raises(UsageError, match="expected 2 or more"):
        opiscli.evaluate(file, min_items=1)
    with pytest.raises(EmbeddingError, match="the largest has 11"):
        opiscli.evaluate(file, min_items=40)
    code, out, err = opis("evaluate", file, "--min-items", "40")
    assert (code, out) == (4, "")
    assert "as --min-items 40 asks for" in err
    data = json.loads(opis("evaluate", file, "--min-items", "5", "--json")[1])["data"]
    assert data["min_items"] == 5
    shown = opis("evaluate", file, "--min-items", "5")[1]
    assert f"{data['n_below_min']} with fewer than 5 items (not measured)" in " ".join(
        shown.split()
    )
    table = opis("evaluate", file, "--min-items", "5", "--format", "csv")[1]
    assert f"\nn_below_min,{data['n_below_min']}," in table


def test_a_gallery_with_a_range_of_frr():
    embeddings, labels = clusters(seed=6, n_classes=25, sizes=(2, 12))
    is_query = np.arange(len(labels)) % 2 == 0
    sides = [(embeddings[at], labels[at]) for at in (is_query, ~is_query)]
    result = opiscli.evaluate(*sides[0], gallery=sides[1], frr=(0.1, 0.3), min_items=6)
    lo, hi = result.calibration_range.attained_frr
    assert lo <= 0.1
    assert hi <= 0.3
