"""``opis calibrate``: thresholds that never exceed their target, files, pipes, protocols."""

import json
import subprocess
import sys

import numpy as np
import pytest
from conftest import SAMPLE, clusters, coarse_grid
from counted import count_pairs
from hypothesis import given
from hypothesis import strategies as st
from oracles.brute_force import BruteForce

from opiscli import EmbeddingSet
from opiscli.analysis.calibrate import calibrate_run, choose_thresholds
from opiscli.analysis.counting import count_items
from opiscli.distance import OF_EMBEDDINGS
from opiscli.errors import EmbeddingError, UndefinedMetric
from opiscli.metrics.intervals.rate import upper_bound
from opiscli.metrics.intervals.rate_spread import macro_far_spread, pooled_far_spread
from opiscli.settings.calibration import Average, CalibrationSettings
from opiscli.settings.evaluation import EvaluationSettings
from opiscli.settings.resources import Resources
from opiscli.settings.target import Criterion, Target

WORDNET = SAMPLE / "wordnet.parquet"


def calibrated(embeddings, labels, *targets, **options):
    settings = CalibrationSettings(targets=targets, **options)
    items = EmbeddingSet.from_arrays(embeddings, labels)
    asked = EvaluationSettings(distance=settings.distance, ks=())
    exact = tuple(t.value for t in targets if t.criterion is Criterion.THRESHOLD)
    run = count_items(items, asked, Resources(2, 1 << 32), complete=True, thresholds=exact)
    return calibrate_run(run, choose_thresholds(run, settings), settings).operating_points


def macro_far(truth, labels, threshold):
    """Mean over classes of two items or more, from the definition."""
    near = truth.d <= threshold
    rates = []
    for name in np.unique(labels):
        own = labels == name
        if own.sum() > 1:
            rates.append(near[own][:, ~own].mean())
    return np.mean(rates)


tied = st.tuples(st.integers(0, 10_000), st.sampled_from([0.02, 0.05, 0.1, 0.3]))


@given(tied, st.sampled_from(OF_EMBEDDINGS))
def test_far_never_exceeds_the_target_and_the_next_distance_would(drawn, distance):
    """On tied data: whole groups of equal distances are accepted or not."""
    seed, target = drawn
    embeddings, labels = coarse_grid(seed, n_items=50)
    truth = BruteForce(embeddings, labels, distance.value)
    negative = np.sort(truth.negatives)
    try:
        (point,) = calibrated(embeddings, labels, Target(Criterion.FAR, target), distance=distance)
    except UndefinedMetric:
        assert np.mean(negative <= negative[0] + 1e-9) > target
        return
    accepted = np.count_nonzero(negative <= point.threshold)
    assert (point.far.k, point.far.n) == (accepted, len(negative))
    assert point.far.value <= target
    observed, after = negative[accepted - 1], negative[accepted]
    assert np.mean(negative <= after + 1e-9) > target
    assert observed - 1e-4 < point.threshold < after


@pytest.mark.parametrize("average", list(Average))
@pytest.mark.parametrize("distance", OF_EMBEDDINGS)
def test_targets_against_brute_force(average, distance):
    embeddings, labels = clusters(3, n_classes=25, dims=6)
    truth = BruteForce(embeddings, labels, distance.value)
    negative, positive = truth.negatives, truth.positives
    far, frr, tar, eer = calibrated(
        embeddings,
        labels,
        Target(Criterion.FAR, 0.03),
        Target(Criterion.FRR, 0.2),
        Target(Criterion.TAR, 0.7),
        Target(Criterion.EER),
        average=average,
        distance=distance,
    )
    for point in (far, frr, tar, eer):
        assert point.far.k == np.count_nonzero(negative <= point.threshold)
        assert point.frr.k == np.count_nonzero(positive > point.threshold)
        assert point.macro_far == pytest.approx(macro_far(truth, labels, point.threshold))
    every = np.sort(negative)
    if average is Average.POOLED:
        observed, after = truth.far_threshold_bounds(0.03)
        assert observed - 1e-4 < far.threshold < after
        assert np.mean(positive > frr.threshold) <= 0.2 < np.mean(positive > frr.threshold - 1e-4)
        assert np.mean(positive <= tar.threshold) >= 0.7
        gaps = [abs(np.mean(negative <= d) - np.mean(positive > d)) for d in every]
        assert abs(eer.far.value - eer.frr.value) <= min(gaps) + 1e-3
    else:
        assert far.macro_far <= 0.03
        after = every[every > far.threshold][0]
        assert macro_far(truth, labels, after + 1e-9) > 0.03
        assert frr.macro_frr <= 0.2
        assert 1 - tar.macro_frr >= 0.7


