"""The probability of being of one class: isotonic regression, its error and its file."""

import json

import numpy as np
import pytest
from conftest import clusters, coarse_grid
from hypothesis import given
from hypothesis import strategies as st
from oracles.brute_force import BruteForce
from scipy.special import i0e
from sklearn.isotonic import IsotonicRegression

import opiscli
from opiscli.counts.histogram import DistanceHistogram
from opiscli.errors import SourceError, UsageError
from opiscli.metrics.calibration_error import (
    WeightedPairs,
    brier_score,
    expected_calibration_error,
)
from opiscli.thresholds.probability import LARGEST_CHANGE, fit_probability

PREVALENCES = st.sampled_from([0.5, 0.1, 1e-2, 1e-4])


def pooled_adjacent_violators(shares, weights):
    """Neighbouring blocks are merged until none has a larger mean than the one before."""
    blocks = []
    for share, weight in zip(shares, weights, strict=True):
        blocks.append([share * weight, weight, 1])
        while len(blocks) > 1 and blocks[-1][0] / blocks[-1][1] > blocks[-2][0] / blocks[-2][1]:
            last = blocks.pop()
            blocks[-1] = [mine + its for mine, its in zip(blocks[-1], last, strict=True)]
    return np.concatenate([np.full(n, right / weight) for right, weight, n in blocks])


def weighted(distances, of, total):
    """Weight of the pairs at each distance, those of one kind adding up to a total."""
    return total * np.array([(of == d).sum() for d in distances]) / len(of)


@st.composite
def histograms(draw):
    n = draw(st.integers(2, 60))
    counts = st.lists(st.integers(0, 50), min_size=n, max_size=n).filter(any)
    ticks = 0.02 + np.arange(n) / n
    return DistanceHistogram(np.array(draw(counts)), np.array(draw(counts)), ticks)


@given(histograms(), PREVALENCES)
def test_it_is_an_isotonic_regression_with_hardly_different_steps_joined(pairs, prevalence):
    steps = fit_probability(pairs, prevalence)
    right = prevalence * pairs.positive / pairs.positive.sum()
    weight = right + (1 - prevalence) * pairs.negative / pairs.negative.sum()
    seen = weight > 0
    peer = IsotonicRegression(increasing=False)
    peer.fit(pairs.ticks[seen], right[seen] / weight[seen], sample_weight=weight[seen])
    expected = peer.predict(pairs.ticks[seen])
    own = pooled_adjacent_violators(right[seen] / weight[seen], weight[seen])
    assert own == pytest.approx(expected, abs=1e-9)
    change = np.abs(steps.at(pairs.ticks[seen]) - expected)
    assert change.max() <= steps.largest_change + 1e-9
    assert steps.largest_change <= LARGEST_CHANGE
    assert (change <= 0.1 * np.minimum(expected, 1 - expected) + 1.1e-6).all()


@given(histograms(), PREVALENCES)
def test_it_falls_with_distance_and_its_mean_is_the_prevalence(pairs, prevalence):
    steps = fit_probability(pairs, prevalence)
    assert (np.diff(steps.distances) > 0).all()
    assert (np.diff(steps.probabilities) < 0).all()
    assert steps.probabilities[0] <= 1
    assert steps.probabilities[-1] >= 0
    weight = prevalence * pairs.positive / pairs.positive.sum()
    weight = weight + (1 - prevalence) * pairs.negative / pairs.negative.sum()
    assert (weight * steps.at(pairs.ticks)).sum() == pytest.approx(prevalence, rel=1e-9)
    assert steps.at(np.array([0.0, 9.0])).tolist() == steps.probabilities[[0, -1]].tolist()
    for value in (0.9, 0.5):
        last = steps.last_with(value)
        assert (last is None) == bool(steps.probabilities[0] < value)
        if last is not None:
            assert steps.at(np.array([last, np.nextafter(last, 9)]))[0] >= value


