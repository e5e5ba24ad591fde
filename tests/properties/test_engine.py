"""The engine against loops over all pairs, and what must not change a count."""

import multiprocessing
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np
import pytest
from conftest import clusters, coarse_grid
from counted import KERNELS, count_pairs, cut_into, pool_of, same_counts, tally_at, within
from hypothesis import given
from hypothesis import strategies as st

from opiscli import EmbeddingSet
from opiscli.counting.plan import Plan
from opiscli.counting.tables import binned_counts, pair_counts, pooled_counts, spread_counts
from opiscli.distance import OF_EMBEDDINGS, Distance
from opiscli.embeddings.cosine import LARGEST, from_cosine_distance
from opiscli.engine import count as counting
from opiscli.engine import ruler
from opiscli.engine.bins import Bins
from opiscli.engine.executors import InProcess, results
from opiscli.engine.kernels import NUMPY
from opiscli.engine.side import Side
from opiscli.engine.space import Pairing, PairSpace
from opiscli.engine.workers import workers_of
from opiscli.settings.resources import Resources

seeds = st.integers(0, 10_000)
distances = st.sampled_from(OF_EMBEDDINGS)
KINDS = ["within", "same class", "across", "stored, L2", "stored, product", "sampled"]


def exact_side(rng, n_items, *, moved, offset):
    """Items whose products, terms and offsets are exact in binary: ties and duplicates."""
    vectors = rng.choice(np.float32([-0.25, 0.25]), size=(n_items, 16))
    vectors[20:30] = vectors[:10]
    if moved:
        vectors *= rng.choice(np.float32([0.5, 1, 2]), size=(n_items, 1))
    codes = np.sort(np.minimum(rng.integers(0, 12, n_items), 7)).astype(np.int32)
    codes[-1] = 9  # a class of one item, and one of none
    terms = 0.5 * np.einsum("ij,ij->i", vectors, vectors) if moved else None
    offsets = rng.integers(-8, 9, n_items).astype(np.float32) / 64 if offset else None
    for array in (vectors, codes, terms, offsets):
        if array is not None:
            array.flags.writeable = False
    return Side(vectors, codes, np.arange(n_items), terms, offsets)


def drawn_from(items, rng):
    return items[np.sort(rng.choice(len(items), 45, replace=False))]


def exact_space(seed, kind, *, moved=False, offset=False):
    rng = np.random.default_rng(seed)
    items = exact_side(rng, 110, moved=moved, offset=offset)
    if kind in ("within", "same class"):
        return PairSpace.within(items, 10, same_class_only=kind == "same class")
    if kind == "sampled":
        return PairSpace.sampled(items, drawn_from(items, rng), 10)
    other = exact_side(rng, 70 if kind == "across" else 110, moved=moved, offset=offset)
    if kind == "across":
        return PairSpace.across(items, other, 10)
    stored = replace(other, codes=items.codes)
    return PairSpace.against_stored(items, stored, 10, is_l2=kind == "stored, L2")


def all_pairs(space):
    """Cosine distance of all cells in float64, which of them are pairs, and of one class."""
    rows, columns = space.rows, space.columns
    product = rows.vectors.astype(float) @ columns.vectors.astype(float).T
    cosine = rows.sums.astype(float)[:, None] + columns.sums - product
    is_pair = {
        Pairing.LATER: rows.ids[:, None] < columns.ids,
        Pairing.OTHERS: rows.ids[:, None] != columns.ids,
        Pairing.ALL: np.ones(cosine.shape, dtype=bool),
    }[space.pairing]
    same = rows.codes[:, None] == columns.codes
    return cosine, is_pair & same if space.same_class_only else is_pair, same


def some_thresholds(rng, space, distance):
    """Observed distances, others, and sometimes the one that accepts all."""
    observed = np.unique(from_cosine_distance(all_pairs(space)[0], distance))
    few = rng.choice(observed, min(8, len(observed)), replace=False)
    last = [LARGEST] if rng.random() < 0.5 else []
    at = np.unique([*few, *rng.uniform(-0.1, 1.6, 12), *last])
    return at[at <= LARGEST]


