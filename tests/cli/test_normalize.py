"""opis normalize from the command line, and every command on a source that has offsets."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import clusters

import opiscli

SCORE = "cos-offset(k=20,w=0.25)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Classes of which the first 20 are measured and the others are the cohort, and a head."""
    folder = tmp_path_factory.mktemp("normalize")
    embeddings, labels = clusters(seed=1, n_classes=60, sizes=(5, 9))
    rows = pa.table(
        {
            "id": np.arange(len(labels)).astype(str),
            "embedding": list(embeddings),
            "label": labels.astype(str),
            "fold": np.where(labels < 20, "test", "train"),
        }
    )
    pq.write_table(rows, folder / "e.parquet")
    test = rows.filter(pa.array(labels < 20))
    pq.write_table(test, folder / "plain.parquet")
    opiscli.normalize(
        folder / "plain.parquet", cohort=folder / "e.parquet", cohort_where="fold=train", k=20,
        output=folder / "o.parquet", threads=1,
    )  # fmt: skip
    head = opiscli.Head(steps=10, far=(0.05, 0.2)).fit(embeddings, labels)
    head.save(folder / "head.safetensors")
    return folder


@pytest.fixture
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return folder


def test_normalize(opis, here):
    line = "normalize e.parquet --where fold=test --cohort e.parquet --cohort-where fold=train"
    code, out, err = opis(*line.split(), "-k", 20, "-o", "new.parquet")
    assert (code, out) == (0, "new.parquet\n")
    assert "k 20, weight 0.25" in err
    assert "on 40 held-out cohort classes: OPIS" in err
    written = pq.read_table("new.parquet")
    assert written.equals(pq.read_table("o.parquet"))
    code, out, _ = opis(*line.split(), "-k", 20, "-o", "new.parquet", "--force", "--json")
    report = json.loads(out)
    assert report["schema"] == "opis.normalization/1"
    assert report["score"] == SCORE
    assert report["cohort"]["n_classes"] == 40
    assert set(report["held_out"][0]["before"]) == {"opis", "recall_at_1", "tar"}


def test_a_report_prints(here):
    found = opiscli.normalize("plain.parquet", cohort="e.parquet", k=20, threads=1).report
    assert "held-out cohort classes" in str(found)
    assert found.signature in str(found)


SHOWN = {
    "evaluate": "evaluate o.parquet --json",
    "calibrate": "calibrate o.parquet --far 0.05 --json",
    "inspect": "inspect o.parquet --far 0.05 --json",
    "check": "check o.parquet --fail-if opis>0.2 --json",
    "compare": "compare plain.parquet o.parquet --json",
    "gallery": "evaluate o.parquet --gallery o.parquet --json",
    "groups": "evaluate o.parquet --group-by fold --json",
    "sample": "evaluate o.parquet --sample-pairs 60000 --json",
    "holdout": "calibrate o.parquet --far 0.05 --holdout 0.5 --repeats 2 --json",
}


@pytest.mark.parametrize("line", SHOWN.values(), ids=SHOWN)
def test_every_command_says_so(opis, here, line):
    code, out, err = opis(*line.split())
    assert code == 0, err
    assert f"|score:{SCORE}|" in json.loads(out)["signature"]
    assert f"minus the offsets of both items ({SCORE})" in err
    if "plain" not in line:
        _, plain, _ = opis(*line.split(), "--no-offset")
        assert "score:" not in json.loads(plain)["signature"]


@pytest.mark.parametrize("kind", ["curves", "distances", "det", "pareto", "classes"])
def test_pictures_say_so(opis, here, tmp_path, kind):
    code, _, err = opis(f"plot-{kind}", "o.parquet", "-o", tmp_path / "p.svg")
    assert code == 0, err
    assert f"minus the offsets of both items ({SCORE})" in err


def test_the_page_says_so(opis, here, tmp_path):
    assert opis("report", "o.parquet", "-o", tmp_path / "r.html")[0] == 0
    assert f"score:{SCORE}" in (tmp_path / "r.html").read_text("utf-8")


