"""The command as a person and as a pipeline use it."""

import csv
import io
import json
import re
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import SAMPLE, clusters

from opiscli import __version__, evaluate, read_embeddings

WORDNET = SAMPLE / "wordnet.parquet"
NASTY = ["[red]", "\x1b[2J", "a\nb", "\u202etxt", "|`$\\frac{", "<script>", "[/b]", "=1+1"]


def command(*argv, **more):
    return subprocess.run(
        [sys.executable, "-m", "opiscli", *map(str, argv)],
        capture_output=True,
        timeout=120,
        check=False,
        **more,
    )


@pytest.fixture
def nasty(tmp_path):
    embeddings, labels = clusters(seed=2, n_classes=len(NASTY), sizes=(8, 9))
    names = np.array(NASTY, dtype=object)[labels]
    pq.write_table(
        pa.table({"embedding": pa.array(list(embeddings)), "label": names}), tmp_path / "x.parquet"
    )
    return tmp_path / "x.parquet"


def test_json_is_one_strict_line_and_equals_the_python_result(opis):
    code, out, err = opis("evaluate", WORDNET, "--json", "--k", "1,5")
    assert (code, err) == (0, "")
    assert out.count("\n") == 1

    def no_constants(name):
        raise AssertionError(f"{name} is not JSON")

    result = json.loads(out, parse_constant=no_constants)
    assert result["schema"] == "opis.evaluation/1"
    assert result["opis_version"] == __version__
    assert list(result["recall"]) == ["1", "5"]
    items = read_embeddings(str(WORDNET))
    direct = evaluate(items.unit_rows, np.array(items.names)[items.codes])
    assert result["opis"]["value"] == pytest.approx(direct.opis.value, rel=1e-6)
    assert result["opis"]["ci"] == pytest.approx(list(direct.opis.ci), rel=1e-6)
    assert result["recall"]["1"]["value"] == direct.recall["1"].value


def test_every_promised_key_is_there(opis):
    result = json.loads(opis("evaluate", WORDNET, "--json")[1])
    assert result["data"]["n_items"] == 2255
    counted = {"mode": "exact", "n_positive": 22852, "n_negative": 2518533}
    assert result["pairs"] == {**counted, "unit": None}
    assert set(result["opis"]) == {
        "value", "ci", "noise", "corrected", "n_classes", "n_uncorrectable",
        "corrected_from", "spread", "below_mean",
    }  # fmt: skip
    assert {"epsilon", "value", "ci", "corrected", "corrected_from", "gap"} <= set(
        result["eps_opis"]
    )
    for point in result["operating_points"]:
        assert {"target_far", "threshold", "similarity", "far", "frr", "tar"} <= set(point)
        assert {"value", "k", "n", "ci"} <= set(point["far"])
        assert {"label", "value"} <= set(point["worst_far"])
    assert {"label", "n_items", "mean_utility", "opis_contribution", "n_tied"} == set(
        result["worst_classes"][0]
    )
    assert result["signature"].endswith(f"|v:{__version__}")


FIRST_SCREEN = ("s ≥ 0.3171", "d ≤ 1.1687", "R@1", "OPIS", "10%-OPIS", "spread by ±0.1312")
FULL = (*FIRST_SCREEN, "Calibration range", "FAR ≤ 0.001", "Lowest class scores")


@pytest.mark.parametrize(("options", "texts"), [((), FIRST_SCREEN), (("--full",), FULL)])
def test_the_report_fits_80_columns_and_quotes_its_settings(opis, monkeypatch, options, texts):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = opis("evaluate", WORDNET, *options)
    assert code == 0
    *body, signature = out.rstrip().split("\n")
    assert all(len(line) <= 80 for line in body)
    assert all(text in out for text in texts)
    assert len(body) <= (28 if not options else 70)
    assert re.fullmatch(r"opis\|d:euclidean\|.*\|v:[\d.]+", signature)
    assert "\x1b" not in out


def test_nothing_is_cut_and_no_line_ends_in_blanks(opis, monkeypatch, tmp_path):
    name = "a class whose name is far longer than any terminal is wide, " * 3
    table = pq.read_table(WORDNET, columns=["embedding", "label"]).slice(0, 400)
    labels = [name + label for label in table["label"].to_pylist()]
    pq.write_table(table.set_column(1, "label", pa.array(labels)), tmp_path / "e.parquet")
    run = ("evaluate", tmp_path / "e.parquet", "--full", "-q")
    monkeypatch.delenv("COLUMNS", raising=False)
    unlimited = opis(*run)[1]
    assert name.strip() in unlimited
    monkeypatch.setenv("COLUMNS", "80")
    wrapped = opis(*run)[1]
    assert max(map(len, wrapped.splitlines()[2:-1])) <= 80
    squeezed = "".join(wrapped.split())
    assert wrapped.count("…") == unlimited.count("…") == 0
    for worst in json.loads(opis(*run, "--json")[1])["worst_classes"]:
        assert worst["label"].split()[-1] in squeezed
    for out in (unlimited, wrapped):
        assert not re.search(r"[ \t]$", out, re.MULTILINE)