def test_singletons_are_partners_only_in_the_mean_of_classes():
    """They have negative pairs, but no rate of their own that counts."""
    embeddings, labels = clusters(6, n_classes=30, sizes=(1, 6), dims=6)
    assert (np.unique(labels, return_counts=True)[1] == 1).sum() > 3
    truth = BruteForce(embeddings, labels, "euclidean")
    (point,) = calibrated(embeddings, labels, Target(Criterion.FAR, 0.05), average=Average.MACRO)
    assert point.macro_far == pytest.approx(macro_far(truth, labels, point.threshold))
    assert point.macro_far <= 0.05
    after = np.sort(truth.negatives[truth.negatives > point.threshold])[0]
    assert macro_far(truth, labels, after + 1e-9) > 0.05


def test_the_largest_mean_utility_is_the_largest():
    embeddings, labels = clusters(5, n_classes=15)
    (point,) = calibrated(embeddings, labels, Target(Criterion.MAX_UTILITY))
    truth = BruteForce(embeddings, labels, "euclidean")
    grid = np.linspace(0.01, 1.99, 2000)
    best = truth.utilities(grid).mean(axis=0).max()
    assert truth.utilities(np.array([point.threshold])).mean() >= best - 1e-9


def test_given_thresholds_are_counted_to_the_digit():
    """Zero is a threshold like any other, and so are similarities below 0."""
    embeddings, labels = coarse_grid(2)
    embeddings[1] = embeddings[0]
    zero, round_one, wide = calibrated(
        embeddings, labels, *(Target(Criterion.THRESHOLD, d) for d in (0.0, 1.0, 1.7))
    )
    truth = BruteForce(embeddings, labels, "euclidean")
    for point, threshold in ((zero, 0.0), (round_one, 1.0), (wide, 1.7)):
        assert point.threshold == threshold
        assert point.far.k == np.count_nonzero(truth.negatives <= threshold + 1e-9)
        assert point.frr.k == np.count_nonzero(truth.positives > threshold + 1e-9)
    assert zero.tar > 0
    assert wide.similarity < 0


def test_the_hardest_classes_come_first():
    embeddings, labels = clusters(3, n_classes=25, dims=6)
    (point,) = calibrated(embeddings, labels, Target(Criterion.FAR, 0.05))
    truth = BruteForce(embeddings, labels, "euclidean")
    near = truth.d <= point.threshold
    rates = {str(c): near[labels == c][:, labels != c].mean() for c in np.unique(labels)}
    hardest = [one.far for one in point.hardest_classes]
    assert hardest == pytest.approx(sorted((r for r in rates.values() if r > 0.1), reverse=True))
    for one in point.hardest_classes:
        assert one.far == pytest.approx(rates[one.label])
    assert len(hardest) == point.n_above_limit > 0


def test_confidence_asks_for_more():
    embeddings, labels = clusters(4, n_classes=60, dims=12)
    target = Target(Criterion.FAR, 0.05)
    (plain,) = calibrated(embeddings, labels, target)
    (sure,) = calibrated(embeddings, labels, target, confidence=0.95)
    assert sure.threshold < plain.threshold
    assert sure.far.value < plain.far.value <= 0.05


@pytest.mark.parametrize("average", list(Average))
def test_confidence_bounds_the_rate_that_was_asked_for(average):
    """Classes of very different size: pooled and macro rates have different bounds."""
    embeddings, labels = clusters(4, n_classes=120, dims=12, sizes=(2, 40))
    target = Target(Criterion.FAR, 0.05)
    (point,) = calibrated(embeddings, labels, target, average=average, confidence=0.9)
    spread = {Average.POOLED: pooled_far_spread, Average.MACRO: macro_far_spread}[average]
    items = EmbeddingSet.from_arrays(embeddings, labels)
    near = np.array([point.threshold, point.threshold + 2e-3])
    counts = count_pairs(items, near)
    at, beyond = upper_bound(spread(counts), 0.9)
    assert at <= 0.05 < beyond


def test_reversed_distances_are_refused():
    """Items of one class point in opposite directions, items of two classes do not."""
    rng = np.random.default_rng(0)
    direction = rng.normal(size=(1, 16)) + 0.05 * rng.normal(size=(40, 16))
    embeddings = np.concatenate([direction, -direction])
    labels = np.tile(np.arange(40), 2)
    with pytest.raises(EmbeddingError, match="positive pairs lie farther apart"):
        calibrated(embeddings, labels, Target(Criterion.FAR, 0.1))


