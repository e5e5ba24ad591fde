"""Every command that draws: the file it writes, the mistakes it explains, the names it survives."""

import struct

import matplotlib
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import SAMPLE, clusters

WORDNET = SAMPLE / "wordnet.parquet"
COMMANDS = ("plot-curves", "plot-distances", "plot-det", "plot-pareto", "plot-classes")
HOSTILE = [
    "<script>alert(1)</script>", "$\\frac{", "$\\frac{$", "$x$", "_hidden", "</script><!--",
    "\u202etxt", "\x1b[2J", "漢字", "'\"&amp;", "%s{}", "a" * 200, "]]>",
]  # fmt: skip


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    embeddings, labels = clusters(seed=2, n_classes=len(HOSTILE), sizes=(6, 12))
    names = np.array(HOSTILE, dtype=object)[labels]
    path = folder / "$\\frac{<b>.parquet"
    pq.write_table(pa.table({"embedding": pa.array(list(embeddings)), "label": names}), path)
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_a_picture_is_written_and_its_path_printed(opis, tmp_path, command):
    settings = dict(matplotlib.rcParams)
    path = tmp_path / "picture.png"
    assert opis(command, WORDNET, "-o", path) == (0, f"{path}\n", "")
    head = path.read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", head[16:])
    assert width == 1152
    assert 600 <= height <= 1200
    assert dict(matplotlib.rcParams) == settings


@pytest.mark.parametrize(
    ("suffix", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF"), ("PNG", b"\x89")]
)
def test_the_suffix_is_the_format_and_the_bytes_are_the_same_each_time(
    opis, tmp_path, suffix, start
):
    paths = [tmp_path / f"{n}.{suffix}" for n in "ab"]
    for path in paths:
        assert opis("plot-classes", WORDNET, "-o", path)[0] == 0
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    assert first.startswith(start)


def test_a_saved_evaluation_gives_the_same_picture(opis, tmp_path):
    saved = tmp_path / "wordnet.opis"
    assert opis("evaluate", WORDNET, "--save", saved)[0] == 0
    for command in COMMANDS:
        one, other = tmp_path / f"{command}1.svg", tmp_path / f"{command}2.svg"
        assert opis(command, WORDNET, "-o", one)[0] == 0
        assert opis(command, saved, "-o", other)[0] == 0
        assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("command", COMMANDS)
def test_hostile_names_are_drawn_as_they_are(opis, hostile, tmp_path, command):
    more = ["--highlight", "worst:12"] if command in {"plot-curves", "plot-classes"} else []
    for name in HOSTILE if more else []:
        more += ["--highlight", name]
    code, _, err = opis(command, hostile, "-o", tmp_path / "p.svg", *more)
    assert code == 0
    assert err == "" or (err.startswith("warning: no installed font has") and err.count("\n") == 1)
    assert opis(command, hostile, "-o", tmp_path / "q.svg", "-q", *more)[2] == ""


def test_missing_characters_are_warned_of_once_for_a_whole_page(opis, tmp_path):
    embeddings, labels = clusters(seed=2, n_classes=4, sizes=(6, 12))
    names = np.array(["\U00013000", "\U00013001\U00013002", "plain", "\U00013003"])[labels]
    source = tmp_path / "hieroglyphs.parquet"
    pq.write_table(pa.table({"embedding": pa.array(list(embeddings)), "label": names}), source)
    code, _, err = opis("report", source, "-o", tmp_path / "page.html", "--far", "0.05:0.2")
    assert code == 0
    assert sum("no installed font" in line for line in err.splitlines()) == 1
    assert "U+13000" in err


def test_two_sources_share_one_picture(opis, tmp_path):
    test = ("--where", "split=test")
    for command, n_sources in (("plot-curves", 2), ("plot-det", 3), ("plot-pareto", 3)):
        code, _, err = opis(
            command, *[WORDNET] * n_sources, *test, "-o", tmp_path / f"{command}.pdf"
        )
        assert (code, err) == (0, "")


def test_other_ways_to_draw(opis, tmp_path):
    out = ("-o", tmp_path / "p.png", "--force")
    for argv in (
        ("plot-distances", WORDNET, "--log"),
        ("plot-distances", WORDNET, "--distance", "cosine", "--style", "dark_background"),
        ("plot-classes", WORDNET, "--threshold", 1.1),
        ("plot-classes", WORDNET, "--far", 1e-3),
        ("plot-curves", WORDNET, "--frr", "0.1:0.3", "--utility", "precision-recall"),
        ("plot-pareto", WORDNET, SAMPLE / "wordnet.parquet", "--arrow", f"{WORDNET}:{WORDNET}"),
    ):
        code, _, err = opis(*argv, *out)
        assert (code, err) == (0, "")


@pytest.mark.parametrize(
    ("argv", "exit_code", "says"),
    [
        ("plot-curves {} -o p.jpg", 2, "p.jpg ends in .jpg, expected the name of a .png"),
        ("plot-det {} -o p", 2, "p has no suffix"),
        ("plot-det {} -o no/p.png", 3, "no folder"),
        ("plot-det {} -o there.png", 2, "exists already"),
        ("plot-det {} --style nice", 2, "--style nice is neither a file nor a style"),
        ("plot-det {} --style https://localhost/x.mplstyle", 2, "is neither a file nor a style"),
        ("plot-det {} --style {}", 2, "cannot be read as a matplotlib style"),
        ("plot-det {} --style there.html", 2, "cannot be read as a matplotlib style"),
        ("plot-curves {} {} {}", 2, "3 sources"),
        ("plot-curves {} --highlight nobody", 2, "--highlight nobody is not a class"),
        ("plot-classes {} --highlight nobody", 2, "--highlight nobody is not a class"),
        ("plot-classes {} --far 0.1 --threshold 1", 2, "use only one of --far, --threshold"),
        ("plot-classes {} --far 2", 2, "--far is 2"),
        ("plot-classes {} --threshold 3", 2, "--threshold is 3"),
        ("plot-classes {} --threshold nan", 2, "--threshold is nan"),
        ("plot-classes {} --far 1e-9", 5, "unattainable"),
        ("plot-pareto {} --arrow a:b", 2, "--arrow a:b does not name two sources"),
        ("plot-distances missing.parquet", 3, "no such file"),
        ("report {} -o page.png", 2, "must end in .html"),
        ("report {} -o there.html", 2, "exists already"),
    ],
)
def test_a_mistake_is_explained_and_nothing_is_written(
    opis, tmp_path, monkeypatch, argv, exit_code, says
):
    monkeypatch.chdir(tmp_path)
    for name in ("there.png", "there.html"):
        (tmp_path / name).write_text("kept")
    code, out, err = opis(*(word.format(WORDNET) for word in argv.split()))
    assert (code, out) == (exit_code, ""), err
    assert says in err
    assert err.count("\n") == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["there.html", "there.png"]
    assert (tmp_path / "there.png").read_text() == "kept"
