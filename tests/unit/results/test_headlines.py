"""The list of headline numbers: whatever shows numbers shows these, and no other list exists."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, clusters

from opiscli.results import Interval, OperatingPoint, Rate
from opiscli.results.headlines import (
    AT_THRESHOLD,
    HEADLINES,
    compared_entries,
    entries,
    point_entries,
    text,
    title,
)


@pytest.fixture(scope="module")
def evaluation():
    from opiscli import evaluate

    return evaluate(*clusters(seed=3, n_classes=20, sizes=(6, 12)), k=(1, 5))


def test_numbers_are_those_of_the_json(evaluation):
    truth = json.loads(evaluation.to_json())
    found = {entry.name: entry.number for entry in entries(evaluation)}
    assert list(found) == [
        "recall@1", "recall@5", "opis", "opis_noise", "opis_corrected", "eps_opis",
        "eps_opis_corrected", "mean_utility",
    ]  # fmt: skip
    for name, path in (
        ("recall@5", truth["recall"]["5"]),
        ("opis", truth["opis"]),
        ("eps_opis", truth["eps_opis"]),
        ("mean_utility", truth["measures"]["mean_utility"]),
    ):
        assert (found[name].value, list(found[name].ci)) == (path["value"], path["ci"])
    assert found["opis_corrected"].value == truth["opis"]["corrected"]
    assert found["mean_utility"].value == truth["mean_utility"]
    assert found["recall@1"].n == truth["recall"]["1"]["n_queries"]


def test_numbers_at_a_threshold_are_those_of_the_point(evaluation):
    (_, point, _) = evaluation.operating_points
    found = {entry.name: entry.number for entry in point_entries(point, "@far=0.01")}
    assert set(found) == {
        f"{name}@far=0.01"
        for name in ("far", "frr", "tar", "macro_far", "worst_far", "worst_frr", "fpir", "fnir")
    }
    tar = found["tar@far=0.01"]
    assert (tar.value, tar.ci) == (point.tar, point.tar_rate.ci)
    assert found["worst_far@far=0.01"].label == point.worst_far.label


def test_tar_is_a_rate_with_the_interval_of_frr_turned_over(evaluation):
    for point in evaluation.operating_points:
        assert point.tar == point.tar_rate.value == point.tar_rate.k / point.tar_rate.n
        assert point.tar_rate.k + point.frr.k == point.tar_rate.n == point.frr.n
        assert point.tar_rate.ci == (1 - point.frr.ci.hi, 1 - point.frr.ci.lo)
    assert Rate(0.25, 1, 4, Interval(0.1, 0.5)).complement() == Rate(0.75, 3, 4, Interval(0.5, 0.9))


def test_a_point_that_is_not_attainable_has_names_but_no_values():
    found = point_entries(OperatingPoint(target_far=1e-9), "@x")
    assert [entry.number.value for entry in found] == [None] * 8
    assert {entry.text for entry in found} == {"–"}


def test_comparisons_leave_out_what_is_neither_better_nor_worse(evaluation):
    names = list(compared_entries(evaluation))
    assert "opis_noise" not in names
    assert names[-3:] == ["tar@far=0.1", "tar@far=0.01", "tar@far=0.001"]
    assert {name for name in names if not compared_entries(evaluation)[name].higher_is_better} == {
        "opis", "opis_corrected", "eps_opis", "eps_opis_corrected",
    }  # fmt: skip


def test_titles_and_values_are_written_by_name():
    assert title("recall@10", 0.1) == "R@10"
    assert title("eps_opis", 0.05) == "5%-OPIS"
    assert title("tar@far=0.001", 0.1) == "TAR@FAR=0.001"
    assert text("recall@10", 0.123456) == "0.1235"
    assert text("opis", 0.0000123456) == "1.235e-05"
    assert text("opis_corrected", -0.0012) == "−0.001200"
    names = [headline.name for headline in (*HEADLINES, *AT_THRESHOLD)]
    assert len(names) == len(set(names))


METRIC = '''"""The lowest class score."""

from opiscli.arrays import FloatArray
from opiscli.metrics.opis import mean_over_range


def measure(scores: FloatArray, thresholds: FloatArray, weights: FloatArray) -> FloatArray:
    """Lowest score among the classes that count."""
    means = mean_over_range(scores, thresholds)
    return (means + 9.0 * (weights == 0)).min(axis=1)
'''
ENTRY = """    Headline(
        name="lowest_score",
        title="Lowest score",
        numbers=lambda of: measured(of, "lowest_score", "of a class"),
        measure="lowest_class_score",
    ),
)


def _error("""


def test_a_new_metric_is_a_file_and_an_entry(tmp_path):
    """Tried on a copy: report, tables, page, check and comparison have it at once."""
    shutil.copytree(ROOT / "opiscli", tmp_path / "opiscli")
    (tmp_path / "opiscli/metrics/lowest_class_score.py").write_text(METRIC, "utf-8")
    headlines = tmp_path / "opiscli/results/headlines.py"
    before = headlines.read_text("utf-8")
    assert before.count(")\n\n\ndef _error(") == 1
    headlines.write_text(before.replace(")\n\n\ndef _error(", ENTRY), "utf-8")
    embeddings, labels = clusters(seed=3, n_classes=20, sizes=(6, 12))
    for name, spread in (("a", 1.0), ("b", 0.9)):
        np.savez(tmp_path / f"{name}.npz", embedding=embeddings * spread + 0.1, label=labels)

    def run(*argv):
        done = subprocess.run(
            [sys.executable, "-m", "opiscli", *argv],
            cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    code, out, err = run("evaluate", "a.npz", "--json")
    assert code == 0, err
    result = json.loads(out)
    lowest = result["measures"]["lowest_score"]
    assert lowest["value"] == pytest.approx(result["worst_classes"][0]["mean_utility"])
    assert lowest["ci"][0] <= lowest["value"] < lowest["ci"][1]
    shown = f"{lowest['value']:.4f}"
    assert re.search(rf"Lowest score +{shown}", run("evaluate", "a.npz")[1])
    assert f"\nlowest_score,{lowest['value']}," in run("evaluate", "a.npz", "-f", "csv")[1]
    assert run("report", "a.npz", "-o", "a.html")[0] == 0
    assert f'<dt>Lowest score</dt><dd class="value">{shown}<' in (tmp_path / "a.html").read_text()
    compared = json.loads(run("compare", "a.npz", "b.npz", "--json")[1])["metrics"]
    (change,) = [m["values"][1]["change"] for m in compared if m["name"] == "lowest_score"]
    assert change["ci"] is not None
    assert run("check", "a.npz", "--fail-if", "lowest_score<0.99")[0] == 1
