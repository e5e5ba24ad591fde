"""Precision at a stated prevalence: by Bayes' theorem over pairs, one by one."""

import json
from fractions import Fraction

import numpy as np
import pytest
from conftest import clusters, coarse_grid
from hypothesis import example, given
from hypothesis import strategies as st
from oracles.brute_force import BruteForce

import opiscli
from opiscli.analysis.compare import NOT_COMPARABLE
from opiscli.errors import UndefinedMetric, UsageError
from opiscli.metrics.precision import precision


def by_weights(truth, threshold, prevalence):
    """Weigh pairs so that positive ones have the prevalence, and take the share that is right."""
    share = Fraction(str(prevalence))
    right = share * Fraction(int((truth.positives <= threshold).sum()), len(truth.positives))
    wrong = (1 - share) * Fraction(int((truth.negatives <= threshold).sum()), len(truth.negatives))
    return None if right + wrong == 0 else float(right / (right + wrong))


@given(
    st.integers(0, 10_000),
    st.sampled_from([0.5, 0.1, 0.02, 1e-3]),
    st.sampled_from([0.3, 0.6, 0.9, 0.99]),
)
def test_the_largest_threshold_up_to_which_precision_meets_the_target(seed, prevalence, target):
    embeddings, labels = coarse_grid(seed, n_items=40)
    truth = BruteForce(embeddings, labels, "euclidean")
    meets = [
        threshold
        for threshold in np.unique(np.concatenate([truth.positives, truth.negatives]))
        if by_weights(truth, threshold, prevalence) >= target
    ]
    every = np.unique(np.concatenate([truth.positives, truth.negatives]))
    n_meeting = next((i for i, t in enumerate(every) if t not in meets), len(every))
    asked = {"criterion": f"precision={target}", "prevalence": prevalence, "threads": 1}
    if n_meeting == 0:
        with pytest.raises(UndefinedMetric, match="among the nearest pairs"):
            opiscli.calibrate(embeddings, labels, **asked)
        return
    point = opiscli.calibrate(embeddings, labels, **asked).operating_points[0]
    threshold = every[n_meeting - 1]
    assert point.threshold == pytest.approx(threshold, abs=1e-4)
    assert point.far.k == np.count_nonzero(truth.negatives <= threshold)
    assert point.tar_rate.k == np.count_nonzero(truth.positives <= threshold)
    expected = by_weights(truth, threshold, prevalence)
    assert point.precision.value == pytest.approx(expected, rel=1e-9)
    assert point.precision.ci.lo <= point.precision.value <= point.precision.ci.hi


def test_a_threshold_beyond_a_dip_of_precision_is_not_taken():
    """Three negative pairs are nearer than 0.2 rad; at 0.3 precision meets the target again."""
    angles = np.array([0.0, 0.05, 1.0, 1.1, 1.2, 3.0, 3.2, 3.4, 5.0, 5.3, 5.6, 5.9])
    labels = list("aabcedddffff")
    rows = np.column_stack([np.cos(angles), np.sin(angles)])
    truth = BruteForce(rows, np.array(labels), "euclidean")
    assert by_weights(truth, 0.31, 0.5) > 0.9 > by_weights(truth, 0.21, 0.5)
    found = opiscli.calibrate(rows, labels, criterion="precision=0.9", prevalence=0.5, threads=1)
    assert found.operating_points[0].threshold == pytest.approx(2 * np.sin(0.025), abs=1e-4)


def in_planes(cosine_distances, is_positive):
    """One pair of items a plane, all planes at right angles, so that each distance is as wanted."""
    n_pairs = len(cosine_distances)
    rows = np.zeros((2 * n_pairs, 2 * n_pairs))
    angle = np.arccos(1 - np.asarray(cosine_distances))
    at = np.arange(n_pairs)
    rows[2 * at, 2 * at] = 1
    rows[2 * at + 1, 2 * at], rows[2 * at + 1, 2 * at + 1] = np.cos(angle), np.sin(angle)
    labels = np.arange(2 * n_pairs)
    labels[2 * at + 1] -= np.asarray(is_positive)
    return rows, labels


pairs_closer_than_thresholds = st.lists(
    st.tuples(st.integers(0, 30), st.booleans()), min_size=6, max_size=40
).filter(lambda pairs: any(same for _, same in pairs))


def steps(positive, negative):
    """Pairs by their step: one is positive for each of the first numbers."""
    return [*((at, True) for at in positive), *((at, False) for at in negative)]


