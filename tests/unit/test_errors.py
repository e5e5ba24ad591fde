"""One text, two borders: options on the command line, arguments in Python."""

import ast
import pickle
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, clusters

import opiscli
from opiscli.errors import EmbeddingError, OpisError, UsageError, as_arguments, as_options
from opiscli.sources.http_requests import Refusal

EMBEDDINGS, LABELS = clusters(n_classes=8, sizes=(5, 6))


@pytest.mark.parametrize(
    ("text", "options", "arguments"),
    [
        ("--beta is 0", "--beta is 0", "beta is 0"),
        ("Leave --sample-pairs out.", "Leave --sample-pairs out.", "Leave sample_pairs out."),
        ("give --k=1,5.", "give --k 1,5.", "give k=(1, 5)."),
        ("Try --far=1e-2:1e-1.", "Try --far 1e-2:1e-1.", "Try far=(1e-2, 1e-1)."),
        ("with --range=A:B, or", "with --range A:B, or", "with range=(A, B), or"),
        ("--distance=cosine.", "--distance cosine.", "distance='cosine'."),
        ("--fail-if='opis>0.01', so", "--fail-if 'opis>0.01', so", "fail_if='opis>0.01', so"),
        ("--criterion=frr=0.05.", "--criterion frr=0.05.", "criterion='frr=0.05'."),
        ("--sample-pairs=2,000 pairs", "--sample-pairs 2,000 pairs", "sample_pairs=2000 pairs"),
        ("--thresholds is 1", "--thresholds is 1", "n_thresholds is 1"),
        ("below 2 --far 1e-3 is", "below 2 --far 1e-3 is", "below 2 far=1e-3 is"),
        # What follows the name of a command is for a shell; a file may be called anything.
        ("See opis check --far 1; or --far=1", "See opis check --far 1; or --far 1",
         "See opis check --far 1; or far=1"),
        ("a--b.npy and ---", "a--b.npy and ---", "a--b.npy and ---"),
    ],
)  # fmt: skip
def test_settings_are_named_as_where_they_are_read(text, options, arguments):
    assert as_options(text) == options
    assert as_arguments(text) == arguments


def test_an_error_shows_both_sentences_in_a_traceback():
    error = OpisError("--beta is 0", hint="For example --beta=1.")
    assert (str(error), error.hint) == ("beta is 0", "For example beta=1.")
    assert error.__notes__ == ["hint: For example beta=1."]
    assert error.on_command_line == ("--beta is 0", "For example --beta 1.")


@pytest.mark.parametrize(
    "error",
    [
        UsageError("--beta is 0", hint="For example --beta=1."),
        EmbeddingError("row 3 is zero", hint="Drop it.", row=3),
        Refusal("no such file", hint="Check it.", status=404),
    ],
)
def test_an_error_of_another_process_arrives_whole(error):
    found = pickle.loads(pickle.dumps(error))
    assert type(found) is type(error)
    assert found.args == error.args
    assert vars(found) == vars(error)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("errors") / "x.parquet"
    table = {"embedding": pa.array(list(EMBEDDINGS)), "label": LABELS}
    pq.write_table(pa.table(table), path)
    return str(path)


