"""Connected components and single linkage against SciPy on a dense matrix of all distances."""

import json
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import clusters, coarse_grid
from oracles.brute_force import BruteForce
from scipy.cluster.hierarchy import linkage
from scipy.sparse.csgraph import connected_components

from opiscli import EmbeddingSet, inspect
from opiscli.distance import Distance
from opiscli.embeddings.cosine import from_cosine_distance
from opiscli.embeddings.offsets import Offsets
from opiscli.engine.bins import Bins
from opiscli.engine.count import count
from opiscli.engine.executors import threads
from opiscli.engine.side import Side
from opiscli.engine.space import PairSpace
from opiscli.metrics.components import largest_sizes, take_off
from opiscli.neighbours import single_linkage as search
from opiscli.neighbours.minimum_forest import minimum_forest
from opiscli.settings.resources import Resources

RESOURCES = Resources.of_machine(threads=2)


def plain():
    return *clusters(3, n_classes=30, dims=5, sizes=(1, 14), spread=0.6), None


def tied():
    return *coarse_grid(1, n_items=200, dims=8, n_classes=9), None


def crowded():
    embeddings, labels = clusters(4, n_classes=20, sizes=(2, 12))
    return 1 + 1e-3 * embeddings, labels, None


def repeated():
    embeddings, labels = clusters(5, n_classes=12, sizes=(4, 9))
    return embeddings[np.arange(3 * len(labels)) % len(labels)], np.tile(labels, 3), None


def shifted():
    embeddings, labels = clusters(6, n_classes=25, sizes=(1, 12))
    offsets = 0.1 * np.random.default_rng(6).normal(size=len(labels)) + 0.2
    return embeddings, labels, offsets.astype(np.float32)


KINDS = [plain, tied, crowded, repeated, shifted]


def items_of(embeddings, labels, offsets):
    moved = None if offsets is None else Offsets.of(offsets)
    return EmbeddingSet.from_arrays(embeddings, labels, offsets=moved)


def merges(embeddings, labels, offsets):
    """SciPy's single linkage: distance and size of each merge, the nearest first."""
    d = BruteForce(embeddings, labels, offsets=offsets).d
    pairs = d[np.triu_indices(len(d), 1)]
    least = min(0.0, pairs.min())  # it expects no negative distances
    found = linkage(pairs - least, "single")
    return found[:, 2] + least, found[:, 3].astype(int)


def small_steps(monkeypatch):
    """Many blocks, few seeds, and a new tree every few pairs."""
    monkeypatch.setattr(search, "_FEWEST_WAITING", 50)
    monkeypatch.setattr(search, "_SEEDS", 3)
    monkeypatch.setattr(search, "_ITEMS_AT_ONCE", 7)
    monkeypatch.setattr(search, "block_side", lambda space: 16)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", ["large", "small"])
def test_the_tree_is_single_linkage(kind, steps, monkeypatch):
    if steps == "small":
        small_steps(monkeypatch)
    data = kind()
    found = search.single_linkage(items_of(*data), RESOURCES)
    heights, _ = merges(*data)
    assert np.all(np.diff(found.cosine_distance) >= 0)
    close = 2e-9 if kind is crowded else 5e-6
    assert found.thresholds(Distance.EUCLIDEAN) == pytest.approx(heights, abs=close)


@pytest.mark.parametrize("kind", KINDS)
def test_take_off_is_the_largest_step_of_single_linkage(kind):
    data = kind()
    result = inspect(*_arguments(data), threshold=1.0, components=True).components
    heights, sizes = merges(*data)
    # Merges at one distance are one step.
    at = np.unique(np.round(heights, 6))
    largest = [sizes[heights <= height + 2e-6].max() for height in at]
    steps = np.diff([1, *largest])
    where = int(np.argmax(steps))
    assert result.take_off.threshold == pytest.approx(at[where], abs=1e-4)
    assert result.take_off.n_after - result.take_off.n_before == steps[where]
    assert result.take_off.n_after == largest[where]


def _arguments(data):
    embeddings, labels, offsets = data
    if offsets is None:
        return embeddings, labels
    table = {"embedding": list(embeddings), "label": labels, "offset": offsets}
    return pa.table(table), None


