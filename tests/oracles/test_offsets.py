"""Every number of a set whose similarities have offsets, against the definitions in float64."""

import faiss
import numpy as np
import pytest
from conftest import clusters, coarse_grid
from oracles.brute_force import BruteForce
from oracles.test_brute_force import assert_agrees, assert_point_agrees

from opiscli import EmbeddingError, EmbeddingSet, EvaluationSettings, UsageError, evaluate
from opiscli.analysis.counting import Gallery, count_items
from opiscli.analysis.evaluate import derive
from opiscli.counting import sampled_items
from opiscli.counts import opis_file
from opiscli.distance import OF_EMBEDDINGS, Distance
from opiscli.embeddings.offsets import Offsets
from opiscli.neighbours.exact import NeighbourSearch
from opiscli.settings.evaluation import RangeBy, RangeRequest
from opiscli.settings.resources import Resources

RESOURCES = Resources.of_machine(threads=2)


def offset_set(seed=3, spread=0.1, constant=0.0, labels=None, crowd=0.0, **how):
    """A set of clusters, and offsets that change who is nearest."""
    embeddings, found = clusters(seed=seed, n_classes=25, sizes=(1, 12), **how)
    embeddings = embeddings + crowd
    offsets = spread * np.random.default_rng(seed).normal(size=len(found)) + constant
    offsets = offsets.astype(np.float32)
    items = EmbeddingSet.from_arrays(embeddings, found, offsets=Offsets.of(offsets, 50, 0.25))
    return embeddings, found, offsets, items


def counted(items, *, complete=False, **asked):
    return count_items(items, EvaluationSettings(**asked), RESOURCES, complete=complete)


@pytest.mark.parametrize("distance", OF_EMBEDDINGS)
@pytest.mark.parametrize("constant", [0.0, 0.4, -0.6])
@pytest.mark.parametrize("complete", [False, True])
def test_every_number(distance, constant, complete):
    embeddings, labels, offsets, items = offset_set(constant=constant)
    result = derive(counted(items, complete=complete, distance=distance, ks=(1, 3)))
    truth = BruteForce(embeddings, labels, distance.value, offsets=offsets.astype(float))
    assert truth.recall(1) != BruteForce(embeddings, labels).recall(1)
    assert_agrees(result, truth)
    assert "|score:cos-offset(k=50,w=0.25)|" in result.signature


@pytest.mark.parametrize("complete", [False, True])
def test_every_number_planned_from_a_sample(monkeypatch, complete):
    monkeypatch.setattr(sampled_items, "SAMPLE_ITEMS", 200)
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(60), 10)
    embeddings = rng.normal(size=(60, 12))[labels] + 0.7 * rng.normal(size=(600, 12))
    offsets = (0.1 * rng.normal(size=600) - 0.5).astype(np.float32)
    items = EmbeddingSet.from_arrays(embeddings, labels, offsets=Offsets.of(offsets))
    result = derive(counted(items, complete=complete))
    truth = BruteForce(embeddings, labels, offsets=offsets.astype(float))
    for point in result.operating_points:
        assert_point_agrees(point, truth, 0.1)
    grid = np.linspace(*result.calibration_range.threshold, 201)
    expected = truth.opis(truth.utilities(grid), grid)
    assert result.opis.value == pytest.approx(expected, rel=5e-3)
    assert result.recall["1"].value == truth.recall(1)


@pytest.mark.parametrize("seed", range(3))
def test_tied_data(seed):
    embeddings, labels = coarse_grid(seed, n_items=90)
    embeddings[7], embeddings[30] = embeddings[6], embeddings[6]
    offsets = np.random.default_rng(seed).choice([-0.125, 0.0, 0.125], size=90).astype(np.float32)
    items = EmbeddingSet.from_arrays(embeddings, labels, offsets=Offsets.of(offsets))
    far = RangeRequest(RangeBy.FAR, 0.05, 0.4)
    result = derive(counted(items, calibration_range=far, ks=(1, 2, 5)))
    assert_agrees(result, BruteForce(embeddings, labels, offsets=offsets.astype(float)))