@given(st.integers(0, 10_000), PREVALENCES)
def test_a_calibration_agrees_with_pairs_one_by_one(seed, prevalence):
    embeddings, labels = coarse_grid(seed, n_items=40)
    truth = BruteForce(embeddings, labels, "euclidean")
    found = opiscli.calibrate(
        opiscli.count(embeddings, labels),
        criterion="eer",
        probability=True,
        prevalence=prevalence,
    )
    distances = np.unique(np.concatenate([truth.positives, truth.negatives]))
    right = weighted(distances, truth.positives, prevalence)
    weight = right + weighted(distances, truth.negatives, 1 - prevalence)
    expected = pooled_adjacent_violators(right / weight, weight)
    applied = opiscli.probability(found, distances - 1e-8)
    assert applied == pytest.approx(expected, abs=found.probability.largest_change + 1e-9)
    near = 1 - (distances - 1e-8) ** 2 / 2
    assert opiscli.probability(found, similarity=near) == pytest.approx(applied)
    point = found.operating_points[0]
    assert point.probability == opiscli.probability(found, point.threshold)


def test_it_approaches_the_truth_of_von_mises_classes_on_a_circle():
    """Differences of two angles of a class have the density I0(κ√(2 + 2cos θ)) / (2π I0(κ)²)."""
    rng, kappa, prevalence = np.random.default_rng(0), 6.0, 0.1
    labels = np.repeat(np.arange(200), 15)
    angles = rng.uniform(0, 2 * np.pi, 200)[labels] + rng.vonmises(0, kappa, len(labels))
    rows = np.column_stack([np.cos(angles), np.sin(angles)])
    found = opiscli.calibrate(
        opiscli.count(rows, labels), criterion="eer", probability=True, prevalence=prevalence
    )
    theta = np.linspace(0.02, 3.1, 300)
    argument = kappa * np.sqrt(2 + 2 * np.cos(theta))
    of_class = i0e(argument) * np.exp(argument - 2 * kappa) / i0e(kappa) ** 2
    expected = prevalence * of_class / (prevalence * of_class + 1 - prevalence)
    difference = opiscli.probability(found, 2 * np.sin(theta / 2)) - expected
    assert np.abs(difference).mean() < 0.01
    assert np.abs(difference).max() < 0.08


@given(histograms(), histograms(), PREVALENCES)
def test_the_calibration_error_is_that_of_pairs_one_by_one(fitted, other, prevalence):
    stated = fit_probability(fitted, prevalence).at(other.ticks)
    pairs = WeightedPairs.at_prevalence(other.positive, other.negative, stated, prevalence)
    each = [
        (one, same, share / of.sum())
        for of, same, share in (
            (other.positive, 1, prevalence), (other.negative, 0, 1 - prevalence)
        )
        for one, count in zip(stated, of, strict=True)
        for _ in range(count)
    ]  # fmt: skip
    ece = sum(
        abs(sum(w * (same - one) for one, same, w in each if one == level)) for level in set(stated)
    )
    assert expected_calibration_error(pairs) == pytest.approx(ece, abs=1e-12)
    brier = sum(w * (same - one) ** 2 for one, same, w in each)
    assert brier_score(pairs) == pytest.approx(brier, abs=1e-12)
    binned = sum(
        abs(sum(w * (same - one) for one, same, w in each if int(15 * one) == bin))
        for bin in range(16)
    )
    assert expected_calibration_error(pairs) >= binned - 1e-12


