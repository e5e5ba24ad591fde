"""What an index makes of the thresholds, against FAISS's own search for every pair."""

import faiss
import numpy as np
import pytest
from conftest import clusters, coarse_grid
from counted import cut_into

from opiscli import EmbeddingSet, EvaluationSettings, SourceError, UsageError
from opiscli.analysis.counting import count_items
from opiscli.analysis.evaluate import derive
from opiscli.distance import OF_EMBEDDINGS, Distance
from opiscli.settings.evaluation import RangeBy, RangeRequest
from opiscli.settings.resources import Resources

LOSSY = ["SQ4", "PQ4x4", "PCA6,SQ4", "OPQ4_8,PQ4x4", "IVF4,PQ4x4;nprobe=4", "SQfp16", "L2norm,SQ6"]
LOSSLESS = ["Flat", "IVF4,Flat;nprobe=4", "HNSW8", "IDMap,Flat"]


def cloud(seed=0):
    embeddings, labels = clusters(seed, n_classes=40, dims=12, sizes=(1, 15), spread=0.7)
    return EmbeddingSet.from_arrays(embeddings, labels)


def run(items, index, distance=Distance.EUCLIDEAN, threads=1):
    settings = EvaluationSettings(
        distance=distance, calibration_range=RangeRequest(RangeBy.FAR, 0.02, 0.2), n_thresholds=9
    )
    return count_items(items, settings, Resources.of_machine(threads=threads), index=index)


def all_distances(file, items):
    """What FAISS reports to a user who searches for every item and takes all results."""
    index = faiss.read_index(str(file))
    score, found = index.search(items.unit_rows, items.n_items)
    distance = np.empty(score.shape)
    if index.metric_type == faiss.METRIC_L2:
        np.put_along_axis(distance, found, np.sqrt(np.maximum(score, 0)), axis=1)
    else:
        np.put_along_axis(distance, found, 1 - score, axis=1)
    return distance


def made(tmp_path, factory, items, metric):
    factory, _, parameters = factory.partition(";")
    faiss.omp_set_num_threads(1)
    index = faiss.index_factory(items.dims, factory, metric)
    index.train(items.unit_rows)
    index.add(items.unit_rows)
    if parameters:
        faiss.ParameterSpace().set_index_parameters(index, parameters)
    faiss.write_index(index, str(tmp_path / "items.faiss"))
    return tmp_path / "items.faiss"


@pytest.mark.parametrize("distance", OF_EMBEDDINGS)
@pytest.mark.parametrize("factory", [*LOSSY, "Flat"])
def test_rates_are_those_of_the_distances_that_the_index_reports(tmp_path, factory, distance):
    items = cloud(seed=4)
    metric = faiss.METRIC_L2 if distance is Distance.EUCLIDEAN else faiss.METRIC_INNER_PRODUCT
    file = made(tmp_path, factory, items, metric)
    reported = all_distances(file, items)
    # The index holds the items in class order, so that is the order of its source.
    in_order = EmbeddingSet.from_arrays(items.unit_rows, items.codes)
    counted = run(in_order, str(file), distance).deployed.pairs
    own = np.eye(items.n_items, dtype=bool)
    same = (items.codes[:, None] == items.codes) & ~own
    for j, threshold in enumerate(counted.thresholds):
        accepted = reported <= threshold
        in_doubt = np.abs(reported - threshold) < 1e-5
        for i in range(items.n_classes):
            mine = items.codes == i
            ends = mine[:, None] ^ mine
            positive = accepted & same & mine[:, None]
            negative = accepted & ~same & ends
            assert abs(counted.positive[i, j] - positive.sum()) <= (in_doubt & same).sum()
            assert abs(counted.negative[i, j] - negative.sum()) <= (in_doubt & ends).sum()
        assert in_doubt.mean() < 0.01
    np.testing.assert_array_equal(
        counted.positive_pairs, [(same & (items.codes == i)[:, None]).sum() for i in range(40)]
    )


@pytest.mark.parametrize("factory", LOSSLESS)
@pytest.mark.parametrize("distance", OF_EMBEDDINGS)
def test_an_index_that_loses_nothing_changes_nothing(factory, distance):
    embeddings, labels = coarse_grid(seed=6, n_items=150)
    items = EmbeddingSet.from_arrays(embeddings, labels)
    result = derive(run(items, factory, distance)).deployed
    assert result.opis.deployed == pytest.approx(result.opis.exact, abs=1e-12)
    for point in result.operating_points:
        assert (point.far.deployed, point.tar.deployed) == (point.far.exact, point.tar.exact)
    if "HNSW" not in factory:
        assert result.recall_at_1.deployed == result.recall_at_1.exact


def test_recall_goes_by_what_the_index_finds(tmp_path):
    items = cloud(seed=9)
    file = made(tmp_path, "IVF8,SQ4", items, faiss.METRIC_L2)
    index = faiss.read_index(str(file))
    score, found = index.search(items.unit_rows, items.n_items)
    hits = []
    for a in np.flatnonzero(items.class_sizes[items.codes] > 1):
        others = [(s, b) for s, b in zip(score[a], found[a], strict=True) if b not in (a, -1)]
        first = [b for s, b in others if s - others[0][0] <= 1e-7]
        match = [items.codes[b] == items.codes[a] for b in first]
        hits.append((any(match) + all(match)) / 2 if first else 0)
    in_order = EmbeddingSet.from_arrays(items.unit_rows, items.codes)
    result = derive(run(in_order, str(file))).deployed
    assert result.recall_at_1.deployed == pytest.approx(np.mean(hits), abs=1e-9)
    assert result.recall_at_1.deployed != result.recall_at_1.exact


