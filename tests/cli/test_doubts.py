"""Inputs that make numbers meaningless have a warning wherever numbers are shown; others none.

`benchmarks/doubts.py` does the same to 200 sets.
"""

import json
import re
import sys

import numpy as np
import pytest
from conftest import ROOT, SAMPLE, clusters

import opiscli
from opiscli.analysis.warnings.compare import DOUBTS
from opiscli.analysis.warnings.labels import label_warnings

sys.path.append(str(ROOT / "benchmarks"))

from doubts import SPOILT, UNRELATED, doubts, healthy

WORDNET = SAMPLE / "wordnet.parquet"
SETS = (0, 4)


def good():
    """Classes of different width that can be told apart."""
    return clusters(1, n_classes=40, dims=24, sizes=(6, 14), spread=0.7)


def codes(result):
    return [warning.code for warning in result.warnings]


def message(result, code):
    return next(warning.message for warning in result.warnings if warning.code == code)


@pytest.mark.parametrize("seed", range(8))
def test_healthy_sets_have_no_doubts(seed):
    assert doubts(*healthy(seed)) == set()


def test_real_sets_have_no_doubts(opis):
    assert DOUBTS.isdisjoint(codes(opiscli.evaluate(WORDNET)))


@pytest.mark.parametrize("name", ["digits64", "letters32", "debian50", "glyphs128"])
def test_larger_real_sets_have_no_doubts(shared_data, name):
    file = shared_data / f"{name}.parquet"
    found = opiscli.evaluate(file, where="split=test", sample_pairs=100_000_000)
    assert DOUBTS.isdisjoint(codes(found))


@pytest.mark.parametrize("seed", SETS)
@pytest.mark.parametrize("kind", SPOILT)
def test_spoilt_sets_are_doubted(kind, seed):
    code, spoil = SPOILT[kind]
    found = doubts(*spoil(np.random.default_rng(seed), *healthy(seed)))
    expected = UNRELATED if code in UNRELATED else {code}
    # A set that cannot be evaluated at all is refused with an explanation.
    assert found & expected or found - DOUBTS


def test_each_command_says_it(opis, tmp_path):
    embeddings, labels = good()
    files = {}
    for name, given in (("good", labels), ("bad", np.random.default_rng(0).permutation(labels))):
        files[name] = tmp_path / f"{name}.npz"
        np.savez(files[name], embedding=embeddings, label=given)
    saved = tmp_path / "bad.opis"
    bad = files["bad"]
    for argv in (
        ("evaluate", bad, "--save", saved),
        ("evaluate", saved),
        ("calibrate", bad, "--far", "1e-2"),
        ("calibrate", files["good"], "--far", "1e-2", "--eval", bad),
        ("check", bad, "--fail-if", "recall@1<0"),
        ("check", saved, "--fail-if", "tar@far=1e-2<0"),
        ("inspect", bad, "--far", "1e-2"),
        ("compare", files["good"], bad),
        ("report", bad, "-o", tmp_path / "r.html"),
        ("evaluate", bad, "--sample-pairs", 90_000),
    ):
        code, _, err = opis(*argv)
        assert code == 0, err
        assert "labels seem unrelated" in err, argv
        assert err.count("labels seem unrelated") == 1
    _, _, err = opis("compare", files["good"], bad)
    assert "warning: B: no threshold" in err
    _, _, err = opis("evaluate", files["good"], "--gallery", bad)
    assert "labels seem unrelated" in err


def test_the_numbers_of_a_doubt_are_those_of_the_set():
    embeddings, labels = good()
    labels = np.random.default_rng(0).permutation(labels)
    result = opiscli.evaluate(embeddings, labels)
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    upper = np.triu_indices(len(unit), 1)
    distance = np.linalg.norm(unit[upper[0]] - unit[upper[1]], axis=1)
    same = labels[upper[0]] == labels[upper[1]]
    positive, negative = np.sort(distance[same]), np.sort(distance[~same])
    threshold = result.operating_points[0].threshold
    numbers = re.search(r"TAR ([\d.]+) at FAR ([\d.]+)", message(result, "labels-unrelated"))
    said_tar, said_far = map(float, numbers.groups())
    for said, distances in ((said_tar, positive), (said_far, negative)):
        assert said == pytest.approx(np.mean(distances <= threshold), abs=2e-3)
    mean = (unit @ unit.T)[upper].mean()
    assert result.data.mean_similarity == pytest.approx(mean, abs=1e-6)


