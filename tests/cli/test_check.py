"""``opis check``: every condition is tried, each that holds is named, and the exit code is 1."""

import json

import numpy as np
import pytest
from conftest import SAMPLE, clusters

from opiscli.errors import UsageError
from opiscli.settings.conditions import Condition, settings_for

WORDNET = SAMPLE / "wordnet.parquet"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    from opiscli.cli import main

    path = tmp_path_factory.mktemp("saved") / "run.opis"
    with pytest.raises(SystemExit):
        main(["evaluate", str(WORDNET), "--k", "1,5", "--save", str(path), "--quiet", "--json"])
    return path


def test_all_conditions_are_tried_and_named(opis, saved):
    conditions = ("opis>0.01", "recall@5<0.5", "tar@far=1e-3<0.9", "worst_frr@far=0.01 >= 0.5")
    options = [part for text in conditions for part in ("--fail-if", text)]
    code, out, err = opis("check", saved, *options, "--json")
    found = json.loads(out)
    assert code == 1
    assert not found["passed"]
    assert [one["failed"] for one in found["conditions"]] == [True, False, True, True]
    failed = [line for line in err.splitlines() if line.startswith("failed: ")]
    assert [line.split(": ")[1] for line in failed] == [conditions[0], *conditions[2:]]


def test_nothing_holds_is_exit_0(opis, saved):
    assert opis("check", saved, "--fail-if", "opis>0.02")[0] == 0


def test_the_numbers_are_those_of_the_report(opis, saved):
    names = ("opis", "opis_corrected", "eps_opis", "mean_utility", "recall@1")
    options = [part for name in names for part in ("--fail-if", f"{name}<0")]
    code, out, _ = opis("check", saved, *options, "--json")
    report = json.loads(opis("evaluate", saved, "--json")[1])
    expected = [
        report["opis"]["value"],
        report["opis"]["corrected"],
        report["eps_opis"]["value"],
        report["mean_utility"],
        report["recall"]["1"]["value"],
    ]
    assert code == 0
    assert [one["value"] for one in json.loads(out)["conditions"]] == expected


def test_the_rates_are_those_of_a_calibration(opis, saved):
    names = ("far", "frr", "tar", "macro_far", "worst_far", "worst_frr", "share_above_limit")
    options = [part for name in names for part in ("--fail-if", f"{name}@far=0.01<0")]
    found = json.loads(opis("check", saved, *options, "--json")[1])["conditions"]
    calibrated = json.loads(opis("calibrate", saved, "--far", "0.01", "--json")[1])
    (point,) = calibrated["operating_points"]
    expected = {name: point[name] for name in names}
    for name in ("far", "frr", "worst_far", "worst_frr"):
        expected[name] = point[name]["value"]
    assert {one["name"].split("@")[0]: one["value"] for one in found} == expected
    assert len(set(expected.values())) == len(names)


def test_a_number_of_the_ranking_is_counted_when_it_is_named(opis, saved):
    code, out, _ = opis("check", WORDNET, "--fail-if", "map_at_r<0.9", "--json")
    truth = json.loads(opis("evaluate", WORDNET, "--ranking", "--json")[1])
    (found,) = json.loads(out)["conditions"]
    assert code == 1
    assert found["value"] == truth["ranking"]["map_at_r"]["value"]
    code, out, err = opis("check", saved, "--fail-if", "map_at_r<0.9")
    assert (code, out) == (2, "")
    assert "was counted without" in err


def test_rates_at_a_threshold_from_a_file(opis, saved, tmp_path):
    path = tmp_path / "threshold.json"
    opis("calibrate", saved, "--far", "1e-2", "-o", path)
    condition = ("--fail-if", "far>0.00999", "--fail-if", "far@far=1e-2>0.00999")
    code, out, _ = opis("check", saved, *condition, "--threshold-file", path, "--json")
    here, there = json.loads(out)["conditions"]
    assert code == 1
    assert here["value"] == there["value"]


def test_one_threshold_at_most(opis, saved, tmp_path):
    path = tmp_path / "t.json"
    assert opis("calibrate", saved, "--far", "1e-2", "-o", path)[0] == 0
    run = ("check", saved, "--fail-if", "far>0.5", "--threshold-file", path)
    assert opis(*run)[0] == 0
    for option in ("--threshold", "--similarity"):
        code, out, err = opis(*run, option, "0.5")
        assert (code, out) == (2, "")
        assert f"use only one of {option}, --threshold-file" in err


