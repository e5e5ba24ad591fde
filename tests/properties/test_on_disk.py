"""A set on disk has the numbers of the same set in memory, to the last bit."""

import numpy as np
import pytest
from conftest import clusters
from counted import cut_into

from opiscli import EmbeddingSet, UsageError, evaluate, finetune, inspect
from opiscli.analysis.counting import Gallery, count_items, evaluate_items
from opiscli.counting import sampled_items
from opiscli.counting.request import CountRequest
from opiscli.counting.within import count_within
from opiscli.embeddings.mean_similarity import mean_similarity
from opiscli.embeddings.offsets import Offsets
from opiscli.embeddings.on_disk import is_on_disk
from opiscli.engine import count as counting
from opiscli.engine.memory import bytes_needed
from opiscli.engine.side import Side
from opiscli.engine.space import PairSpace
from opiscli.neighbours import exact
from opiscli.settings.evaluation import EvaluationSettings
from opiscli.settings.resources import Resources

ROOMY = Resources(2, 1 << 33)
KINDS = ["plain", "crowded", "with offsets", "with repeats"]


def both(kind, seed=0, **how):
    """The same set in memory and on disk, its rows in random order."""
    embeddings, labels = clusters(seed, n_classes=40, dims=24, sizes=(2, 14))
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    embeddings, labels = embeddings[order], labels[order]
    offsets = None
    if kind == "crowded":
        embeddings = embeddings + 60.0
    elif kind == "with offsets":
        offsets = Offsets.of(rng.normal(size=len(labels)) / 20)
    elif kind == "with repeats":
        embeddings[:4] = embeddings[5]
    return (
        EmbeddingSet.from_arrays(embeddings, labels, offsets=offsets, memory_limit=limit, **how)
        for limit in (None, 1)
    )


@pytest.fixture(params=KINDS)
def sets(request):
    here, there = both(request.param)
    assert is_on_disk(there.vectors)
    assert not is_on_disk(here.vectors)
    return here, there


def test_it_is_the_same_set(sets):
    here, there = sets
    for name in ("vectors", "codes", "rows", "first_equal", "fingerprints", "unit_rows"):
        np.testing.assert_array_equal(getattr(here, name), getattr(there, name))
    for name in ("centre", "half_squares", "offset_values"):
        ours, theirs = getattr(here, name), getattr(there, name)
        assert (ours is None and theirs is None) or np.array_equal(ours, theirs)
    assert here.sha256 == there.sha256
    assert mean_similarity(here) == mean_similarity(there)
    kept = there.without_repeats()
    assert is_on_disk(kept.vectors)
    np.testing.assert_array_equal(kept.vectors, here.without_repeats().vectors)


SETTINGS = [
    {},
    {"ks": (1, 5), "ranking": True},
    {"drop_duplicates": True, "min_items": 3},
    {"sample_pairs": 60_000},
]


@pytest.mark.parametrize("given", SETTINGS, ids=[", ".join(one) or "default" for one in SETTINGS])
def test_it_has_the_same_evaluation(sets, given, monkeypatch):
    here, there = sets
    monkeypatch.setattr(exact, "_MOST_AT_ONCE", 50)  # part by part also where FAISS merges lists
    settings = EvaluationSettings(**given)
    assert evaluate_items(there, settings, ROOMY) == evaluate_items(here, settings, ROOMY)


