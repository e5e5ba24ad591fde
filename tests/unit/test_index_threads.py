"""Making a FAISS index and searching it: shown as progress, and held to the threads asked for."""

import os

import faiss
import numpy as np
import pytest
from conftest import clusters
from threadpoolctl import threadpool_info

from opiscli.analysis.counting import count_items
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.neighbours.faiss_threads import held_to
from opiscli.progress import FILLING, OF_AN_INDEX, SEARCHING, TRAINING
from opiscli.settings.evaluation import EvaluationSettings
from opiscli.settings.resources import Resources

FACTORIES = [
    "Flat", "SQ8", "SQfp16", "PQ4", "PCA4,PQ4", "IVF4,Flat", "IVF4,PQ4", "HNSW8", "LSH",
    "PCA4,Flat",
]  # fmt: skip


def blas_threads():
    return max(one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas")


def counted(factory, threads, on_progress=None):
    items = EmbeddingSet.from_arrays(*clusters(seed=4, n_classes=30, sizes=(6, 12)))
    settings = EvaluationSettings()
    resources = Resources(threads, 1 << 30)
    return count_items(items, settings, resources, index=factory, on_progress=on_progress)


@pytest.mark.parametrize("factory", FACTORIES)
def test_stages_threads_and_results(factory):
    before = faiss.omp_get_max_threads(), blas_threads()
    stages, seen = [], set()

    def on_progress(stage, done, total):
        assert 0 <= done <= total
        if stage in OF_AN_INDEX:
            seen.add((faiss.omp_get_max_threads(), blas_threads()))
            if stage not in stages:
                stages.append(stage)

    one = counted(factory, 1, on_progress).deployed
    assert stages == [TRAINING, FILLING, SEARCHING]
    assert seen == {(1, 1)}
    assert (faiss.omp_get_max_threads(), blas_threads()) == before
    two = counted(factory, 2).deployed
    assert np.array_equal(one.hits, two.hits)
    if one.pairs is not None:
        assert np.array_equal(one.pairs.negative, two.pairs.negative)


def test_a_process_gets_its_threads_back_whatever_happens():
    before = faiss.omp_get_max_threads(), blas_threads()

    def fail_inside():
        with held_to(1):
            assert (faiss.omp_get_max_threads(), blas_threads()) == (1, 1)
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        fail_inside()
    assert (faiss.omp_get_max_threads(), blas_threads()) == before


def test_an_index_file_with_any_name(tmp_path):
    items = EmbeddingSet.from_arrays(*clusters(seed=4, n_classes=30, sizes=(6, 12)))
    index = faiss.IndexFlatL2(items.dims)
    index.add(items.unit_rows[np.argsort(np.argsort(items.rows))])
    path = tmp_path / os.fsdecode(b"\xff.faiss")
    path.write_bytes(faiss.serialize_index(index).tobytes())
    assert counted(str(path), 1).deployed.index == str(path)
