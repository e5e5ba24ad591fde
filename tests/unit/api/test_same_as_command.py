"""Every Python function gives what its command prints on the sample data."""

import dataclasses
import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from conftest import SAMPLE
from matplotlib import pyplot
from matplotlib.figure import Figure

import opiscli

WORDNET = str(SAMPLE / "wordnet.parquet")
DIGITS, DIGIT_LABELS = str(SAMPLE / "digits.npy"), str(SAMPLE / "digits_labels.npy")

CASES = [
    ("evaluate", {}, ""),
    (
        "evaluate",
        {"frr": (0.1, 0.4), "distance": "cosine", "utility": "precision-recall", "beta": 2.0,
         "epsilon": 0.3, "n_thresholds": 31, "k": (1, 5), "ranking": True, "seed": 3},
        "--frr 0.1:0.4 --distance cosine --utility precision-recall --beta 2 --epsilon 0.3"
        " --thresholds 31 --k 1,5 --ranking --seed 3",
    ),
    ("evaluate", {"range": (0.8, 1), "sample_pairs": 10**6}, "--range 0.8:1 --sample-pairs 1e6"),
    ("evaluate", {"index": "SQ8", "drop_duplicates": True}, "--index SQ8 --drop-duplicates"),
    (
        "evaluate",
        {"where": "split=test", "gallery": WORDNET, "gallery_where": ["split=test"]},
        f"--where split=test --gallery {WORDNET} --gallery-where split=test",
    ),
    ("evaluate", {"group_by": "split"}, "--group-by split"),
    ("calibrate", {"far": 1e-3}, "--far 1e-3"),
    (
        "calibrate",
        {"far": [1e-2, 1e-3], "criterion": ["tar=0.3", "frr"], "target": 0.2, "threshold": 1.0,
         "average": "macro", "distance": "cosine", "drop_duplicates": True},
        "--far 1e-2 --far 1e-3 --criterion tar=0.3 --criterion frr --target 0.2 --threshold 1"
        " --average macro --distance cosine --drop-duplicates",
    ),
    ("calibrate", {"far": 1e-9, "allow_zero": True}, "--far 1e-9 --allow-zero"),
    (
        "calibrate",
        {"similarity": [0.4, -0.1], "distance": "cosine", "engine": ["pgvector", "azure-search"]},
        "--similarity 0.4 --similarity -0.1 --distance cosine --for pgvector --for azure-search",
    ),
    ("evaluate", {"similarity_range": (0.6, 0.3)}, "--similarity-range 0.6:0.3"),
    ("check", {"fail_if": "far>0.5", "similarity": 0.4}, "--fail-if far>0.5 --similarity 0.4"),
    ("inspect", {"similarity": 0.4, "pairs": 3}, "--similarity 0.4 --pairs 3"),
    ("calibrate", {"far": 0.05, "confidence": 0.9}, "--far 0.05 --confidence 0.9"),
    (
        "calibrate",
        {"far": 1e-2, "holdout": 0.5, "repeats": 2, "seed": 5, "per_class": True},
        "--far 1e-2 --holdout 0.5 --repeats 2 --seed 5 --per-class",
    ),
    (
        "calibrate",
        {"far": 1e-2, "where": ["split=train"], "eval": WORDNET,
         "eval_where": ["split=test"], "group_by": "split"},
        f"--far 1e-2 --where split=train --eval {WORDNET} --eval-where split=test --group-by split",
    ),
    (
        "calibrate",
        {"far": 0.1, "unlabelled": True, "max_positive_share": 0.01, "drop_duplicates": True},
        "--far 0.1 --unlabelled --max-positive-share 0.01 --drop-duplicates",
    ),
    (
        "calibrate",
        {"similarity": 0.3, "where": "split=train", "impostors": WORDNET,
         "impostors_where": "split=test"},
        f"--similarity 0.3 --where split=train --impostors {WORDNET} --impostors-where split=test",
    ),
    ("check", {"fail_if": ["opis>0", "tar@far=1e-3<0.1", "recall@5<0.1"]},
     "--fail-if opis>0 --fail-if tar@far=1e-3<0.1 --fail-if recall@5<0.1"),
    ("check", {"fail_if": "far>0.5", "threshold": 1.0}, "--fail-if far>0.5 --threshold 1"),
    ("inspect", {}, ""),
    ("inspect", {"threshold": 1.0, "pairs": 3, "neighbours": 3, "show": ["split"]},
     "--threshold 1 --pairs 3 --neighbours 3 --show split"),
]  # fmt: skip


