"""Thresholds for vector engines: the unit, the direction and the rounding of each."""

import json
import re

import numpy as np
import pytest
from conftest import ROOT, SAMPLE
from hypothesis import given
from hypothesis import strategies as st

import opiscli
from opiscli.thresholds.engines import ENGINES, find_engines

WORDNET = str(SAMPLE / "wordnet.parquet")


def dot(a, b):
    return float(a @ b)


def cosine(a, b):
    return dot(a, b) / float(np.linalg.norm(a) * np.linalg.norm(b))


def squared(a, b):
    return float(np.sum((a - b) ** 2))


def l2(a, b):
    return squared(a, b) ** 0.5


def shifted(a, b):
    return dot(a, b) + 1 if dot(a, b) >= 0 else 1 / (1 - dot(a, b))


# What each engine computes of two vectors, and whether larger is nearer, from its documentation.
MEASURES = {
    "faiss-ip": (dot, True),
    "faiss-l2": (squared, False),
    "pgvector-cosine": (lambda a, b: 1 - cosine(a, b), False),
    "pgvector-l2": (l2, False),
    "pgvector-ip": (lambda a, b: -dot(a, b), False),
    "qdrant-cosine": (cosine, True),
    "qdrant-dot": (dot, True),
    "qdrant-euclid": (l2, False),
    "milvus-cosine": (cosine, True),
    "milvus-ip": (dot, True),
    "milvus-l2": (squared, False),
    "elasticsearch-cosine": (lambda a, b: (1 + cosine(a, b)) / 2, True),
    "elasticsearch-dot-product": (lambda a, b: (1 + dot(a, b)) / 2, True),
    "elasticsearch-l2-norm": (lambda a, b: 1 / (1 + l2(a, b) ** 2), True),
    "elasticsearch-max-inner-product": (shifted, True),
    "opensearch-cosinesimil": (lambda a, b: (2 - (1 - cosine(a, b))) / 2, True),
    "opensearch-cosinesimil-before-2.19": (lambda a, b: 1 / (1 + 1 - cosine(a, b)), True),
    "opensearch-l2": (lambda a, b: 1 / (1 + squared(a, b)), True),
    "opensearch-innerproduct": (shifted, True),
    "chroma-cosine": (lambda a, b: 1 - cosine(a, b), False),
    "chroma-l2": (squared, False),
    "chroma-ip": (lambda a, b: 1 - dot(a, b), False),
    "weaviate-cosine": (lambda a, b: 1 - cosine(a, b), False),
    "weaviate-certainty": (lambda a, b: 1 - (1 - cosine(a, b)) / 2, True),
    "weaviate-dot": (lambda a, b: -dot(a, b), False),
    "weaviate-l2-squared": (squared, False),
    "lancedb-cosine": (lambda a, b: 1 - cosine(a, b), False),
    "lancedb-l2": (squared, False),
    "lancedb-dot": (lambda a, b: 1 - dot(a, b), False),
    "redis-cosine": (lambda a, b: 1 - cosine(a, b), False),
    "redis-l2": (squared, False),
    "redis-ip": (lambda a, b: 1 - dot(a, b), False),
    "pinecone-cosine": (cosine, True),
    "pinecone-dotproduct": (dot, True),
    "pinecone-euclidean": (squared, False),
    "mongodb-cosine": (lambda a, b: (1 + cosine(a, b)) / 2, True),
    "mongodb-dotproduct": (lambda a, b: (1 + dot(a, b)) / 2, True),
    "mongodb-euclidean": (lambda a, b: 1 / (1 + l2(a, b)), True),
    "azure-search": (lambda a, b: 1 / (1 + (1 - cosine(a, b))), True),
    "vespa-angular": (lambda a, b: 1 / (1 + np.arccos(cosine(a, b))), True),
    "vespa-prenormalized-angular": (lambda a, b: 1 / (1 + 1 - dot(a, b) / dot(a, a)), True),
    "vespa-dotproduct": (dot, True),
    "vespa-euclidean": (lambda a, b: 1 / (1 + l2(a, b)), True),
    "hnswlib-cosine": (lambda a, b: 1 - cosine(a, b), False),
    "hnswlib-ip": (lambda a, b: 1 - dot(a, b), False),
    "hnswlib-l2": (squared, False),
    "sqlite-vec-cosine": (lambda a, b: 1 - cosine(a, b), False),
    "sqlite-vec-l2": (l2, False),
    "duckdb-cosine-similarity": (cosine, True),
    "duckdb-cosine-distance": (lambda a, b: 1 - cosine(a, b), False),
    "duckdb-l2": (l2, False),
    "duckdb-ip": (dot, True),
    "duckdb-negative-ip": (lambda a, b: -dot(a, b), False),
}


def test_every_engine_is_measured():
    assert [engine.name for engine in ENGINES] == list(MEASURES)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_same_pairs_are_accepted(engine):
    """At thresholds from opposite to equal vectors; of any length where the engine allows it."""
    rng = np.random.default_rng(1)
    measure, larger = MEASURES[engine.name]
    centre = rng.normal(size=5)
    pairs = [
        (centre + width * rng.normal(size=5), sign * centre + width * rng.normal(size=5))
        for width in (1e-3, 0.1, 0.5, 1, 3)
        for sign in (1, -1)
        for _ in range(40)
    ]
    if not engine.any_length:
        pairs = [(a / np.linalg.norm(a), b / np.linalg.norm(b)) for a, b in pairs]
    similarities = np.array([cosine(a, b) for a, b in pairs])
    values = np.array([measure(a, b) for a, b in pairs])
    for similarity in (-0.999999, -0.5, -0.01, 0.0, 0.2, 0.7, 0.99, 0.99999):
        found = engine.threshold(1 - similarity)
        assert (found.accept, found.normalize) == (">=" if larger else "<=", not engine.any_length)
        accepted = values >= found.value if larger else values <= found.value
        assert not (accepted & (similarities < similarity)).any()
        clear = np.abs(similarities - similarity) > 3e-7
        np.testing.assert_array_equal(accepted[clear], similarities[clear] >= similarity)


