"""``opis inspect``: the worst pairs, classes and labels, whatever the order of rows."""

import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import SAMPLE, clusters, coarse_grid
from oracles.brute_force import BruteForce

WORDNET = SAMPLE / "wordnet.parquet"
HOSTILE = ("[red]a\x1b[2J", "b\n|c", "ünd,", "$d_e$")


def write(path, embeddings, labels, ids, order):
    table = {
        "embedding": pa.array(list(embeddings)),
        "label": np.array(HOSTILE * 20)[labels] + labels.astype(str),
        "id": ids,
        "text": [None if i % 7 == 0 else f"<{i}>\t" for i in ids],
    }
    pq.write_table(pa.table(table).take(order), path)
    return path


def name(label):
    return HOSTILE[label % 4] + str(label)


@pytest.fixture(params=["tied", "untied"])
def data(request):
    """One set full of ties and repeats, with wrong labels in both; ids that are not the rows."""
    if request.param == "tied":
        embeddings, labels = coarse_grid(3, n_items=150, dims=6, n_classes=5)
        # Turned, so that what is tied differs by the rounding to float32.
        embeddings @= np.linalg.qr(np.random.default_rng(1).normal(size=(6, 6)))[0]
    else:
        embeddings, labels = clusters(2, n_classes=8, dims=6, sizes=(12, 22), spread=0.3)
        labels[[0, 40, 90]] = [7, 0, 1]
    ids = np.random.default_rng(0).permutation(len(labels)) * 3
    return embeddings, labels, ids


def worst_pairs(truth, ids, *, positive, n):
    """All pairs of a kind in the order of distance, then of ids."""
    found = []
    for a in range(truth.n):
        for b in range(a):
            if truth.same[a, b] == positive:
                ends = sorted((int(ids[a]), int(ids[b])))
                found.append((-truth.d[a, b] if positive else truth.d[a, b], *ends))
    return [(abs(d), str(lo), str(hi)) for d, lo, hi in sorted(found)[:n]]


def suspects(truth, ids, k):
    found = {}
    for a in range(truth.n):
        d = truth.d[a].copy()
        d[a] = np.inf
        near = d <= np.sort(d)[k - 1] + 1e-7
        labels = set(truth.labels[near].tolist())
        if len(labels) == 1 and truth.labels[a] not in labels:
            found[str(ids[a])] = (name(labels.pop()), np.sort(d)[k - 1])
    return found


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    from opiscli.cli import main

    path = tmp_path_factory.mktemp("saved") / "run.opis"
    with pytest.raises(SystemExit):
        main(["evaluate", str(WORDNET), "--save", str(path), "--quiet", "--json"])
    return path


@pytest.mark.parametrize(("side", "k"), [(16, 1), (1024, 3)])
def test_pairs_and_labels_against_all_distances(opis, data, tmp_path, monkeypatch, side, k):
    monkeypatch.setattr("opiscli.neighbours.extreme_pairs._SIDE", side)
    embeddings, labels, ids = data
    truth = BruteForce(embeddings, labels)
    shuffled = np.random.default_rng(side).permutation(len(labels))
    path = write(tmp_path / "x.parquet", embeddings, labels, ids, shuffled)
    options = ("--threshold", "0.5", "--show", "text", "--pairs", 40, "--json")
    code, out, _ = opis("inspect", path, *options, "--neighbours", k)
    found = json.loads(out)
    assert code == 0
    for positive, pairs in ((False, found["negatives"]), (True, found["positives"])):
        expected = worst_pairs(truth, ids, positive=positive, n=40)
        assert [(p["first"]["id"], p["second"]["id"]) for p in pairs] == [e[1:] for e in expected]
        assert [p["distance"] for p in pairs] == pytest.approx([e[0] for e in expected], abs=1e-6)
        assert [p["accepted"] for p in pairs] == [e[0] <= 0.5 for e in expected]
    item = found["negatives"][0]["first"]
    (place,) = np.flatnonzero(ids == int(item["id"]))
    assert (item["row"], item["label"]) == (np.flatnonzero(shuffled == place), name(labels[place]))
    assert item["show"] == {"text": f"<{item['id']}>\t" if int(item["id"]) % 7 else ""}

    expected = suspects(truth, ids, k)
    assert found["n_suspected"] == len(expected)
    for one in found["suspected_labels"]:
        among, distance = expected[one["item"]["id"]]
        assert one["among"] == among
        assert one["distance"] == pytest.approx(distance, abs=1e-6)
    ratios = [s["distance"] / (s["own_distance"] or np.inf) for s in found["suspected_labels"]]
    assert ratios == pytest.approx(sorted(ratios), abs=1e-6)


