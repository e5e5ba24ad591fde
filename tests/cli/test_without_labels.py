"""opis calibrate without labels, and with impostors, from the command line."""

import json
import shutil

import faiss
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import clusters

import opiscli

SOURCES = ["e.parquet", "x.faiss", "x.npy", "x.npz", "partly.parquet", "scores.parquet"]
BOUND = "--unlabelled --max-positive-share 0.1 --far 0.1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A labelled set, the same without labels, its two halves by class, and other kinds of file."""
    folder = tmp_path_factory.mktemp("unlabelled")
    embeddings, labels = clusters(seed=1, n_classes=40, sizes=(4, 9))
    rows = pa.table(
        {
            "id": np.arange(len(labels)).astype(str),
            "embedding": list(embeddings),
            "label": labels.astype(str),
            "half": np.where(labels < 20, "a", "b"),
        }
    )
    pq.write_table(rows, folder / "e.parquet")
    pq.write_table(rows.drop(["label"]), folder / "bare.parquet")
    for half in "ab":
        kept = rows.filter(pa.array(np.array(rows["half"]) == half))
        pq.write_table(kept, folder / f"{half}.parquet")
    some = [None if i == 3 else name for i, name in enumerate(rows["label"].to_pylist())]
    pq.write_table(rows.set_column(2, "label", pa.array(some)), folder / "partly.parquet")
    scores = rows.set_column(2, "label", pa.array(np.linspace(0, 1, len(rows))))
    pq.write_table(scores, folder / "scores.parquet")
    np.save(folder / "x.npy", embeddings)
    np.savez(folder / "x.npz", embedding=embeddings)
    index = faiss.IndexFlatIP(embeddings.shape[1])
    index.add(embeddings.astype(np.float32))
    faiss.write_index(index, str(folder / "x.faiss"))
    twice = pa.concat_tables([rows, rows.slice(0, 30)])
    pq.write_table(twice, folder / "twice.parquet")
    return folder


@pytest.fixture
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return folder


def result_of(opis, line):
    code, out, err = opis("calibrate", *line.split(), "--json")
    assert code == 0, err
    return json.loads(out), err


def test_the_result(opis, here):
    found, err = result_of(opis, f"bare.parquet {BOUND}")
    assert found["schema"] == "opis.calibration/1"
    assert found["data"]["n_classes"] is None
    assert found["max_positive_share"] == 0.1
    assert found["pairs"]["n_negative"] is None
    [point] = found["operating_points"]
    assert point["accepted"]["k"] == point["far"]["k"]
    assert point["accepted"]["value"] <= 0.1 * 0.9
    assert 0.08 < point["far"]["value"] <= 0.1
    assert (point["frr"], point["tar"], point["far_is_upper_bound"]) == (None, None, True)
    assert "|unlabelled|pos:0.1|" in found["signature"]
    assert "labels of" not in err


@pytest.mark.parametrize("name", SOURCES)
def test_every_kind_of_source_with_and_without_labels(opis, here, name):
    found, err = result_of(opis, f"{name} {BOUND}")
    expected, _ = result_of(opis, f"bare.parquet {BOUND}")
    point, other = found["operating_points"][0], expected["operating_points"][0]
    assert point["accepted"]["k"] == other["accepted"]["k"]
    if name != "x.faiss":  # which rounds to float32
        assert found["data"]["sha256"] == expected["data"]["sha256"]
    assert ("the labels of e.parquet were not used" in err) == (name == "e.parquet")


def test_a_report_and_a_table(opis, here):
    code, out, _ = opis("calibrate", "bare.parquet", *BOUND.split(), "--threshold", "1")
    assert code == 0
    assert "no labels" in out
    assert "FAR        ≤ 0.0" in out
    assert "same-class pairs are not known" in out
    code, out, _ = opis("calibrate", "bare.parquet", *BOUND.split(), "--format", "csv")
    assert "\nfar@far=0.1," in out
    assert "\naccepted@far=0.1," in out