EVALUATE = [
    ("far", (0.2, 0.1), "--far 0.2:0.1"),
    ("frr", (0, 0.1), "--frr 0:0.1"),
    ("range", (1, 3), "--range 1:3"),
    ("beta", 0.0, "--beta 0"),
    ("epsilon", 1.0, "--epsilon 1"),
    ("n_thresholds", 1, "--thresholds 1"),
    ("k", 0, "--k 0"),
    ("sample_pairs", 7, "--sample-pairs 7"),
    ("seed", -1, "--seed -1"),
    ("threads", 0, "--threads 0"),
    ("memory_limit", "lots", "--memory-limit lots"),
    ("memory_limit", 1000, "--memory-limit 1kB"),
    ("index", "no such", "--index 'no such'"),
    ("group_by", "kind", "--group-by kind"),
    ("where", "kind", "--where kind"),
    ("gallery_where", ["a=1"], "--gallery-where a=1"),
    ("gallery_labels", "y.npy", "--gallery-labels y.npy"),
    ("label_column", "kind", "--label-column kind"),
    ("embedding_column", "kind", "--embedding-column kind"),
    ("id_column", "kind", "--id-column kind"),
    ("labels", "y.npy", "--labels y.npy"),
]
CALIBRATE = [
    ("far", 2.0, "--far 2"),
    ("criterion", "best", "--criterion best"),
    ("criterion", "frr", "--criterion frr"),
    ("criterion", "eer=1", "--criterion eer=1"),
    ("target", 0.1, "--target 0.1"),
    ("threshold", 3.0, "--threshold 3"),
    ("confidence", 0.1, "--far 0.1 --confidence 0.1"),
    ("holdout", 1.0, "--far 0.1 --holdout 1"),
    ("repeats", 0, "--far 0.1 --repeats 0"),
    ("eval_where", ["a=1"], "--far 0.1 --eval-where a=1"),
]
CHECK = [
    ("fail_if", "nonsense", "--fail-if nonsense"),
    ("fail_if", "accuracy<1", "--fail-if 'accuracy<1'"),
    ("fail_if", "far>1", "--fail-if 'far>1'"),
    ("fail_if", (), ""),
]
INSPECT = [
    ("far", 0.0, "--far 0"),
    ("threshold", -1.0, "--threshold -1"),
    ("pairs", 0, "--pairs 0"),
    ("neighbours", 0, "--neighbours 0"),
    ("show", ["kind"], "--show kind"),
]
PLOTS = [
    ("plot_classes", "far", 2.0, "plot-classes --far 2"),
    ("plot_classes", "threshold", 3.0, "plot-classes --threshold 3"),
    ("plot_classes", "highlight", ["kind"], "plot-classes --highlight kind"),
    ("plot_curves", "highlight", ["kind"], "plot-curves --highlight kind"),
    ("plot_pareto", "arrows", ["a:b"], "plot-pareto --arrow a:b"),
]
CASES = [
    *(("evaluate", *case[:2], f"evaluate {case[2]}") for case in EVALUATE),
    *(("calibrate", *case[:2], f"calibrate {case[2]}") for case in CALIBRATE),
    *(("check", *case[:2], f"check {case[2]}") for case in CHECK),
    *(("inspect", *case[:2], f"inspect {case[2]}") for case in INSPECT),
    *PLOTS,
]


@pytest.mark.parametrize(("function", "name", "value", "line"), CASES)
def test_both_sides_of_every_setting(opis, source, tmp_path, function, name, value, line):
    """The same error: where the command names an option, Python names its argument."""
    command, *words = re.findall(r"'[^']*'|\S+", line)
    drawn = ["-o", tmp_path / "x.png"] if command.startswith("plot-") else []
    code, out, err = opis(command, source, *(word.strip("'") for word in words), *drawn)
    assert (code > 1, out) == (True, "")
    problem, hint = (part.split(": ", 1)[1] for part in err.rstrip("\n").split("\n"))
    given = {"far": 0.1} if name in ("confidence", "holdout", "repeats", "eval_where") else {}
    with pytest.raises(OpisError) as caught:
        getattr(opiscli, function)(source, **{**given, name: value})
    assert type(caught.value).exit_code == code
    theirs = str(caught.value), caught.value.hint
    for ours, option in zip(theirs, (problem, hint), strict=True):
        assert not re.search(r"(?<![\w-])--[a-z]", re.sub(r"opis [a-z-]+ [^;]*", "", ours)), ours
        assert re.sub(r"\W", "", as_arguments(option)) == re.sub(r"\W", "", ours)
    mentioned = " ".join(theirs)
    if name != "seed" and command != "check":
        assert name in mentioned or name.split("_")[0] in mentioned


