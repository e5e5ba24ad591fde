"""Fine-tune, project, export: as a person uses them, and what can go wrong."""

import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import SAMPLE, clusters_on_a_line

from opiscli import read_embeddings
from opiscli.heads.head_file import read_head

WORDNET = SAMPLE / "wordnet.parquet"
QUICK = ("--steps", 40, "--far", "0.02:0.1")


@pytest.fixture
def source(tmp_path):
    embeddings, labels = clusters_on_a_line()
    table = {"id": np.arange(len(labels)), "label": labels, "embedding": list(embeddings)}
    pq.write_table(pa.table({**table, "note": [f"n{i}" for i in labels]}), tmp_path / "x.parquet")
    return tmp_path / "x.parquet"


@pytest.fixture
def head(opis, source, tmp_path):
    path = tmp_path / "h.safetensors"
    assert opis("finetune", source, "-o", path, "--lr", 1e-3, "-q", *QUICK)[0] == 0
    return path


def test_a_head_on_real_data_lowers_opis_and_says_so(opis, tmp_path):
    path = tmp_path / "head.safetensors"
    code, out, err = opis("finetune", WORDNET, "-o", path, "--json")
    result = json.loads(out)
    before, after = result["validation"]["before"], result["validation"]["after"]
    assert code == 0
    assert after["opis_corrected"] < before["opis_corrected"]
    assert after["recall@1"] >= before["recall@1"]
    assert "training on all classes" in err
    assert read_head(path).record["signature"] == result["signature"]
    history = (tmp_path / "head.history.jsonl").read_text().splitlines()
    assert json.loads(history[0])["step"] == 0
    assert {file.name for file in tmp_path.iterdir()} == {path.name, "head.history.jsonl"}


def test_the_table_shows_both_sides(opis, source, tmp_path):
    code, out, err = opis("finetune", source, "-o", tmp_path / "h.safetensors", *QUICK)
    assert code == 0
    assert re.search("^frozen embeddings .*^head .*^half-dose head ", out, re.DOTALL | re.MULTILINE)
    assert "corrected" in out
    assert out.rstrip().split("\n")[-1].startswith("opis-finetune|loss:uss|tcm:far0.02..0.1*5,5")
    assert err.startswith("training on all but part 1 of 4 of the classes\n  40 steps: base loss")
    assert len(err.strip().split("\n")) == 2 * 5  # the start and the end of five trainings


def test_classes_set_aside_for_a_test_are_what_is_reported(opis, source, tmp_path):
    run = ("finetune", source, "--test-fraction", 0.25, "-q", *QUICK)
    code, out, _ = opis(*run, "-o", tmp_path / "a.safetensors")
    assert code == 0
    assert "of 8 test classes, which nothing was trained or chosen on" in out
    _, out, _ = opis(*run, "-o", tmp_path / "b.safetensors", "--json")
    result = json.loads(out)
    assert (result["evaluated_on"], result["test"]["n_classes"]) == ("test", 8)
    assert result["data"]["n_classes"] == result["validation"]["n_classes"] == 24
    assert result["comparison"]["data"][0]["n_classes"] == 8
    assert result["choice"]["candidates"][0]["name"] == "frozen embeddings"
    test = read_head(tmp_path / "b.safetensors").record["test"]
    assert test["after"]["opis"] == result["comparison"]["metrics"][1]["values"][1]["value"]


def test_an_interrupted_training_goes_on_as_if_it_had_not_been(opis, source, tmp_path, monkeypatch):
    whole, parts = tmp_path / "whole.safetensors", tmp_path / "parts.safetensors"
    run = ("finetune", source, "--lr", 1e-3, *QUICK, "-o")
    opis(*run, whole)
    from opiscli.training.checkpoint import Checkpoint

    write, calls = Checkpoint.write, []

    def interrupted(*arguments):
        write(*arguments)
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoint, "write", interrupted)
    assert opis(*run, parts)[0] == 130
    monkeypatch.undo()
    assert not parts.exists()
    assert opis(*run, parts)[0] == 2
    assert opis(*run, parts, "--resume", "--seed", 5)[0] == 2
    assert opis(*run, parts, "--resume")[0] == 0
    assert parts.read_bytes() == whole.read_bytes()
    histories = (path.with_suffix(".history.jsonl").read_text() for path in (whole, parts))
    assert len(set(histories)) == 1


def test_nothing_better_writes_the_identity_with_a_warning(opis, source, tmp_path):
    path = tmp_path / "h.safetensors"
    nothing = ("--lr", 1e-12, "--objective", "recall", "--start", "identity")
    code, _, err = opis("finetune", source, "-o", path, *nothing, *QUICK)
    assert code == 0
    assert "warning: the original embeddings were kept: no candidate may be used" in err
    np.testing.assert_array_equal(read_head(path).projection.weight, np.eye(8))


def test_tuning_tries_other_settings(opis, source, tmp_path):
    path = tmp_path / "h.safetensors"
    code, out, _ = opis("finetune", source, "-o", path, "--tune", 3, "--json", *QUICK)
    assert code == 0
    assert json.loads(out)["validation"]["after"] is not None


@pytest.mark.parametrize(
    ("change", "exit_code", "says"),
    [
        (("--lr", 1e6), 6, "diverged"),
        (("--dim", 9), 2, "--dim is 9"),
        (("--loss-option", "margin=1"), 2, "no option 'margin'"),
        (("--where", "note=n1"), 4, "expected at least two classes"),
        (("--resume",), 2, "to resume from"),
        (("--resume", "--tune", 2), 2, "--resume cannot be combined with --tune"),
    ],
)
def test_failures_leave_no_head(opis, source, tmp_path, change, exit_code, says):
    path = tmp_path / "h.safetensors"
    code, out, err = opis("finetune", source, "-o", path, *QUICK, *change)
    assert (code, out) == (exit_code, "")
    assert says in err
    assert "Traceback" not in err
    assert not path.exists()