def test_crowded_embeddings_are_not_collapsed():
    embeddings, labels = good()
    rng = np.random.default_rng(5)
    offset = 1000 * rng.normal(size=embeddings.shape[1])
    crowded = opiscli.evaluate(embeddings + offset, labels)
    assert crowded.data.mean_similarity > 0.999
    assert DOUBTS.isdisjoint(codes(crowded))


def test_a_constant_is_refused_and_explained(opis, tmp_path):
    _, labels = good()
    np.savez(tmp_path / "e.npz", embedding=np.ones((len(labels), 8)), label=labels)
    code, out, err = opis("evaluate", tmp_path / "e.npz")
    assert (code, out) == (5, "")
    assert "hint: Most embeddings are the same: has the model collapsed" in err


def test_a_doubt_is_not_said_twice():
    """Of shuffled labels all scores are low, whatever the range of rates."""
    embeddings, labels = good()
    labels = np.random.default_rng(0).permutation(labels)
    assert DOUBTS & set(codes(opiscli.evaluate(embeddings, labels))) == {"labels-unrelated"}
    strict = opiscli.evaluate(embeddings, labels, range=(0.1, 0.3))
    assert DOUBTS & set(codes(strict)) == {"labels-unrelated", "low-scores"}


@pytest.mark.parametrize("bounds", [(0.3, 0.6), (0.05, 0.2), (1.7, 1.9)])
def test_a_range_in_the_wrong_unit(bounds):
    """Of wordnet, similarities; or distances beyond all pairs."""
    result = opiscli.evaluate(WORDNET, range=bounds)
    text = message(result, "low-scores")
    assert f"only {result.mean_utility:.3g}" in text
    hint = f"--similarity-range {bounds[0]:g}:{bounds[1]:g}"
    assert (hint in text) == (bounds[1] <= 1)
    assert "low-scores" not in codes(opiscli.evaluate(WORDNET, range=(1.1, 1.25)))
    # Precision is low in any set of many negative pairs; that is no sign of a wrong range.
    usual = opiscli.evaluate(WORDNET, utility="precision-recall")
    assert usual.mean_utility < 0.4
    assert "low-scores" not in codes(usual)
    strict = opiscli.evaluate(WORDNET, utility="precision-recall", range=bounds)
    assert ("low-scores" in codes(strict)) == (bounds[1] <= 1)


def test_few_large_classes_among_tiny_ones():
    embeddings, labels = clusters(2, n_classes=60, dims=24, sizes=(2, 4))
    result = opiscli.evaluate(embeddings, labels)
    assert message(result, "small-classes").startswith("60 of 60 classes have fewer than 4 items")
    # Where enough classes are large, the corrected OPIS is of those.
    others, names = clusters(3, n_classes=55, dims=24, sizes=(4, 9))
    both = np.concatenate([embeddings, others]), np.concatenate([labels, names + 100])
    assert "small-classes" not in codes(opiscli.evaluate(*both))
    assert "small-classes" not in codes(opiscli.evaluate(*both, min_items=4))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["-1", "0", "1", "2"], ["missing-labels"]),
        (["-1.0", "0.0", "1.0", "2.0"], ["missing-labels"]),
        (["-1", "1"], []),
        (["-1", "0", "1"], []),
        (["-2", "-1", "0", "1"], []),
        (["-1", "a", "b", "c"], []),
        (["NaN", "a"], ["missing-labels"]),
        (["NaT", "a"], ["missing-labels"]),
        (["nat", "a"], []),
        (["N/A", "NULL", "a"], ["missing-labels"] * 2),
        (["  ", "a"], ["missing-labels"]),
        (["nano", "nonesuch", "nullify", "unknown_42"], []),
        (["Cat", "cat", "dog"], ["labels-alike"]),
        (["a", "A", "Co", "CO"], []),
        (["a", "a ", "b"], ["labels-alike"]),
        (["two  words", "two words"], ["labels-alike"]),
        (["é", "e\u0301"], ["labels-alike"]),
        (["café", "cafe"], []),
        (["１", "1", "ﬁ", "fi"], []),
    ],
)
def test_labels(names, expected):
    found = label_warnings(names, np.full(len(names), 3))
    assert [warning.code for warning in found] == expected