def printed(opis, *argv):
    code, out, err = opis(*argv, "--json", "--quiet")
    assert code in (0, 1), err
    return json.loads(out)


@pytest.mark.parametrize(("function", "given", "options"), CASES)
def test_same_json(opis, function, given, options):
    theirs = printed(opis, function, WORDNET, *options.split())
    result = getattr(opiscli, function)(WORDNET, **given)
    assert json.loads(result.to_json()) == theirs


@pytest.fixture(scope="module")
def part(tmp_path_factory):
    """The first classes of both splits of the sample data: enough where numbers do not matter."""
    table = pq.read_table(WORDNET)
    labels, split = table["label"].to_numpy(), table["split"].to_numpy()
    chosen = [np.unique(labels[split == name])[:15] for name in ("train", "test")]
    path = tmp_path_factory.mktemp("part") / "wordnet.parquet"
    pq.write_table(table.filter(np.isin(labels, np.concatenate(chosen))), path)
    return str(path)


@pytest.fixture(scope="module")
def arrays(part):
    table = pq.read_table(part)
    embeddings = np.stack(table["embedding"].to_numpy())
    columns = {name: table[name].to_numpy() for name in ("id", "split")}
    return embeddings, table["label"].to_numpy(), columns


@pytest.mark.parametrize(("function", "given", "options"), [
    ("evaluate", {"group_by": "split"}, "--group-by split"),
    ("calibrate", {"far": 1e-2, "group_by": "split"}, "--far 1e-2 --group-by split"),
    ("check", {"fail_if": "opis>0.1"}, "--fail-if opis>0.1"),
    ("inspect", {"show": ["split"]}, "--show split"),
])  # fmt: skip
def test_arrays_give_the_same_but_for_their_name(opis, arrays, function, given, options, part):
    embeddings, labels, columns = arrays
    text = json.dumps(printed(opis, function, part, *options.split()))
    result = getattr(opiscli, function)(embeddings, labels, columns=columns, **given)
    assert json.loads(result.to_json()) == json.loads(text.replace(part, "arrays"))


def test_a_set_that_was_read_gives_the_same(opis, part):
    items = opiscli.read_embeddings(part)
    ours = json.loads(opiscli.evaluate(items).to_json())
    assert ours["opis"] == printed(opis, "evaluate", part)["opis"]


def test_files_of_arrays_and_of_labels(opis):
    theirs = printed(opis, "evaluate", DIGITS, "--labels", DIGIT_LABELS)
    assert json.loads(opiscli.evaluate(DIGITS, DIGIT_LABELS).to_json()) == theirs


def test_compare(opis, arrays, part):
    options = "--epsilon 0.2 --distance cosine --k 1,5 --seed 2 --range 0.3:0.5"
    theirs = printed(opis, "compare", part, part, *options.split())
    given = {"epsilon": 0.2, "distance": "cosine", "k": (1, 5), "seed": 2, "range": (0.3, 0.5)}
    assert json.loads(opiscli.compare(part, part, **given).to_json()) == theirs
    mixed = opiscli.compare(arrays[:2], part, **given)
    assert [metric.values for metric in mixed.metrics] == [
        metric.values for metric in opiscli.compare(part, part, **given).metrics
    ]


def test_counts_once_for_many_questions(opis, tmp_path, part):
    path = tmp_path / "run.opis"
    theirs = printed(opis, "evaluate", part, "--save", path, "--k", "1,5")
    counts = opiscli.count(part, k=(1, 5))
    assert json.loads(opiscli.evaluate(counts).to_json()) == theirs
    assert json.loads(opiscli.evaluate(path).to_json()) == theirs
    ours = opiscli.calibrate(counts, far=1e-3)
    assert json.loads(ours.to_json()) == printed(opis, "calibrate", path, "--far", "1e-3")