def test_a_result_in_python(here):
    found = opiscli.calibrate("bare.parquet", unlabelled=True, max_positive_share=0.1, far=0.1)
    assert "FAR        ≤ 0.0" in str(found)
    assert "no labels" in found._repr_html_()
    assert "accepted@far=0.1" in found.to_arrow()["metric"].to_pylist()
    for name in ("a.parquet", "b.parquet"):
        found = opiscli.calibrate(name, impostors="x.npy", similarity=0.5, unlabelled=True)
        assert found.intervals_over == ("items", "items")


def test_a_threshold_file_is_applied(opis, here, tmp_path):
    file = tmp_path / "t.json"
    result, _ = result_of(opis, f"bare.parquet {BOUND} -o {file}")
    written = json.loads(file.read_text("utf-8"))
    assert written["accept"] == "distance <= threshold"
    assert written["target"]["max_positive_share"] == 0.1
    assert written["attained"]["far_is_upper_bound"] is True
    _, out, _ = opis("evaluate", "e.parquet", "--threshold-file", file, "--json")
    point = json.loads(out)["operating_points"][-1]
    assert point["threshold"] == result["operating_points"][0]["threshold"]
    assert point["far"]["value"] <= result["operating_points"][0]["far"]["value"]
    again, _ = result_of(
        opis, f"bare.parquet --unlabelled --max-positive-share 0.1 --threshold-file {file}"
    )
    assert again["operating_points"][0]["accepted"] == result["operating_points"][0]["accepted"]


def test_impostors(opis, here):
    found, _ = result_of(opis, "a.parquet --impostors b.parquet --far 0.05")
    assert found["impostors"]["n_classes"] == 20
    assert found["intervals_over"] == ["classes", "classes"]
    [point] = found["operating_points"]
    n_a, n_b = found["data"]["n_items"], found["impostors"]["n_items"]
    assert point["far"]["n"] == n_a * n_b == found["pairs"]["n_negative"]
    by_where, _ = result_of(
        opis, "e.parquet --where half=a --impostors e.parquet --impostors-where half=b --far 0.05"
    )
    assert by_where["operating_points"][0]["far"] == point["far"]
    ignored, err = result_of(opis, "a.parquet --impostors b.parquet --far 0.05 --unlabelled")
    assert ignored["intervals_over"] == ["items", "items"]
    assert ignored["operating_points"][0]["threshold"] == point["threshold"]
    assert "the labels of a.parquet and b.parquet were not used" in err


def test_impostors_that_are_none(opis, here):
    code, out, err = opis("calibrate", "a.parquet", "--impostors", "e.parquet", "--far", 0.05)
    assert (code, out) == (4, "")
    assert "20 classes of a.parquet are also in e.parquet (0, 1, 10, …)" in err
    found, err = result_of(opis, "a.parquet --impostors bare.parquet --far 0.05")
    n_items = found["data"]["n_items"]
    assert f"{n_items} of {n_items} items have exactly the embedding of an impostor" in err


def test_duplicates_are_counted_and_can_be_dropped(opis, here):
    found, err = result_of(opis, f"twice.parquet {BOUND}")
    assert found["data"]["n_duplicates"] == 30
    assert "30 of " in err
    assert "--drop-duplicates leaves them out" in err
    dropped, err = result_of(opis, f"twice.parquet {BOUND} --drop-duplicates")
    plain, _ = result_of(opis, f"bare.parquet {BOUND}")
    assert dropped["data"]["duplicates_dropped"]
    assert "exactly the same" not in err
    accepted = [one["operating_points"][0]["accepted"]["k"] for one in (dropped, plain)]
    assert accepted[0] == accepted[1]


def test_other_processes_count_the_same(opis, here):
    for line in (f"bare.parquet {BOUND}", "a.parquet --impostors b.parquet --far 0.05"):
        apart, _ = result_of(opis, f"{line} --scheduler local:2")
        assert apart == result_of(opis, line)[0]


