"""A FAISS index that is damaged or impossible is explained, where FAISS itself would crash."""

import faiss
import numpy as np
import pytest
from conftest import clusters

from opiscli import EmbeddingSet, SourceError, UsageError, evaluate
from opiscli.distance import Distance
from opiscli.neighbours.ann_index import open_index, search
from opiscli.neighbours.factory_string import require_fitting

ITEMS = EmbeddingSet.from_arrays(*clusters(n_classes=8, dims=8, sizes=(6, 9)))


@pytest.mark.parametrize(
    "asked",
    ["PQ4x0", "HNSW0", "RR0,Flat", "IVF0,Flat", "LSQ0x0", "PQ4x33", "RQ30x30", "IMI2x16,Flat",
     "IVF1000000000,Flat", "HNSW1000000000", "IVF4,Flat;nprobe=0", "IVF4,Flat;nprobe=-1",
     "IVF4,Flat;nprobe=nan", "HNSW4;efSearch=100000", "IVF4,Flat;nprobe=99999999999999999999"],
)  # fmt: skip
def test_numbers_out_of_range_are_refused_before_faiss_sees_them(asked):
    with pytest.raises(UsageError, match="has the number"):
        open_index(asked, ITEMS, Distance.EUCLIDEAN, seed=0)


@pytest.mark.parametrize(
    ("asked", "is_refused"),
    [("HNSW32", False), ("HNSW3000", True), ("NSG3000,Flat", True), ("IVF4_HNSW3000,Flat", False),
     ("PQ4,RFlat;k_factor=1", False), ("PQ4,RFlat;k_factor=2000", True), ("SQ8", False)],
)  # fmt: skip
def test_graphs_and_searches_are_counted_against_the_memory_limit(asked, is_refused):
    if is_refused:
        with pytest.raises(UsageError, match=rf"memory_limit is 20 MB, but .*{asked} needs"):
            require_fitting(asked, 1000, 8, 20_000_000)
    else:
        require_fitting(asked, 1000, 8, 20_000_000)


def test_the_memory_limit_of_an_evaluation_holds_for_its_index():
    asked = "PQ4,RFlat;k_factor=4000"
    with pytest.raises(UsageError, match=r"memory_limit is 1,000 MB, but index PQ4,RFlat;k_factor"):
        evaluate(*clusters(n_classes=8, sizes=(6, 9)), index=asked, memory_limit="1GB")


def written(tmp_path, factory, rows=ITEMS.unit_rows):
    index = faiss.index_factory(8, factory)
    index.train(rows)
    index.add(rows)
    faiss.write_index(index, str(tmp_path / "i.faiss"))
    return tmp_path / "i.faiss"


def test_a_file_that_ends_faiss_is_explained(tmp_path):
    file = written(tmp_path, "HNSW4")
    index = faiss.read_index(str(file))
    links = faiss.vector_to_array(index.hnsw.neighbors)
    faiss.copy_array_to_vector(np.full_like(links, 2**31 - 1), index.hnsw.neighbors)
    faiss.write_index(index, str(file))
    with pytest.raises(SourceError, match="cannot be read as a FAISS index"):
        open_index(str(file), ITEMS, Distance.EUCLIDEAN, seed=0)


def test_items_that_are_not_of_the_source(tmp_path):
    file = written(tmp_path, "IVF2,Flat")
    index = faiss.read_index(str(file))
    index.reset()
    index.add_with_ids(ITEMS.unit_rows, np.arange(ITEMS.n_items) + 10**9)
    faiss.write_index(index, str(file))
    with pytest.raises(SourceError, match="not of the source"):
        search(open_index(str(file), ITEMS, Distance.EUCLIDEAN, seed=0), ITEMS.unit_rows, 3)