def test_arguments_that_go_together(source):
    x, y = EMBEDDINGS, LABELS
    for given, match in (
        (
            {"far": (0.1, 0.2), "range": (0.5, 1)},
            "^use only one of far, range: each sets the calibration range",
        ),
        (
            {"ranking": True, "sample_pairs": 2000},
            "^ranking needs counts of all pairs, but sample_pairs",
        ),
        ({"gallery": (x, y), "k": 5}, r"^k=5 asks for R@5, but against a gallery only R@1"),
        ({"gallery": (x, y), "ranking": True}, "^ranking is for the pairs within one set"),
        ({"group_by": "a", "gallery": (x, y)}, "^group_by is for the pairs within one set"),
        (
            {"group_by": "a", "sample_pairs": 2000},
            "^group_by needs counts of all pairs, but sample_pairs",
        ),
        ({"group_by": "a"}, "^group_by names 'a', which is not one of the columns: none"),
        ({"label_column": "a"}, "^label_column selects nothing here: arrays were given"),
        ({"distance": "manhattan"}, "^distance is 'manhattan', expected one of: euclidean, cos"),
        ({"utility": "f1"}, "^utility is 'f1', expected one of: tpr-tnr, precision-recall"),
    ):
        with pytest.raises(UsageError, match=match):
            opiscli.evaluate(x, y, **given)
    items = opiscli.EmbeddingSet.from_arrays(x, y)
    for function, given, match in (
        ("evaluate", {"group_by": "a"}, "^group_by names 'a', which is not one of the columns"),
        ("inspect", {"show": ["a"]}, "^show names 'a', which is not one of the columns"),
        ("evaluate", {"where": "a=1"}, "^where selects nothing here: a set was given"),
        ("evaluate", {"columns": {"a": y}}, "^columns selects nothing here: a set was given"),
        ("evaluate", {"labels": y}, "^labels were given twice"),
    ):
        with pytest.raises(UsageError, match=match):
            getattr(opiscli, function)(items, **given)
    with pytest.raises(UsageError, match=r"^columns selects nothing here: a file was given"):
        opiscli.evaluate(source, columns={"a": y})
    with pytest.raises(UsageError, match=r"^average is 'mean', expected one of: pooled, macro"):
        opiscli.calibrate(source, far=0.1, average="mean")
    with pytest.raises(UsageError, match=r"^embeddings were given without labels"):
        opiscli.evaluate(x)
    with pytest.raises(TypeError, match="unexpected keyword argument 'treads'"):
        opiscli.evaluate(x, y, treads=2)
    with pytest.raises(
        UsageError, match=r"^use only one of far, threshold: each sets the threshold"
    ):
        opiscli.inspect(x, y, far=0.1, threshold=1.0)


def test_settings_cannot_be_changed_once_counted():
    counts = opiscli.count(EMBEDDINGS, LABELS)
    for given, match in (
        ({"distance": "cosine"}, "^distance is cosine, but arrays was counted with euclidean"),
        ({"k": 7}, r"^k asks for R@7, but arrays was counted for k=1"),
        ({"ranking": True}, "^ranking asks for MAP@R, but"),
        ({"index": "SQ8"}, "^index='SQ8' needs embeddings"),
    ):
        with pytest.raises(UsageError, match=match):
            opiscli.evaluate(counts, **given)


def _texts():
    """All text in the package that names a setting as errors do."""
    for file in sorted((ROOT / "opiscli").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith(
                ("Error", "UndefinedMetric")
            ):
                for part in ast.walk(node):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield file, part.value


def test_every_error_names_options_that_there_are(opis):
    commands = re.findall(r"^│ ([a-z-]+) ", opis("--help")[1], re.MULTILINE)
    known = set()
    for command in commands:
        known |= set(re.findall(r"--[a-z-]+", opis(command, "--help")[1]))
    assert {"--far", "--lr", "--fail-if"} <= known
    for file, text in _texts():
        for option in re.findall(r"(?<![\w-])--[a-z]+(?:-[a-z]+)*", text):
            assert option in known, f"{file}: {text}"


def test_numbers_are_still_arrays():
    result = opiscli.evaluate(EMBEDDINGS.tolist(), np.asarray(LABELS).tolist(), k=[1, 2])
    assert list(result.recall) == ["1", "2"]
