"""What must not change a number, on data whose similarities are exact in binary."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from conftest import clusters, coarse_grid, evaluate_with
from counted import count_pairs, cut_into, pool_of, same_counts, tally_at, within
from hypothesis import given
from hypothesis import strategies as st

from opiscli import EmbeddingSet, EvaluationSettings, evaluate_items
from opiscli.distance import OF_EMBEDDINGS
from opiscli.embeddings.cosine import cutoffs, from_cosine_distance
from opiscli.engine import ruler
from opiscli.neighbours.match_ranks import match_ranks
from opiscli.settings.evaluation import RangeBy, RangeRequest
from opiscli.settings.resources import Resources

SETTINGS = EvaluationSettings(calibration_range=RangeRequest(RangeBy.FAR, 0.05, 0.4), ks=(1, 3))
THRESHOLDS = np.array([0.0, 0.5, 0.9, 1.0, 1.2, 1.3, 2.0])
seeds = st.integers(0, 10_000)
sides = st.sampled_from([1, 3, 7, 16, 64])


def numbers(result):
    """All of a result but the class names, which its digest of the data is of too."""
    plain = asdict(result)
    del plain["data"]["sha256"]
    for point in plain["operating_points"]:
        for name in ("worst_far", "worst_frr"):
            if point[name]:
                point[name] = point[name]["value"]
    plain["worst_classes"] = sorted(
        (c["mean_utility"], c["n_items"], c["opis_contribution"]) for c in plain["worst_classes"]
    )
    return plain


@given(seeds)
def test_row_order_changes_nothing(seed):
    embeddings, labels = coarse_grid(seed)
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    plain = evaluate_with(embeddings, labels, SETTINGS)
    assert evaluate_with(embeddings[shuffled], labels[shuffled], SETTINGS) == plain


@given(seeds)
def test_class_names_change_nothing_but_the_names(seed):
    embeddings, labels = coarse_grid(seed)
    new_names = np.random.default_rng(seed).permutation([f"c{k}" for k in range(8)])
    plain = numbers(evaluate_with(embeddings, labels, SETTINGS))
    renamed = numbers(evaluate_with(embeddings, new_names[labels], SETTINGS))
    # Resampling goes through the classes in name order, so intervals are other draws.
    for result in (plain, renamed):
        parts = (*result["recall"].values(), *result["measures"].values())
        for part in (result["opis"], result["eps_opis"], *parts):
            del part["ci"]
        result["worst_classes"] = result["worst_classes"][:3]
    assert_equal_up_to_rounding(renamed, plain)


def assert_equal_up_to_rounding(a, b):
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_equal_up_to_rounding(a[key], b[key])
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_equal_up_to_rounding(x, y)
    elif isinstance(a, float):
        assert a == pytest.approx(b, rel=1e-9, abs=1e-12)
    else:
        assert a == b


@given(seeds, sides, st.integers(1, 70), st.sampled_from([1, 2, 5]))
def test_blocks_tiles_and_threads_change_nothing(seed, side, columns, n_threads):
    items = EmbeddingSet.from_arrays(*coarse_grid(seed))
    plain = count_pairs(items, THRESHOLDS)
    pooled = pool_of(within(items), n_lowest=20)
    with pytest.MonkeyPatch.context() as patch:
        cut_into(patch, side, rows=max(side // 2, 1), columns=columns)
        cut = count_pairs(items, THRESHOLDS, n_threads=n_threads)
        pooled_cut = pool_of(within(items), n_lowest=20, n_threads=n_threads)
    same_counts(plain, cut)
    assert pooled.first_cell == pooled_cut.first_cell
    for name in ("positive", "negative", "lowest"):
        np.testing.assert_array_equal(getattr(pooled, name), getattr(pooled_cut, name))


@given(seeds)
def test_memory_limit_and_threads_change_no_result(seed):
    items = EmbeddingSet.from_arrays(*coarse_grid(seed))
    roomy = evaluate_items(items, SETTINGS, Resources(1, 1 << 32))
    assert evaluate_items(items, SETTINGS, Resources(3, 8 << 20)) == roomy


@given(seeds)
def test_sums_over_classes_give_the_totals(seed):
    items = EmbeddingSet.from_arrays(*coarse_grid(seed))
    counts = count_pairs(items, THRESHOLDS)
    n = items.n_items
    assert counts.positive_pairs.sum() + counts.negative_pairs.sum() // 2 == n * (n - 1) // 2
    # The last threshold, 2, accepts everything.
    np.testing.assert_array_equal(counts.positive[:, -1], counts.positive_pairs)
    np.testing.assert_array_equal(counts.negative[:, -1], counts.negative_pairs)
    assert np.all(np.diff(counts.positive, axis=1) >= 0)
    assert np.all(np.diff(counts.negative, axis=1) >= 0)


@given(seeds, st.sampled_from(OF_EMBEDDINGS))
def test_the_ruler_and_the_thresholds_count_the_same_pairs(seed, distance):
    items = EmbeddingSet.from_arrays(*clusters(seed, n_classes=6))
    pooled = pool_of(within(items))
    cells = np.arange(len(pooled.negative))
    some = np.sort(np.random.default_rng(seed).choice(cells, 50, replace=False))
    thresholds = ruler.edge_distances(some + pooled.first_cell, distance)
    tally = tally_at(within(items), thresholds, distance)
    positive, negative = (
        np.cumsum(of)[:-1] for of in (tally.pooled_positive, tally.ends_of_negative)
    )
    np.testing.assert_array_equal(np.cumsum(pooled.positive)[some], positive)
    np.testing.assert_array_equal(2 * np.cumsum(pooled.negative)[some], negative)


@given(st.lists(st.floats(0, 2), min_size=1, max_size=20), st.sampled_from(OF_EMBEDDINGS))
def test_a_cutoff_accepts_exactly_the_distances_up_to_the_threshold(values, distance):
    thresholds = np.sort(np.array(values))
    accepted_up_to = cutoffs(thresholds, distance)
    one_more = np.nextafter(accepted_up_to, np.float32(3))
    assert np.all(from_cosine_distance(accepted_up_to, distance) <= thresholds)
    beyond = from_cosine_distance(one_more, distance) > thresholds
    assert np.all(beyond | (accepted_up_to == 2))
    # A threshold taken from a pair accepts that pair.
    pair = np.float32(values[0])
    at_pair = from_cosine_distance(np.array([pair]), distance)
    assert cutoffs(at_pair, distance)[0] >= pair


@given(seeds)
def test_recall_does_not_depend_on_row_order_or_depth(seed):
    embeddings, labels = coarse_grid(seed, n_classes=5)
    # Many duplicates, some of them with another label.
    embeddings = np.concatenate([embeddings, embeddings[:30]])
    labels = np.concatenate([labels, (labels[:30] + (np.arange(30) % 3 == 0)) % 5])
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    plain = EmbeddingSet.from_arrays(embeddings, labels)
    other = EmbeddingSet.from_arrays(embeddings[shuffled], labels[shuffled])
    for k in (1, 2, 5):
        deep, shallow = match_ranks(plain, 20, threads=1), match_ranks(other, k, threads=1)
        for of in range(1, k + 1):
            hits = [
                sorted(
                    zip(
                        r.codes.tolist(),
                        ((r.nearer < of) + 0.0 + (r.nearer + r.tied < of)),
                        strict=True,
                    )
                )
                for r in (deep, shallow)
            ]
            assert hits[0] == hits[1]


@given(seeds)
def test_scaling_rows_changes_nothing(seed):
    embeddings, labels = coarse_grid(seed)
    scale = 2.0 ** np.random.default_rng(seed).integers(-400, 400, size=len(labels))
    plain = evaluate_with(embeddings, labels, SETTINGS)
    assert evaluate_with(embeddings * scale[:, None], labels, SETTINGS) == plain


def test_the_laws_can_fail():
    """The same comparisons on data that really differs."""
    embeddings, labels = coarse_grid(1)
    plain = evaluate_with(embeddings, labels, SETTINGS)
    embeddings = embeddings.copy()
    embeddings[0] = -embeddings[0]
    assert evaluate_with(embeddings, labels, SETTINGS) != plain
    items = EmbeddingSet.from_arrays(embeddings, labels)
    swapped = replace(items, vectors=items.vectors[::-1])
    a = count_pairs(items, THRESHOLDS)
    b = count_pairs(swapped, THRESHOLDS)
    with pytest.raises(AssertionError):
        same_counts(a, b)