def test_files_that_are_written(opis, tmp_path, part):
    opis("evaluate", part, "--save", tmp_path / "theirs.opis")
    opis("calibrate", part, "--far", "1e-3", "-o", tmp_path / "theirs.json")
    opis("report", part, "-o", tmp_path / "theirs.html")
    opiscli.evaluate(part, save=tmp_path / "ours.opis")
    opiscli.calibrate(part, far=1e-3, output=tmp_path / "ours.json")
    opiscli.write_report(part, output=tmp_path / "ours.html")
    for suffix in ("opis", "json", "html"):
        ours, theirs = (tmp_path / f"{side}.{suffix}" for side in ("ours", "theirs"))
        assert ours.read_bytes() == theirs.read_bytes()
        with pytest.raises(opiscli.UsageError, match="exists already"):
            opiscli.evaluate(part, save=ours)
    with pytest.raises(opiscli.UsageError, match="exists already"):
        opiscli.write_report(part, output=tmp_path / "ours.html")
    with pytest.raises(opiscli.UsageError, match="exists already"):
        opiscli.calibrate(part, far=1e-3, output=tmp_path / "ours.json")
    found = opiscli.evaluate(part, threshold_file=tmp_path / "ours.json", save=ours, force=True)
    assert len(found.operating_points) == 4
    checked = opiscli.check(part, fail_if="far>1e-3", threshold_file=tmp_path / "ours.json")
    assert checked.passed


def test_results_are_frozen(part):
    result = opiscli.evaluate(part)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.mean_utility = 0


def test_progress_is_told(arrays):
    told = []
    opiscli.evaluate(
        *arrays[:2], threads=1, memory_limit="1GB", on_progress=lambda *at: told.append(at)
    )
    assert told
    assert all(done <= total for _, done, total in told)


PLOTS = [
    ("plot_curves", {"highlight": ["worst:2"]}),
    ("plot_distances", {"log": True, "distance": "cosine"}),
    ("plot_det", {}),
    ("plot_pareto", {}),
    ("plot_classes", {"far": 1e-3}),
]


@pytest.mark.parametrize(("function", "given"), PLOTS)
def test_pictures_are_those_of_the_commands(opis, tmp_path, monkeypatch, function, given, part):
    """The command draws on axes of its own what the function draws on the given ones."""
    options = [
        word
        for name, value in given.items()
        for word in (
            f"--{name}",
            *([] if value is True else [*value] if name == "highlight" else [value]),
        )
    ]
    saved = []
    monkeypatch.setattr(
        "opiscli.plots.drawing.canvas.save", lambda figure, *_, **__: saved.append(figure)
    )
    argv = (function.replace("_", "-"), part, *options, "-o", tmp_path / "x.png", "--quiet")
    assert opis(*argv)[0] == 0
    ax = Figure().subplots()
    drawn = getattr(opiscli, function)(part, ax=ax, **given)
    theirs = saved[0].axes[0]
    assert ax.get_title() == theirs.get_title("left")
    assert (ax.get_xlim(), ax.get_ylim()) == (theirs.get_xlim(), theirs.get_ylim())
    assert len(ax.get_children()) == len(theirs.get_children())
    for ours, line in zip(ax.lines, theirs.lines, strict=True):
        assert np.array_equal(ours.get_xydata(), line.get_xydata())
    assert drawn


@pytest.mark.parametrize(("function", "given"), PLOTS)
def test_a_figure_of_its_own_has_a_legend(function, given, part):
    try:
        getattr(opiscli, function)(part, **given)
        (figure,) = (pyplot.figure(number) for number in pyplot.get_fignums())
        assert bool(figure.legends) == (function != "plot_pareto")
    finally:
        pyplot.close("all")


def test_names_and_arrows_of_sources(arrays, part):
    ax = Figure().subplots()
    result = opiscli.evaluate(*arrays[:2])
    drawn = opiscli.plot_pareto(result, arrays[:2], ax=ax, names=["a", "b"], arrows=["a:b"])
    assert (len(drawn.dots), len(drawn.arrows)) == (2, 1)
    lines = opiscli.plot_det(arrays[:2], part, ax=Figure().subplots(), names=["a", "b"])
    assert [one.line.get_label().split()[0] for one in lines] == ["a", "b"]


def test_rates_on_another_set_are_measured_as_the_threshold_is(part):
    counts = opiscli.count(part, distance="cosine")
    found = opiscli.calibrate(counts, far=1e-2, eval=part)
    (point,) = found.operating_points
    assert found.distance == "cosine"
    assert point.far == point.calibrated_far


def test_a_picture_names_the_rows_it_is_of(part):
    ax = Figure().subplots()
    opiscli.plot_curves(part, ax=ax, where=["split=test"])
    assert ax.get_title().startswith("wordnet split=test ")