def test_the_error_is_measured_on_another_source_that_is_given():
    embeddings, labels = coarse_grid(3, n_items=60)
    others = coarse_grid(4, n_items=50)
    found = opiscli.calibrate(
        embeddings, labels, criterion="eer", probability=True, prevalence=0.2, eval=others
    )
    truth = BruteForce(*others, "euclidean")
    distances = np.unique(np.concatenate([truth.positives, truth.negatives]))
    stated = opiscli.probability(found, distances - 1e-8)
    pairs = WeightedPairs(
        weighted(distances, truth.positives, 0.2), weighted(distances, truth.negatives, 0.8), stated
    )
    error = found.probability.error
    assert error.n_measurements == 1
    assert (error.n_positive, error.n_negative) == (len(truth.positives), len(truth.negatives))
    assert error.ece.mean == pytest.approx(expected_calibration_error(pairs), abs=1e-9)
    assert error.brier.mean == pytest.approx(brier_score(pairs), abs=1e-9)
    assert sum(band.share for band in error.bands) == pytest.approx(1)
    for band in error.bands:
        inside = (stated >= band.lo) & ((stated < band.hi) | (band.hi == 1))
        right, wrong = pairs.positive[inside].sum(), pairs.negative[inside].sum()
        if right + wrong:
            assert band.observed.mean == pytest.approx(right / (right + wrong))
            mean = ((pairs.positive + pairs.negative) * stated)[inside].sum() / (right + wrong)
            assert band.stated == pytest.approx(mean)
        else:
            assert band.observed is None


ASKED = {"far": 0.05, "probability": True, "prevalence": 0.1, "threads": 1}


def test_the_error_on_held_out_classes_is_small_where_classes_are_alike():
    embeddings, labels = clusters(seed=2, n_classes=60, sizes=(6, 9))
    found = opiscli.calibrate(embeddings, labels, **ASKED)
    error = found.probability.error
    assert error.measured_on == "held-out classes"
    assert error.n_measurements == 10
    assert 0 < error.ece.lo < error.ece.mean < error.ece.hi < 0.05
    assert error.brier.mean < error.brier_of_prevalence == pytest.approx(0.09)
    order = np.random.default_rng(1).permutation(len(labels))
    again = opiscli.calibrate(embeddings[order], labels[order], **ASKED)
    assert again.probability.distances == pytest.approx(found.probability.distances, abs=1e-6)
    assert again.probability.probabilities == pytest.approx(found.probability.probabilities)
    # The error is of the same classes whatever the order of rows, and of others with another seed.
    assert again.probability.error.ece.mean == pytest.approx(error.ece.mean, abs=1e-6)
    other = opiscli.calibrate(embeddings, labels, **ASKED, seed=1)
    assert other.probability.error.ece.mean != error.ece.mean
    assert other.probability.distances == found.probability.distances
    assert "|prob:isotonic-5x2|" in found.signature
    assert "|seed:0|" in found.signature


def test_a_probability_that_does_not_hold_on_other_classes_is_named():
    embeddings, labels = clusters(seed=2, n_classes=60, sizes=(6, 9))
    asked = {**ASKED, "eval": (embeddings, np.random.default_rng(0).permutation(labels))}
    found = opiscli.calibrate(embeddings, labels, **asked)
    off = [one.message for one in found.warnings if one.code == "probability-off"]
    assert any("probability of 0.5 to 0.9 is stated" in message for message in off)
    error = opiscli.calibrate(embeddings, labels, **{**asked, "eval": (embeddings, labels)})
    assert "probability-off" not in [one.code for one in error.warnings]


def test_counts_alone_have_no_error_and_offsets_are_possible():
    embeddings, labels = clusters(seed=2, n_classes=30, sizes=(6, 9))
    found = opiscli.calibrate(opiscli.count(embeddings, labels), **ASKED)
    assert found.probability.error is None
    assert "probability-not-tested" in [one.code for one in found.warnings]
    offset = np.full(len(labels), -0.1, dtype=np.float32)
    moved = opiscli.calibrate(embeddings, labels, columns={"offset": offset}, **ASKED)
    expected = opiscli.probability(found, similarity=[0.9, 0.5, 0.0])
    similar = np.array([0.9, 0.5, 0.0]) + 0.2
    tolerance = moved.probability.largest_change + found.probability.largest_change
    assert opiscli.probability(moved, similarity=similar) == pytest.approx(expected, abs=tolerance)
    with pytest.raises(UsageError, match="is not possible"):
        opiscli.probability(found, similarity=[0.5, 1.1])


