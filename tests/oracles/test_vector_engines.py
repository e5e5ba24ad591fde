"""Vector engines accept the pairs that opis counts; those that are not installed are skipped."""

import importlib
import runpy

import numpy as np
import pytest
from conftest import ROOT, clusters

import opiscli
from opiscli.thresholds.engines import ENGINES

RUN = runpy.run_path(str(ROOT / "benchmarks" / "vector_engines.py"))
MODULES = {"sqlite-vec": "sqlite_vec", "pgvector": "pgserver", "qdrant": "qdrant_client",
           "chroma": "chromadb", "milvus": "milvus_lite"}  # fmt: skip
RUNNABLE = [engine.name for engine in ENGINES if RUN["runner_of"](engine.name)]


@pytest.mark.parametrize("engine", RUNNABLE)
def test_an_engine_accepts_the_same_pairs(engine):
    product = next(one for one in RUN["RUNNERS"] if engine.startswith(f"{one}-"))
    module = MODULES.get(product, product)
    pytest.importorskip(module, reason=f"{product} is not installed ({module})")
    for vectors, labels, targets in (
        (*clusters(5, n_classes=12, dims=8), {"far": [0.1, 0.02], "similarity": 0.4}),
        (*codes(), {"similarity": [0.4375, 0.625]}),
    ):
        result = opiscli.calibrate(vectors, labels, engine=engine, **targets)
        for point in result.operating_points:
            (one,) = point.engines
            stored = RUN["as_stored"](vectors, normalize=one.normalize)
            found = RUN["runner_of"](engine)(stored, one.value)
            assert found == point.far.k + point.tar_rate.k, point.name


def codes():
    """Codes of ±1 in 32 dims, with cosines tied at multiples of a sixteenth."""
    rng = np.random.default_rng(2)
    labels = np.arange(60) % 6
    signs = rng.choice([-1, 1], size=(6, 32))[labels]
    return np.where(rng.random(signs.shape) < 0.2, -1.0 * signs, 1.0 * signs), labels


def test_faiss_is_among_them():
    assert importlib.import_module("faiss")
    assert {"faiss-ip", "faiss-l2"} <= set(RUNNABLE)