def test_it_has_the_same_counts_from_a_sample(sets, monkeypatch):
    monkeypatch.setattr(sampled_items, "SAMPLE_ITEMS", 150)
    cut_into(monkeypatch, 64, 32, 16)
    for how in ({}, {"fars": (1e-2,)}, {"complete": True}):
        request = CountRequest.of(EvaluationSettings(), **how)
        one, other = (count_within(items, request, ROOMY) for items in sets)
        assert np.array_equal(one.grid, other.grid)
        for name in ("positive", "negative"):
            assert np.array_equal(getattr(one.pooled, name), getattr(other.pooled, name))
        ours, theirs = one.at(one.grid), other.at(one.grid)
        for name in ("positive", "negative"):
            assert np.array_equal(getattr(ours, name), getattr(theirs, name))
        for name in ("positive_adjacent", "negative_squares", "cross_products"):
            assert np.array_equal(getattr(one.for_noise, name), getattr(other.for_noise, name))
        assert one.retrieval.keys() == other.retrieval.keys()
        assert all(np.array_equal(one.retrieval[k], other.retrieval[k]) for k in one.retrieval)


def test_a_search_part_by_part_finds_the_same(sets, monkeypatch):
    monkeypatch.setattr(exact, "_MOST_AT_ONCE", 50)
    queries, depth = np.arange(20, 90), 12
    (score, found), (score_by_part, found_by_part) = (
        exact.NeighbourSearch(items, items, threads=1)._search(queries, depth) for items in sets
    )
    np.testing.assert_allclose(score_by_part, score, rtol=0, atol=1e-5)
    is_apart = np.abs(np.diff(score, axis=1)).min(axis=1) > 1e-4 * np.ptp(score)
    assert is_apart.sum() > 10
    np.testing.assert_array_equal(found_by_part[is_apart], found[is_apart])


@pytest.mark.parametrize("kind", ["plain", "crowded"])
def test_it_has_the_same_gallery_evaluation(kind):
    queries, galleries = list(both(kind)), [None, None]
    for i, limit in enumerate((None, 1)):
        embeddings, labels = clusters(0, n_classes=44, dims=24, sizes=(2, 14))
        if kind == "crowded":
            embeddings = embeddings + 59.9
        galleries[i] = EmbeddingSet.from_arrays(embeddings, labels, memory_limit=limit)
    settings = EvaluationSettings()
    one, *others = (
        count_items(query, settings, ROOMY, gallery=Gallery(gallery))
        for query in queries
        for gallery in galleries
    )
    for other in others:
        assert other.data == one.data
        assert other.gallery == one.gallery
        ours, theirs = (found.counted.at(one.counted.grid) for found in (one, other))
        assert np.array_equal(ours.positive, theirs.positive)
        assert np.array_equal(ours.negative, theirs.negative)
        assert all(
            np.array_equal(one.counted.retrieval[k], other.counted.retrieval[k])
            for k in one.counted.retrieval
        )


def test_it_has_the_same_inspection(sets):
    here, there = (inspect(items, far=1e-2) for items in sets)
    assert here == there


def test_its_tables_are_on_disk_and_take_no_memory(monkeypatch):
    made = []
    empty = counting.empty_tally

    def watched(counter):
        made.append(empty(counter))
        return made[-1]

    monkeypatch.setattr(counting, "empty_tally", watched)
    sets = list(both("plain"))
    for items in sets:
        count_within(items, CountRequest.of(EvaluationSettings()), ROOMY)
    for tally, on_disk in zip(made, (False, True), strict=True):
        for table in (tally.positive, tally.negative, tally.row_items.negative):
            assert is_on_disk(table) == on_disk
    needs = []
    for items in sets:
        space = PairSpace.within(Side.of(items), items.n_classes)
        needs.append([bytes_needed(space, n, np.arange(60), 1) for n in (1000, 5000)])
    (few, many), (few_on_disk, many_on_disk) = needs
    assert many_on_disk - few_on_disk < many - few
    # The bins that calibrations take from the tables are in memory.
    assert bytes_needed(space, 5000, np.arange(60), 1, True) > many_on_disk


@pytest.mark.parametrize(
    "does", [lambda items: evaluate(items, index="SQ8"), lambda items: finetune(items, steps=1)]
)
def test_what_needs_it_in_memory_is_refused(does):
    _, items = both("plain")
    with pytest.raises(UsageError, match="needs embeddings in memory"):
        does(items)