# Up to a step precision is exactly the target, which rounding must not decide.
@example(steps([0, 0, 2, 2], [0, 1, 2, 6, 7, 7]), 0.5, False)
@example(steps([0, 0, 1, 1], [0, 0, 1, 5, 6, 6]), 0.5, False)
@given(pairs_closer_than_thresholds, st.sampled_from([0.3, 0.5, 0.8]), st.booleans())
def test_no_dip_of_precision_between_counted_thresholds_is_missed(pairs, target, from_counts):
    """Distances are 2e-6 apart, and thresholds 4e-6 or more."""
    at, is_positive = (np.array(column) for column in zip(*pairs, strict=True))
    rows, labels = in_planes(0.125 + 2e-6 * at, is_positive)
    n_positive = int(is_positive.sum())
    n_negative = len(labels) * (len(labels) - 1) // 2 - n_positive
    # With this prevalence every pair has the same weight.
    asked = {
        "criterion": f"precision={target}",
        "prevalence": n_positive / (n_positive + n_negative),
    }
    shares = {step: is_positive[at <= step].mean() for step in sorted(set(at))}
    met = []
    for step, share in shares.items():
        if share < target - 1e-9:
            break
        met.append(step)
    source = (opiscli.count(rows, labels, distance="cosine"),) if from_counts else (rows, labels)
    try:
        point = opiscli.calibrate(*source, **asked, distance="cosine").operating_points[0]
    except UndefinedMetric:
        assert from_counts or not met or met[-1] - min(at) <= 4
        return
    assert met
    assert point.far.k + point.tar_rate.k <= np.count_nonzero(at <= met[-1])
    if not from_counts:
        assert point.threshold > 0.125 + 2e-6 * met[-1] - 1e-5


def test_counts_alone_cannot_tell_the_order_of_close_pairs():
    rows, labels = in_planes([0.1, 0.1, 0.125, 0.125 + 2e-6, 0.4], [1, 1, 1, 0, 1])
    asked = {"criterion": "precision=0.7", "prevalence": 4 / 45, "distance": "cosine"}
    found = opiscli.calibrate(rows, labels, **asked)
    assert found.operating_points[0].threshold == pytest.approx(0.4, abs=1e-4)
    assert "unknown-order" not in [one.code for one in found.warnings]
    found = opiscli.calibrate(opiscli.count(rows, labels, distance="cosine"), **asked)
    assert found.operating_points[0].threshold == pytest.approx(0.1, abs=1e-4)
    assert [one.code for one in found.warnings].count("unknown-order") == 1
    grid = opiscli.count(*coarse_grid(1, n_items=40))
    with pytest.raises(UndefinedMetric, match="do not show"):
        opiscli.calibrate(grid, criterion="precision=0.3", prevalence=0.5)


def test_ties_do_not_keep_a_target_from_being_tested_on_held_out_classes():
    embeddings, labels = coarse_grid(4, n_items=60)
    asked = {"criterion": "precision=0.5", "prevalence": 0.8, "holdout": 0.5, "repeats": 10}
    (point,) = opiscli.calibrate(embeddings, labels, **asked).operating_points
    assert point.holdout.n_attained >= 8


def test_precision_follows_from_rates_whatever_the_classes():
    assert precision(0.9, 0.01, 0.5) == pytest.approx(0.9 / 0.91)
    assert np.isnan(precision(0.0, 0.0, 0.1))
    assert precision([1.0, 0.5], [0.0, 0.5], 0.25).tolist() == [1.0, 0.25]
    rarer = [float(precision(0.8, 0.001, share)) for share in (0.1, 0.01, 0.001)]
    assert (np.diff(rarer) < 0).all()


def test_every_point_shows_precision_where_a_prevalence_is_stated(opis, tmp_path):
    embeddings, labels = clusters(seed=3, n_classes=30, sizes=(4, 8))
    found = opiscli.calibrate(embeddings, labels, far=[0.01, 0.1], prevalence=0.02, threads=1)
    for point in found.operating_points:
        expected = precision(point.tar, point.far.value, 0.02)
        assert point.precision.value == pytest.approx(float(expected))
    assert "|prev:0.02|" in found.signature
    assert opiscli.calibrate(embeddings, labels, far=0.1).operating_points[0].precision is None
    np.savez(tmp_path / "e.npz", embedding=embeddings, label=labels)
    run = ("calibrate", tmp_path / "e.npz", "--prevalence", "2%", "-o", tmp_path / "t.json")
    code, out, _ = opis(*run, "--criterion", "precision=0.5")
    assert code == 0
    assert "precision ≥ 0.5" in out
    assert "if 0.02 of the pairs are positive" in out
    written = json.loads((tmp_path / "t.json").read_text())
    assert written["target"] == {
        "criterion": "precision", "value": 0.5, "average": "pooled", "confidence": None,
        "prevalence": 0.02,
    }  # fmt: skip
    assert written["attained"]["precision"]["value"] >= 0.5
    assert opis("check", tmp_path / "e.npz", "--threshold-file", tmp_path / "t.json",
                "--fail-if", "far>0.5")[0] == 0  # fmt: skip


