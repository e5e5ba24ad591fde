"""``opis compare``: the same numbers as in each report, changes against the first."""

import json

import numpy as np
import pytest
from conftest import SAMPLE, clusters

WORDNET = SAMPLE / "wordnet.parquet"


@pytest.fixture
def two(tmp_path):
    """The same classes, wider apart in the second file."""
    embeddings, labels = clusters(2, n_classes=40, dims=10)
    centres = np.array([embeddings[labels == label].mean(axis=0) for label in labels])
    paths = []
    for name, spread in (("before", 1.0), ("after", 0.6)):
        path = tmp_path / f"{name}.npz"
        np.savez(path, embedding=centres + spread * (embeddings - centres), label=labels)
        paths.append(path)
    return paths


def metrics(out):
    return {metric["name"]: metric["values"] for metric in json.loads(out)["metrics"]}


def test_values_are_those_of_each_report(opis, two):
    code, out, _ = opis("compare", *two, "--json")
    found = metrics(out)
    assert code == 0
    for values in found.values():
        for one in values:
            assert one["ci"] is None or one["ci"][0] <= one["value"] <= one["ci"][1]
    for k, path in enumerate(two):
        report = json.loads(opis("evaluate", path, "--json")[1])
        assert found["opis"][k]["value"] == report["opis"]["value"]
        assert found["opis"][k]["ci"] == report["opis"]["ci"]
        assert found["eps_opis"][k]["value"] == report["eps_opis"]["value"]
        assert found["recall@1"][k]["value"] == report["recall"]["1"]["value"]
        assert found["tar@far=0.01"][k]["value"] == report["operating_points"][1]["tar"]


def test_changes_have_signs_and_paired_intervals(opis, two):
    found = metrics(opis("compare", *two, "--json")[1])
    recall, opis_ = found["recall@1"][1]["change"], found["opis"][1]["change"]
    assert found["opis"][0]["change"] is None
    assert recall["difference"] > 0
    assert recall["is_better"]
    assert recall["ci"][0] < recall["difference"] < recall["ci"][1]
    values = [value["value"] for value in found["opis"]]
    assert opis_["ratio"] == pytest.approx(values[1] / values[0])
    assert opis_["is_better"] == (values[1] < values[0])
    assert opis_["ci"][0] < opis_["ratio"] < opis_["ci"][1]


def test_nothing_changed_against_itself(opis, two):
    code, out, err = opis("compare", two[0], two[0], "--json")
    assert code == 0
    assert "same embeddings" in err
    for values in metrics(out).values():
        change = values[1]["change"]
        assert change["difference"] == 0
        assert change["is_better"] is None
        assert not change["is_certain"]


def test_other_classes_have_no_paired_interval(opis, two):
    code, out, err = opis("compare", two[0], WORDNET, "--json")
    assert code == 0
    assert "changes have no confidence interval" in err
    assert not json.loads(out)["is_paired"]
    assert metrics(out)["opis"][1]["change"]["ci"] is None


def test_saved_evaluations_and_other_settings(opis, two, tmp_path):
    saved = tmp_path / "run.opis"
    opis("evaluate", two[1], "--save", saved, "--epsilon", "0.2", "--quiet")
    direct = metrics(opis("compare", *two, "--json", "--epsilon", "0.2")[1])
    assert metrics(opis("compare", two[0], saved, "--json", "--epsilon", "0.2")[1]) == direct
    _, _, err = opis("compare", two[0], saved)
    assert "different settings" in err


def test_the_table_of_the_paper(opis, two):
    _, markdown, _ = opis("compare", *two, "--format", "markdown")
    assert "10%-OPIS" in markdown
    assert "↑ +" in markdown
    _, latex, _ = opis("compare", *two, "--format", "latex")
    assert r"$\uparrow$ +" in latex
    assert "before.npz" in latex


def test_the_terminal_shows_every_number_in_80_columns(opis, two, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    found = metrics(opis("compare", *two, "--json")[1])
    *body, _ = opis("compare", *two)[1].splitlines()
    assert max(len(line) for line in body) <= 80
    assert "…" not in "".join(body[2:])
    shown = [
        line.split("B ")[1].split()[0]
        for line in body
        if line.startswith(" " * 6) and " B " in line
    ]
    assert shown[:2] == [f"{found['recall@1'][1]['value']:.4f}", f"{found['opis'][1]['value']:.4g}"]
    assert len(shown) == len(found)


@pytest.mark.parametrize(
    ("sources", "says"),
    [((WORDNET,), "expected two or more"), (("-", "-"), "standard input was given twice")],
)
def test_mistakes_are_explained(opis, sources, says):
    code, out, err = opis("compare", *sources)
    assert (code, out) == (2, "")
    assert says in err
