"""Commands on pairs with scores: what they give and refuse, and what a file keeps of them."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli.test_evaluation_file import damaged
from listed import drawn

import opiscli

SCORES, SAME, BOTH = drawn(11, n=1500)


def table(scores, name, *, identities=True):
    columns = {name: scores, "same": SAME.astype(int), "part": np.arange(len(scores)) % 5}
    if identities:
        columns |= {
            f"speaker_{side}": [f"s{one}" for one in of]
            for side, of in zip("ab", BOTH, strict=True)
        }
    return pa.table(columns)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    pq.write_table(table(-SCORES, "similarity"), folder / "similar.parquet")
    pq.write_table(table(SCORES, "distance", identities=False), folder / "apart.parquet")
    pq.write_table(table(SCORES, "similarity"), folder / "reversed.parquet")
    return folder


@pytest.fixture
def found(opis, folder, monkeypatch):
    """Run a command in the folder and read its JSON."""
    monkeypatch.chdir(folder)

    def run(line):
        code, out, err = opis(*line.split(), "--json", "--quiet")
        assert code in (0, 1), err
        return json.loads(out)

    return run


def test_a_similarity_is_shown_as_it_is_and_accepted_from_there_on(found):
    point = found("calibrate similar.parquet --far 0.1")["operating_points"][0]
    assert (
        point["threshold"] == point["similarity"] == -np.sort(SCORES[~SAME])[point["far"]["k"] - 1]
    )
    accepted = point["threshold"] <= -SCORES
    assert point["far"]["k"] == np.count_nonzero(accepted & ~SAME)
    result = found("evaluate similar.parquet")
    assert result["distance"] == "given-similarity"
    n_positive, n_negative = np.count_nonzero(SAME), np.count_nonzero(~SAME)
    counted = {"mode": "listed", "n_positive": n_positive, "n_negative": n_negative}
    assert result["pairs"] == {**counted, "unit": "class"}
    assert (result["data"]["n_pairs"], result["data"]["dims"]) == (len(SCORES), None)
    assert result["calibration_range"]["threshold"][0] < result["calibration_range"]["threshold"][1]
    assert "|pairs:listed|ci:class|" in result["signature"]


def test_a_threshold_file_says_how_scores_are_compared(opis, found, folder):
    for name, kind, accept, other in (
        ("similar", "given-similarity", "score >= threshold", "apart"),
        ("apart", "given-distance", "score <= threshold", "similar"),
    ):
        path = folder / f"{name}.json"
        chosen = found(f"calibrate {name}.parquet --far 0.1 -o {path} --force")["operating_points"][
            0
        ]
        written = json.loads(path.read_text())
        assert (written["distance"], written["accept"], written["normalize"]) == (
            kind, accept, False
        )  # fmt: skip
        assert written["threshold"] == chosen["threshold"]
        given = found(f"evaluate {name}.parquet --threshold-file {path}")["operating_points"][-1]
        assert (given["threshold"], given["far"]) == (chosen["threshold"], chosen["far"])
        code, _, err = opis("calibrate", folder / f"{other}.parquet", "--threshold-file", path)
        assert code == 2
        assert "measured by" in err
        path.write_text(json.dumps({**written, "accept": "distance <= threshold"}))
        assert opis("evaluate", folder / f"{name}.parquet", "--threshold-file", path)[0] == 3
        path.write_text(json.dumps({**written, "similarity": 0.123}))
        assert opis("evaluate", folder / f"{name}.parquet", "--threshold-file", path)[0] == 3


@pytest.mark.parametrize("options", [
    "similar.parquet", "apart.parquet", "apart.parquet --cluster-column part"
])  # fmt: skip
def test_an_evaluation_file_keeps_all_there_is(found, options, tmp_path):
    direct = found(f"evaluate {options} --save {tmp_path / 'run.opis'}")
    assert found(f"evaluate {tmp_path / 'run.opis'}") == direct
    for other in ("--far-range 0.02:0.3", "--range -1:1 --thresholds 40"):
        assert found(f"evaluate {tmp_path / 'run.opis'} {other}") == found(
            f"evaluate {options} {other}"
        )
    asked = "--far 0.1 --criterion eer --threshold 0.5 --threshold -99 --threshold 99"
    direct = found(f"calibrate {options} {asked}")
    again = found(f"calibrate {tmp_path / 'run.opis'} {asked}")
    for one, other in zip(direct["operating_points"], again["operating_points"], strict=True):
        assert one == other


DAMAGE = {
    "a pair more": lambda c, a: c["positive_counts"][0].__setitem__(0, 77),
    "a pair less in all": lambda c, a: a["data"].update(n_pairs=1499),
    "no clusters": lambda c, a: a["settings"].update(unit="cluster"),
    "a class more": lambda c, a: a["data"].update(n_classes=13),
    "a query": lambda c, a: c["n_queries"].__setitem__(0, 1),
    "two classes of one name": lambda c, a: c["label"].__setitem__(0, c["label"][1]),
    "pairs in three classes": lambda c, a: a.update(ends=3),
    "pairs of items": lambda c, a: a["settings"].update(unit=None),
    "infinite scores": lambda c, a: a["thresholds"].__setitem__(-1, float("inf")),
}


@pytest.mark.parametrize("change", [*DAMAGE.values(), None], ids=[*DAMAGE, "nothing"])
def test_counts_that_no_pairs_have_are_refused(opis, folder, tmp_path, change):
    saved = tmp_path / "run.opis"
    assert opis("evaluate", folder / "similar.parquet", "--save", saved)[0] == 0
    (tmp_path / "new.opis").write_bytes(damaged(saved, change or (lambda columns, about: None)))
    code, out, err = opis("evaluate", tmp_path / "new.opis")
    assert code == (0 if change is None else 3), err
    assert bool(out) == (change is None)


def test_what_pairs_leave_undefined_ends_a_check(opis, folder):
    for source, condition in (("similar", "recall@1<0.5"), ("apart", "opis>0.1")):
        code, _, err = opis("check", folder / f"{source}.parquet", "--fail-if", condition)
        assert code == 5
        assert "has no value" in err
    assert opis("check", folder / "similar.parquet", "--fail-if", "eer>0.01")[0] == 1
    assert opis("check", folder / "similar.parquet", "--fail-if", "tar@far=0.1<0.1")[0] == 0


@pytest.mark.parametrize(("line", "code", "said"), [
    ("evaluate reversed.parquet", 4, "--scores distance"),
    ("plot-distances reversed.parquet -o x.png", 4, "--scores distance"),
    ("evaluate similar.parquet --k 5", 2, "--k has no meaning"),
    ("evaluate similar.parquet --scheduler local:1", 2, "--scheduler has no meaning"),
    ("evaluate similar.parquet --min-items 3", 2, "--min-items has no meaning"),
    ("evaluate similar.parquet --distance cosine", 2, "--distance cosine measures embeddings"),
    ("evaluate similar.parquet --gallery similar.parquet", 2, "needs embeddings"),
    ("evaluate similar.parquet --index Flat", 2, "needs embeddings"),
    ("evaluate similar.parquet --group-by part", 2, "needs embeddings"),
    ("evaluate apart.parquet --similarity-range 0:1", 2, "scores of this source are distances"),
    ("calibrate apart.parquet --similarity 0.5", 2, "scores of this source are distances"),
    ("calibrate similar.parquet --far 0.1 --holdout 0.5", 2, "needs embeddings"),
    ("calibrate similar.parquet --far 0.1 --per-class", 2, "--per-class has no meaning"),
    ("calibrate similar.parquet --far 0.1 --for faiss-ip", 2, "vector engines"),
    ("calibrate similar.parquet --far 0.1 --eval apart.parquet", 2, "measured by"),
    ("calibrate apart.parquet --far 0.1 --average macro", 5, "about classes"),
    ("calibrate apart.parquet --criterion max-utility", 5, "about classes"),
    ("calibrate apart.parquet --far 0.1 --class-share 0.9", 5, "about classes"),
    ("plot-curves apart.parquet -o x.png", 5, "no class scores"),
    ("plot-classes apart.parquet -o x.png", 5, "no classes"),
    ("plot-pareto similar.parquet -o x.png", 2, "needs embeddings"),
    ("inspect similar.parquet", 2, "needs embeddings"),
    ("finetune similar.parquet -o x.safetensors", 2, "needs embeddings"),
])  # fmt: skip
def test_what_pairs_are_not_enough_for_is_explained(opis, folder, monkeypatch, line, code, said):
    monkeypatch.chdir(folder)
    found, out, err = opis(*line.split())
    assert (found, out) == (code, "")
    assert said in err
    assert "hint: " in err


def test_pictures_and_pages(opis, folder, monkeypatch):
    monkeypatch.chdir(folder)
    for line in (
        "plot-det similar.parquet apart.parquet -o det.svg",
        "plot-distances similar.parquet -o distances.svg",
        "plot-classes similar.parquet --similarity -1 -o classes.svg",
        "plot-curves similar.parquet -o curves.svg",
        "report similar.parquet -o classes.html",
        "report apart.parquet -o plain.html",
    ):
        code, _, err = opis(*line.split())
        assert code == 0, err
    assert "score (similarity)" in (folder / "distances.svg").read_text()
    with_classes, without = ((folder / f"{n}.html").read_text() for n in ("classes", "plain"))
    assert "<dt>OPIS" in with_classes
    assert "score ≥" in with_classes
    assert "<dt>OPIS" not in without
    assert "score ≤" in without
    assert "None" not in without


def test_a_comparison_of_two_scorers_of_the_same_pairs(found):
    compared = found("compare similar.parquet similar.parquet")
    assert compared["is_paired"]
    names = [metric["name"] for metric in compared["metrics"]]
    assert {"opis", "eer", "tar@far=0.1"} <= set(names)
    assert "recall@1" not in names
    assert not found("compare apart.parquet apart.parquet")["is_paired"]


def test_python_gives_what_commands_print(found, folder):
    source, frame = str(folder / "similar.parquet"), table(-SCORES, "similarity")
    ours = opiscli.calibrate(source, far=0.1, similarity=-1.0, class_column="part")
    line = "calibrate similar.parquet --far 0.1 --similarity -1 --class-column part"
    theirs = found(line)
    assert json.loads(ours.to_json())["operating_points"] == [
        {**point, "evaluated_on": source} for point in theirs["operating_points"]
    ]
    of_frame = opiscli.evaluate(frame, scores="similarity")
    assert of_frame.opis == opiscli.evaluate(source).opis
    counts = opiscli.count(source)
    assert opiscli.evaluate(counts).eer == of_frame.eer


def test_text_of_a_terminal_is_about_scores_and_not_of_nothing(opis, folder):
    code, out, err = opis("evaluate", folder / "apart.parquet", "--full")
    assert code == 0
    assert "accept a pair if score ≤" in out
    assert "1,500 pairs" in out
    assert "no-classes" not in err
    assert "OPIS is undefined" in err
    assert "FPIR" not in err  # there are no searches to be known
    assert all(len(line) <= 80 for line in out.splitlines() if "|" not in line and "/" not in line)


@pytest.mark.parametrize(("options", "for_what"), [
    ("similar.parquet", "new classes of the same kind."),
    ("apart.parquet --cluster-column part", "new clusters of the same kind."),
    ("apart.parquet", "new pairs, if pairs are independent."),
])  # fmt: skip
def test_intervals_say_for_which_data_they_are(opis, folder, monkeypatch, options, for_what):
    monkeypatch.chdir(folder)
    assert f"confidence interval for {for_what}" in opis("evaluate", *options.split())[1]