def test_copied_thresholds_never_exceed_the_target(opis, tmp_path):
    """On codes of ±1 many pairs are equally far, and digits that are cut could reach the next."""
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(30, 48))
    codes = np.sign(np.repeat(centres, 10, axis=0) + rng.normal(size=(300, 48)))
    labels = np.repeat(np.arange(30), 10)
    np.save(tmp_path / "x.npy", codes.astype(np.float32))
    np.save(tmp_path / "y.npy", labels)
    similarity = np.round(codes @ codes.T / 48, 12)
    first, second = np.triu_indices(300, 1)
    negative = similarity[first, second][labels[first] != labels[second]]
    source = tmp_path / "x.npy", "--labels", tmp_path / "y.npy"
    full = opis("evaluate", *source, "--full", "-q")[1].partition("Search among")[0]
    one = opis("calibrate", *source, "--far", "0.01", "-q")[1]
    for shown, targets in ((full, (0.1, 0.01, 0.001)), (one, (0.01,))):
        for target in targets:
            after = re.split(rf"FAR ≤ {target:g}(?!\d)", shown)[-1]
            least, most = re.findall(r"(?:s ≥|d ≤) (\S+?)(?:,|\s|$)", after)[:2]
            assert np.mean(negative >= float(least)) <= target
            assert np.mean(np.sqrt(2 - 2 * negative) <= float(most)) <= target


def test_what_to_run_next_is_said_on_a_terminal_only(opis, monkeypatch):
    run = ("evaluate", WORDNET, "--where", "split=test", "--label-column", "label")
    assert opis(*run)[2] == ""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    err = opis(*run)[2]
    typed = f"{WORDNET} --label-column label --where split=test"
    assert f"opis inspect {typed}" in err
    assert f"opis evaluate {typed} --full" in err
    assert opis(*run, "-q")[2] == ""


def test_other_settings_are_in_the_signature(opis):
    argv = "--distance cosine --utility precision-recall --beta 2 --frr 0.05:0.2 --epsilon 0.25"
    _, out, _ = opis(
        "evaluate", WORDNET, "--json", *argv.split(), "--thresholds", "51", "--seed", 3
    )
    signature = json.loads(out)["signature"]
    assert signature.startswith(
        "opis|d:cosine|u:precision-recall|b:2|range:frr5e-2..2e-1|grid:51|eps:0.25|"
    )
    assert "|seed:3|" in signature


def test_machine_formats_hold_the_same_numbers(opis):
    truth = json.loads(opis("evaluate", WORDNET, "--json")[1])
    rows = list(csv.DictReader(io.StringIO(opis("evaluate", WORDNET, "--format", "csv")[1])))
    by_name = {row["metric"]: row for row in rows}
    assert float(by_name["opis"]["value"]) == truth["opis"]["value"]
    assert int(by_name["far@far=0.01"]["k"]) == truth["operating_points"][1]["far"]["k"]
    assert {row["signature"] for row in rows} == {truth["signature"]}
    markdown = opis("evaluate", WORDNET, "-f", "markdown")[1]
    assert f"| opis | {truth['opis']['value']:.6g} |" in markdown
    latex = opis("evaluate", WORDNET, "-f", "latex")[1]
    assert rf"eps\_opis & {truth['eps_opis']['value']:.6g} &" in latex
    assert truth["signature"] in markdown
    assert truth["signature"] in latex


@pytest.mark.parametrize("output", ["table", "json", "csv", "markdown", "latex"])
def test_class_names_are_shown_literally(opis, nasty, output):
    code, out, _ = opis("evaluate", nasty, "--far", "0.05:0.2", "-f", output, "--full")
    assert code == 0
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", out)
    worst = {row["label"] for row in json.loads(
        opis("evaluate", nasty, "--far", "0.05:0.2", "--json")[1]
    )["worst_classes"]}  # fmt: skip
    assert worst <= set(NASTY)
    if output == "table":
        shown = {name.encode("unicode_escape").decode() if not name.isprintable() else name
                 for name in worst}  # fmt: skip
        assert all(name in out for name in shown)
    if output == "latex":
        assert "$" not in out.replace(r"\$", "")