@given(st.floats(1e-12, 2), st.sampled_from(ENGINES))
def test_values_are_rounded_towards_rejection(cosine_distance, engine):
    exact = engine.unit.of(cosine_distance)
    found = engine.threshold(cosine_distance)
    rejects = found.value - exact if found.accept == ">=" else exact - found.value
    # A score near 1 cannot be told from the next one in float64.
    assert 0 <= rejects <= max(1.1e-8 * max(cosine_distance, 1e-9), np.finfo(float).eps)
    written = float(re.search(r"-?\d+\.\d+", found.comparison.replace(engine.name, ""))[0])
    assert written == found.value


def test_ends_of_the_scale():
    for engine in ENGINES:
        nearest, farthest = engine.threshold(0.0), engine.threshold(2.0)
        assert nearest.value == pytest.approx(engine.unit.of(0.0))
        assert farthest.value == pytest.approx(engine.unit.of(2.0))


def test_engines_are_found_by_name_and_by_family():
    assert [engine.name for engine in find_engines(["pgvector", "FAISS_IP", "faiss-ip"])] == [
        "pgvector-cosine",
        "pgvector-l2",
        "pgvector-ip",
        "faiss-ip",
    ]
    assert {engine.name for engine in find_engines(["sqlite-vec", "azure"])} == {
        "sqlite-vec-cosine",
        "sqlite-vec-l2",
        "azure-search",
    }


@pytest.mark.parametrize(
    ("name", "closest"),
    [
        ("pgvector-l22", "pgvector-l2"),
        ("pinecon", "pinecone-cosine"),
        ("elastic-search", "elasticsearch-"),
        ("oracle", "faiss, pgvector, qdrant"),
        ("", "faiss, pgvector"),
    ],
)
def test_an_unknown_engine_names_the_closest(opis, name, closest):
    code, out, err = opis("calibrate", WORDNET, "--far", "1e-2", f"--for={name}")
    assert (code, out) == (2, "")
    assert f"--for is {name!r}" in err
    assert closest in err
    with pytest.raises(opiscli.UsageError, match=f"engine is {name!r}"):
        opiscli.calibrate(WORDNET, far=1e-2, engine=name)


def test_where_a_threshold_for_an_engine_is_printed(opis, tmp_path):
    run = ("calibrate", WORDNET, "--far", "1e-2", "--far", "1e-3", "--for", "pgvector-l2",
           "--for", "azure-search", "-q")  # fmt: skip
    points = json.loads(opis(*run, "--json")[1])["operating_points"]
    printed = [one["value"] for point in points for one in point["engines"]]
    assert len(printed) == 4
    assert opis(*run, "--print", "threshold")[1].split() == [repr(value) for value in printed]
    assert points[0]["engines"][0]["value"] <= points[0]["threshold"]
    table, rows = opis(*run)[1], opis(*run, "--format", "csv")[1]
    for point in points:
        for one in point["engines"]:
            assert one["comparison"] in table
            assert f"{one['engine']}@{point['name']}" in rows
    assert "vectors: must be scaled to length one" in table
    one = (*run[:2], "--far", "1e-3", "--for", "pgvector-l2")
    opis(*one, "-o", tmp_path / "t.json")
    written = json.loads((tmp_path / "t.json").read_text())
    assert written["engines"] == [points[1]["engines"][0]]
    again = opis("calibrate", WORDNET, "--threshold-file", tmp_path / "t.json", "--json", "-q")
    assert json.loads(again[1])["operating_points"][0]["threshold"] == written["threshold"]


def test_the_documented_table_is_the_table():
    text = (ROOT / "docs" / "engines.md").read_text("utf-8")
    rows = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    documented = [[cell.strip() for cell in row] for row in rows][: len(ENGINES)]
    for engine, row in zip(ENGINES, documented, strict=True):
        found = engine.threshold(0.5)
        assert row[:5] == [
            f"`{engine.name}`",
            f"{found.unit}, {found.formula}",
            "≥" if found.accept == ">=" else "≤",
            f"`{engine.comparison.replace('{}', 'VALUE')}`",
            "length one" if found.normalize else "any",
        ]
        assert row[5] == f"[documentation]({engine.source})"


def test_the_documented_runs_are_those_of_the_benchmark():
    text = (ROOT / "docs" / "engines.md").read_text("utf-8").split("## Run for real")[1]
    rows = json.loads((ROOT / "benchmarks" / "results" / "vector_engines.json").read_text("utf-8"))
    measured: dict[str, set[str]] = {}
    for row in rows:
        measured.setdefault(row["engine"], set()).add(f"{row['accepted']:,}")
        assert row["accepted"] == row["opis"], row
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    documented = {cells[0]: set(cells[2:]) for cells in lines if cells[0] in measured}
    assert documented == measured
