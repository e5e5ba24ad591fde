"""``--group-by``: each group as if it were alone, and the groups against one another."""

import csv
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import SAMPLE, clusters, coarse_grid
from oracles.brute_force import BruteForce

WORDNET = SAMPLE / "wordnet.parquet"
NAMES = ("b\n", "[red]a", "ünd|", "one class", "single items")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Three groups with pairs, whose classes cross them, one of one class, one without a class."""
    embeddings, labels = clusters(1, n_classes=20, dims=6, sizes=(9, 16))
    rng = np.random.default_rng(1)
    groups = rng.integers(0, 3, len(labels))
    groups[labels == 3] = 3
    for code in (5, 6, 7):
        groups[np.flatnonzero(labels == code)[0]] = 4
    path = tmp_path_factory.mktemp("groups") / "x.parquet"
    country = np.array(NAMES)[groups]
    table = {"embedding": pa.array(list(embeddings)), "label": labels, "country": country}
    order = rng.permutation(len(labels))
    pq.write_table(pa.table(table).take(order), path)
    alone = {g: BruteForce(embeddings[groups == g], labels[groups == g]) for g in range(3)}
    return path, alone


def test_every_group_alone_at_the_thresholds_of_all(opis, data):
    path, alone = data
    options = ("--group-by", "country", "--far", "0.02:0.2", "--thresholds", 41, "--json")
    code, out, err = opis("evaluate", path, *options)
    assert code == 0
    found = json.loads(out)
    assert found["signature"].count("|group:country|") == 1
    by_name = {group["group"]: group for group in found["groups"]}
    assert sorted(by_name) == sorted(NAMES)
    grid = np.linspace(*found["calibration_range"]["threshold"], 41)
    curves = []
    for code, truth in alone.items():
        group = by_name[NAMES[code]]
        utilities = truth.utilities(grid)
        assert group["n_items"] == truth.n
        assert group["opis"]["value"] == pytest.approx(truth.opis(utilities, grid), abs=1e-9)
        eps = truth.eps_opis(utilities, grid, 0.1)
        assert group["eps_opis"]["value"] == pytest.approx(eps, abs=1e-9)
        mean = truth.integrate(utilities.mean(axis=0), grid)
        assert group["mean_utility"] == pytest.approx(mean)
        assert group["recall"]["1"]["value"] == pytest.approx(truth.recall(1), abs=1e-9)
        for point, of_all in zip(group["operating_points"], found["operating_points"], strict=True):
            assert point["threshold"] == of_all["threshold"]
            if point["threshold"] is not None:
                accepted = np.count_nonzero(truth.negatives <= point["threshold"])
                assert (point["far"]["k"], point["far"]["n"]) == (accepted, len(truth.negatives))
        tnr, tpr = 1 - truth.far(grid), 1 - truth.frr(grid)
        curves.append(2 * tnr * tpr / (tnr + tpr))
        assert group["pooled_utility"] == pytest.approx(truth.integrate(curves[-1], grid))
    between = np.mean((np.array(curves) - np.mean(curves, axis=0)) ** 2, axis=0)
    assert found["between_groups"]["n_groups"] == 5
    expected = alone[0].integrate(between, grid)
    assert found["between_groups"]["opis"] == pytest.approx(expected)
    for name in NAMES[3:]:
        assert by_name[name]["opis"] is by_name[name]["recall"] is None
    assert "2 ('one class', 'single items') of 5 groups" in err


def test_the_rest_of_the_evaluation_is_as_without(opis, data):
    path, _ = data
    options = ("evaluate", path, "--far", "0.02:0.2", "--json")
    grouped = json.loads(opis(*options, "--group-by", "country")[1])
    plain = json.loads(opis(*options)[1])
    assert plain["groups"] is plain["between_groups"] is None
    for changed in ("groups", "between_groups", "signature", "warnings"):
        grouped.pop(changed), plain.pop(changed)
    assert grouped == plain


def gini(values):
    n = len(values)
    differences = sum(abs(a - b) for a in values for b in values)
    return n / (n - 1) * differences / (2 * n * n * np.mean(values))


def test_rates_of_groups_and_how_unequal_they_are(opis, data):
    path, alone = data
    options = ("--far", "0.05", "--threshold", "0.4", "--group-by", "country", "--json")
    code, out, err = opis("calibrate", path, *options)
    assert code == 0
    points = json.loads(out)["operating_points"]
    for point in points:
        by_name = {group["group"]: group for group in point["groups"]["groups"]}
        rates = []
        for code, truth in alone.items():
            group = by_name[NAMES[code]]
            k = np.count_nonzero(truth.negatives <= point["threshold"])
            rejected = np.count_nonzero(truth.positives > point["threshold"])
            assert (group["far"]["k"], group["frr"]["k"]) == (k, rejected)
            assert group["far"]["ci"][0] <= k / len(truth.negatives) <= group["far"]["ci"][1]
            assert group["tar"] == pytest.approx(1 - rejected / len(truth.positives))
            rates.append((k / len(truth.negatives), rejected / len(truth.positives)))
        assert by_name["one class"]["far"] is None
        far, frr = np.transpose(rates)
        found = point["groups"]
        assert found["far"]["gini"] == pytest.approx(gini(far))
        assert found["frr"]["gini"] == pytest.approx(gini(frr))
        assert found["garbe"] == pytest.approx((gini(far) + gini(frr)) / 2)
        if far.all():
            ratio = max(far) / np.prod(far) ** (1 / 3)
            assert found["far"]["max_over_geometric_mean"] == pytest.approx(ratio)
    assert "fewer than 10 false accepts" in err


def test_groups_of_the_set_that_rates_are_taken_on(opis, data):
    path, _ = data
    options = ("--far", "1e-2", "--eval", path, "--group-by", "country", "--json")
    there = json.loads(opis("calibrate", WORDNET, *options)[1])["operating_points"][0]
    assert [group["group"] for group in there["groups"]["groups"]] == sorted(NAMES)


def test_one_group_is_the_whole_set(opis):
    options = ("--where", "split=test", "--group-by", "split", "--json")
    found = json.loads(opis("evaluate", WORDNET, *options)[1])
    (group,) = found["groups"]
    assert group["opis"] == found["opis"]
    assert group["eps_opis"] == found["eps_opis"]
    assert group["recall"] == found["recall"]
    assert group["operating_points"] == found["operating_points"]
    assert found["between_groups"]["opis"] is None
    point = json.loads(
        opis("calibrate", WORDNET, "--far", "1e-2", "--drop-duplicates", *options)[1]
    )["operating_points"][0]
    assert point["groups"]["groups"][0]["far"] == point["far"]
    assert point["groups"]["garbe"] is None


def test_duplicates_are_dropped_before_groups_are_made(opis, tmp_path):
    embeddings, labels = coarse_grid(3, n_items=150, dims=6, n_classes=5)
    whole = {"embedding": embeddings, "label": labels, "g": np.zeros(len(labels), int)}
    np.savez(tmp_path / "x.npz", **whole)
    options = ("--threshold", "0.9", "--drop-duplicates", "--group-by", "g", "--json")
    (point,) = json.loads(opis("calibrate", tmp_path / "x.npz", *options)[1])["operating_points"]
    (group,) = point["groups"]["groups"]
    assert (group["far"], group["frr"]) == (point["far"], point["frr"])
    assert group["n_items"] < len(labels)


def test_a_group_in_which_positives_lie_farther_is_measured_all_the_same(opis, tmp_path):
    rng = np.random.default_rng(0)
    embeddings, labels = clusters(0, n_classes=20, dims=16, sizes=(10, 11))
    direction = rng.normal(size=(1, 16)) + 0.05 * rng.normal(size=(30, 16))
    whole = {
        "embedding": np.concatenate([embeddings, direction, -direction]),
        "label": np.concatenate([labels, np.tile(np.arange(100, 130), 2)]),
        "g": np.repeat(["sound", "reversed"], [len(labels), 60]),
    }
    np.savez(tmp_path / "x.npz", **whole)
    found = json.loads(opis("evaluate", tmp_path / "x.npz", "--group-by", "g", "--json")[1])
    turned, sound = found["groups"]
    assert turned["pooled_utility"] < 0.1 < sound["pooled_utility"]


@pytest.mark.parametrize("style", ["table", "csv", "markdown", "latex"])
@pytest.mark.parametrize("command", [("evaluate",), ("calibrate", "--threshold", "0.5")])
def test_every_format_names_the_groups(opis, data, style, command):
    options = ("--group-by", "country", "--format", style)
    code, out, _ = opis(command[0], data[0], *command[1:], *options)
    assert code == 0
    assert "one class" in out


def test_the_rows_of_a_group_are_named_so(opis, data):
    argv = ("evaluate", data[0], "--group-by", "country")
    truth = {g["group"]: g for g in json.loads(opis(*argv, "--json")[1])["groups"]}
    rows = list(csv.DictReader(io.StringIO(opis(*argv, "--format", "csv")[1])))
    for name in ("[red]a", "ünd|"):
        found = {row["metric"]: row for row in rows if row["label"] == name}
        group = truth[name]
        assert all(metric.startswith("group_") for metric in found)
        assert int(found["group_n_items"]["value"]) == group["n_items"]
        assert float(found["group_opis"]["value"]) == group["opis"]["value"]
        assert float(found["group_recall@1"]["value"]) == group["recall"]["1"]["value"]
        mean = group["measures"]["mean_utility"]
        assert float(found["group_mean_utility"]["value"]) == mean["value"] == group["mean_utility"]
        assert float(found["group_mean_utility"]["ci_lo"]) == mean["ci"][0]
        far = group["operating_points"][0]["far"]
        assert int(found["group_far@far=0.1"]["k"]) == far["k"]
    assert [row["metric"] for row in rows].count("opis") == 1


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        ("evaluate {data} --group-by land", 3, "no column 'land'"),
        ("evaluate {data} --group-by embedding", 4, "expected texts, numbers or dates"),
        ("evaluate {saved} --group-by country", 2, "--group-by was given, but"),
        ("calibrate {saved} --far 0.1 --group-by country", 2, "--group-by was given, but"),
        ("calibrate {data} --far 0.1 --group-by land", 3, "no column 'land'"),
        ("calibrate {data} --far 0.1 --eval {saved} --group-by country", 2, "--group-by was"),
        (
            "evaluate {data} --sample-pairs 2000 --group-by country",
            2,
            "--sample-pairs counts only some",
        ),
        ("evaluate {npy} --labels {npy} --group-by country", 2, "has no columns"),
    ],
)
def test_mistakes_are_explained(opis, data, tmp_path, argv, code, says):
    saved, npy = tmp_path / "run.opis", tmp_path / "x.npy"
    opis("evaluate", data[0], "--save", saved, "--json", "--quiet")
    np.save(npy, np.eye(4))
    named = argv.format(data=data[0], saved=saved, npy=npy)
    found, out, err = opis(*named.split())
    assert (found, out) == (code, "")
    assert says in err
    assert len(err.splitlines()) == 2