def test_rankings():
    embeddings, labels, offsets, items = offset_set()
    truth = BruteForce(embeddings, labels, offsets=offsets.astype(float))
    map_at_r, r_precision = [], []
    for query in range(len(labels)):
        n_relevant = np.count_nonzero(labels == labels[query]) - 1
        if n_relevant:
            others = np.delete(np.arange(len(labels)), query)
            order = others[np.argsort(truth.d[query][others])][:n_relevant]
            matches = labels[order] == labels[query]
            precision = np.cumsum(matches) / np.arange(1, n_relevant + 1)
            map_at_r.append((precision * matches).sum() / n_relevant)
            r_precision.append(matches.mean())
    ranking = derive(counted(items, ranking=True)).ranking
    assert ranking.map_at_r.value == pytest.approx(np.mean(map_at_r))
    assert ranking.r_precision.value == pytest.approx(np.mean(r_precision))


def test_crowded_embeddings():
    embeddings, labels, offsets, items = offset_set(spread=0.01, crowd=20.0)
    assert items.centre is not None
    truth = BruteForce(embeddings, labels, "cosine", offsets=offsets.astype(float))
    assert_agrees(derive(counted(items, distance=Distance.COSINE)), truth)


def test_duplicates_stay_duplicates_with_one_offset_only():
    embeddings, labels, offsets, _ = offset_set()
    embeddings[1:3] = embeddings[0]
    offsets[1], offsets[2] = offsets[0], offsets[0] + 0.1
    items = EmbeddingSet.from_arrays(embeddings, labels, offsets=Offsets.of(offsets))
    assert np.count_nonzero(items.repeats) == 1
    assert items.without_repeats().offsets.values.tolist() == np.delete(offsets, 1).tolist()


def test_offsets_follow_their_items():
    embeddings, labels, offsets, _ = offset_set()
    order = np.random.default_rng(1).permutation(len(labels))
    items = EmbeddingSet.from_arrays(
        embeddings[order], labels[order], offsets=Offsets.of(offsets[order])
    )
    assert np.array_equal(items.offsets.values, offsets[order][items.rows])
    some = np.flatnonzero(items.class_sizes[items.codes] > 3)
    part = items.subset(some)
    assert np.array_equal(part.offsets.values, offsets[order][part.rows])


def test_offsets_of_zero_change_no_count():
    embeddings, labels, offsets, _ = offset_set()
    plain = EmbeddingSet.from_arrays(embeddings, labels)
    zero = EmbeddingSet.from_arrays(embeddings, labels, offsets=Offsets.of(0 * offsets, 50, 0))
    runs = [counted(items, complete=True) for items in (plain, zero)]
    one, other = (run.counted for run in runs)
    assert np.array_equal(one.table.thresholds, other.table.thresholds)
    for name in ("positive", "negative"):
        bins, others = (getattr(of.table, name) for of in (one, other))
        assert np.array_equal(bins.bins, others.bins)
        assert np.array_equal(bins.pairs, others.pairs)
    assert plain.sha256 == zero.sha256
    assert runs[1].settings.score == "cos-offset(k=50,w=0)"


@pytest.mark.parametrize("constant", [0.25, -0.5])
def test_one_constant_shifts_every_score_and_no_ranking(constant):
    embeddings, labels, offsets, _ = offset_set()
    offsets = np.round(offsets, 1).astype(np.float32)
    results = []
    for added in (0.0, constant):
        shifted = Offsets.of(offsets + np.float32(added))
        items = EmbeddingSet.from_arrays(embeddings, labels, offsets=shifted)
        results.append(derive(counted(items, distance=Distance.COSINE, ks=(1, 3))))
    one, other = results
    assert one.recall == other.recall
    assert other.opis.value == pytest.approx(one.opis.value, abs=1e-6)
    for before, after in zip(one.operating_points, other.operating_points, strict=True):
        # Between two pairs, a threshold may be anywhere; on many pairs it is where they are.
        assert after.threshold - before.threshold == pytest.approx(2 * constant, abs=5e-3)
        assert after.far.k == pytest.approx(before.far.k, abs=1)