def assert_counts_are_right(space, tally, thresholds, distance, items_at):
    cosine, is_pair, same = all_pairs(space)
    beyond_none = np.where(thresholds >= LARGEST, np.inf, thresholds)
    bins = np.searchsorted(beyond_none, from_cosine_distance(cosine, distance))
    coarse = np.searchsorted(items_at, bins)
    sides = (
        (space.rows.codes[:, None], tally.row_items, 0),
        (space.columns.codes[None, :], tally.column_items, 1),
    )
    for of_kind, name in ((is_pair & same, "positive"), (is_pair & ~same, "negative")):
        table = np.zeros((space.n_classes, len(thresholds) + 1), dtype=int)
        for codes, items, axis in sides:
            where = np.broadcast_to(codes, bins.shape)[of_kind]
            if axis == 0 or (name == "negative" and space.ends == 2):
                np.add.at(table, (where, bins[of_kind]), 1)
            place = np.nonzero(of_kind)[axis]
            nearest = np.full(len(getattr(items, f"nearest_{name}")), np.inf)
            reached = bins[of_kind] < len(thresholds)
            np.minimum.at(nearest, place[reached], cosine[of_kind][reached])
            if space.is_one_set:
                other = np.nonzero(of_kind)[1 - axis]
                np.minimum.at(nearest, other[reached], cosine[of_kind][reached])
            np.testing.assert_array_equal(getattr(items, f"nearest_{name}"), nearest)
            if axis == 0:
                of_items = np.zeros((len(nearest), len(items_at) + 1), dtype=int)
                np.add.at(of_items, (place, coarse[of_kind]), 1)
                if space.is_one_set:
                    np.add.at(of_items, (other, coarse[of_kind]), 1)
                counted = getattr(items, name)
                np.testing.assert_array_equal(counted[:, :-1], of_items[:, :-1])
        np.testing.assert_array_equal(getattr(tally, name)[:, :-1], table[:, :-1])


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", KINDS)
@given(seeds, distances, st.booleans(), st.booleans())
def test_every_pair_is_counted_once_where_it_belongs(kernel, kind, seed, distance, moved, offset):
    """However the space is cut; so both kernels also agree with one another."""
    rng = np.random.default_rng(seed)
    space = exact_space(seed, kind, moved=moved and kind != "stored, product", offset=offset)
    thresholds = some_thresholds(rng, space, distance)
    items_at = np.unique(rng.integers(0, len(thresholds), 4))
    side, rows, columns = rng.choice([7, 16, 33, 200], 3)
    with pytest.MonkeyPatch.context() as patch:
        cut_into(patch, int(side), int(rows), int(columns))
        how = {"items_at": items_at, "kernel": kernel, "n_threads": int(rng.integers(1, 4))}
        tally = tally_at(space, thresholds, distance, **how)
    assert_counts_are_right(space, tally, thresholds, distance, items_at)


@pytest.mark.parametrize("kind", KINDS)
def test_a_space_knows_how_many_pairs_it_has(monkeypatch, kind):
    space = exact_space(3, kind)
    _, is_pair, same = all_pairs(space)
    assert space.positive_pairs.sum() == (is_pair & same).sum()
    if kind != "same class":
        assert space.n_pairs == is_pair.sum()
        assert space.negative_pairs.sum() == space.ends * (is_pair & ~same).sum()
    cut_into(monkeypatch, 16)
    pooled = pool_of(space)
    assert pooled.positive.sum() == (is_pair & same).sum()


@pytest.mark.parametrize("kernel", KERNELS)
@given(seeds, st.booleans())
def test_offsets_of_zero_change_no_count(kernel, seed, moved):
    space = exact_space(seed, "within", moved=moved)
    none = replace(space.rows, offsets=np.zeros(110, dtype=np.float32))
    thresholds, items_at = np.linspace(0, 1.5, 40), np.arange(0, 40, 7)
    plain, other = (
        tally_at(of, thresholds, items_at=items_at, kernel=kernel)
        for of in (space, PairSpace.within(none, 10))
    )
    np.testing.assert_array_equal(plain.positive, other.positive)
    np.testing.assert_array_equal(plain.negative, other.negative)
    for name in ("positive", "negative", "nearest_positive", "nearest_negative"):
        np.testing.assert_array_equal(
            getattr(plain.row_items, name), getattr(other.row_items, name)
        )


@pytest.mark.parametrize("kernel", KERNELS)
@given(seeds, st.integers(-32, 32))
def test_one_offset_for_all_items_moves_every_distance_by_twice_it(kernel, seed, number):
    constant = number / 64
    space = exact_space(seed, "within")
    moved = replace(space.rows, offsets=np.full(110, constant, dtype=np.float32))
    thresholds = np.unique(np.random.default_rng(seed).uniform(0, 1, 30))
    plain = tally_at(space, thresholds, Distance.COSINE, kernel=kernel)
    shifted = tally_at(
        PairSpace.within(moved, 10), thresholds + 2 * constant, Distance.COSINE, kernel=kernel
    )
    np.testing.assert_array_equal(plain.positive[:, :-1], shifted.positive[:, :-1])
    np.testing.assert_array_equal(plain.negative[:, :-1], shifted.negative[:, :-1])
    for name in ("nearest_positive", "nearest_negative"):
        before, after = (getattr(tally.row_items, name) for tally in (plain, shifted))
        np.testing.assert_array_equal(before + 2 * constant, after)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("distance", OF_EMBEDDINGS)
