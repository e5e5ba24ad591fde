"""Similarity is a unit of thresholds like distance: same pairs, ties accepted, mix-ups named."""

import json
from fractions import Fraction

import numpy as np
import pytest
from conftest import SAMPLE, clusters
from hypothesis import given
from hypothesis import strategies as st

import opiscli
from opiscli.distance import OF_EMBEDDINGS, Distance
from opiscli.embeddings.cosine import cutoffs, to_similarity
from opiscli.settings.evaluation import RangeBy, RangeRequest

WORDNET = str(SAMPLE / "wordnet.parquet")
BOTH = pytest.mark.parametrize("distance", OF_EMBEDDINGS)


def codes(dims, seed=0, n_items=90, n_classes=9):
    """Codes of ±1 around one code a class: cosines are whole numbers over ``dims``."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n_items) % n_classes
    signs = rng.choice([-1, 1], size=(n_classes, dims))[labels]
    return np.where(
        rng.random(signs.shape) < rng.uniform(0, 0.5, (n_items, 1)), -signs, signs
    ), labels


def exact_pairs(signs, labels):
    """Exact cosines of negative and of positive pairs, as whole numbers over the dims."""
    row, column = np.triu_indices(len(signs), 1)
    products = (signs @ signs.T)[row, column]
    same = labels[row] == labels[column]
    return products[~same], products[same]


@BOTH
@pytest.mark.parametrize("dims", [20, 32, 48, 384, 768])
def test_pairs_exactly_at_a_similarity_are_accepted(dims, distance):
    signs, labels = codes(dims, seed=dims)
    negative, positive = exact_pairs(signs, labels)
    asked = np.unique(np.concatenate([negative, positive]))[:: max(1, dims // 32)]
    found = opiscli.calibrate(
        signs.astype(np.float32), labels, similarity=asked / dims, distance=distance
    )
    for product, point in zip(asked, found.operating_points, strict=True):
        assert point.far.k == np.count_nonzero(negative >= product), product
        assert point.frr.k == np.count_nonzero(positive < product), product
        assert point.similarity == pytest.approx(product / dims, abs=1e-5)
        assert point.similarity <= product / dims
    assert not any(warning.code == "threshold-moved" for warning in found.warnings)


@BOTH
def test_a_distance_that_is_a_fraction_accepts_the_same_pairs(distance):
    signs, labels = codes(48)
    wanted = opiscli.calibrate(
        signs.astype(np.float32), labels, similarity=0.375, distance=distance
    )
    same = distance.of_similarity(0.375)
    found = opiscli.calibrate(signs.astype(np.float32), labels, threshold=same, distance=distance)
    assert found.operating_points[0].far == wanted.operating_points[0].far


@BOTH
@pytest.mark.parametrize("similarity", [-1, -0.1, 0, 0.3, 0.731, 1])
def test_continuous_data_against_brute_force(similarity, distance):
    embeddings, labels = clusters(7, n_classes=30, dims=6)
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    row, column = np.triu_indices(len(unit), 1)
    cosines = np.einsum("ij,ij->i", unit[row], unit[column])
    negative = cosines[labels[row] != labels[column]]
    found = opiscli.calibrate(embeddings, labels, similarity=similarity, distance=distance)
    (point,) = found.operating_points
    assert point.far.k == np.count_nonzero(negative >= similarity)
    assert (point.similarity, point.target) == (similarity, similarity)
    assert point.threshold == distance.of_similarity(similarity)
    assert (point.name, f"target:s{similarity:g}|" in found.signature) == (
        f"similarity={similarity:g}",
        True,
    )


@BOTH
def test_scaled_copies_are_at_similarity_one(distance):
    embeddings, labels = clusters(3, n_classes=12, dims=16)
    embeddings = np.concatenate([embeddings, 3 * embeddings])
    labels = np.concatenate([labels, labels])
    found = opiscli.calibrate(embeddings, labels, similarity=1, distance=distance)
    (point,) = found.operating_points
    assert (point.frr.n - point.frr.k, point.far.k) == (len(labels) // 2, 0)


@BOTH
def test_a_printed_similarity_accepts_the_same_pairs(distance):
    """Given back as it is printed, to the digit: never more than the target."""
    for seed, (embeddings, labels) in enumerate([clusters(5, n_classes=30, dims=6), codes(384)]):
        embeddings = embeddings.astype(np.float32)
        far = opiscli.calibrate(embeddings, labels, far=[0.1, 0.03, 0.01], distance=distance)
        printed = [point.similarity for point in far.operating_points]
        again = opiscli.calibrate(embeddings, labels, similarity=printed, distance=distance)
        for one, other in zip(far.operating_points, again.operating_points, strict=True):
            assert (one.far, one.frr) == (other.far, other.frr), seed


@BOTH
def test_a_similarity_chosen_for_a_far_holds_for_exact_cosines(distance):
    """Binary codes: the printed similarity lies between two groups of ties, not on one."""
    signs, labels = codes(32, seed=4)
    negative, positive = exact_pairs(signs, labels)
    found = opiscli.calibrate(
        signs.astype(np.float32), labels, far=[0.1, 0.03, 0.01, 1e-3], distance=distance
    )
    for point in found.operating_points:
        assert np.mean(negative / 32 >= point.similarity) == point.far.value <= point.target_far
        assert np.mean(positive / 32 >= point.similarity) == pytest.approx(point.tar)


@given(st.floats(1e-4, 2), st.sampled_from(OF_EMBEDDINGS))
def test_similarity_and_distance_accept_the_same_float32_distances(threshold, distance):
    """The largest accepted one, and the next; below, float64 similarities are too coarse."""
    similarity = to_similarity(threshold, distance)
    furthest = cutoffs(np.array([threshold]), distance)[0]
    assert 1 - Fraction(float(furthest)) >= Fraction(similarity)
    assert 1 - Fraction(float(np.nextafter(furthest, np.float32(4)))) < Fraction(similarity)


@BOTH
def test_a_range_of_similarities_is_one_of_distances(distance):
    lo, hi = distance.of_similarity(0.6), distance.of_similarity(0.3)
    wanted = opiscli.evaluate(WORDNET, range=(lo, hi), distance=distance)
    for asked in ((0.3, 0.6), (0.6, 0.3)):
        found = opiscli.evaluate(WORDNET, similarity_range=asked, distance=distance)
        assert found.opis == wanted.opis
        assert found.calibration_range.threshold == wanted.calibration_range.threshold
        assert found.calibration_range.by == "similarity"
        assert "|range:s0.3..0.6|" in found.signature


def test_a_saved_evaluation_answers_ranges_of_similarities(tmp_path):
    path = tmp_path / "run.opis"
    opiscli.evaluate(WORDNET, similarity_range=(0.3, 0.6), save=path)
    direct = opiscli.evaluate(WORDNET, similarity_range=(-0.1, 0.2))
    stored = opiscli.evaluate(path, similarity_range=(-0.1, 0.2))
    distances = opiscli.evaluate(path, range=direct.calibration_range.threshold)
    assert stored.opis == distances.opis
    assert stored.opis.value == pytest.approx(direct.opis.value, rel=0.005)
    assert "range:s0.3..0.6" in opiscli.evaluate(path).signature


def test_a_range_knows_its_ends():
    asked = RangeRequest.given(similarity=(0.5, -1))
    assert asked == RangeRequest(RangeBy.SIMILARITY, -1, 0.5)
    assert asked.thresholds(Distance.EUCLIDEAN) == (1, 2)
    assert asked.thresholds(Distance.COSINE) == (0.5, 2)


@pytest.mark.parametrize(
    ("options", "problem", "hint"),
    [
        ("calibrate --similarity 1.3", "--similarity is 1.3", "use --threshold 1.3"),
        ("calibrate --threshold -0.2", "--threshold is -0.2", "use --similarity -0.2"),
        ("calibrate --threshold=nan", "--threshold is nan", "For example --threshold"),
        ("check --fail-if far>1 --similarity -2", "--similarity is -2", "For example --sim"),
        ("inspect --similarity 2 --far 0.1", "use only one of --far, --similarity", "Leave"),
        ("inspect --similarity 0 --threshold 1", "use only one of --threshold, --sim", "Leave"),
        ("plot-classes --similarity 1.01", "--similarity is 1.01", "use --threshold 1.01"),
        ("evaluate --range=-0.1:0.4", "--range -0.1:0.4 is out", "use --similarity-range -0.1"),
        ("evaluate --similarity-range 0.8:1.2", "is out of bounds", "use --range 0.8:1.2"),
        ("evaluate --similarity-range 0.4:0.4", "is not a range", "two different bounds"),
        ("evaluate --similarity-range 0.4:0.5 --range 1:2", "use only one of", "Leave"),
    ],
)
def test_mistakes_name_the_other_unit(opis, options, problem, hint):
    command, *rest = options.split()
    code, out, err = opis(command, WORDNET, *rest)
    assert (code, out) == (2, "")
    error, advice = err.splitlines()
    assert problem in error
    assert hint in advice


@pytest.mark.parametrize(
    ("command", "useless", "meant"),
    [
        ("calibrate", "--threshold 0.4", "--similarity 0.4"),
        ("calibrate --distance cosine", "--threshold 0.3", "--similarity 0.3"),
        ("calibrate --distance cosine", "--similarity 0.7", "--threshold 0.7"),
        ("inspect --pairs 1", "--threshold 0.4", "--similarity 0.4"),
        ("check --fail-if far>1", "--threshold 0.4", "--similarity 0.4"),
        ("plot-classes --force -o {}/x.svg", "--threshold 0.4", "--similarity 0.4"),
    ],
)
def test_a_threshold_of_use_in_the_other_unit_only_gets_a_hint(
    opis, tmp_path, command, useless, meant
):
    call = command.format(tmp_path).split()
    err = opis(*call, WORDNET, *useless.split())[2]
    assert f"if that was meant, use {meant}" in err
    assert "if that was meant" not in opis(*call, WORDNET, *meant.split())[2]


@pytest.mark.parametrize("value", ["-0.1", "-1", "-1e-3", "1", "0"])
def test_any_similarity_can_be_typed(opis, value):
    typed = opis("calibrate", WORDNET, "--similarity", value, "--json", "-q")
    joined = opis("calibrate", WORDNET, f"--similarity={value}", "--json", "-q")
    assert typed == joined
    (point,) = json.loads(typed[1])["operating_points"]
    assert (typed[0], point["target"], point["similarity"]) == (0, float(value), float(value))
