"""FPIR, FNIR and a margin on the command line: reports, tables, warnings, threshold files."""

import csv
import io
import json
import re

import numpy as np
import pytest
from conftest import clusters

X, Y = clusters(seed=31, n_classes=60, sizes=(3, 9))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("identification")
    first = np.arange(len(Y)) % 3 == 0
    for name, chosen in (("e", Y >= 0), ("queries", ~first), ("enrolled", first)):
        np.savez(folder / f"{name}.npz", embedding=X[chosen], label=Y[chosen])
    return folder


def test_a_report_shows_searches(opis, folder):
    code, out, err = opis("calibrate", folder / "e.npz", "--criterion", "fpir=0.1")
    assert code == 0
    assert "FPIR ≤ 0.1" in out
    assert re.search(rf"FPIR +0\.\d+ .*\d+ / {len(Y)} searches among {len(Y) - 1} items", out)
    assert re.search(r"FNIR +0\.\d+", out)
    assert f"fpir=0.1 is for a gallery of {len(Y) - 1} items; FPIR grows about in proportion" in err
    assert "without margin" not in out


def test_a_target_that_allows_few_errors_is_told(opis, folder):
    _, _, err = opis("calibrate", folder / "e.npz", "--criterion", "fpir=0.05")
    assert "FPIR 0.05 allows only" in err
    assert "the threshold is unreliable" in err
    assert "--average macro" not in err
    _, _, err = opis("calibrate", folder / "e.npz", "--criterion", "fpir=1e-9", "--allow-zero")
    assert f"no false positives in {len(Y)} searches; the true FPIR may be as high as" in err


def test_against_a_gallery(opis, folder):
    sides = folder / "queries.npz", "--gallery", folder / "enrolled.npz"
    code, out, _ = opis("calibrate", *sides, "--criterion", "fpir=0.1", "--margin", "0.01")
    assert code == 0
    assert f"againstgallery{folder / 'enrolled.npz'}" in "".join(out.split())  # however it is cut
    assert "at least 0.01 farther" in " ".join(out.split())
    assert re.search(r"FNIR without margin +0\.\d+", out)
    for option in ("--group-by=label", "--per-class"):
        code, _, err = opis("calibrate", *sides, "--far", "0.1", option)
        assert (code, "is for the pairs within one set" in err) == (2, True)
    _, out, _ = opis("evaluate", *sides)
    assert f"Search among {len(Y[::3])} items" in out


def test_an_evaluation_shows_searches_in_full(opis, folder):
    _, out, _ = opis("evaluate", folder / "e.npz", "--full")
    assert f"Search among {len(Y) - 1} items" in out
    assert "Search among" not in opis("evaluate", folder / "e.npz")[1]


def test_rows(opis, folder):
    argv = ("calibrate", folder / "e.npz", "--criterion", "fpir=0.1", "--margin", "auto")
    found = json.loads(opis(*argv, "--json")[1])["operating_points"][0]["identification"]
    out = opis(*argv, "--eval", folder / "queries.npz", "--format", "csv")[1]
    rows = {row["metric"]: row for row in csv.DictReader(io.StringIO(out))}
    assert float(rows["calibrated_fpir@fpir=0.1"]["value"]) == pytest.approx(found["fpir"]["value"])
    assert float(rows["margin@fpir=0.1"]["value"]) == pytest.approx(found["margin"])
    for name in ("fpir", "fnir", "fpir_alone", "fnir_alone", "threshold_alone", "calibrated_fnir"):
        assert f"{name}@fpir=0.1" in rows


def test_the_margin_of_a_threshold_file(opis, folder, tmp_path):
    file = tmp_path / "t.json"
    argv = ("calibrate", folder / "e.npz", "--criterion", "fpir=0.1", "--margin", "0.02")
    assert opis(*argv, "-o", file)[0] == 0
    written = json.loads(file.read_text())
    assert (written["margin"], written["target"]["criterion"]) == (0.02, "fpir")
    assert written["attained"]["identification"]["fpir"]["value"] <= 0.1
    shown = json.loads(opis("calibrate", folder / "e.npz", "--threshold-file", file, "--json")[1])
    assert shown["operating_points"][0]["identification"]["margin"] == 0.02
    for margin in (-1, "wide", True):
        file.write_text(json.dumps({**written, "margin": margin}))
        code, _, err = opis("evaluate", folder / "e.npz", "--threshold-file", file)
        assert (code, "its margin is" in err) == (3, True)