@pytest.mark.parametrize("prevalence", [0.5, 0.02, 1e-4])
def test_an_evaluation_shows_precision_at_every_operating_point(prevalence):
    embeddings, labels = clusters(seed=5, n_classes=25, sizes=(4, 8))
    truth = BruteForce(embeddings, labels, "euclidean")
    found = opiscli.evaluate(embeddings, labels, prevalence=prevalence, threads=1)
    assert len(found.operating_points) == 3
    for point in found.operating_points:
        assert point.precision.prevalence == prevalence
        expected = by_weights(truth, point.threshold, prevalence)
        assert point.precision.value == pytest.approx(expected, rel=1e-9)
        assert point.precision.ci.lo <= point.precision.value <= point.precision.ci.hi
    assert f"|prev:{prevalence:g}|" in found.signature.replace("1e-4", "0.0001")
    without = opiscli.evaluate(embeddings, labels, threads=1)
    assert [point.precision for point in without.operating_points] == [None] * 3


def test_precision_is_in_reports_tables_groups_and_conditions(opis, tmp_path):
    embeddings, labels = clusters(seed=5, n_classes=25, sizes=(4, 8))
    fold = np.where(np.arange(len(labels)) % 2, "a", "b")
    file, counts = tmp_path / "e.npz", tmp_path / "e.opis"
    np.savez(file, embedding=embeddings, label=labels, fold=fold)
    stated = ("--prevalence", "0.02")
    point = opiscli.evaluate(embeddings, labels, prevalence=0.02).operating_points[2]
    assert opis("evaluate", file, "--save", counts)[0] == 0
    for source in (file, counts):
        _, out, _ = opis("evaluate", source, *stated, "--full")
        assert "if 0.02 of the compared pairs are positive" in out
        assert f"precision {point.precision.value:.4g}"[:14] in out
        rows = opis("evaluate", source, *stated, "--format", "csv")[1].splitlines()
        row = next(one for one in rows if one.startswith("precision@far=0.001,"))
        assert float(row.split(",")[1]) == pytest.approx(point.precision.value)
        assert "compared pairs" not in opis("evaluate", source, "--full")[1]
        value = point.precision.value
        for limit, code in ((value + 1e-3, 1), (value - 1e-3, 0)):
            condition = f"precision@far=1e-3<{limit}"
            assert opis("check", source, *stated, "--fail-if", condition)[0] == code
    _, out, _ = opis("evaluate", file, *stated, "--group-by", "fold", "--json")
    inside = json.loads(out)["groups"][0]["operating_points"][0]
    expected = precision(inside["tar"], inside["far"]["value"], 0.02)
    assert inside["precision"]["value"] == pytest.approx(float(expected))
    code, _, err = opis("check", file, "--fail-if", "precision@far=1e-3<0.5")
    assert code == 2
    assert "needs --prevalence" in err


def test_prevalence_does_not_keep_sets_from_being_compared(tmp_path):
    embeddings, labels = clusters(seed=5, n_classes=25, sizes=(4, 8))
    opiscli.evaluate(embeddings, labels, prevalence=0.5, save=tmp_path / "e.opis")
    found = opiscli.compare(opiscli.count(embeddings, labels), tmp_path / "e.opis")
    assert found.verdict != NOT_COMPARABLE


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"criterion": "precision=0.9"}, "prevalence was not given"),
        ({"criterion": "precision", "prevalence": 0.1}, "has no target"),
        (
            {"criterion": "precision=0.9", "prevalence": 0.1, "average": "macro"},
            "share of all accepted pairs",
        ),
        ({"criterion": "precision=1.5", "prevalence": 0.1}, "expected a rate above 0"),
        ({"far": 0.1, "prevalence": 0.0}, "prevalence is 0"),
        ({"far": 0.1, "prevalence": 1.0}, "prevalence is 1"),
    ],
)
def test_what_cannot_be_meant_is_refused(options, says):
    with pytest.raises(UsageError, match=says):
        opiscli.calibrate(*clusters(), **options)


def test_nearest_pairs_of_different_classes_are_named_as_the_cause():
    embeddings, labels = clusters(n_classes=20)
    embeddings[labels == 1] = embeddings[labels == 0][0]
    with pytest.raises(UndefinedMetric, match="precision is"):
        opiscli.calibrate(embeddings, labels, criterion="precision=0.999", prevalence=0.001)


def test_pairs_with_a_gallery_are_not_counted_again_among_the_queries():
    rows, labels = in_planes([0.1, 0.1, 0.125, 0.125 + 2e-6, 0.4], [1, 1, 1, 0, 1])
    found = opiscli.calibrate(
        rows[::2], labels[::2], gallery=(rows[1::2], labels[1::2]), distance="cosine",
        criterion="precision=0.7", prevalence=4 / 25,
    )  # fmt: skip
    assert found.operating_points[0].threshold == pytest.approx(0.1, abs=1e-4)
    assert found.operating_points[0].tar_rate.k == 2
    assert "unknown-order" in [one.code for one in found.warnings]
