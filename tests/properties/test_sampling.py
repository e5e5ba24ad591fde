"""A sample of pairs: on average it gives what all pairs give."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import clusters, coarse_grid, evaluate_with
from counted import count_pairs

from opiscli import EmbeddingSet, EvaluationSettings
from opiscli.counting import sample as sampling
from opiscli.counting.request import CountRequest
from opiscli.errors import UsageError
from opiscli.settings.resources import Resources

RESOURCES = Resources(2, 1 << 32)


@pytest.fixture(scope="module")
def items():
    embeddings, labels = clusters(3, n_classes=80, dims=10, sizes=(1, 26), spread=0.6)
    return EmbeddingSet.from_arrays(embeddings, labels)


def sample(items, n_pairs, seed=0, **settings):
    request = CountRequest.of(EvaluationSettings(**settings))
    return sampling.count_sample(items, request, n_pairs, seed, RESOURCES)


def exact_at(items, thresholds):
    return count_pairs(items, thresholds, n_threads=2)


def same_but_for_rounding(a, b):
    """Products are summed in another order: a pair on a threshold may fall to either side."""
    assert np.mean(a != b) < 1e-3
    np.testing.assert_allclose(a, b, rtol=0.02, atol=1)


def budget(items, n_drawn):
    sizes = items.class_sizes
    return int((sizes * (sizes - 1) // 2).sum()) + n_drawn * items.n_items


def test_positive_pairs_are_counted_in_full(items):
    counted = sample(items, budget(items, 300))
    found = counted.at(counted.grid)
    np.testing.assert_array_equal(found.positive, exact_at(items, counted.grid).positive)
    np.testing.assert_array_equal(
        found.positive_pairs, exact_at(items, counted.grid).positive_pairs
    )


def test_drawing_all_items_is_counting_all_pairs(items):
    """Every class then sees every negative pair it is part of, and neighbours are exact."""
    counted = sample(items, budget(items, items.n_items))
    found, exact = counted.at(counted.grid), exact_at(items, counted.grid)
    same_but_for_rounding(found.negative, exact.negative)
    np.testing.assert_array_equal(found.negative_pairs, exact.negative_pairs)
    for name in ("positive_adjacent", "negative_squares", "cross_products"):
        coarse = counted.for_noise.thresholds
        expected = getattr(exact_at(items, coarse), name)
        same_but_for_rounding(getattr(counted.for_noise, name), expected)
    from opiscli.analysis.counting import count_items

    everything = count_items(items, EvaluationSettings(), RESOURCES).counted
    np.testing.assert_array_equal(counted.retrieval["recall@1"], everything.retrieval["recall@1"])
    np.testing.assert_array_equal(counted.queries, items.class_sizes)


def test_estimates_are_unbiased(items):
    """Over many draws, the mean FAR of each class is its FAR; no single draw hits it."""
    settings = {"n_thresholds": 2}
    runs = [sample(items, budget(items, 200), seed, **settings) for seed in range(40)]
    threshold = np.array([float(np.median([run.grid[1] for run in runs]))])
    exact = exact_at(items, threshold)
    truth = exact.negative[:, 0] / exact.negative_pairs
    rates = []
    for run in runs:
        known = run.table.thresholds
        at = run.at(known[[np.searchsorted(known, threshold[0])]])
        rates.append(at.negative[:, 0] / at.negative_pairs)
    error = np.mean(rates, axis=0) - truth
    spread = np.std(rates, axis=0, ddof=1) / np.sqrt(len(runs))
    assert np.abs(error / spread).max() < 4.5
    assert np.abs(np.mean(rates, axis=0) / truth - 1).max() < 0.1
    assert np.std(rates, axis=0).min() > 0


def test_row_order_does_not_matter_and_the_seed_does():
    embeddings, labels = coarse_grid(5, n_items=700, n_classes=30)
    # Exact duplicates would be drawn together.
    embeddings, first = np.unique(embeddings, axis=0, return_index=True)
    labels = labels[first]
    shuffled = np.random.default_rng(0).permutation(len(labels))
    n_pairs = 8000 + 300 * len(labels)
    settings = EvaluationSettings(sample_pairs=min(n_pairs, len(labels) * 300))
    plain = evaluate_with(embeddings, labels, settings)
    assert plain.pairs.mode == "sampled"
    assert evaluate_with(embeddings[shuffled], labels[shuffled], settings) == plain
    other = evaluate_with(embeddings, labels, replace(settings, seed=1))
    assert other.opis.value != plain.opis.value


def test_large_classes_are_counted_in_part():
    embeddings, labels = clusters(1, n_classes=6, dims=6, sizes=(150, 250))
    items = EmbeddingSet.from_arrays(embeddings, labels)
    counted = sample(items, 230 * items.n_items)
    at = counted.at(counted.grid)
    some = counted.for_noise.positive_pairs
    assert np.all(some < items.class_sizes * (items.class_sizes - 1) // 2)
    assert some.sum() <= 115 * items.n_items
    exact = exact_at(items, counted.grid)
    np.testing.assert_array_equal(at.positive_pairs, exact.positive_pairs)
    np.testing.assert_allclose(
        at.positive / at.positive_pairs[:, None],
        exact.positive / exact.positive_pairs[:, None],
        atol=0.08,
    )
    np.testing.assert_array_equal(at.class_sizes, items.class_sizes)


def test_both_kernels_take_the_same_sample(items, monkeypatch):
    pytest.importorskip("numba", reason="the compiled kernel needs the extra 'fast'")
    compiled = sample(items, budget(items, 250))
    monkeypatch.setattr(sampling, "has_compiler", lambda: False)
    interpreted = sample(items, budget(items, 250))
    assert (compiled.kernel, interpreted.kernel) == ("compiled", "NumPy")
    np.testing.assert_array_equal(compiled.table.positive, interpreted.table.positive)
    np.testing.assert_array_equal(compiled.table.negative, interpreted.table.negative)
    np.testing.assert_array_equal(
        compiled.for_noise.cross_products, interpreted.for_noise.cross_products
    )
    np.testing.assert_array_equal(compiled.retrieval["recall@1"], interpreted.retrieval["recall@1"])


def test_a_sample_as_large_as_all_pairs_is_all_pairs(items):
    settings = EvaluationSettings(sample_pairs=items.n_pairs)
    result = evaluate_with(items.unit_rows, items.codes, settings)
    assert result.pairs.mode == "exact"
    assert "pairs:exact" in result.signature


def test_too_small_a_sample_is_refused(items):
    with pytest.raises(UsageError, match="at least 200 are needed"):
        sample(items, 20 * items.n_items)
    request, tight = CountRequest.of(EvaluationSettings()), Resources(1, 1 << 20)
    with pytest.raises(UsageError, match="memory_limit"):
        sampling.count_sample(items, request, budget(items, 300), 0, tight)


def test_a_sample_says_so(opis, tmp_path):
    path = tmp_path / "e.npz"
    embeddings, labels = clusters(3, n_classes=80, sizes=(8, 20))
    np.savez(path, embedding=embeddings, label=labels)
    _, out, err = opis("evaluate", path, "--sample-pairs", "3e5", "--json", "--seed", "3")
    assert '"mode": "sampled"' in out
    assert "pairs:sampled3e5" in out
    assert "|seed:3|" in out
    assert "numbers are estimates" in err
    for option, value in (("--save", tmp_path / "r.opis"), ("--index", "SQ8")):
        assert opis("evaluate", path, "--sample-pairs", "3e5", option, value)[0] == 2
    assert opis("evaluate", path, "--sample-pairs", "1.5")[0] == 2