@pytest.mark.parametrize("kind", ["same", "pairs", "five"])
def test_meagre_data_ends_with_a_sentence(opis, tmp_path, kind):
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(5), 12 if kind == "five" else 2)
    embeddings = np.ones((len(labels), 4)) if kind == "same" else rng.normal(size=(len(labels), 4))
    np.save(tmp_path / "x.npy", embeddings)
    np.save(tmp_path / "y.npy", labels)
    path = tmp_path / "h.safetensors"
    run = ("finetune", tmp_path / "x.npy", "--labels", tmp_path / "y.npy", "-o", path, *QUICK)
    code, _, err = opis(*run)
    assert code == 0
    assert "with fewer than 20 they cannot show whether a head is better" in err
    np.testing.assert_array_equal(read_head(path).projection.weight, np.eye(4))
    path.unlink()
    code, _, err = opis(*run, "--force", "--choose", "validation")
    assert code == (0 if kind == "five" else 5)
    assert path.exists() == (kind == "five")
    assert "Traceback" not in err


def test_a_full_disk_leaves_no_head(opis, source, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("opiscli.atomic_file.os.fsync", full)
    code, out, err = opis("finetune", source, "-o", tmp_path / "h.safetensors", *QUICK)
    assert (code, out) == (3, "")
    assert "No space left on device" in err
    assert [file.name for file in tmp_path.iterdir()] == ["x.parquet"]


def test_project_keeps_all_other_columns(opis, source, head, tmp_path):
    path = tmp_path / "p.parquet"
    code, out, err = opis("project", source, "--head", head, "-o", path)
    assert (code, out, err) == (0, f"{path}\n", "")
    before, after = pq.read_table(source), pq.read_table(path)
    assert after.schema.names == before.schema.names
    for name in ("id", "label", "note"):
        assert after[name] == before[name]
    items = read_embeddings(str(source))
    expected = read_head(head).projection.apply(items.unit_rows)
    np.testing.assert_allclose(read_embeddings(str(path)).unit_rows, expected, atol=1e-7)


def test_project_takes_arrays_and_chosen_rows(opis, source, head, tmp_path):
    embeddings, labels = clusters_on_a_line()
    np.savez(tmp_path / "x.npz", embedding=embeddings, label=labels)
    run = ("project", tmp_path / "x.npz", "--head", head, "-o", tmp_path / "p.parquet")
    assert opis(*run)[0] == 0
    assert opis(*run)[0] == 2  # it is there already
    assert pq.read_table(tmp_path / "p.parquet")["label"].to_pylist() == labels.tolist()
    assert opis(*run, "--where", "label=3", "--force")[0] == 0
    assert set(pq.read_table(tmp_path / "p.parquet")["label"].to_pylist()) == {3}


def test_project_names_a_bad_row_and_writes_nothing(opis, head, tmp_path):
    rows = np.ones((20_000, 8))
    rows[17_000] = 0
    np.save(tmp_path / "x.npy", rows)
    run = ("project", tmp_path / "x.npy", "--head", head, "-o", tmp_path / "p.parquet")
    code, out, err = opis(*run)
    assert (code, out) == (4, "")
    assert "row 17000" in err
    assert not (tmp_path / "p.parquet").exists()


def test_faiss_searches_what_project_writes(opis, source, head, tmp_path):
    import faiss

    assert opis("export", head, "-o", tmp_path / "h.faiss")[0] == 0
    items = read_embeddings(str(source))
    index = faiss.read_index(str(tmp_path / "h.faiss"))
    index.add(3 * items.unit_rows)  # any length
    similarity, found = index.search(items.unit_rows, 5)
    plain = faiss.IndexFlatIP(8)
    projected = read_head(head).projection.apply(items.unit_rows)
    plain.add(projected)
    expected, neighbours = plain.search(projected, 5)
    np.testing.assert_allclose(similarity, expected, atol=1e-5)
    assert np.mean(found == neighbours) > 0.99


@pytest.mark.parametrize("kind", ["residual", "mlp", "linear"])
def test_onnx_and_npz_compute_the_same(opis, source, tmp_path, kind):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    path = tmp_path / "h.safetensors"
    more = ("--head", kind, "--dim", 6, "--objective", "opis", "--lr", 1e-3)
    opis("finetune", source, "-o", path, "-q", *more, *QUICK)
    for suffix in ("onnx", "npz"):
        assert opis("export", path, "-o", tmp_path / f"h.{suffix}")[0] == 0
    items = read_embeddings(str(source))
    expected = read_head(path).projection.apply(items.unit_rows)
    session = onnxruntime.InferenceSession(tmp_path / "h.onnx")
    (ours,) = session.run(None, {"embedding": 2 * items.unit_rows})
    np.testing.assert_allclose(ours, expected, atol=1e-5)
    with np.load(tmp_path / "h.npz") as archive:
        a = dict(archive)
    y = items.unit_rows @ a["W"] + a["b"]
    if "V" in a:
        y += np.maximum(items.unit_rows @ a["V"] + a["c"], 0) @ a["U"]
    np.testing.assert_allclose(y / np.linalg.norm(y, axis=1, keepdims=True), expected, atol=1e-5)


def test_exports_that_cannot_be(opis, source, head, tmp_path):
    assert opis("export", head, "-o", tmp_path / "h.txt")[0] == 2
    assert opis("export", source, "-o", tmp_path / "h.npz")[0] == 3