def test_a_zero_rate_only_if_allowed(opis):
    code, out, err = opis("calibrate", WORDNET, "--far", "1e-9")
    assert (code, out) == (5, "")
    assert "is unattainable" in err
    code, out, err = opis("calibrate", WORDNET, "--far", "1e-9", "--allow-zero", "--json")
    (point,) = json.loads(out)["operating_points"]
    assert (code, point["far"]["k"], point["target_far"]) == (0, 0, 1e-9)
    assert point["far"]["ci"][1] > 0
    assert "rule of three" in err


def test_through_a_pipe_and_directly():
    command = [sys.executable, "-m", "opiscli"]
    asked = ["calibrate", "--far", "1e-3", "--print", "threshold"]
    saving = subprocess.run(
        [*command, "evaluate", WORDNET, "--save", "-"], capture_output=True, check=True
    )
    piped = subprocess.run([*command, *asked], input=saving.stdout, capture_output=True, check=True)
    direct = subprocess.run([*command, *asked, WORDNET], capture_output=True, check=True)
    assert piped.stdout == direct.stdout
    assert 1.04 < float(direct.stdout) < 1.05


def test_every_answer_is_the_same_from_a_file(opis, tmp_path):
    path = tmp_path / "run.opis"
    opis("evaluate", WORDNET, "--save", path, "--quiet")
    options = ["--far", "3e-4", "--far", "0.05", "--criterion", "eer", "--criterion", "frr=0.2"]
    options += ["--criterion", "max-utility", "--json"]
    direct, saved = (json.loads(opis("calibrate", s, *options)[1]) for s in (WORDNET, path))
    assert saved == direct


def test_a_threshold_file_goes_around(opis, tmp_path):
    path = tmp_path / "threshold.json"
    _, direct, _ = opis("calibrate", WORDNET, "--far", "1e-2", "-o", path, "--json")
    (point,) = json.loads(direct)["operating_points"]
    written = json.loads(path.read_text())
    assert written["schema"] == "opis.threshold/1"
    assert written["threshold"] == point["threshold"]
    assert written["accept"] == "distance <= threshold"
    assert written["attained"]["far"]["k"] == point["far"]["k"]
    _, again, _ = opis("calibrate", WORDNET, "--threshold-file", path, "--json")
    assert json.loads(again)["operating_points"][0]["far"] == point["far"]
    assert opis("calibrate", WORDNET, "--far", "1e-2", "-o", path)[0] == 2
    code, _, err = opis("calibrate", WORDNET, "--threshold-file", path, "--distance", "cosine")
    assert (code, "is a euclidean distance" in err) == (2, True)


def test_chosen_here_and_tested_there(opis):
    train, test = ("--where", "split=train"), ("--where", "split=test")
    there = ("--eval", WORDNET, "--eval-where", "split=test")
    options = ("calibrate", WORDNET, *train, "--far", "1e-2", "--json")
    before = json.loads(opis(*options)[1])["operating_points"][0]
    after = json.loads(opis(*options, *there)[1])["operating_points"][0]
    assert after["threshold"] == before["threshold"]
    assert after["calibrated_far"] == before["far"]
    threshold = repr(after["threshold"])
    plain = opis("calibrate", WORDNET, *test, "--threshold", threshold, "--json")[1]
    assert json.loads(plain)["operating_points"][0]["far"] == after["far"]


@pytest.mark.parametrize(
    ("option", "is_ratio"),
    [("--far=1e-2", True), ("--criterion=tar=0.8", True), ("--threshold=1.1", False)],
)
def test_a_threshold_without_a_target_holds_out_its_rate(opis, option, is_ratio):
    options = ("calibrate", WORDNET, option, "--holdout", "0.3", "--repeats", "3")
    (point,) = json.loads(opis(*options, "--json")[1])["operating_points"]
    held = point["holdout"]
    assert held["is_ratio"] is is_ratio
    assert ("× target" in opis(*options)[1]) is is_ratio
    # Without a target it is the FAR itself, of the order of that on all classes.
    unit = 1 if is_ratio else point["far"]["value"]
    assert 0.4 < held["median"] / unit < 2.5


def test_held_out_classes_are_others(opis, monkeypatch):
    """No class is on both sides, all are on one, and the share is that of the first part."""
    from opiscli.analysis import holdout

    parts = []

    def spy(items, *options, **more):
        parts.append(set(items.names))
        return count_items(items, *options, **more)

    monkeypatch.setattr(holdout, "count_items", spy)
    options = ("calibrate", WORDNET, "--far", "1e-2", "--holdout", "0.25", "--repeats", "2")
    assert opis(*options)[0] == 0
    assert len(parts) == 4
    for first, second in (parts[:2], parts[2:]):
        assert not first & second
        assert (len(first), len(first | second)) == (30, 120)
    assert parts[0] != parts[2]