def test_a_label_cannot_break_a_markdown_or_csv_table(opis, nasty):
    _, out, _ = opis("evaluate", nasty, "--far", "0.05:0.2", "-f", "markdown")
    table = [line for line in out.split("\n") if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {9}
    _, out, _ = opis("evaluate", nasty, "--far", "0.05:0.2", "-f", "csv")
    assert {len(row) for row in csv.reader(io.StringIO(out))} == {9}


def test_warnings_go_to_stderr_and_into_the_json(opis, nasty):
    code, out, err = opis("evaluate", nasty, "--far", "0.05:0.2", "--json")
    codes = [warning["code"] for warning in json.loads(out)["warnings"]]
    assert code == 0
    assert "few-classes" in codes
    assert err.count("warning: ") == len(codes)
    assert opis("evaluate", nasty, "--far", "0.05:0.2", "--json", "--quiet")[2] == ""


def test_duplicates_are_counted_and_dropped_on_request(opis, tmp_path):
    embeddings, labels = clusters(seed=4)
    np.save(tmp_path / "x.npy", np.concatenate([embeddings, embeddings[:7]]))
    np.save(tmp_path / "y.npy", np.concatenate([labels, labels[:7]]))
    run = ("evaluate", tmp_path / "x.npy", "--labels", tmp_path / "y.npy", "--json")
    kept, dropped = (json.loads(opis(*run, *more)[1]) for more in ((), ("--drop-duplicates",)))
    assert (kept["data"]["n_items"], kept["data"]["n_duplicates"]) == (len(labels) + 7, 7)
    assert (dropped["data"]["n_items"], dropped["data"]["n_duplicates"]) == (len(labels), 7)
    assert "duplicates" in [warning["code"] for warning in kept["warnings"]]
    assert "|dups:drop|" in dropped["signature"]


def test_two_classes_leave_no_rest_at_epsilon_point_six(opis, tmp_path):
    embeddings, labels = clusters(seed=1, n_classes=2, sizes=(9, 10))
    np.save(tmp_path / "x.npy", embeddings)
    np.save(tmp_path / "y.npy", labels)
    run = ("evaluate", tmp_path / "x.npy", "--labels", tmp_path / "y.npy", "--json")
    code, out, _ = opis(*run, "--epsilon", "0.6", "--range", "0.5:1.5")
    result = json.loads(out)
    assert code == 0
    assert (result["eps_opis"]["value"], result["eps_opis"]["ci"]) == (None, None)
    assert "epsilon-undefined" in [warning["code"] for warning in result["warnings"]]


def test_help_names_every_option_and_version_is_one_line(opis):
    assert opis("--version")[:2] == (0, f"opis {__version__}\n")
    assert opis()[0] == 0
    code, out, _ = opis("evaluate", "--help")
    assert code == 0
    for option in ("--far", "--frr", "--range", "--utility", "--beta", "--epsilon", "--thresholds"):
        assert option in out


def test_a_closed_pipe_ends_quietly():
    for output in ("json", "csv", "table"):
        line = f"{sys.executable} -m opiscli evaluate {WORDNET} -f {output} | head -c 1"
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line], capture_output=True, check=False
        )
        assert (done.returncode, len(done.stdout), done.stderr) == (0, 1, b"")


def test_a_stream_on_stdin_is_the_source():
    table = pq.read_table(WORDNET, columns=["embedding", "label"])
    stream = io.BytesIO()
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    piped = command("evaluate", "--json", input=stream.getvalue())
    direct = command("evaluate", WORDNET, "--json")
    assert piped.returncode == 0
    assert json.loads(piped.stdout)["opis"] == json.loads(direct.stdout)["opis"]
    assert command("evaluate", input=b"not arrow at all").returncode == 3


def test_an_interrupt_is_exit_130(monkeypatch, opis):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("opiscli.analysis.inputs.count_items", interrupted)
    assert opis("evaluate", WORDNET) == (130, "", "error: interrupted\n")


@pytest.mark.parametrize(
    ("command", "heavy"),
    [
        (["--version"], "rich opiscli.results opiscli.cli.evaluate"),
        (["--help"], "opiscli.results opiscli.cli.evaluate"),
        (["calibrate", "--help"], "opiscli.cli.evaluate"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_nothing_heavy_is_imported_for_help(command, heavy):
    assert imported(command, f"numpy scipy faiss pyarrow matplotlib pydantic {heavy}") == ""


@pytest.mark.parametrize(
    ("options", "heavy"),
    [((), "opiscli.cli.finetune rich.progress"), (("--json",), "rich")],
    ids=["table", "json"],
)
def test_only_what_an_evaluation_needs_is_imported(options, heavy):
    heavy += " faiss scipy matplotlib jinja2 pydantic pyarrow.csv pyarrow.json pyarrow.dataset"
    assert imported(["evaluate", str(WORDNET), *options], heavy) == ""


def imported(command, heavy):
    """Which of some modules are imported when a command runs in a process of its own."""
    code = (
        "import sys; from opiscli.cli import main\n"
        f"try: main({command!r})\n"
        "except SystemExit: pass\n"
        f"sys.stderr.write(' '.join(set({heavy.split()!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    return done.stderr.decode()


@pytest.mark.parametrize(
    "options",
    [("--k", "1,5"), ("--k", "1", "--k", "5"), ("--k", "5", "--k", "1,5"), ("--k=5,1",)],
    ids=" ".join,
)
def test_ranks_are_given_in_one_list_or_several(opis, options):
    code, out, _ = opis("evaluate", WORDNET, "--json", "-q", *options)
    assert code == 0
    assert list(json.loads(out)["recall"]) == ["1", "5"]
