"""opis translate from the command line."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import clusters

import opiscli


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The same items under two models, in different orders, with and without labels and ids."""
    folder = tmp_path_factory.mktemp("translate")
    embeddings, labels = clusters(seed=1, n_classes=30, sizes=(4, 9))
    rng = np.random.default_rng(0)
    new = embeddings @ rng.normal(size=(8, 5)) + 0.2 * rng.normal(size=(len(labels), 5))
    rows = pa.table(
        {
            "id": np.arange(len(labels)) + 1000,
            "embedding": list(embeddings),
            "v2": list(new),
            "label": labels.astype(str),
            "part": np.where(np.arange(len(labels)) % 2, "a", "b"),
        }
    )
    pq.write_table(rows, folder / "both.parquet")
    pq.write_table(rows.drop(["v2"]), folder / "old.parquet")
    after = rows.drop(["embedding"]).rename_columns(["id", "embedding", "label", "part"])
    after = after.take(rng.permutation(len(labels)))
    pq.write_table(after, folder / "new.parquet")
    pq.write_table(after.drop(["label"]), folder / "bare.parquet")
    texts = after.set_column(0, "id", after["id"].cast(pa.string()))
    pq.write_table(texts.slice(5), folder / "texts.parquet")
    pq.write_table(pa.concat_tables([after, after.slice(0, 1)]), folder / "twice.parquet")
    others = after.set_column(0, "id", pa.array(np.arange(len(labels))))
    pq.write_table(others, folder / "others.parquet")
    relabelled = after.set_column(2, "label", pa.array(["x", "x", *after["label"].to_pylist()[2:]]))
    pq.write_table(relabelled, folder / "relabelled.parquet")
    offsets = pa.array(np.zeros(len(labels)) + 0.1)
    pq.write_table(after.append_column("offset", offsets), folder / "offsets.parquet")
    np.save(folder / "old.npy", embeddings)
    np.save(folder / "new.npy", new)
    return folder


@pytest.fixture
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return folder


def result_of(opis, line):
    code, out, err = opis("translate", *line.split(), "--json")
    assert code == 0, err
    return json.loads(out), err


def test_the_result(opis, here):
    found, err = result_of(opis, "old.parquet new.parquet --similarity 0.5")
    assert found["schema"] == "opis.translation/1"
    old, new = found["old_point"], found["new_point"]
    assert old["similarity"] == 0.5
    assert old["accepted"]["k"] == new["accepted"]["k"]
    assert found["threshold_ci"][0] < new["threshold"] < found["threshold_ci"][1]
    assert found["n_common"] == old_size(found) == found["new"]["n_items"]
    assert found["labels_from"] == "new.parquet"
    change = new["tar"]["value"] - old["tar"]["value"]
    assert found["tar_change"]["value"] == pytest.approx(change)
    assert "|match:id|" in found["signature"]
    assert not err


def old_size(found):
    return found["old"]["n_items"]


def test_a_report_and_a_table(opis, here):
    line = "old.parquet new.parquet --similarity 0.5"
    code, out, _ = opis("translate", *line.split())
    assert code == 0
    assert "common items" in out
    assert "old model: s ≥ 0.500000, d ≤ 1.000000" in out
    code, out, _ = opis("translate", *line.split(), "--format", "csv")
    assert "\nnew_threshold," in out
    assert "\ntar_change," in out


def test_the_same_in_python(opis, here, tmp_path):
    found = opiscli.translate("old.parquet", "new.parquet", similarity=0.5)
    expected, _ = result_of(opis, "old.parquet new.parquet --similarity 0.5")
    assert json.loads(found.to_json()) == expected
    assert "common items" in str(found)
    assert "tar_change" in found._repr_html_()
    assert "new_threshold" in found.to_arrow()["metric"].to_pylist()
    file = tmp_path / "t.json"
    opiscli.translate("both.parquet", "both.parquet", new_embedding_column="v2", threshold=1.0,
                      output=file)  # fmt: skip
    threshold = json.loads(file.read_text("utf-8"))["threshold"]
    assert threshold == pytest.approx(found.new_point.threshold, abs=1e-6)