REFUSED = {
    "no bound": ("--unlabelled --far 0.1", 2, "--unlabelled was given without --max-pos"),
    "only the bound": ("--max-positive-share 0.1 --far 0.1", 2, "without --unlabelled"),
    "a share of 1": ("--unlabelled --max-positive-share 1 --far 0.1", 2, "is 1, expected a share"),
    "a negative share": ("--unlabelled --max-positive-share=-1 --far 0.1", 2, "is -1, expected"),
    "impostors with a bound": (f"{BOUND} --impostors b.parquet", 2, "no pair is positive"),
    "eer": (f"{BOUND} --criterion eer", 2, "criterion eer needs same-class pairs"),
    "macro": (f"{BOUND} --average macro", 2, "--average needs labels"),
    "holdout": (f"{BOUND} --holdout 0.5", 2, "--holdout needs labels"),
    "eval": (f"{BOUND} --eval b.parquet", 2, "--eval needs labels"),
    "groups": (f"{BOUND} --group-by half", 2, "--group-by needs labels"),
    "small classes": (f"{BOUND} --min-items 3", 2, "--min-items needs labels"),
    "a gallery": (f"{BOUND} --gallery b.parquet", 2, "--gallery needs labels"),
    "a margin": (f"{BOUND} --margin 0.1", 2, "--margin needs labels"),
    "probability": (f"{BOUND} --probability", 2, "--probability needs labels"),
    "class share": (f"{BOUND} --class-share 0.9", 2, "--class-share needs labels"),
    "no target": ("--unlabelled --max-positive-share 0.1", 2, "no target was given"),
    "unattainable": ("--unlabelled --max-positive-share 0 --far 1e-9", 5, "is unattainable"),
    "little memory": (f"{BOUND} --memory-limit 100kB", 2, "--memory-limit"),
    "a rate of positives": (f"{BOUND} --print tar", 5, "which are not known"),
    "impostors-where alone": ("--impostors-where half=b --far 0.1", 2, "without --impostors"),
    "confidence": (f"{BOUND} --threshold 1 --confidence 0.9", 2, "--confidence bounds FAR"),
    "no file": (f"{BOUND} --threshold-file no.json", 3, "no.json"),
    "no accepted pair": (f"{BOUND} --allow-zero", 2, "--allow-zero needs labels"),
}


@pytest.mark.parametrize(("options", "exit_code", "problem"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(opis, here, options, exit_code, problem):
    code, out, err = opis("calibrate", "a.parquet", *options.split())
    assert (code, out) == (exit_code, ""), err
    assert problem in err
    assert "\nhint: " in err


def test_sets_that_cannot_be_compared(opis, here, tmp_path):
    narrow = tmp_path / "narrow.npy"
    np.save(narrow, np.eye(3))
    code, _, err = opis("calibrate", "a.parquet", "--impostors", narrow, "--far", 0.1)
    assert code == 4
    assert "has 8 dims and" in err
    np.save(narrow, np.ones((1, 3)))
    code, _, err = opis("calibrate", narrow, *BOUND.split())
    assert code == 4
    assert "there is only one item" in err
    shutil.copy("a.parquet", tmp_path / "a.parquet")
    assert opis("evaluate", "a.parquet", "--save", tmp_path / "a.opis")[0] == 0
    code, _, err = opis("calibrate", tmp_path / "a.opis", *BOUND.split())
    assert code == 2
    assert "--unlabelled needs embeddings" in err


@pytest.mark.parametrize("name", ["bare.parquet", "a.parquet --impostors b.parquet"])
def test_engines(opis, here, name):
    how = "" if "impostors" in name else "--unlabelled --max-positive-share 0.1"
    found, _ = result_of(opis, f"{name} {how} --far 0.1 --for faiss-ip")
    [point] = found["operating_points"]
    assert point["engines"][0]["value"] == pytest.approx(point["similarity"], abs=1e-4)
