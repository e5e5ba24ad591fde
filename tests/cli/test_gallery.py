"""``opis evaluate QUERIES --gallery SOURCE``: in every format, and refused where it must be."""

import csv
import io
import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import clusters
from oracles.brute_force import BruteForceAcross

from opiscli import evaluate

EMBEDDINGS, LABELS = clusters(seed=21, n_classes=30, sizes=(4, 10), spread=0.8)
ENROLLED = np.zeros(len(LABELS), dtype=bool)
ENROLLED[np.unique(LABELS, return_index=True)[1]] = True
ENROLLED[LABELS == 3] = False
QUERIES, GALLERY = EMBEDDINGS[~ENROLLED], EMBEDDINGS[ENROLLED]


def write(path, chosen, labels=LABELS):
    role = np.where(ENROLLED, "gallery", "query")[chosen]
    columns = {"embedding": list(EMBEDDINGS[chosen]), "label": labels[chosen], "role": role}
    pq.write_table(pa.table(columns), path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gallery")
    everything = np.ones(len(LABELS), dtype=bool)
    write(folder / "all.parquet", everything)
    write(folder / "queries.parquet", ~ENROLLED)
    write(folder / "gallery.parquet", ENROLLED, LABELS.astype(str))
    write(folder / "others.parquet", everything, LABELS + 1000)
    for name, array in (("x", QUERIES), ("y", LABELS[~ENROLLED]), ("z", GALLERY)):
        np.save(folder / f"{name}.npy", array)
    np.save(folder / "w.npy", LABELS[ENROLLED])
    return folder


def numbers(out):
    result = json.loads(out)
    return {name: result[name] for name in result if name not in ("data", "gallery")}


def test_the_command_says_what_all_pairs_one_by_one_say(opis, folder):
    argv = ("evaluate", folder / "queries.parquet", "--gallery", folder / "gallery.parquet")
    code, out, err = opis(*argv, "--json")
    result = json.loads(out)
    truth = BruteForceAcross(QUERIES, LABELS[~ENROLLED], GALLERY, LABELS[ENROLLED])
    assert code == 0
    pairs = {
        "mode": "exact",
        "n_positive": len(truth.positives),
        "n_negative": len(truth.negatives),
        "unit": None,
    }
    assert result["pairs"] == pairs
    ends = result["calibration_range"]["threshold"]
    grid = np.linspace(*ends, 201)
    curves = truth.utilities(grid)
    assert result["opis"]["value"] == pytest.approx(truth.opis(curves, grid), abs=1e-5)
    assert result["eps_opis"]["value"] == pytest.approx(truth.eps_opis(curves, grid, 0.1), abs=1e-5)
    assert result["recall"]["1"]["value"] == pytest.approx(truth.recall(1))
    for point in result["operating_points"]:
        for name, rate in (("far", truth.far), ("frr", truth.frr)):
            k, n = point[name]["k"], point[name]["n"]
            assert k / n == pytest.approx(rate(point["threshold"]), abs=2 / n)
            lo, hi = point[name]["ci"]
            assert lo < k / n < hi
    assert set(result["gallery"]) == set(result["data"])
    assert result["gallery"]["source"] == str(folder / "gallery.parquet")
    assert (result["gallery"]["n_items"], result["gallery"]["n_singletons"]) == (29, 29)
    assert "|pairs:exact|gallery:separate|unmatched:drop|" in result["signature"]
    assert "1 of 30 classes of the queries are not in the gallery" in err
    codes = {warning["code"] for warning in result["warnings"]}
    assert {"classes-on-one-side", "noise-unknown"} <= codes
    assert not codes & {"shared-items", "same-items", "duplicates"}


def test_rows_of_one_file_arrays_and_python_agree(opis, folder):
    _, out, _ = opis(
        "evaluate", folder / "queries.parquet", "--gallery", folder / "gallery.parquet", "--json"
    )
    file = folder / "all.parquet"
    chosen = ("--where", "role=query", "--gallery", file, "--gallery-where", "role=gallery")
    _, by_rows, _ = opis("evaluate", file, *chosen, "--json")
    arrays = [folder / f"{name}.npy" for name in "xyzw"]
    argv = (arrays[0], "--labels", arrays[1], "--gallery", arrays[2], "--gallery-labels", arrays[3])
    _, by_arrays, _ = opis("evaluate", *argv, "--json")
    assert json.loads(by_rows)["gallery"]["where"] == ["role=gallery"]
    in_python = evaluate(QUERIES, LABELS[~ENROLLED], gallery=(GALLERY, LABELS[ENROLLED]))
    assert numbers(out) == numbers(by_rows) == numbers(by_arrays) == numbers(in_python.to_json())


def test_every_format_names_both_sets(opis, folder, monkeypatch):
    argv = ("evaluate", folder / "queries.parquet", "--gallery", folder / "gallery.parquet")
    monkeypatch.setenv("COLUMNS", "80")
    # A long path stands on a line of its own.
    shown = re.sub(r"gallery\s+/", "gallery /", opis(*argv)[1])
    lines = [line.strip() for line in shown.splitlines()]
    assert lines[0] == str(folder / "queries.parquet")
    assert lines[1] == f"{len(QUERIES)} items × 8 dims · 30 classes"
    assert lines[2] == f"against gallery {folder / 'gallery.parquet'}"
    assert lines[3] == "29 items × 8 dims · 29 classes · 29 with a single item"
    rows = {
        row["metric"]: row["value"]
        for row in csv.DictReader(io.StringIO(opis(*argv, "-f", "csv")[1]))
    }
    assert (rows["n_items"], rows["gallery_n_items"]) == (str(len(QUERIES)), "29")
    assert rows["gallery_n_singletons"] == "29"
    assert "gallery\\_n\\_items" in opis(*argv, "-f", "markdown")[1]


def test_a_threshold_from_a_file_is_counted_to_the_digit(opis, folder, tmp_path):
    chosen = tmp_path / "threshold.json"
    opis("calibrate", folder / "all.parquet", "--far", "0.03", "-o", chosen)
    threshold = json.loads(chosen.read_text("utf-8"))["threshold"]
    argv = ("evaluate", folder / "queries.parquet", "--gallery", folder / "gallery.parquet")
    _, out, _ = opis(*argv, "--threshold-file", chosen, "--json")
    point = json.loads(out)["operating_points"][-1]
    truth = BruteForceAcross(QUERIES, LABELS[~ENROLLED], GALLERY, LABELS[ENROLLED])
    assert point["threshold"] == threshold
    assert point["far"]["value"] == pytest.approx(truth.far(threshold))
    assert point["frr"]["value"] == pytest.approx(truth.frr(threshold))


def test_without_a_gallery_nothing_is_said_of_one(opis, folder):
    code, out, _ = opis("evaluate", folder / "all.parquet", "--json")
    result = json.loads(out)
    assert (code, result["gallery"]) == (0, None)
    assert "|single:drop|" in result["signature"]


def test_items_of_both_sets_are_told(opis, folder):
    file = folder / "all.parquet"
    _, out, err = opis("evaluate", file, "--gallery", file, "--json")
    result = json.loads(out)
    assert "queries and gallery are the same items" in err
    assert result["recall"]["1"]["value"] == 1
    assert result["pairs"]["n_positive"] == (np.bincount(LABELS) ** 2).sum()
    _, _, err = opis("evaluate", file, "--gallery", folder / "gallery.parquet")
    assert f"29 of {len(LABELS)} queries have exactly the embedding of a gallery item" in err
    assert "different label" not in err


def test_repeats_on_either_side_are_told(opis, tmp_path):
    for name, chosen, n_twice in (("queries", ~ENROLLED, 1), ("gallery", ENROLLED, 2)):
        rows = np.flatnonzero(chosen)
        write(tmp_path / f"{name}.parquet", np.append(rows, rows[:n_twice]))
    argv = ("evaluate", tmp_path / "queries.parquet", "--gallery", tmp_path / "gallery.parquet")
    warnings = json.loads(opis(*argv, "--json")[1])["warnings"]
    (told,) = (one["message"] for one in warnings if one["code"] == "duplicates")
    assert told.startswith("1 queries and 2 gallery items have exactly the same embedding")


def test_equal_items_of_different_classes_are_told(opis, folder, tmp_path):
    labels = LABELS.copy()
    labels[:3] = 7
    write(tmp_path / "wrong.parquet", np.arange(len(LABELS)), labels)
    _, _, err = opis(
        "evaluate", folder / "queries.parquet", "--gallery", tmp_path / "wrong.parquet"
    )
    wrong = np.count_nonzero(~ENROLLED[:3])
    assert f"{wrong} items have exactly the same embedding as an item with a different label" in err


@pytest.mark.parametrize(
    ("options", "exit_code", "says"),
    [
        ("--gallery others.parquet", 4, "none of the 30 classes of the queries is in the gallery"),
        ("--gallery missing.parquet", 3, "no such file"),
        ("--gallery z.npy", 2, "Add --gallery-labels FILE"),
        ("--gallery all.parquet --gallery-where role=x", 4, "match --gallery-where role=x"),
        (
            "--gallery all.parquet --gallery-where role",
            2,
            "--gallery-where role is not a condition",
        ),
        ("--gallery run.opis", 2, "--gallery needs embeddings, but run.opis is an evaluation file"),
        ("--gallery run.opis --gallery-where a=b", 2, "--gallery-where was given, but run.opis"),
        ("--gallery-where role=gallery", 2, "--gallery-where was given without --gallery"),
        ("--gallery-labels w.npy", 2, "--gallery-labels was given without --gallery"),
        ("--gallery gallery.parquet --save new.opis", 2, "--save is for the pairs within one set"),
        ("--gallery gallery.parquet --index SQ8", 2, "--index is for the pairs within one set"),
        ("--gallery gallery.parquet --ranking", 2, "--ranking is for"),
        ("--gallery gallery.parquet --group-by role", 2, "--group-by is for the pairs within"),
        ("--gallery gallery.parquet --k 5", 2, "--k 5 asks for R@5"),
        ("--gallery gallery.parquet --sample-pairs 1e4", 2, "--sample-pairs is for"),
        ("--gallery gallery.parquet --drop-duplicates", 2, "--drop-duplicates is for"),
        ("--gallery gallery.parquet --far 1e-9:1e-8", 5, "unattainable"),
    ],
)
def test_refusals_are_two_lines(opis, folder, monkeypatch, options, exit_code, says):
    monkeypatch.chdir(folder)
    opis("evaluate", "all.parquet", "--save", "run.opis", "--force")
    code, out, err = opis("evaluate", "queries.parquet", *options.split(), "-q")
    assert (code, out) == (exit_code, "")
    assert [line.split(":")[0] for line in err.splitlines()] == ["error", "hint"]
    assert says in err
    assert not (folder / "new.opis").exists()


def test_queries_must_be_embeddings(opis, folder, monkeypatch):
    monkeypatch.chdir(folder)
    opis("evaluate", "all.parquet", "--save", "run.opis", "--force")
    code, out, err = opis("evaluate", "run.opis", "--gallery", "gallery.parquet")
    assert (code, out) == (2, "")
    assert "--gallery needs embeddings, but run.opis is an evaluation file" in err
    code, _, err = opis("evaluate", "-", "--gallery", "-")
    assert code == 2
    assert "cannot both come from standard input" in err