def test_a_threshold_file_from_the_old_to_the_new_model(opis, here, tmp_path):
    before, after = tmp_path / "t.json", tmp_path / "new.json"
    assert opis("calibrate", "old.parquet", "--far", 0.1, "-o", before)[0] == 0
    found, _ = result_of(opis, f"old.parquet new.parquet --threshold-file {before} -o {after}")
    written = json.loads(after.read_text("utf-8"))
    assert written["target"]["criterion"] == "translated"
    assert written["threshold"] == found["new_point"]["threshold"]
    assert found["old_point"]["threshold"] == json.loads(before.read_text())["threshold"]
    assert (found["old"]["source"], written["data"]["source"]) == ("old.parquet", "new.parquet")
    _, out, _ = opis("evaluate", "new.parquet", "--threshold-file", after, "--json")
    point = json.loads(out)["operating_points"][-1]
    assert point["far"]["k"] == found["new_point"]["far"]["k"]
    assert point["tar"] == pytest.approx(found["new_point"]["tar"]["value"])
    code, _, err = opis("translate", "old.parquet", "new.parquet", "--threshold-file", before,
                        "--distance", "cosine")  # fmt: skip
    assert code == 2
    assert "Add --distance euclidean" in err
    code, _, err = opis("translate", "old.parquet", "new.parquet", "--similarity", 0.5, "-o", after)
    assert code == 2
    assert "--force" in err


@pytest.mark.parametrize(
    "line",
    [
        "both.parquet both.parquet --new-embedding-column v2",
        "old.parquet bare.parquet",
        "old.npy new.npy --by-row",
        "old.parquet new.parquet --scheduler local:2",
    ],
)
def test_other_ways_to_name_the_same_items(opis, here, line):
    found, _ = result_of(opis, f"{line} --similarity 0.5")
    expected, _ = result_of(opis, "old.parquet new.parquet --similarity 0.5")
    for side in ("old_point", "new_point"):
        assert found[side]["accepted"]["k"] == expected[side]["accepted"]["k"]
    threshold = expected["new_point"]["threshold"]
    assert found["new_point"]["threshold"] == pytest.approx(threshold, abs=1e-6)


def test_items_and_labels_that_differ_are_said(opis, here):
    found, err = result_of(opis, "old.parquet texts.parquet --similarity 0.5")
    assert (found["n_only_old"], found["n_only_new"]) == (5, 0)
    assert "5 items are only in old.parquet and were left out" in err
    _, err = result_of(opis, "old.parquet relabelled.parquet --similarity 0.5")
    assert "2 of " in err
    assert "have different labels in the two sources" in err
    found, _ = result_of(opis, "old.parquet new.parquet --similarity 0.5 --where part=a")
    assert found["old"]["where"] == found["new"]["where"] == ["part=a"]
    assert found["n_common"] < found["old"]["n_items"] * 1.01
    found, _ = result_of(opis, "old.npy new.npy --by-row --similarity 0.5")
    assert (found["labels_from"], found["new_point"]["far"], found["far_change"]) == (None,) * 3


REFUSED = {
    "no threshold": ("old.parquet new.parquet", 2, "the threshold of the old model was not given"),
    "two": ("old.parquet new.parquet --similarity 0.5 --threshold 1", 2, "use only one of"),
    "no ids": ("old.npy new.npy --similarity 0.5", 2, "old.npy has no column of ids"),
    "an id twice": ("old.parquet twice.parquet --similarity 0.5", 4, "is 2 times in column 'id'"),
    "no common id": ("old.parquet others.parquet --similarity 0.5", 4, "no id of old.parquet"),
    "no such column": ("old.parquet new.parquet --id-column x --similarity 0.5", 3, "column 'x'"),
    "offsets": ("old.parquet offsets.parquet --similarity 0.5", 2, "are compared by"),
    "other rows": (
        "old.parquet texts.parquet --by-row --similarity 0.5",
        2,
        "can be matched by row only",
    ),
    "nothing accepted": ("old.parquet new.parquet --similarity 0.99999", 5, "accepts 0 of"),
    "all accepted": ("old.parquet new.parquet --similarity=-1", 5, "so that no threshold"),
    "a missing file": ("old.parquet no.parquet --similarity 0.5", 3, "no.parquet"),
    "stdin twice": ("- - --similarity 0.5", 2, "standard input was given twice"),
    "little memory": ("old.parquet new.parquet --similarity 0.5 --memory-limit 1kB", 2, "memory"),
}


@pytest.mark.parametrize(("line", "exit_code", "problem"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(opis, here, line, exit_code, problem):
    code, out, err = opis("translate", *line.split())
    assert (code, out) == (exit_code, ""), err
    assert problem in err
    assert "\nhint: " in err


def test_an_evaluation_file_is_refused(opis, here, tmp_path):
    assert opis("evaluate", "old.parquet", "--save", tmp_path / "old.opis")[0] == 0
    code, _, err = opis("translate", tmp_path / "old.opis", "new.parquet", "--similarity", 0.5)
    assert code == 2
    assert "needs embeddings" in err
