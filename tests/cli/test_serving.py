"""The examples of docs/serving.md, one after another, against scores written out in NumPy."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, clusters_on_a_line

import opiscli

GUIDE = ROOT / "docs" / "serving.md"
SQL = re.findall(r"```sql\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The files that the guide names: a head with offsets, and items of other classes."""
    folder = tmp_path_factory.mktemp("serving")
    embeddings, labels = clusters_on_a_line()
    options = {"steps": 40, "far": (0.02, 0.1), "lr": 1e-3, "threads": 1}
    head = opiscli.Head(normalize=True, **options).fit(embeddings, labels)
    head.save(folder / "head.safetensors")
    opiscli.export(head, folder / "head.faiss")
    embeddings, labels = clusters_on_a_line(seed=5)
    columns = {"label": labels, "embedding": list(2 * embeddings)}
    pq.write_table(pa.table(columns), folder / "new.parquet")
    unit, offsets, _ = opiscli.project_with_offsets(embeddings, head)
    columns = {"embedding": list(unit), "offset": offsets.values}
    pq.write_table(pa.table(columns), folder / "items.parquet")
    return folder


@pytest.fixture
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    items = pq.read_table("items.parquet")
    z = np.stack(items["embedding"].to_numpy()).astype(np.float64)
    o = items["offset"].to_numpy().astype(np.float64)
    return z @ z.T - o[:, None] - o


def run(what):
    """Run the blocks of the guide up to the one that imports this; return its names."""
    names = {}
    for number, block in enumerate(BLOCKS):
        needed = re.findall(r"^import (\w+)", block, re.MULTILINE)
        if number < 2 or what in block:
            for one in needed:
                pytest.importorskip(one)
            exec(block, names)
    return names


def largest(scores, k=10):
    return -np.sort(-scores, axis=1)[:, :k]


def test_both_sides_have_the_scores_of_opis_as_inner_products(here):
    names = run("import opiscli")
    np.testing.assert_allclose(names["queries"] @ names["stored"].T, here, atol=1e-5)
    np.testing.assert_allclose(names["query"], names["queries"][:1], atol=1e-6)


def test_faiss(here):
    names = run("faiss")
    np.testing.assert_allclose(names["scores"], largest(here[:5]), atol=1e-5)
    np.testing.assert_allclose(names["scores_new"], largest(here[:1]), atol=1e-5)


def test_hnswlib(here):
    names = run("hnswlib")
    np.testing.assert_allclose(1 - names["distances"], largest(here[:5]), atol=1e-5)


def test_duckdb(here):
    rows = run("duckdb")["rows"]
    scores = np.array([score for *_, score in rows]).reshape(5, -1)
    np.testing.assert_allclose(scores, -np.sort(-here[:5], axis=1), atol=1e-5)


def test_pgvector(here, postgres):
    from adbc_driver_postgresql import dbapi

    names = run("import opiscli")
    as_text = [f"'[{','.join(map(repr, row.tolist()))}]'" for row in names["stored"]]
    create, index, search = (
        SQL[0].strip().replace("(66)", f"({len(names['stored'][0])})").split("\n")
    )
    rows = ",".join(f"({i}, {text})" for i, text in enumerate(as_text))
    query = f"'[{','.join(map(repr, names['queries'][3].tolist()))}]'"
    with dbapi.connect(postgres) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(14)")  # tests may run in several processes
        cursor.execute("CREATE EXTENSION IF NOT EXISTS vector")
        for line in (create, index):
            cursor.execute(line.replace("TABLE", "TEMPORARY TABLE"))
        cursor.execute(f"INSERT INTO items VALUES {rows}")
        cursor.execute(search.replace("%(query)s", query))
        found = cursor.fetchall()
        connection.rollback()
    order = np.argsort(-here[3], kind="stable")[:10]
    np.testing.assert_allclose([score for _, score in found], here[3][order], atol=1e-5)