def test_a_threshold_of_another_distance_is_never_applied(opis, tmp_path):
    """Counts are measured as they were counted, whatever the default is."""
    cosine = tmp_path / "cosine.opis"
    opis("evaluate", WORDNET, "--distance", "cosine", "--save", cosine, "--quiet")
    files = {}
    for name, source in (("cosine", cosine), ("euclidean", WORDNET)):
        files[name] = tmp_path / f"{name}.json"
        opis("calibrate", source, "--far", "1e-2", "-o", files[name], "--quiet")
    condition = ("--fail-if", "far>0.01")
    commands = (("check", *condition), ("calibrate",), ("evaluate",))
    for command, *more in commands:
        assert opis(command, cosine, *more, "--threshold-file", files["cosine"])[0] == 0
        code, out, err = opis(command, cosine, *more, "--threshold-file", files["euclidean"])
        assert (code, out) == (2, "")
        assert "is a euclidean distance, but distances here are cosine" in err
        assert opis(command, WORDNET, *more, "--threshold-file", files["cosine"])[0] == 2


@pytest.mark.parametrize(
    ("text", "key"),
    [("opis>0", "opis"), (" recall@10 <= .5", "recall@10"), ("far@1e-3!=0", "far@far=0.001")],
)
def test_conditions_are_read(text, key):
    assert Condition.parse(text).key == key


def test_conditions_say_what_must_be_counted():
    texts = ("recall@10<1", "opis>0", "recall@2<1", "tar@far=1e-3<1")
    conditions = [Condition.parse(text) for text in texts]
    assert settings_for(conditions) == {"ks": (2, 10)}
    ranked = [*conditions, Condition.parse("r_precision<1")]
    assert settings_for(ranked) == {"ks": (2, 10), "ranking": True}


@pytest.mark.parametrize(("comparison", "holds"), [(">", 0), (">=", 1), ("<=", 1), ("==", 1)])
def test_comparisons(comparison, holds):
    assert Condition.parse(f"mean_utility{comparison}0.5").holds(0.5) is bool(holds)


@pytest.mark.parametrize(
    "text",
    ["", "opis", "opis>", "opis>x", "opsi>1", "opis@1>0", "recall>0", "recall@x>0", "far@far=2>0"],
)
def test_what_is_no_condition(text):
    with pytest.raises(UsageError):
        Condition.parse(text)


def test_a_rate_without_a_threshold(opis, saved):
    code, out, err = opis("check", saved, "--fail-if", "far>0.1")
    assert (code, out) == (2, "")
    assert "needs a threshold" in err
    assert opis("check", saved)[0] == 2


def test_a_number_that_does_not_exist_is_no_pass(opis, tmp_path):
    """Classes of three items cannot be corrected for noise."""
    path = tmp_path / "three.npz"
    embeddings, labels = clusters(0, n_classes=20, sizes=(3, 4))
    np.savez(path, embedding=embeddings, label=labels)
    code, out, err = opis("check", path, "--fail-if", "opis_corrected>1")
    assert (code, out) == (5, "")
    assert "has no value" in err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("opis>1e999", "the limit is inf, expected 0 to 0.25, as opis is"),
        ("opis<inf", "expected 0 to 0.25"),
        ("opis>-inf", "expected 0 to 0.25"),
        ("opis>nan", "the limit is nan"),
        ("opis!=nan", "the limit is nan"),
        ("opis>0.9", "expected 0 to 0.25"),
        ("eps_opis>=1.1", "expected 0 to 1"),
        ("recall@1<-1", "expected 0 to 1, as recall@1 is"),
        ("recall@5==2", "expected 0 to 1, as recall@5 is"),
        ("far>2", "expected 0 to 1"),
        ("tar@far=1e-3<-0.1", "expected 0 to 1, as tar@far=0.001 is"),
        ("opis_corrected>1e999", "expected a finite number"),
    ],
)
def test_a_condition_that_no_value_meets_is_refused(text, says):
    with pytest.raises(UsageError, match="can never be met") as refused:
        Condition.parse(text)
    assert says in refused.value.problem


@pytest.mark.parametrize("text", ["far>1", "recall@1<0", "recall@1<1.1", "opis_corrected>1"])
def test_a_limit_at_a_bound_or_always_met_is_allowed(text):
    assert Condition.parse(text).text == text