def test_labels_are_named_with_their_number_and_what_to_do():
    (missing,) = label_warnings(["-1", "0", "1", "2"], np.array([1234, 5, 5, 5]))
    assert missing.message.startswith("1,234 items have the label '-1'")
    assert missing.message.endswith("leave them out with --exclude label=-1")
    (alike,) = label_warnings(["Cat", "CAT", "cat", "dog", "Dog"], np.full(5, 3))
    assert alike.message.startswith("5 labels are equal to another one but for upper and lower")
    assert "'Cat' and 'CAT'" in alike.message
    # A single item without a label is in no positive pair.
    assert label_warnings(["nan", "a"], np.array([1, 9])) == ()


def test_an_index_that_moves_the_rates(opis):
    pytest.importorskip("faiss")
    coarse = opiscli.evaluate(WORDNET, index="PQ8x4")
    assert coarse.deployed.operating_points[0].far.deployed > 0.2
    text = message(coarse, "index-thresholds")
    assert "through PQ8x4" in text
    assert "instead of 0.09998" in text
    assert codes(coarse).count("index-thresholds") == 1
    assert "index-thresholds" not in codes(opiscli.evaluate(WORDNET, index="SQ8"))


@pytest.mark.parametrize(
    ("conditions", "is_warned"),
    [
        (["opis>0.2"], True),
        (["opis_corrected>0.5", "eps_opis>0.9", "eps_opis_corrected>0.9"], True),
        (["opis>0.2", "recall@1<0.1"], False),
        (["opis>0.2", "tar@far=1e-2<0.1"], False),
        (["mean_utility<0.1"], False),
    ],
)
def test_a_gate_on_consistency_alone(opis, conditions, is_warned):
    fails = [part for one in conditions for part in ("--fail-if", one)]
    code, out, err = opis("check", WORDNET, *fails, "--json")
    assert code == 0
    assert ("all conditions are on differences between classes" in err) == is_warned
    found = [one["code"] for one in json.loads(out)["warnings"]]
    assert found == ["only-consistency"] * is_warned


def test_no_lower_opis_is_good_where_accuracy_fell():
    embeddings, labels = good()
    noise = np.random.default_rng(1).normal(size=embeddings.shape)
    result = opiscli.compare((embeddings, labels), (embeddings + 6 * noise, labels))
    changes = {one.name: one.values[1].change for one in result.metrics}
    flattered = [name for name in changes if changes[name].is_flattered]
    assert "opis_corrected" in flattered
    for name in flattered:
        assert changes[name].difference < 0
        assert changes[name].is_better is None
    assert changes["recall@1"].is_better is False
    assert "does not count" in result.verdict
    assert "R@1 is significantly lower (−0." in result.verdict
    turned = opiscli.compare((embeddings + 6 * noise, labels), (embeddings, labels))
    assert not any(one.values[1].change.is_flattered for one in turned.metrics)


def test_verdicts():
    embeddings, labels = good()
    centres = np.array([embeddings[labels == label].mean(axis=0) for label in labels])
    base = (embeddings, labels)

    def verdict(spread, classes=40):
        kept = labels < classes
        other = centres + spread * (embeddings - centres)
        return opiscli.compare(base, (other[kept], labels[kept])).verdict

    assert verdict(1.0) == "B has the same numbers as A."
    assert verdict(0.7).startswith("B is more consistent than A (OPIS −")
    assert "95 % CI" in verdict(0.7)
    assert verdict(1.3).startswith("B is less consistent than A (OPIS +")
    assert "95 % CI" not in verdict(0.5, classes=39)
    three = opiscli.compare(base, base, base).verdict
    assert three == "B has the same numbers as A. C has the same numbers as A."