def test_rows_in_another_order_change_nothing_but_rows(opis, data, tmp_path):
    embeddings, labels, ids = data
    answers = []
    for seed in (0, 1):
        order = np.random.default_rng(seed).permutation(len(labels))
        path = write(tmp_path / "x.parquet", embeddings, labels, ids, order)
        found = opis("inspect", path, "--threshold", "0.6", "--format", "jsonl")[1]
        answers.append([json.loads(line) for line in found.splitlines()])
    for line in (line for answer in answers for line in answer):
        for part in ("first", "second", "item"):
            line.get(part, {}).pop("row", None)
        for part in ("distance", "own_distance"):
            if line.get(part) is not None:
                line[part] = round(line[part], 6)
    assert answers[0] == answers[1]
    assert [line["finding"] for line in answers[0]].count("negative-pair") == 10


def test_wrong_labels_are_found(opis, tmp_path):
    """Of well separated classes, exactly the items that were given another label."""
    embeddings, labels = clusters(0, n_classes=6, dims=12, sizes=(15, 20), spread=0.1)
    wrong = {3: 5, 50: 0, 60: 99}
    given = labels.copy()
    given[list(wrong)] = list(wrong.values())
    np.savez(tmp_path / "x.npz", embedding=embeddings, label=given)
    found = json.loads(opis("inspect", tmp_path / "x.npz", "--json")[1])
    expected = {str(row): str(labels[row]) for row in wrong}
    assert {s["item"]["id"]: s["among"] for s in found["suspected_labels"]} == expected
    assert found["suspected_labels"][0]["own_distance"] is None  # the only one of its class


def test_a_tie_longer_than_any_list_is_seen_whole(opis, tmp_path):
    """Twenty items of one class and one of another are all the nearest of a third."""
    rng = np.random.default_rng(0)
    crowd = np.tile(rng.normal(size=8), (21, 1))
    embeddings = np.concatenate([crowd, crowd[:1] + 0.01, rng.normal(size=(12, 8))])
    labels = np.array([*["b"] * 20, "c", "a", *"aaaaaacccccc"])
    np.savez(tmp_path / "x.npz", embedding=embeddings, label=labels)
    found = json.loads(opis("inspect", tmp_path / "x.npz", "--threshold", "0.5", "--json")[1])
    suspected = {s["item"]["id"]: s["among"] for s in found["suspected_labels"]}
    assert suspected["20"] == "b"  # the c among the crowd
    assert "21" not in suspected
    assert not suspected.keys() & {str(row) for row in range(20)}


def test_classes_that_break_first(opis):
    found = json.loads(opis("inspect", WORDNET, "--far", "1e-2", "--json")[1])
    calibrated = opis("calibrate", WORDNET, "--far", "1e-2", "--json")[1]
    (point,) = json.loads(calibrated)["operating_points"]
    assert found["threshold"] == point["threshold"]
    assert found["far"] == point["far"]["value"]
    assert found["tar"] == pytest.approx(point["tar"])
    pairs = zip(found["highest_far"], point["hardest_classes"], strict=False)
    assert all(one["label"] == other["label"] for one, other in pairs)
    assert found["lowest_tar"][0]["label"] == point["worst_frr"]["label"]


def test_cosine_distances(opis):
    euclidean, cosine = (
        json.loads(opis("inspect", WORDNET, "--far", "1e-2", "--distance", d, "--json")[1])
        for d in ("euclidean", "cosine")
    )
    for here, there in zip(euclidean["negatives"], cosine["negatives"], strict=True):
        assert here["first"] == there["first"]
        assert there["distance"] == pytest.approx(here["distance"] ** 2 / 2)


