"""opis finetune --normalize, and what project and export make of such a head."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import clusters_on_a_line

import opiscli
from opiscli.heads.head_file import read_head

SCORE = "cos-offset(k=50,w=0.25)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A head with offsets, and items of other classes."""
    folder = tmp_path_factory.mktemp("offsets")
    for name, seed in (("train", 0), ("new", 5)):
        embeddings, labels = clusters_on_a_line(seed)
        columns = {"label": labels, "embedding": list(embeddings), "note": labels % 3}
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    embeddings, labels = clusters_on_a_line()
    options = {"steps": 40, "far": (0.02, 0.1), "lr": 1e-3, "threads": 1}
    opiscli.Head(normalize=True, **options).fit(embeddings, labels).save(folder / "h.safetensors")
    return folder


@pytest.fixture
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="module")
def projected(folder):
    """Rows, offsets and scores of the new items, as Python functions give them."""
    unit, offsets, _ = opiscli.project_with_offsets(
        folder / "new.parquet", folder / "h.safetensors"
    )
    o = offsets.values.astype(np.float64)
    return unit, offsets.values, unit.astype(np.float64) @ unit.T - o[:, None] - o


def test_finetune_writes_one_file_with_head_and_cohort(opis, here):
    line = (
        "finetune train.parquet --normalize --steps 40 --far-range 0.02:0.1 --lr 1e-3 --threads 1"
    )
    code, out, _ = opis(*line.split(), "-o", "again.safetensors", "--json", "--seed", "0")
    report = json.loads(out)
    assert code == 0
    assert "|normalize|" in report["signature"]
    assert report["choice"]["chosen"] == "half-dose head with offsets"
    cohort = read_head(here / "again.safetensors").cohort
    assert report["head"]["offsets"] == {
        "k": 50, "weight": 0.25, "centre": cohort.centre, "n_cohort": len(cohort.rows),
    }  # fmt: skip
    assert np.array_equal(cohort.rows, read_head(here / "h.safetensors").cohort.rows)
    code, out, _ = opis(*line.split(), "-o", "again.safetensors", "-q", "--force")
    assert "half-dose head with offsets" in out


def test_project_writes_the_offsets_that_every_command_finds(opis, here, projected):
    code, _, err = opis(
        "project", "new.parquet", "--head", "h.safetensors", "-o", "p.parquet", "-v"
    )
    assert code == 0
    assert "8 to 8 dims, with offsets" in err
    written = pq.read_table("p.parquet")
    assert written.schema.names == ["label", "embedding", "note", "offset"]
    unit, offsets, _ = projected
    np.testing.assert_array_equal(written["offset"].to_numpy(), offsets)
    np.testing.assert_array_equal(np.stack(written["embedding"].to_numpy()), unit)
    code, out, _ = opis("evaluate", "p.parquet", "--json")
    assert f"score:{SCORE}" in json.loads(out)["signature"]


def test_project_says_if_rows_are_in_the_cohort(opis, here):
    run = ("--head", "h.safetensors", "-o", "known.parquet", "--force")
    _, _, err = opis("project", "train.parquet", *run)
    n_rows = len(pq.read_table("train.parquet"))
    assert f"warning: {n_rows:,} of {n_rows:,} rows are in the cohort of the head" in err
    assert opis("project", "new.parquet", *run)[2] == ""


def test_a_column_offset_of_the_source_is_not_mixed_up(opis, here):
    table = pq.read_table("new.parquet")
    pq.write_table(table.append_column("offset", table["note"]), "whole.parquet")
    fractions = table["note"].cast(pa.float64())
    pq.write_table(table.append_column("offset", fractions), "stale.parquet")
    run = ("--head", "h.safetensors", "-o", "q.parquet")
    code, _, err = opis("project", "whole.parquet", *run)
    assert code == 3
    assert "a column 'offset' of another kind" in err
    code, _, err = opis("project", "stale.parquet", *run)
    assert code == 2
    assert "offsets of the embeddings as they are" in err
    assert not (here / "q.parquet").exists()
    assert opis("project", "stale.parquet", *run, "--no-offset", "--force")[0] == 0
    assert pq.read_table("q.parquet").schema.names == ["label", "embedding", "note", "offset"]


def test_npz_holds_what_the_offsets_are_computed_from(opis, here, projected):
    assert opis("export", "h.safetensors", "-o", "h.npz", "--force")[0] == 0
    with np.load("h.npz") as archive:
        a = dict(archive)
    x = np.stack(pq.read_table("new.parquet")["embedding"].to_numpy())
    z = x / np.linalg.norm(x, axis=1, keepdims=True) @ a["W"] + a["b"]
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    nearest = np.sort(z @ a["cohort"].T, axis=1)[:, -a["k"] :]
    offsets = a["weight"] * (nearest.mean(axis=1) - a["centre"])
    np.testing.assert_allclose(z, projected[0], atol=1e-6)
    np.testing.assert_allclose(offsets, projected[1], atol=1e-6)


def test_onnx_gives_stored_vectors_and_queries(opis, here, projected):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    assert opis("export", "h.safetensors", "-o", "h.onnx", "--force")[0] == 0
    session = onnxruntime.InferenceSession("h.onnx")
    x = np.stack(pq.read_table("new.parquet")["embedding"].to_numpy()).astype(np.float32)
    names = ["projected", "offset", "stored", "query"]
    found = dict(zip(names, session.run(names, {"embedding": x}), strict=True))
    unit, offsets, scores = projected
    np.testing.assert_allclose(found["projected"], unit, atol=1e-6)
    np.testing.assert_allclose(found["offset"][:, 0], offsets, atol=1e-6)
    np.testing.assert_allclose(found["query"] @ found["stored"].T, scores, atol=1e-5)


def test_faiss_finds_neighbours_by_the_score(opis, here, projected):
    import faiss

    assert opis("export", "h.safetensors", "-o", "h.faiss", "--force")[0] == 0
    index = faiss.read_index("h.faiss")
    unit, offsets, scores = projected
    ones = np.ones_like(offsets)
    index.index.add(np.column_stack([unit, -offsets, -ones]))
    x = np.stack(pq.read_table("new.parquet")["embedding"].to_numpy()).astype(np.float32)
    found, _ = index.search(3 * x, 5)  # of any length
    expected = -np.sort(-(scores + offsets[:, None]), axis=1)[:, :5]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    found, _ = index.index.search(np.column_stack([unit, ones, offsets]), 5)
    np.testing.assert_allclose(found, -np.sort(-scores, axis=1)[:, :5], atol=1e-5)
