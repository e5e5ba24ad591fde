"""Every number of queries against a separate gallery, and what is true of them on any data."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import clusters, coarse_grid
from counted import cut_into
from oracles.brute_force import BruteForceAcross
from oracles.test_brute_force import assert_agrees

from opiscli import EmbeddingError, EmbeddingSet, UsageError, evaluate
from opiscli.embeddings.shared_items import shared_items


def split(embeddings, labels, seed=0, share=0.4):
    """Queries and a gallery with classes of their own on either side, the others on both."""
    rng = np.random.default_rng(seed)
    to_gallery = rng.random(len(labels)) < share
    to_gallery[labels == 0], to_gallery[labels == 1] = True, False
    for label in np.unique(labels)[2:]:
        first, second, *_ = np.flatnonzero(labels == label)
        to_gallery[first], to_gallery[second] = True, False
    return embeddings[~to_gallery], labels[~to_gallery], embeddings[to_gallery], labels[to_gallery]


def one_each(embeddings, labels):
    """The first item of each class is the gallery, all others are queries."""
    enrolled = np.zeros(len(labels), dtype=bool)
    enrolled[np.unique(labels, return_index=True)[1]] = True
    return embeddings[~enrolled], labels[~enrolled], embeddings[enrolled], labels[enrolled]


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
@pytest.mark.parametrize("utility", ["tpr-tnr", "precision-recall"])
def test_small_clusters(distance, utility):
    x, y, z, w = split(*clusters(seed=3, n_classes=25, sizes=(3, 12)))
    options = {"distance": distance, "utility": utility, "beta": 1.5, "epsilon": 0.2}
    result = evaluate(x, y, gallery=(z, w), **options)
    truth = BruteForceAcross(x, y, z, w, distance)
    assert_agrees(result, truth, epsilon=0.2, beta=1.5, kind=utility)
    assert result.opis.n_classes == result.opis.n_uncorrectable == 23
    assert (result.opis.noise, result.opis.corrected) == (None, None)
    assert result.recall["1"].n_queries == np.isin(y, w).sum()


@pytest.mark.parametrize("seed", range(3))
def test_tied_data(seed):
    x, y, z, w = split(*coarse_grid(seed, n_items=90))
    result = evaluate(x, y, gallery=(z, w), far=(0.05, 0.4))
    assert_agrees(result, BruteForceAcross(x, y, z, w))


def test_one_enrolled_item_for_each_class():
    x, y, z, w = one_each(*clusters(seed=8, n_classes=30, sizes=(2, 9), spread=0.8))
    result = evaluate(x, y, gallery=(z, w))
    assert_agrees(result, BruteForceAcross(x, y, z, w))
    assert result.pairs.n_positive == len(y)
    assert (result.gallery.n_items, result.gallery.n_singletons) == (30, 30)
    turned_round = evaluate(z, w, gallery=(x, y))
    assert_agrees(turned_round, BruteForceAcross(z, w, x, y))


def test_queries_of_a_single_class():
    x, y, z, w = split(*clusters(seed=1, n_classes=6, sizes=(6, 12)))
    x, y = x[y == 3], y[y == 3]
    result = evaluate(x, y, gallery=(z, w), range=(0.3, 1.2))
    assert result.opis.n_classes == 1
    assert result.pairs.n_negative == len(y) * (w != 3).sum()
    assert result.recall["1"].value == BruteForceAcross(x, y, z, w).recall(1)


def test_sides_may_be_exchanged_in_all_but_searches():
    x, y, z, w = split(*clusters(seed=11, n_classes=20, sizes=(4, 12), spread=0.8))
    one, other = evaluate(x, y, gallery=(z, w)), evaluate(z, w, gallery=(x, y))
    assert one.pairs == other.pairs
    assert one.opis == other.opis
    assert one.eps_opis == other.eps_opis
    pairs = [
        [replace(point, identification=None) for point in of.operating_points]
        for of in (one, other)
    ]
    assert pairs[0] == pairs[1]
    assert one.operating_points != other.operating_points
    assert one.recall != other.recall


def test_neither_order_nor_threads_nor_blocks_matter(monkeypatch):
    x, y, z, w = split(*clusters(seed=12, n_classes=40, sizes=(4, 30), spread=0.8))
    rng = np.random.default_rng(0)
    p, q = rng.permutation(len(y)), rng.permutation(len(w))
    one = evaluate(x, y, gallery=(z, w), threads=1)
    cut_into(monkeypatch, 100)
    other = evaluate(x[p], y[p], gallery=(z[q], w[q]), threads=2)
    assert one == other


def test_labels_are_matched_as_text():
    x, y, z, w = split(*clusters(seed=3, n_classes=25, sizes=(3, 12)))
    one = evaluate(x, y, gallery=(z, w)).to_dict()
    other = evaluate(x, y, gallery=(z, w.astype(str))).to_dict()
    assert one.pop("gallery")["n_items"] == other.pop("gallery")["n_items"]
    assert one == other


def test_shared_items_are_found_one_by_one():
    rng = np.random.default_rng(4)
    pool = rng.choice([-1.0, 0.0, 1.0], size=(400, 5))
    pool = pool[np.any(pool != 0, axis=1)]
    labels = rng.integers(0, 5, len(pool))
    x, y, z, w = pool[:150], labels[:150], pool[150:230], labels[150:230] + 2
    unit = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (x, z)]
    equal = np.abs(unit[0][:, None] - unit[1]).max(axis=2) < 1e-6
    other = equal & (y[:, None] != w)
    sets = (EmbeddingSet.from_arrays(a, b, with_pairs=False) for a, b in ((x, y), (z, w)))
    assert shared_items(*sets) == (equal.any(axis=1).sum(), other.any(axis=1).sum())
    assert 0 < other.any(axis=1).sum() < equal.any(axis=1).sum() < len(x)


def test_items_with_one_fingerprint_by_chance_are_not_shared():
    one, other = (EmbeddingSet.from_arrays(x, ["a", "b", "b"]) for x in (np.eye(3), -np.eye(3)))
    vars(one)["fingerprints"] = other.fingerprints
    assert shared_items(one, other) == (0, 0)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"k": (1, 5)}, r"k=\(1, 5\) asks for R@5"),
        ({"ranking": True}, "ranking is for the pairs within one set"),
        ({"drop_duplicates": True}, "drop_duplicates is for"),
        ({"sample_pairs": 10_000}, "sample_pairs is for"),
        ({"index": "SQ8"}, "index is for"),
    ],
)
def test_what_is_known_within_one_set_only_is_refused(options, says):
    x, y, z, w = split(*clusters(seed=3))
    with pytest.raises(UsageError, match=says):
        evaluate(x, y, gallery=(z, w), **options)


def test_one_set_still_needs_pairs_of_its_own():
    with pytest.raises(EmbeddingError, match="single item"):
        evaluate(np.eye(3), [1, 2, 3])