@pytest.mark.parametrize("style", ["table", "csv", "markdown", "latex"])
def test_texts_cannot_restyle_the_terminal(opis, data, tmp_path, style):
    path = write(tmp_path / "x.parquet", *data, np.arange(len(data[1])))
    options = ("--show", "text", "--far", "0.05", "--components", "--format", style)
    code, out, _ = opis("inspect", path, *options)
    assert code == 0
    assert "\x1b" not in out


def test_components_are_drawn_and_listed(opis, monkeypatch):
    """The report of 80 columns, the rows and the findings have the numbers of the JSON."""
    monkeypatch.setenv("COLUMNS", "80")
    asked = ("inspect", WORDNET, "--far", "1e-3", "--components", "--pairs", "3")
    found = json.loads(opis(*asked, "--json")[1])["components"]
    out = opis(*asked)[1]
    assert max(map(len, out.splitlines()[:-1])) <= 80
    flat = " ".join(out.split())
    largest, rise = found["largest"], found["take_off"]
    assert f"but {largest['n_items']:,} items ({largest['share']:.4f} of all)" in flat
    assert f"form one component of {largest['n_classes']} classes." in flat
    assert f"over-merged components {found['n_over_merged']} of several classes" in flat
    assert f"from {rise['n_before']:,} to {rise['n_after']:,} items" in flat
    assert found["over_merged"][0]["examples"][0]["id"] in out
    assert found["split"][0]["label"] in out
    table = csv.DictReader(opis(*asked, "--format", "csv")[1].splitlines())
    rows = {row["metric"]: row["value"] for row in table}
    assert float(rows["joined_far"]) == found["joined"]["far"]
    assert float(rows["joined_far@inspected"]) == largest["joined_far"]
    lines = [json.loads(line) for line in opis(*asked, "--format", "jsonl")[1].splitlines()]
    kinds = [line["finding"] for line in lines]
    assert kinds.count("over-merged-component") == kinds.count("split-class") == 3
    assert [line["name"] for line in lines if line["finding"] == "largest-component"] == [
        point["name"] for point in found["by_threshold"]
    ]
    assert json.loads(opis(*asked[:-3], "--json")[1])["components"] is None


def test_components_of_classes_that_are_apart(opis, tmp_path):
    """Nothing is merged and nothing split: each class is a component."""
    embeddings = np.repeat(np.eye(4), 5, axis=0) + 0.01 * np.random.default_rng(0).random((20, 4))
    np.savez(tmp_path / "x.npz", embedding=embeddings, label=np.arange(20) // 5)
    asked = ("inspect", tmp_path / "x.npz", "--similarity", "0.5", "--components")
    found = json.loads(opis(*asked, "--json")[1])["components"]
    assert (found["n_components"], found["n_intact"], found["over_merged"], found["split"]) == (
        4, 4, [], [],
    )  # fmt: skip
    assert found["joined"] == {"n_pairs": 40, "precision": 1.0, "tar": 1.0, "far": 0.0}
    out = opis(*asked)[1]
    assert "The largest holds 5 items, all of one class." in out
    assert "Over-merged components, by" not in out


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        ("{saved}", 2, "opis inspect needs embeddings"),
        ("{saved} --show text", 2, "--show was given, but"),
        ("{good} --show title", 3, "no column 'title'"),
        ("{good} --show embedding", 4, "expected texts, numbers or dates"),
        ("{good} --id-column key", 3, "no column 'key'"),
        ("{good} --far 0.1 --threshold 0.5", 2, "use only one of --far, --threshold"),
        ("{good} --pairs 0", 2, "--pairs is 0"),
        ("{good} --neighbours 0", 2, "--neighbours is 0"),
        ("{good} --threshold 3", 2, "--threshold is 3, expected a distance in [0, 2]"),
        ("{good} --threshold-file none.json", 3, "No such file"),
        ("{good} --memory-limit 1kB", 2, "needs"),
    ],
)
def test_mistakes_are_explained(opis, saved, argv, code, says):
    found, out, err = opis("inspect", *argv.format(good=WORDNET, saved=saved).split())
    assert (found, out) == (code, "")
    assert says in err
    assert len(err.splitlines()) == 2