def test_the_command_shows_and_writes_it(opis, tmp_path):
    embeddings, labels = clusters(seed=2, n_classes=30, sizes=(6, 9))
    source, file = tmp_path / "e.npz", tmp_path / "t.json"
    np.savez(source, embedding=embeddings, label=labels)
    run = ("calibrate", source, "--far", "0.05", "--probability", "--prevalence", "0.1")
    code, out, _ = opis(*run, "-o", file)
    assert code == 0
    assert "if 0.1 of the compared pairs are of one class" in out
    assert "of a pair at the threshold" in out
    assert "expected calibration error" in out
    found = opiscli.calibrate(embeddings, labels, **ASKED)
    distances = np.linspace(0, 2, 50).reshape(5, 10)
    applied = opiscli.probability(file, distances)
    assert applied.shape == (5, 10)
    assert np.array_equal(applied, opiscli.probability(found, distances))
    assert opis("check", source, "--threshold-file", file, "--fail-if", "far>0.5")[0] == 0
    _, out, _ = opis(*run, "--format", "csv")
    assert f"probability@far=0.05,{found.operating_points[0].probability}" in out
    assert f"probability_ece,{found.probability.error.ece.mean}" in out
    _, out, _ = opis(*run, "--json")
    assert json.loads(out)["probability"]["largest_change"] <= LARGEST_CHANGE
    code, _, err = opis("calibrate", source, "--far", "0.05", "--probability")
    assert code == 2
    assert "--prevalence was not given" in err


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"probability": None}, "it has no probability"),
        ({"probability": [1]}, "not a JSON object"),
        ({"distances": []}, "distances are not a list of 1 to"),
        ({"distances": [0.1, 0.2]}, "it has 2 distances but 3 probabilities"),
        ({"distances": [0.1, 0.3, 0.2]}, "not in order"),
        ({"distances": [0.1, 0.2, 2.5]}, "expected a number in"),
        ({"distances": [0.1, 0.2, True]}, "expected a number in"),
        ({"probabilities": [0.9, 0.95, 0.1]}, "increase with distance"),
        ({"probabilities": [1.1, 0.5, 0.1]}, "expected a number in"),
        ({"probabilities": [0.9, "0.5", 0.1]}, "expected a number in"),
        ({"schema": "opis.threshold/2"}, "its schema is"),
        ({"accept": "distance < threshold"}, "its accept is"),
    ],
)
def test_a_damaged_probability_is_refused(tmp_path, change, says):
    steps = {"distances": [0.1, 0.2, 0.3], "probabilities": [0.9, 0.5, 0.1]}
    whole = {"schema": "opis.threshold/1", "distance": "euclidean", "probability": steps}
    file = tmp_path / "t.json"
    file.write_text(json.dumps(whole))
    assert opiscli.probability(file, [0.05, 0.1, 0.1001, 0.3, 1.9]).tolist() == [
        0.9, 0.9, 0.5, 0.1, 0.1,
    ]  # fmt: skip
    for name, value in change.items():
        (steps if name in steps else whole)[name] = value
    file.write_text(json.dumps(whole))
    with pytest.raises(SourceError, match=says):
        opiscli.probability(file, 0.1)


def test_what_cannot_be_applied_is_refused(tmp_path):
    embeddings, labels = clusters()
    found = opiscli.calibrate(embeddings, labels, far=0.05)
    with pytest.raises(UsageError, match="has no probability"):
        opiscli.probability(found, 0.1)
    with pytest.raises(SourceError, match="no probability can be read"):
        opiscli.probability(tmp_path / "missing.json", 0.1)
    with pytest.raises(UsageError, match="prevalence was not given"):
        opiscli.calibrate(embeddings, labels, far=0.05, probability=True)
    found = opiscli.calibrate(opiscli.count(embeddings, labels), **ASKED)
    for wrong in ({}, {"distances": 0.1, "similarity": 0.1}, {"distances": np.nan}):
        with pytest.raises(UsageError):
            opiscli.probability(found, **wrong)