@pytest.mark.parametrize("crowd", [0, 30])
def test_any_offsets_against_float64(kernel, distance, crowd):
    """Duplicates too: their distance is the sum of their offsets, and may be negative."""
    embeddings, labels = clusters(2, n_classes=30)
    embeddings[::7] = embeddings[1::7][: len(embeddings[::7])]
    items = EmbeddingSet.from_arrays(embeddings + crowd, labels)
    offsets = np.random.default_rng(0).normal(0, 0.05 / (1 + crowd) ** 2, items.n_items)
    space = within(items, offsets.astype(np.float32))
    unit = embeddings[items.rows] + crowd
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    cosine = 0.5 * ((unit[:, None] - unit) ** 2).sum(axis=2)
    cosine += space.rows.offsets.astype(float)[:, None] + space.rows.offsets
    upper = np.triu_indices(items.n_items, 1)
    observed = np.sort(cosine[upper])
    # Between pairs that rounding cannot confuse.
    clear = np.flatnonzero(np.diff(observed) > 4e-6 * space.scale)
    between = (observed[clear] + observed[clear + 1]) / 2
    assert between[0] < 0
    thresholds = from_cosine_distance(between[:: max(len(between) // 60, 1)], distance)
    tally = tally_at(space, thresholds, distance, kernel=kernel)
    same = items.codes[upper[0]] == items.codes[upper[1]]
    exact = from_cosine_distance(cosine[upper], distance)
    for of_kind, counted in ((same, tally.pooled_positive), (~same, tally.ends_of_negative // 2)):
        expected = np.searchsorted(np.sort(exact[of_kind]), thresholds, side="right")
        np.testing.assert_array_equal(np.cumsum(counted)[:-1], expected)


@given(seeds, st.sampled_from(KINDS))
def test_halves_of_the_blocks_add_up_to_the_whole(seed, kind):
    space, thresholds = exact_space(seed, kind), np.linspace(0.2, 1.5, 12)
    items_at = np.array([0, 3, 11])
    whole = tally_at(space, thresholds, items_at=items_at)
    bins = Bins(thresholds, Distance.EUCLIDEAN)
    item_bin = counting._item_bins(bins, items_at)
    counter = counting.BlockCounter(space, bins, item_bin, True, NUMPY)
    blocks = space.blocks(16)
    parts = []
    for some in (blocks[::2], blocks[1::2]):
        part = counting.empty_tally(counter)
        for block in some:
            part.add(counter(block), block.rows, block.columns)
        parts.append(part)
    total = reduce(add, parts)
    assert (total.row_items is total.column_items) == space.is_one_set
    for side in ("row_items", "column_items"):
        for name in ("positive", "negative", "nearest_positive", "nearest_negative"):
            one, other = (getattr(getattr(tally, side), name) for tally in (total, whole))
            if name in ("positive", "negative"):
                one, other = one[:, :-1], other[:, :-1]
            np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(total.positive[:, :-1], whole.positive[:, :-1])
    np.testing.assert_array_equal(total.negative[:, :-1], whole.negative[:, :-1])


class AtOnce:
    """An executor that has nothing but ``submit``, and does the work when asked."""

    def submit(self, fn, /, *args):
        future = Future()
        future.set_result(fn(*args))
        return future


def test_anything_with_submit_is_an_executor(monkeypatch):
    monkeypatch.setattr(counting, "block_side", lambda _: 40)
    space, bins = exact_space(0, "within"), Bins(np.linspace(0, 1.5, 9), Distance.EUCLIDEAN)
    spawned = multiprocessing.get_context("spawn")
    tallies = []
    for executor in (
        AtOnce(),
        ThreadPoolExecutor(3),
        ProcessPoolExecutor(1, mp_context=spawned),
    ):
        with workers_of(Resources(2, 1 << 30, executor)) as workers:
            tallies.append(
                counting.count(space, bins, items_at=np.array([2]), kernel=NUMPY, workers=workers)
            )
        getattr(executor, "shutdown", lambda: None)()
    for other in tallies[1:]:
        np.testing.assert_array_equal(tallies[0].positive, other.positive)
        np.testing.assert_array_equal(tallies[0].negative, other.negative)
        np.testing.assert_array_equal(tallies[0].row_items.negative, other.row_items.negative)


def test_work_is_handed_out_in_order_and_not_too_far_ahead():
    asked, waiting = [], []

    class Watching(AtOnce):
        def submit(self, fn, /, *args):
            asked.append(args[0])
            return super().submit(fn, *args)

    for task, square in results(InProcess(Watching(), 3), lambda n: n * n, range(10)):
        waiting.append(len(asked) - task)
        assert square == task * task
    assert asked == list(range(10))
    assert max(waiting) == 3


def test_deriving_counts_changes_no_argument():
    """Every array is read-only, and a second time gives the same."""
    items = EmbeddingSet.from_arrays(*coarse_grid(1, n_items=120))
    space, thresholds = within(items), np.linspace(0.3, LARGEST, 30)
    plan = Plan(thresholds, np.array([4, 9, 20]), None)
    tally = tally_at(space, thresholds, items_at=plan.items_at)
    counted = (tally.positive, tally.negative, tally.row_items.positive, tally.row_items.negative)
    of_space = (space.positive_pairs, space.negative_pairs, space.rows.ids)
    for array in (*counted, *of_space, thresholds, plan.items_at):
        array.flags.writeable = False
    tally_at(space, thresholds, items_at=plan.items_at)

    derive = (
        lambda: pooled_counts(space, thresholds, tally).accepted,
        lambda: pair_counts(space, thresholds, tally, thresholds[::5]).negative,
        lambda: binned_counts(space, thresholds, tally).at(thresholds[3:5]).positive,
        lambda: spread_counts(space, plan, tally.row_items).cross_products,
    )
    forwards = [one() for one in derive]
    backwards = [one() for one in derive[::-1]][::-1]
    for one, other in zip(forwards, backwards, strict=True):
        np.testing.assert_array_equal(one, other)


def test_tables_of_a_tally_agree_with_one_another():
    items = EmbeddingSet.from_arrays(*coarse_grid(7, n_items=200, n_classes=15))
    for last in (1.4, LARGEST):
        thresholds, some = np.linspace(0.4, last, 25), np.array([2, 11, 24])
        space = within(items)
        plan = Plan(thresholds, some, None)
        tally = tally_at(space, thresholds, items_at=some)
        every = pair_counts(space, thresholds, tally, thresholds)
        pooled = pooled_counts(space, thresholds, tally)
        assert pooled.ticks[-1] == LARGEST
        n_pairs = items.n_items * (items.n_items - 1) // 2
        assert pooled.positive.sum() + pooled.negative.sum() == n_pairs
        np.testing.assert_array_equal(pooled.accepted[0][:25], every.positive.sum(axis=0))
        np.testing.assert_array_equal(pooled.accepted[1][:25], every.negative.sum(axis=0) // 2)
        spread = spread_counts(space, plan, tally.row_items)
        np.testing.assert_array_equal(spread.positive, every.positive[:, some])
        np.testing.assert_array_equal(spread.negative, every.negative[:, some])
        binned = binned_counts(space, thresholds, tally).at(thresholds)
        np.testing.assert_array_equal(binned.negative, every.negative)
        same_counts(spread, count_pairs(items, thresholds[some]))


def test_sums_over_items_are_those_of_all_pairs():
    items = EmbeddingSet.from_arrays(*coarse_grid(7, n_items=800, n_classes=3))
    thresholds = np.array([0.7, 1.0, 1.5])
    spread = count_pairs(items, thresholds)
    cosine, _, same = all_pairs(within(items))
    other = ~np.eye(items.n_items, dtype=bool)
    for j, threshold in enumerate(thresholds):
        near = from_cosine_distance(cosine, Distance.EUCLIDEAN) <= threshold
        p, n = (near & same & other).sum(axis=1), (near & ~same).sum(axis=1)
        for name, of_item in (
            ("positive_adjacent", p * (p - 1)),
            ("negative_squares", n * n),
            ("cross_products", p * n),
        ):
            expected = np.bincount(items.codes, weights=of_item)
            np.testing.assert_array_equal(getattr(spread, name)[:, j], expected)


@given(seeds, st.integers(1, 300))
def test_the_smallest_negative_distances_are_known_one_by_one(seed, n):
    items = EmbeddingSet.from_arrays(*coarse_grid(seed, n_items=90))
    cosine, is_pair, same = all_pairs(within(items))
    with pytest.MonkeyPatch.context() as patch:
        cut_into(patch, 16)
        pooled = pool_of(within(items), n_lowest=n, n_threads=2)
    np.testing.assert_array_equal(pooled.lowest, np.sort(cosine[is_pair & ~same])[:n])
    for of_kind, counted in ((same, pooled.positive), (~same, pooled.negative)):
        at = ruler.cells(cosine[is_pair & of_kind].astype(np.float32)) - pooled.first_cell
        np.testing.assert_array_equal(counted, np.bincount(at, minlength=len(counted)))


def test_progress_goes_up_to_all_pairs(monkeypatch):
    cut_into(monkeypatch, 40)
    space, told = exact_space(0, "within"), []
    bins = Bins(np.array([1.0]), Distance.EUCLIDEAN)
    workers = InProcess(AtOnce(), 2)
    counting.count(
        space, bins, kernel=NUMPY, workers=workers, on_progress=lambda *a: told.append(a)
    )
    assert told[-1] == ("pairs", space.n_pairs, space.n_pairs)
    assert [done for _, done, _ in told] == sorted({done for _, done, _ in told})
    assert len(told) > 3