def test_the_listed_pairs_have_their_scores(opis, here):
    _, out, _ = opis("inspect", "o.parquet", "--far", 0.05, "--json")
    items = opiscli.read_embeddings("o.parquet")
    place = {row: at for at, row in enumerate(items.rows.tolist())}
    for pair in json.loads(out)["negatives"] + json.loads(out)["positives"]:
        first, second = (place[pair[end]["row"]] for end in ("first", "second"))
        similarity = float(items.unit_rows[first].astype(float) @ items.unit_rows[second])
        similarity -= float(items.offsets.values[first]) + float(items.offsets.values[second])
        assert pair["similarity"] == pytest.approx(similarity, abs=1e-6)
        assert pair["accepted"] == (pair["similarity"] >= json.loads(out)["similarity"])


def test_a_threshold_belongs_to_its_score(opis, here, tmp_path):
    files = {name: tmp_path / f"{name}.json" for name in ("o", "plain")}
    for name, file in files.items():
        assert opis("calibrate", f"{name}.parquet", "--far", 0.05, "-o", file)[0] == 0
    found = {name: json.loads(file.read_text()) for name, file in files.items()}
    assert {name: one["score"] for name, one in found.items()} == {"o": SCORE, "plain": "cosine"}
    for name, file in files.items():
        code, _, err = opis("evaluate", f"{name}.parquet", "--threshold-file", file)
        assert code == 0, err
        other = "plain" if name == "o" else "o"
        code, _, err = opis("evaluate", f"{other}.parquet", "--threshold-file", file)
        assert code == 2
        assert "but items here are compared by" in err
    files["o"].write_text(json.dumps({**found["o"], "score": "cos-other"}))
    assert opis("evaluate", "o.parquet", "--threshold-file", files["o"])[0] == 3


def test_saved_counts_hold_the_score(opis, here, tmp_path):
    saved = tmp_path / "run.opis"
    _, before, _ = opis("evaluate", "o.parquet", "--save", saved, "--json")
    code, after, _ = opis("evaluate", saved, "--json")
    assert code == 0
    assert json.loads(before)["opis"] == json.loads(after)["opis"]
    assert f"|score:{SCORE}|" in json.loads(after)["signature"]
    code, _, err = opis("evaluate", saved, "--no-offset")
    assert code == 2
    assert "--no-offset was given" in err


def test_thresholds_beyond_those_of_cosines(opis, here, tmp_path):
    rows = pq.read_table("plain.parquet")
    offsets = 0.05 * np.random.default_rng(0).normal(size=len(rows)) - 0.7
    source, file = tmp_path / "far.parquet", tmp_path / "t.json"
    pq.write_table(rows.append_column("offset", pa.array(offsets)), source)
    _, out, _ = opis("calibrate", source, "--far", 0.05, "-o", file, "--json")
    [point] = json.loads(out)["operating_points"]
    assert point["threshold"] < 0
    assert point["similarity"] > 1
    for line in (
        "evaluate --group-by fold",
        "evaluate --frr-range 0.05:0.3 --min-items 6",
        "check --fail-if far>0.06",
        "inspect",
    ):
        command, *options = line.split()
        code, out, err = opis(command, source, *options, "--threshold-file", file, "--json")
        assert code == 0, err
    assert json.loads(out)["far"] == point["far"]["value"]
    for kind in ("curves", "distances", "det", "classes"):
        assert opis(f"plot-{kind}", source, "-o", tmp_path / f"{kind}.svg")[0] == 0


REFUSED = {
    "index": "evaluate o.parquet --index SQ8",
    "engine": "calibrate o.parquet --far 0.05 --for faiss-ip",
    "gallery": "evaluate o.parquet --gallery plain.parquet",
    "eval": "calibrate o.parquet --far 0.05 --eval plain.parquet",
    "finetune": "finetune o.parquet --steps 5 --far 0.05:0.2 -o new.safetensors",
    "project": "project o.parquet --head head.safetensors -o projected.parquet",
}


@pytest.mark.parametrize("line", REFUSED.values(), ids=REFUSED)
def test_what_is_for_cosines_is_refused(opis, here, line):
    code, out, err = opis(*line.split())
    assert code in (2, 4)
    assert not out
    assert "offset" in err
    assert "--no-offset" in err
