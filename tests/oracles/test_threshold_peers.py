"""Thresholds and rates against metric-learn, bob.measure, scikit-learn and sentence-transformers.

opis reads labelled embeddings, the others the scores of all pairs. What they computed once is in
threshold_golden.json, written by make_threshold_golden.py. Where definitions differ:

- opis takes the *largest* distance that meets a FAR target, as bob.measure takes the lowest score.
  metric-learn takes the *smallest* among those of the same TAR, so its FAR may be lower.
- For an FRR target opis and metric-learn take the smallest distance that meets it. bob.measure
  does so without ties; where scores are tied, it may stop one group of them earlier.
- At the EER, opis and bob.measure take a threshold at which FAR and FRR are closest; bob.measure
  reports the mean of both rates as the EER, opis reports the two.
- opis has no criterion for accuracy or F1 over pairs: both depend on the share of positive pairs,
  which is that of the labels here and another in production. The rates at these thresholds agree,
  and F1 and average precision follow from TAR and from precision at that share as prevalence.
- sentence-transformers puts a threshold halfway between two scores, the others on a score.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from oracles.pair_data import SETS

from opiscli import calibrate, count

GOLDEN = json.loads((Path(__file__).parent / "threshold_golden.json").read_text("utf-8"))["sets"]


@pytest.fixture(params=SETS)
def name(request):
    return request.param


def points(name, **asked):
    return calibrate(*SETS[name](), allow_zero=True, **asked).operating_points


def accepted(point):
    return [point.tar_rate.k, point.far.k]


def test_the_same_pairs(name):
    (point,) = points(name, similarity=0.5)
    assert (point.tar_rate.n, point.far.n) == (
        GOLDEN[name]["n_positive"],
        GOLDEN[name]["n_negative"],
    )


@pytest.mark.parametrize("far", [0.1, 0.01, 0.001])
def test_a_far_target(name, far):
    (point,) = points(name, far=far)
    bob = GOLDEN[name]["bob.measure"][f"far={far:g}"]
    assert accepted(point) == bob["accepted"]
    assert (point.far.value, point.frr.value) == pytest.approx((bob["far"], bob["frr"]))
    stricter = GOLDEN[name]["metric-learn"][f"max_tpr@tnr={1 - far:g}"]
    assert stricter["accepted"][0] == point.tar_rate.k
    assert stricter["accepted"][1] <= point.far.k


@pytest.mark.parametrize("tar", [0.5, 0.9])
def test_a_tar_or_frr_target(name, tar):
    (point,) = points(name, criterion="tar", target=tar)
    golden = GOLDEN[name]
    assert accepted(point) == golden["metric-learn"][f"max_tnr@tpr={tar:g}"]["accepted"]
    (point,) = points(name, criterion="frr", target=1 - tar)
    assert point.frr.value <= 1 - tar
    bob = golden["bob.measure"][f"frr={1 - tar:g}"]["accepted"]
    if name == "tied":
        assert accepted(point) < bob
    else:
        assert accepted(point) == bob


def test_the_eer(name):
    (point,) = points(name, criterion="eer")
    bob = GOLDEN[name]["bob.measure"]["eer"]
    gap = abs(point.far.value - point.frr.value)
    assert gap == pytest.approx(abs(bob["far"] - bob["frr"]))
    assert (point.far.value + point.frr.value) / 2 == pytest.approx(bob["value"])
    assert accepted(point) == bob["accepted"]


@pytest.mark.parametrize("strategy", ["accuracy", "f_beta=1"])
def test_rates_at_the_thresholds_of_metric_learn(name, strategy):
    golden = GOLDEN[name]["metric-learn"][strategy]
    (point,) = points(name, threshold=golden["distance"])
    assert accepted(point) == golden["accepted"]


def test_every_point_of_the_det_curve(name):
    golden = GOLDEN[name]["scikit-learn"]
    found = points(name, similarity=golden["similarity"])
    assert [point.far.value for point in found] == pytest.approx(golden["fpr"], abs=1e-12)
    assert [point.frr.value for point in found] == pytest.approx(golden["fnr"], abs=1e-12)


def test_accuracy_f1_and_precision_of_sentence_transformers(name):
    golden = GOLDEN[name]
    n_positive, n_negative = golden["n_positive"], golden["n_negative"]
    prevalence = n_positive / (n_positive + n_negative)
    best = golden["sentence-transformers"]["accuracy"]
    (point,) = points(name, similarity=best["similarity"])
    right = point.tar_rate.k + n_negative - point.far.k
    assert right / (n_positive + n_negative) == pytest.approx(best["value"])
    best = golden["sentence-transformers"]["f1"]
    (point,) = points(name, similarity=best["similarity"], prevalence=prevalence)
    assert accepted(point) == best["accepted"]
    assert point.tar == pytest.approx(best["recall"])
    precision = point.precision.value
    assert precision == pytest.approx(best["precision"])
    f1 = 2 * precision * point.tar / (precision + point.tar)
    assert f1 == pytest.approx(best["value"])


def test_average_precision(name):
    """The step sum of precision over recall, from the counts between thresholds."""
    pooled = count(*SETS[name]()).counted.pooled
    positive, negative = pooled.accepted
    precision = positive / np.maximum(positive + negative, 1)
    steps = np.diff(positive, prepend=0) / positive[-1]
    expected = GOLDEN[name]["scikit-learn"]["average_precision"]
    # Pairs nearer to each other than two counted thresholds are accepted together here.
    assert (precision * steps).sum() == pytest.approx(expected, abs=1e-4)