def by_hand(data, threshold):
    """Everything about the components at a threshold, from the whole matrix, item by item."""
    embeddings, labels, offsets = data
    truth = BruteForce(embeddings, labels, offsets=offsets)
    n, of = connected_components(truth.d <= threshold, directed=False)
    labels = np.asarray(labels)
    held = [Counter(labels[of == one].tolist()) for one in range(n)]
    parts = {c: Counter(of[labels == c].tolist()) for c in set(labels.tolist())}
    upper = np.triu(of[:, None] == of, 1)
    most = max((sum(c.values()), len(c)) for c in held)
    return {
        "n_components": n,
        "n_alone": sum(sum(c.values()) == 1 for c in held),
        "n_over_merged": sum(len(c) > 1 for c in held),
        "over_merged_share": sum(sum(c.values()) for c in held if len(c) > 1) / len(labels),
        "n_split": sum(len(p) > 1 for p in parts.values()),
        "n_intact": sum(len(p) == 1 and len(held[next(iter(p))]) == 1 for p in parts.values()),
        "largest": most,
        "joined": (
            int(upper.sum()),
            (upper & truth.same).sum() / np.triu(truth.same, 1).sum(),
            (upper & ~truth.same).sum() / np.triu(~truth.same, 1).sum(),
        ),
        "over_merged": sorted((-sum(c.values()), -len(c)) for c in held if len(c) > 1),
        "split": sorted(
            (-len(p), -sum(p.values()), str(c)) for c, p in parts.items() if len(p) > 1
        ),
        "held": held,
        "parts": parts,
        "of": of,
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("quantile", [0.0005, 0.01, 0.05, 0.4])
def test_components_against_the_whole_matrix(kind, quantile):
    data = kind()
    d = BruteForce(*data[:2], offsets=data[2]).d
    known = np.unique(np.round(d[np.triu_indices(len(d), 1)], 6))
    place = int(quantile * len(known))
    threshold = float(known[place] + known[place + 1]) / 2  # between pairs, where all agree
    found = inspect(*_arguments(data), threshold=threshold, components=True, pairs=1000).components
    expected = by_hand(data, threshold)
    for name in ("n_components", "n_alone", "n_over_merged", "n_split", "n_intact"):
        assert getattr(found, name) == expected[name], name
    assert found.over_merged_share == pytest.approx(expected["over_merged_share"])
    assert (found.largest.n_items, found.largest.n_classes) == expected["largest"]
    joined = found.joined
    assert (joined.n_pairs, joined.tar, joined.far) == pytest.approx(expected["joined"])
    assert [(-c.n_items, -c.n_classes) for c in found.over_merged] == expected["over_merged"]
    assert [(-c.n_components, -c.n_items) for c in found.split] == [
        key[:2] for key in expected["split"]
    ]
    for one in found.over_merged:
        (component,) = {expected["of"][item.row] for item in one.examples}
        held = expected["held"][component]
        assert one.n_items == sum(held.values())
        counts = sorted(held.values(), reverse=True)[:3]
        assert [part.n_items for part in one.largest_parts] == counts
        assert [item.label for item in one.examples] == [p.label for p in one.largest_parts]
    for split in found.split:
        parts = {str(c): p for c, p in expected["parts"].items()}[split.label]
        sizes = [parts[expected["of"][item.row]] for item in split.examples]
        assert sizes == sorted(parts.values(), reverse=True)[:2]
        assert split.n_largest_part == sizes[0]


@pytest.mark.parametrize("kernel", ["NumPy", "compiled"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_pair_of_the_tree_is_counted_at_its_distance_to_the_last_bit(kind, kernel):
    if kernel == "compiled":
        pytest.importorskip("numba")
    items = items_of(*kind())
    found = search.single_linkage(items, RESOURCES)
    space = PairSpace.within(Side.of(items), items.n_classes)
    at = np.unique(found.cosine_distance)[::7]
    thresholds = from_cosine_distance(at, Distance.COSINE)
    below = from_cosine_distance(np.nextafter(at, np.float32(-np.inf)), Distance.COSINE)
    bins = Bins(np.union1d(below, thresholds), Distance.COSINE, space.extent(Distance.COSINE)[1])
    with threads(1) as workers:
        tally = count(space, bins, kernel=kernel, workers=workers)
    pairs = tally.pooled_positive + tally.ends_of_negative // 2
    assert np.all(pairs[np.searchsorted(bins.thresholds, thresholds)] > 0)


def test_the_share_of_the_largest_by_threshold():
    """Each named threshold is the first or the last one with its property."""
    data = clusters(8, n_classes=40, dims=6, sizes=(3, 12), spread=0.5)
    result = inspect(*data, far=0.01, components=True)
    heights, sizes = merges(*data, None)
    largest = np.maximum.accumulate(sizes)
    points = {point.name: point for point in result.components.by_threshold}
    n = len(data[1])
    for name, least in (
        ("exceeds-largest-class", max(Counter(data[1].tolist()).values()) + 1),
        ("share=0.1", 0.1 * n),
        ("share=0.5", 0.5 * n),
    ):
        first = int(np.argmax(largest >= least))
        assert points[name].threshold == pytest.approx(heights[first], abs=1e-6)
        assert points[name].n_items == largest[first]
    assert points["inspected"] == result.components.largest
    truth = BruteForce(*data)
    for point in points.values():
        # At the threshold itself, or at the next that was counted.
        assert truth.far(point.threshold - 1e-6) <= point.far <= truth.far(point.threshold + 1e-3)
        nearest = by_hand((*data, None), point.threshold + 1e-7)
        assert point.joined_far == pytest.approx(nearest["joined"][2])
        assert point.joined_tar == pytest.approx(nearest["joined"][1])
    kept = points["joined-far"]
    assert kept.joined_far <= result.far
    above = heights[np.searchsorted(heights, kept.threshold + 1e-6)]
    assert by_hand((*data, None), above + 1e-6)["joined"][2] > result.far
    ordered = [point.threshold for point in result.components.by_threshold]
    assert ordered == sorted(ordered)


@pytest.mark.parametrize("kind", [plain, tied])
def test_laws(kind, tmp_path):
    """Row order, names of classes and threads change nothing; a larger threshold joins more."""
    embeddings, labels, _ = kind()
    ids = np.random.default_rng(0).permutation(len(labels))

    def found(order, names, threshold, **more):
        table = {"embedding": list(embeddings[order]), "label": names[labels[order]]}
        path = tmp_path / "x.parquet"
        pq.write_table(pa.table({**table, "id": ids[order]}), path)
        components = inspect(path, threshold=threshold, components=True, **more).to_dict()
        return _without(components["components"], "row")

    in_order, names = (
        np.arange(len(labels)),
        np.array([f"c{i:02}" for i in range(labels.max() + 1)]),
    )
    first = found(in_order, names, 0.7)
    assert _rounded(found(in_order[::-1], names, 0.7)) == _rounded(first)
    assert found(in_order, names, 0.7, threads=1) == found(in_order, names, 0.7, threads=3)
    renamed = json.dumps(found(in_order, np.char.add("x", names), 0.7)).replace('"xc', '"c')
    assert json.loads(renamed) == json.loads(json.dumps(first))
    several = [found(in_order, names, t) for t in (0.3, 0.5, 0.7, 0.9, 1.2, 2.0)]
    for name in ("n_components", "n_split"):
        values = [one[name] for one in several]
        assert values == sorted(values, reverse=True)
    values = [one["largest"]["n_items"] for one in several]
    assert values == sorted(values)
    assert several[-1]["n_components"] == 1
    assert all(one["take_off"] == first["take_off"] for one in several)


def _without(value, name):
    if isinstance(value, dict):
        return {key: _without(one, name) for key, one in value.items() if key != name}
    return [_without(one, name) for one in value] if isinstance(value, list | tuple) else value


def _rounded(value):
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return round(value, 6) if isinstance(value, float) else value


def test_a_forest_worked_out_by_hand():
    """Two trees; of two edges of one weight, and of two between the same nodes, the first."""
    first, second = np.array([0, 1, 0, 2, 3, 3, 0]), np.array([1, 2, 2, 0, 4, 4, 1])
    weight = np.array([2.0, 1.0, 2.0, 3.0, 5.0, 4.0, 7.0])
    forest = minimum_forest(6, first, second, weight)
    assert forest.edges.tolist() == [1, 0, 5]
    assert forest.trees[[0, 1, 2]].tolist() == [forest.trees[0]] * 3
    assert forest.trees[3] == forest.trees[4]
    assert len(set(forest.trees.tolist())) == 3


def test_the_largest_grows_and_takes_off():
    """A chain of six: pairs, then two pairs meet, at one distance with a third."""
    first, second = np.array([0, 2, 4, 1, 3]), np.array([1, 3, 5, 2, 4])
    sizes = largest_sizes(6, first, second)
    assert sizes.tolist() == [2, 2, 2, 4, 6]
    assert take_off(sizes, np.array([1.0, 2, 3, 4, 5]), 0.0) == (3, 2, 4)
    assert take_off(sizes, np.array([1.0, 2, 3, 4, 4]), 0.0) == (4, 2, 6)
    assert take_off(sizes, np.array([1.0, 2, 3, 3.9, 4]), 0.2) == (4, 2, 6)
