"""Variables and settings files that are meant for other programs do not change what opis writes."""

import os
import re
import subprocess
import sys
import warnings

import matplotlib
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, clusters

from opiscli.cli.surroundings import calm_surroundings

ESCAPE = re.compile("\x1b")

VARIABLES = [
    {"FORCE_COLOR": "1"},
    {"FORCE_COLOR": "3", "COLORTERM": "truecolor", "TERM": "xterm-256color"},
    {"FORCE_COLOR": ""},
    {"CLICOLOR_FORCE": "1"},
    {"PY_COLORS": "1"},
    {"TTY_COMPATIBLE": "1"},
    {"TTY_COMPATIBLE": "1", "TTY_INTERACTIVE": "1"},
    {"GITHUB_ACTIONS": "true"},
    {"NO_COLOR": "1", "FORCE_COLOR": "1"},
    {"TERM": "dumb"},
    {"TERM": ""},
    {"COLUMNS": "0"},
    {"COLUMNS": "-5"},
    {"COLUMNS": "wide", "LINES": "high"},
    {"COLUMNS": "1"},
    {"COLUMNS": "²"},
    {"TERMINAL_WIDTH": "abc"},
    {"JUPYTER_COLUMNS": "abc"},
    {"MPLBACKEND": "nonsense"},
    {"PYTHONIOENCODING": "nonsense"},
]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A set that is counted in no time."""
    embeddings, labels = clusters(seed=1)
    path = tmp_path_factory.mktemp("small") / "small.parquet"
    pq.write_table(pa.table({"embedding": list(embeddings), "label": labels}), path)
    return path


@pytest.mark.parametrize("variables", VARIABLES, ids=str)
def test_text_is_the_same(opis, small, monkeypatch, variables):
    commands = (("calibrate", small, "--far", "0.1"), ("--help",), ("evaluate", "no.npy"))
    plain = [opis(*argv) for argv in commands]
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    for argv, (code, out, err) in zip(commands, plain, strict=True):
        assert opis(*argv) == (code, out, err)
        assert not ESCAPE.search(out + err)
    assert dict(os.environ) == before


def test_help_is_plain_where_typer_would_colour_it():
    done = subprocess.run(
        [sys.executable, "-m", "opiscli", "check", "--help"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "GITHUB_ACTIONS": "true", "PY_COLORS": "1", "TERMINAL_WIDTH": "abc"},
    )
    assert done.returncode == 0
    assert not ESCAPE.search(done.stdout + done.stderr)


def test_a_terminal_keeps_its_colours(monkeypatch):
    class Terminal:
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    with calm_surroundings():
        assert "_TYPER_FORCE_DISABLE_TERMINAL" not in os.environ
        assert os.environ["NO_COLOR"] == "1"


@pytest.mark.parametrize("options", [["error"], ["error::DeprecationWarning"], ["always"]])
def test_no_remark_of_a_library_is_shown_or_fails(monkeypatch, capsys, options):
    monkeypatch.setattr(sys, "warnoptions", options)
    with warnings.catch_warnings():
        warnings.simplefilter(options[0].partition(":")[0])
        with calm_surroundings():
            warnings.warn("a remark", UserWarning, stacklevel=1)
            warnings.warn("a remark", DeprecationWarning, stacklevel=1)
    assert capsys.readouterr().err == ""


@pytest.fixture(scope="module")
def one_dimension(tmp_path_factory):
    embeddings, labels = clusters(seed=1)
    path = tmp_path_factory.mktemp("one") / "one.parquet"
    pq.write_table(pa.table({"embedding": list(embeddings[:, :1]), "label": labels}), path)
    return path


def test_a_curve_of_one_point_is_drawn_without_a_word(opis, one_dimension, tmp_path):
    path = tmp_path / "det.png"
    assert opis("plot-det", one_dimension, "-o", path) == (0, f"{path}\n", "")


SETTINGS = [
    {"text.usetex": True},
    {"savefig.dpi": 30},
    {"figure.dpi": 30},
    {"figure.figsize": (1, 1)},
    {"font.family": ["No Such Font"], "font.size": 30},
    {"savefig.bbox": "tight", "savefig.pad_inches": 3},
    {"savefig.transparent": True, "figure.facecolor": "red"},
    {"axes.grid": True, "axes.facecolor": "0.9"},
    {"lines.linewidth": 9, "lines.antialiased": False},
    {"svg.fonttype": "none", "pdf.fonttype": 3},
    {"path.simplify": False, "path.sketch": (5, 100, 2)},
    {"axes.formatter.use_locale": True, "axes.unicode_minus": False},
    {"figure.autolayout": True},
    {"legend.loc": "center", "legend.frameon": True},
    {"image.cmap": "gray", "image.interpolation": "nearest"},
]


@pytest.fixture(scope="module")
def usual(tmp_path_factory, small):
    """A picture as it is drawn without settings, as bytes."""
    from opiscli.cli import main

    path = tmp_path_factory.mktemp("usual") / "usual.svg"
    with pytest.raises(SystemExit):
        main(["plot-pareto", str(small), "-o", str(path)])
    return path.read_bytes()


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_pictures_are_the_same_under_any_settings(opis, small, tmp_path, usual, settings):
    path = tmp_path / "picture.svg"
    with matplotlib.rc_context(settings):
        assert opis("plot-pareto", small, "-o", path) == (0, f"{path}\n", "")
    assert path.read_bytes() == usual


def drawn_by_a_process(source, folder, settings_file, variables):
    """Draw a picture in a folder with a matplotlibrc, under variables; return it."""
    if settings_file is not None:
        (folder / "matplotlibrc").write_bytes(settings_file)
    done = subprocess.run(
        [sys.executable, "-m", "opiscli", "plot-pareto", source, "-o", "picture.svg"],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "picture.svg\n", "")
    return (folder / "picture.svg").read_bytes()


@pytest.mark.parametrize(
    ("settings_file", "variables"),
    [
        (None, {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}),
        (b"font.size: 20\n\xff\xfe", {}),
        (b"backend: nonsense\nfont.family: Missing\nno.such: 1\ntext.usetex: True\n", {}),
        (None, {"MPLCONFIGDIR": "/dev/null/x", "HOME": "/dev/null/y", "PYTHONWARNINGS": "error"}),
    ],
)
def test_pictures_in_a_process_of_its_own(tmp_path, small, usual, settings_file, variables):
    assert drawn_by_a_process(small, tmp_path, settings_file, variables) == usual


def test_too_little_address_space_is_explained(opis, monkeypatch):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda which: (500_000_000, 500_000_000))
    code, out, err = opis("evaluate", "e.parquet")
    assert (code, out) == (4, "")
    assert "the limit on address space is 500 MB, expected 2,000 MB" in err


def test_no_room_for_another_thread_is_no_bug(capsys):
    from opiscli.cli.failures import explain

    assert explain(RuntimeError("can't start new thread")) == 4
    assert "not enough memory: can't start new thread" in capsys.readouterr().err


def test_what_a_library_cannot_raise_is_explained_in_two_lines(tmp_path):
    """A row of CSV with a wrong number of cells that is not UTF-8, beyond the first block."""
    rows = b"".join(b'c%d,"[0.%06d,0.5]"\n' % (i % 9, i + 1) for i in range(600))
    (tmp_path / "e.csv").write_bytes(b"label,embedding\n" + rows + b"b,1,\xff,4\n")
    done = subprocess.run(
        [sys.executable, "-m", "opiscli", "evaluate", str(tmp_path / "e.csv")],
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode in (3, 4)
    assert [line.split(b":")[0] for line in done.stderr.splitlines()] == [b"error", b"hint"]