def test_augmented_vectors_in_faiss_give_the_same_neighbours_and_scores():
    *_, items = offset_set()
    n = items.n_items
    own = items.offsets.values[:, None]
    ones = np.ones((n, 1), dtype=np.float32)
    index = faiss.IndexFlatIP(items.dims + 2)
    index.add(np.hstack([items.unit_rows, -own, -ones]))
    scores, found = index.search(np.hstack([items.unit_rows, ones, own]), n)
    [near] = NeighbourSearch(items, items, threads=1).nearest(np.arange(n), np.full(n, n - 1))
    for query in range(n):
        others = found[query] != query
        assert found[query][others].tolist() == near.found[query].tolist()
        expected = 1 - near.distance[query]
        assert np.abs(scores[query][others] - expected).max() < 1e-5


def test_a_gallery_is_compared_with_the_offsets_of_both_sides():
    *_, items = offset_set()
    queries = items.subset(np.arange(0, items.n_items, 2))
    gallery = items.subset(np.arange(1, items.n_items, 2))
    run = count_items(queries, EvaluationSettings(), RESOURCES, gallery=Gallery(gallery))
    similarity = queries.unit_rows.astype(float) @ gallery.unit_rows.T.astype(float)
    similarity -= np.add.outer(queries.offsets.values, gallery.offsets.values)
    names = [np.array(side.names)[side.codes] for side in (queries, gallery)]
    same = names[0][:, None] == names[1]
    point = derive(run).operating_points[1]
    at_least = similarity >= point.similarity
    assert abs(point.far.k - np.count_nonzero(at_least & ~same)) <= 1
    nearest = same[np.arange(len(same)), similarity.argmax(axis=1)]
    is_query = same.any(axis=1)
    recall = derive(run).recall["1"]
    assert (recall.value, recall.n_queries) == (nearest[is_query].mean(), is_query.sum())


def test_a_gallery_without_offsets_is_refused():
    *_, items = offset_set()
    with pytest.raises(EmbeddingError, match="compared by cos-offset"):
        count_items(
            items, EvaluationSettings(), RESOURCES, gallery=Gallery(items.without_offsets())
        )


def test_a_sample_of_pairs_estimates_the_same():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(100), 10)
    embeddings = rng.normal(size=(100, 12))[labels] + 0.7 * rng.normal(size=(1000, 12))
    offsets = (0.1 * rng.normal(size=1000) - 0.3).astype(np.float32)
    items = EmbeddingSet.from_arrays(embeddings, labels, offsets=Offsets.of(offsets))
    exact = derive(counted(items, distance=Distance.COSINE))
    some = derive(counted(items, distance=Distance.COSINE, sample_pairs=400_000))
    assert some.pairs.mode == "sampled"
    for one, other in zip(exact.operating_points[:2], some.operating_points[:2], strict=True):
        assert other.threshold == pytest.approx(one.threshold, abs=0.01)
    assert some.recall["1"].value == pytest.approx(exact.recall["1"].value, abs=0.05)


@pytest.mark.parametrize("distance", OF_EMBEDDINGS)
def test_an_evaluation_file_holds_them(tmp_path, distance):
    *_, items = offset_set(constant=-0.6)
    run = counted(items, complete=True, distance=distance)
    assert run.counted.table.thresholds[0] < 0
    opis_file.write(run, tmp_path / "run.opis")
    again = opis_file.read(tmp_path / "run.opis", "run.opis")
    assert again.settings == run.settings
    assert derive(again) == derive(run)


def test_an_index_is_refused():
    *_, items = offset_set()
    with pytest.raises(UsageError, match="compares items by the cosine"):
        evaluate(items, index="SQ8")


@pytest.mark.parametrize("bad", [np.nan, np.inf, 2.5])
def test_an_offset_that_is_none_is_named(bad):
    values = np.zeros(5)
    values[3] = bad
    with pytest.raises(EmbeddingError, match="offset in row 3 is"):
        Offsets.of(values)