def test_holding_classes_out(opis):
    options = ("calibrate", WORDNET, "--far", "1e-2", "--holdout", "0.5", "--repeats", "4")
    held = [json.loads(opis(*options, "--json", "--seed", s)[1]) for s in (0, 0, 1)]
    first, again, other = (h["operating_points"][0]["holdout"] for h in held)
    assert first == again != other
    assert len(first["ratios"]) == first["n_attained"] == 4
    assert first["lo"] <= first["median"] <= first["hi"]
    assert 0.3 < first["median"] < 3


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        ((), 2, "no target was given"),
        (("--far", "0"), 2, "--far is 0, expected a rate above 0 and below 1"),
        (("--far", "nan"), 2, "--far is nan, expected a rate"),
        (("--threshold", "2.5"), 2, "--threshold is 2.5, expected a distance in [0, 2]"),
        (("--criterion", "best"), 2, "unknown"),
        (("--criterion", "frr"), 2, "has no target"),
        (("--criterion", "tar=95"), 2, "For example --criterion tar=0.95."),
        (("--criterion", "frr=5"), 2, "For example --criterion frr=0.05."),
        (("--criterion", "tar=0"), 2, "For example --criterion tar=0.95."),
        (("--criterion", "frr=1"), 2, "For example --criterion frr=0.05."),
        (("--criterion", "eer=0.1"), 2, "expected none"),
        (("--target", "0.1"), 2, "without --criterion"),
        (("--far", "0.1", "--confidence", "1.5"), 2, "--confidence is 1.5"),
        (("--criterion", "eer", "--confidence", "0.9"), 2, "bounds FAR"),
        (("--far", "0.1", "--holdout", "1"), 2, "--holdout is 1"),
        (("--far", "0.1", "--repeats", "0"), 2, "--repeats is 0"),
        (("--far", "0.1", "--far", "0.2", "-o", "{tmp}/t.json"), 2, "holds one threshold"),
        (("--far", "0.1", "-o", "{tmp}/no/t.json"), 3, "no folder"),
        (("--threshold-file", "{tmp}/none.json"), 3, "No such file"),
        (("--threshold-file", str(WORDNET)), 3, "cannot be read as a threshold file"),
        (("--far", "0.1", "--eval", "{tmp}/none.parquet"), 3, "no such file"),
    ],
)
def test_mistakes_are_explained(opis, tmp_path, options, code, says):
    options = [option.replace("{tmp}", str(tmp_path)) for option in options]
    found, out, err = opis("calibrate", WORDNET, *options)
    assert (found, out) == (code, "")
    assert says in err
    assert len(err.splitlines()) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("style", ["csv", "markdown", "latex", "table"])
def test_every_format_tells_the_threshold(opis, style):
    _, out, _ = opis("calibrate", WORDNET, "--far", "1e-2", "--format", style)
    assert "1.1687" in out
    assert "avg:pooled" in out or r"avg:pooled" in out.replace("\\", "")


def test_a_report_tells_what_a_threshold_file_does(opis, tmp_path):
    path, saved = tmp_path / "threshold.json", tmp_path / "run.opis"
    opis("calibrate", WORDNET, "--far", "2e-4", "-o", path, "--quiet")
    _, direct, _ = opis("evaluate", WORDNET, "--threshold-file", path, "--json", "--save", saved)
    *_, point = json.loads(direct)["operating_points"]
    assert point["target_far"] is None
    assert point["threshold"] == json.loads(path.read_text())["threshold"]
    assert point["far"] == json.loads(path.read_text())["attained"]["far"]
    assert opis("evaluate", saved, "--threshold-file", path, "--json")[1] == direct
    for style in ("table", "csv", "markdown"):
        out = opis("evaluate", saved, "--threshold-file", path, "--format", style)[1]
        assert "0.0002" in out or "0.00019" in out


def test_the_one_sided_bound_stands_in_the_place_of_the_interval_it_would_contradict(opis):
    run = ("calibrate", WORDNET, "--far", "1e-2", "-q")
    for average, row, other in (
        ("pooled", "  FAR ", "macro FAR"),
        ("macro", "macro FAR", "  FAR "),
    ):
        asked = (*run, "--average", average, "--confidence", "0.95")
        (point,) = json.loads(opis(*asked, "--json")[1])["operating_points"]
        assert point["far_bound"]["value"] <= 1e-2
        lines = opis(*asked)[1].splitlines()
        bounded = next(line for line in lines if row in line and "≤ 0.01" not in line)
        assert f"≤ {point['far_bound']['value']:.4g} (95 %)" in bounded
        assert " – " not in bounded
        assert " – " in next(line for line in lines if other in line and "≤ 0.01" not in line)
    assert "(95 %)" not in opis(*run)[1]
