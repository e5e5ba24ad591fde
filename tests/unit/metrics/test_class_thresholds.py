"""Thresholds per class: what they promise, and what they keep on new items of the class."""

import json

import numpy as np
import pytest
from conftest import SAMPLE, clusters
from oracles.brute_force import BruteForce

from opiscli import EmbeddingSet
from opiscli.analysis.counting import count_items
from opiscli.metrics.class_thresholds import own_thresholds
from opiscli.settings.evaluation import EvaluationSettings
from opiscli.settings.resources import Resources

WORDNET = SAMPLE / "wordnet.parquet"


def found_of(embeddings, labels):
    items = EmbeddingSet.from_arrays(embeddings, labels)
    run = count_items(items, EvaluationSettings(ks=()), Resources(2, 1 << 32), complete=True)
    return own_thresholds(run.counted.table, run.counted.for_noise, 1.0, 0)


def test_best_thresholds_against_brute_force():
    """On one fine grid; the tool's 512 candidates lose next to nothing."""
    embeddings, labels = clusters(4, n_classes=10, dims=6, sizes=(2, 12))
    found = found_of(embeddings, labels)
    truth = BruteForce(embeddings, labels)
    grid = np.linspace(0, 2, 4001)
    curves = truth.utilities(grid)
    assert found.at_single.mean() == pytest.approx(curves.mean(axis=0).max(), abs=5e-3)
    np.testing.assert_allclose(found.at_own, curves.max(axis=1), atol=1e-2)
    at_single = truth.utilities(np.array([found.single]))[:, 0]
    np.testing.assert_allclose(found.at_single, at_single, atol=1e-9)
    assert np.all(found.at_own >= found.at_single)


def simulated(width, n_items, seed):
    """Classes of given widths around random centres: a small sample, and the gain it keeps."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(len(width), 16))

    def draw(n):
        labels = np.repeat(np.arange(len(width)), n)
        noise = width[labels, None] * rng.normal(size=(len(labels), 16))
        return centres[labels] + noise, labels

    embeddings, labels = draw(n_items)
    found = found_of(embeddings, labels)
    grid = np.linspace(0, 2, 801)
    own = np.argmax(BruteForce(embeddings, labels).utilities(grid), axis=1)
    curves = BruteForce(*draw(40)).utilities(grid)
    single = curves[:, np.searchsorted(grid, found.single)]
    kept = curves[np.arange(len(width)), own] - single
    return found, kept.mean()


@pytest.mark.parametrize("n_items", [5, 12])
def test_alike_classes_gain_nothing(n_items):
    """What own thresholds promise is chance: on new items next to nothing or less is left."""
    runs = [simulated(np.full(24, 0.7), n_items, seed) for seed in range(3)]
    promised = np.mean([np.mean(found.at_own - found.at_single) for found, _ in runs])
    kept = np.mean([kept for _, kept in runs])
    corrected = np.mean([found.gains.mean() for found, _ in runs])
    assert promised > 0.02
    assert kept < 0.01
    assert kept - 0.03 < corrected < kept + 0.005


def test_unlike_classes_gain_what_they_keep():
    width = 0.7 * np.exp(0.5 * np.random.default_rng(0).normal(size=24))
    runs = [simulated(width, 20, seed) for seed in range(3)]
    kept = np.mean([kept for _, kept in runs])
    corrected = np.mean([found.gains.mean() for found, _ in runs])
    assert kept > 0.02
    assert kept - 0.03 < corrected < kept + 0.005


def test_the_verdict_is_told(opis, tmp_path):
    saved = tmp_path / "run.opis"
    opis("evaluate", WORDNET, "--save", saved, "--json")
    options = ("calibrate", saved, "--far", "1e-2")
    found = json.loads(opis(*options, "--per-class", "--json")[1])["own_thresholds"]
    assert found["n_classes"] == 120
    gain = found["utility_at_own"] - found["optimism"] - found["utility_at_single"]
    assert found["gain"] == pytest.approx(gain)
    assert found["ci"][0] < found["gain"] < found["ci"][1]
    assert found["worth_it"] is (found["ci"][0] > 0.01)
    assert found["verdict"] in opis(*options, "--per-class")[1]
    assert "own_thresholds_gain" in opis(*options, "--per-class", "--format", "csv")[1]
    assert json.loads(opis(*options, "--json")[1])["own_thresholds"] is None
    best = json.loads(opis("calibrate", saved, "--criterion", "max-utility", "--json")[1])
    threshold = best["operating_points"][0]["threshold"]
    assert found["single_threshold"] == pytest.approx(threshold, abs=0.01)