def test_copies_that_are_all_alike_are_tied():
    # One cluster of two codes: nearly everything is at the same distance from everything.
    items = cloud(seed=2)
    result = derive(run(items, "PQ1x1")).deployed
    assert 0.4 < result.recall_at_1.deployed < 0.6


@pytest.mark.parametrize("factory", ["SQ4", "IVF4,PQ4x4;nprobe=2", "PCA6,SQ4", "HNSW8,SQ8"])
def test_neither_the_order_of_rows_nor_threads_nor_tiles_matter(monkeypatch, factory):
    items = cloud(seed=5)
    embeddings, labels = np.array(items.unit_rows), np.array(items.codes)
    order = np.random.default_rng(0).permutation(len(labels))
    shuffled = EmbeddingSet.from_arrays(embeddings[order], labels[order])
    one = derive(run(EmbeddingSet.from_arrays(embeddings, labels), factory)).deployed
    cut_into(monkeypatch, 100)
    other = derive(run(shuffled, factory, threads=2)).deployed
    assert one == other


@pytest.mark.parametrize(("factory", "n_bytes"), [("SQ8", 12), ("PQ4", 4), ("Flat", 48)])
def test_bytes_per_item(factory, n_bytes):
    rng = np.random.default_rng(0)
    items = EmbeddingSet.from_arrays(rng.normal(size=(400, 12)), rng.integers(0, 9, 400))
    assert run(items, factory).deployed.bytes_per_item == n_bytes


def test_a_file_holds_the_items_in_the_order_of_their_source(tmp_path):
    rng = np.random.default_rng(3)
    embeddings, labels = rng.normal(size=(200, 12)), rng.integers(0, 9, 200)
    unit = (embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)).astype(np.float32)
    index = faiss.IndexScalarQuantizer(12, faiss.ScalarQuantizer.QT_8bit)
    index.train(unit)
    index.add(unit)
    faiss.write_index(index, str(tmp_path / "good.faiss"))
    items = EmbeddingSet.from_arrays(embeddings, labels)
    good = derive(run(items, str(tmp_path / "good.faiss"))).deployed
    assert good.recall_at_1.deployed == pytest.approx(good.recall_at_1.exact, abs=0.02)

    shifted = faiss.IndexFlatL2(12)
    shifted.add(np.roll(unit, 1, axis=0))
    faiss.write_index(shifted, str(tmp_path / "shifted.faiss"))
    with pytest.raises(SourceError, match="does not hold these items in this order"):
        run(items, str(tmp_path / "shifted.faiss"))

    long = faiss.IndexFlatIP(12)
    long.add(5 * unit)
    faiss.write_index(long, str(tmp_path / "long.faiss"))
    with pytest.raises(SourceError, match="mean length 5"):
        run(items, str(tmp_path / "long.faiss"))

    for name, cut in (("fewer", unit[:-1]), ("narrower", unit[:, :-1].copy())):
        other = faiss.IndexFlatL2(cut.shape[1])
        other.add(cut)
        faiss.write_index(other, str(tmp_path / name))
        with pytest.raises(SourceError, match=r"holds (199 vectors|11 dims), but (200|12)"):
            run(items, str(tmp_path / name))
    (tmp_path / "cut.faiss").write_bytes((tmp_path / "good.faiss").read_bytes()[:90])
    with pytest.raises(SourceError, match="cannot be read as a FAISS index"):
        run(items, str(tmp_path / "cut.faiss"))
    with pytest.raises(SourceError, match="no such index file"):
        run(items, str(tmp_path / "none.faiss"))


@pytest.mark.parametrize(
    ("number", "message"),
    [(3, "cannot decode"), (-5, "not of the source"), (200, "not of the source")],
)
def test_an_index_file_with_a_wrong_number_of_an_item_is_refused(tmp_path, number, message):
    rng = np.random.default_rng(3)
    embeddings, labels = rng.normal(size=(200, 12)), rng.integers(0, 9, 200)
    unit = (embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)).astype(np.float32)
    coarse = faiss.IndexFlatL2(12)
    index = faiss.IndexIVFFlat(coarse, 12, 4)
    index.nprobe = 4
    index.train(unit)
    numbers = np.arange(200)
    numbers[4] = number
    index.add_with_ids(unit, numbers)
    faiss.write_index(index, str(tmp_path / "wrong.faiss"))
    with pytest.raises(SourceError, match=message):
        run(EmbeddingSet.from_arrays(embeddings, labels), str(tmp_path / "wrong.faiss"))


@pytest.mark.parametrize("asked", ["bogus", "PQ5", "IVF4000,Flat", "IVF4,Flat;foo=3", "SQ8;nprobe"])
def test_an_index_that_cannot_be_made_is_explained(asked, capfd):
    with pytest.raises(UsageError, match="cannot be made by FAISS of"):
        run(cloud(), asked)
    assert capfd.readouterr().err == ""


def test_an_index_of_estimates_has_no_thresholds(capfd):
    result = derive(run(cloud(), "LSH"))
    assert result.deployed.recall_at_1.deployed < result.deployed.recall_at_1.exact
    assert result.deployed.opis.deployed is None
    assert {point.far.deployed for point in result.deployed.operating_points} == {None}
    assert "index-distances" in [warning.code for warning in result.warnings]


def test_too_few_items_to_learn_from_are_said_in_one_line(capfd):
    rng = np.random.default_rng(0)
    items = EmbeddingSet.from_arrays(rng.normal(size=(400, 8)), rng.integers(0, 9, 400))
    result = derive(run(items, "PQ2"))
    assert "few-training-items" in [warning.code for warning in result.warnings]
    assert capfd.readouterr().err == ""
