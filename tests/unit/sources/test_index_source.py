"""A FAISS index with a file of labels is a source: its vectors and ids are those of the items."""

import faiss
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import clusters

import opiscli
from opiscli import EmbeddingError, SourceError, UsageError
from opiscli.embeddings.changed_rows import ChangedRows
from opiscli.errors import OpisWarning
from opiscli.sources import Selection, map_embeddings, read_embeddings

ROWS, KINDS = clusters(n_classes=8, dims=8, sizes=(6, 9))
ROWS = ROWS.astype(np.float32)
LABELS = np.array([f"c{kind}" for kind in KINDS])
IDS = np.random.default_rng(1).permutation(len(ROWS)) * 7 + 1000
L2, INNER_PRODUCT = faiss.METRIC_L2, faiss.METRIC_INNER_PRODUCT
EXACT = [("Flat", INNER_PRODUCT), ("IVF3,Flat", L2), ("HNSW8", L2), ("SQ8,RFlat", L2)]
WITH_IDS = ["IDMap,Flat", "IDMap2,IVF3,Flat"]


def write(folder, factory, *, ids=None, metric=faiss.METRIC_L2, name="items.faiss"):
    index = faiss.index_factory(8, factory, metric)
    index.train(np.tile(ROWS, (6, 1)))
    if ids is None:
        index.add(ROWS)
    else:
        index.add_with_ids(ROWS, ids)
    faiss.write_index(index, str(folder / name))
    np.save(folder / "y.npy", LABELS)
    return str(folder / name)


def one_way(folder):
    """An index behind a transform that cannot be undone."""
    transform = faiss.LinearTransform(8, 4)
    faiss.copy_array_to_vector(np.ones(32, np.float32), transform.A)
    transform.is_trained = True
    inner = faiss.IndexFlatL2(4)
    index = faiss.IndexPreTransform(transform, inner)
    index.add(ROWS)
    faiss.write_index(index, str(folder / "one_way.faiss"))
    return str(folder / "one_way.faiss")


def read(source, labels, **more):
    return read_embeddings(source, Selection(labels_file=labels, find_id=True, **more))


@pytest.mark.parametrize(("factory", "metric"), EXACT)
def test_the_vectors_are_those_that_were_added(tmp_path, factory, metric):
    source = write(tmp_path, factory, metric=metric)
    expected = opiscli.evaluate(ROWS, LABELS)
    found = opiscli.evaluate(source, str(tmp_path / "y.npy"))
    assert found.opis == expected.opis
    assert found.recall == expected.recall


@pytest.mark.parametrize("factory", WITH_IDS)
def test_ids_of_a_map_are_ids_of_the_items(tmp_path, factory):
    source = write(tmp_path, factory, ids=IDS)
    items = read(source, tmp_path / "y.npy")
    position = {one: at for at, one in enumerate(IDS)}
    ids = items.columns["id"]
    at = [position[int(ids.names[code])] for code in ids.codes]
    unit = ROWS / np.linalg.norm(ROWS, axis=1, keepdims=True)
    np.testing.assert_allclose(items.unit_rows, unit[at], atol=1e-6)
    assert [items.names[code] for code in items.codes] == list(LABELS[at])


def test_labels_are_found_by_id(tmp_path):
    """Inverted lists keep ids, but not the order in which they were added."""
    source = write(tmp_path, "IVF3,Flat", ids=IDS)
    with pytest.raises(EmbeddingError, match="not the order in which its vectors were added"):
        read(source, tmp_path / "y.npy")
    expected = opiscli.evaluate(ROWS, LABELS)
    shuffled = np.random.default_rng(2).permutation(len(IDS))
    table = pa.table({"label": LABELS[shuffled], "id": IDS[shuffled]})
    pq.write_table(table, tmp_path / "y.parquet")
    lines = [f"{one},{label}" for one, label in zip(IDS, LABELS, strict=True)]
    (tmp_path / "y.csv").write_text("\n".join(["id,label", *lines]))
    mapped = write(tmp_path, "IDMap,Flat", ids=IDS, name="mapped.faiss")
    for index, file in ((source, "y.parquet"), (mapped, "y.csv")):
        assert opiscli.evaluate(index, str(tmp_path / file)).opis == expected.opis
    texts = pa.table({"label": LABELS, "id": [f"item {one}" for one in IDS]})
    pq.write_table(texts, tmp_path / "texts.parquet")
    with pytest.raises(EmbeddingError, match=r"are string, but those of .* are whole numbers"):
        read(source, tmp_path / "texts.parquet")
    pq.write_table(pa.concat_tables([table, table.slice(3, 1)]), tmp_path / "twice.parquet")
    with pytest.raises(EmbeddingError, match="an id more than once"):
        read(source, tmp_path / "twice.parquet")
    with pytest.raises(SourceError, match="no such file"):
        read(mapped, tmp_path / "nothing.csv")
    pq.write_table(table.slice(1), tmp_path / "fewer.parquet")
    with pytest.raises(EmbeddingError, match=f"1 of .* such as {IDS[shuffled[0]]}"):
        read(source, tmp_path / "fewer.parquet")


def test_what_does_not_give_the_embeddings_back_exactly_is_said(tmp_path):
    source = write(tmp_path, "SQ8")
    with pytest.warns(OpisWarning, match="compressed or transformed"):
        read(source, tmp_path / "y.npy")
    with pytest.raises(SourceError, match="does not give its vectors back"):
        read(one_way(tmp_path), tmp_path / "y.npy")


def test_rows_are_chosen_and_projected_as_of_a_file(tmp_path):
    source = write(tmp_path, "IDMap,Flat", ids=IDS)
    items = read(source, tmp_path / "y.npy", where=("label=c1",), with_pairs=False)
    assert (items.n_items, set(items.names)) == (sum(LABELS == "c1"), {"c1"})
    written = tmp_path / "p.parquet"
    map_embeddings(
        source, Selection(), lambda rows: ChangedRows(rows[:, :2] + 1), written, force=False
    )
    table = pq.read_table(written)
    assert table.column_names == ["id", "embedding"]
    assert table["id"].to_pylist() == IDS.tolist()


def test_what_is_wrong_is_explained(tmp_path):
    source = write(tmp_path, "Flat")
    with pytest.raises(UsageError, match="has no labels"):
        read(source, None)
    np.save(tmp_path / "short.npy", LABELS[1:])
    with pytest.raises(EmbeddingError, match="the numbers must match"):
        read(source, tmp_path / "short.npy")
    with pytest.raises(UsageError, match="memory_limit is 1 kB"):
        read(source, tmp_path / "y.npy", memory_limit=1000)
    contents = (tmp_path / "items.faiss").read_bytes()
    (tmp_path / "items.faiss").write_bytes(contents[: len(contents) // 2])
    with pytest.raises(SourceError, match="cannot be read as a FAISS index"):
        read(source, tmp_path / "y.npy")
    twice = write(tmp_path, "IDMap,Flat", ids=IDS // 14)
    with pytest.raises(SourceError, match="vectors with the id"):
        read(twice, tmp_path / "y.npy")
    with pytest.raises(SourceError, match="only if its name ends in"):
        read(write(tmp_path, "Flat", name="e.parquet"), tmp_path / "y.npy")
    faiss.write_index(faiss.IndexFlatL2(8), str(tmp_path / "empty.faiss"))
    with pytest.raises(SourceError, match="without vectors"):
        read(str(tmp_path / "empty.faiss"), tmp_path / "y.npy")
