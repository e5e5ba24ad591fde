"""Failures that nobody planned: a bug asks for a report, the rest is explained; 1 is a gate's."""

import errno
import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, SAMPLE

import opiscli.__main__
from opiscli.analysis import questions
from opiscli.settings.version import __version__

WORDNET = SAMPLE / "wordnet.parquet"


@pytest.fixture
def failing(monkeypatch, opis):
    """Run evaluate while something inside raises; return (exit code, lines on stderr)."""

    def run(failure):
        def fail(*_, **__):
            raise failure

        monkeypatch.setattr(questions, "evaluate", fail)
        code, out, err = opis("evaluate", WORDNET)
        assert out == ""
        return code, err.splitlines()

    return run


class Odd(Exception):
    def __str__(self):
        return "line one\nline two\r\x1b[31m\ttabbed"


@pytest.mark.parametrize(
    ("failure", "says"),
    [
        (ValueError("bad"), "unexpected ValueError: bad"),
        (KeyError("name"), "unexpected KeyError: 'name'"),
        (AssertionError(), "unexpected AssertionError"),
        (ZeroDivisionError("division by zero"), "unexpected ZeroDivisionError: division by zero"),
        (RecursionError("maximum recursion depth"), "unexpected RecursionError: maximum"),
        (Odd(), r"unexpected Odd: line one line two \x1b[31m tabbed"),
        (RuntimeError("x" * 1000), "unexpected RuntimeError: xxx"),
        (EOFError("Ran out of input"), "unexpected EOFError: Ran out of input"),
        (StopIteration(), "unexpected StopIteration"),
        (FileNotFoundError(errno.ENOENT, "No such file", "x"), "unexpected FileNotFoundError"),
        (SystemExit(1), "unexpected RuntimeError: a library ended the program with 1"),
        (SystemExit("bye"), "unexpected RuntimeError: a library ended the program with 'bye'"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), "unexpected UnicodeDecodeError"),
    ],
)
def test_a_bug_asks_for_a_report(failing, failure, says):
    code, lines = failing(failure)
    assert code == 70
    problem, hint = [line for line in lines if line]
    assert problem.startswith(f"error: {says}")
    assert len(problem) < 400
    assert hint.startswith(f"hint: This is a bug in opis {__version__}. Please report it")
    assert "OPIS_TRACEBACK=1" in hint


def test_the_traceback_is_shown_to_who_asks(failing, monkeypatch):
    monkeypatch.setenv("OPIS_TRACEBACK", "1")
    code, lines = failing(ValueError("bad"))
    assert code == 70
    assert lines[0].startswith("Traceback")
    assert lines[-2] == "error: unexpected ValueError: bad"


def allocation_of_numpy():
    try:
        np.empty(2**57)
    except MemoryError as failure:
        return failure


@pytest.mark.parametrize(
    ("failure", "code", "says"),
    [
        (MemoryError(), 4, "error: not enough memory"),
        (MemoryError("std::bad_alloc"), 4, "error: not enough memory: std::bad_alloc"),
        (allocation_of_numpy(), 4, "error: not enough memory: Unable to allocate 1.00 EiB"),
        (OSError(errno.ENOSPC, "No space left", "/tmp/x"), 3, "error: /tmp/x: No space left"),
        (OSError(errno.ENOSPC, "No space left"), 3, "error: No space left"),
        (PermissionError(errno.EACCES, "Permission denied", "e"), 3, "error: e: Permission denied"),
        (PermissionError(errno.EPERM, "Not permitted", "e"), 3, "error: e: Not permitted"),
        (OSError(errno.EROFS, "Read-only file system", "e"), 3, "error: e: Read-only"),
        (OSError(errno.EMFILE, "Too many open files"), 3, "error: Too many open files"),
        (OSError(errno.EIO, "Input/output error", "e"), 3, "error: e: Input/output error"),
        (OSError(errno.ENAMETOOLONG, "File name too long", "e"), 3, "error: e: File name too long"),
        (KeyboardInterrupt(), 130, "error: interrupted"),
        (SystemExit(0), 0, ""),
        (SystemExit(None), 0, ""),
    ],
)
def test_what_the_system_refuses_is_explained(failing, failure, code, says):
    found, lines = failing(failure)
    assert found == code
    assert "".join(lines[:1]).startswith(says)
    if code in (3, 4):
        assert lines[1].startswith("hint: ")
    if code == 4:
        assert "--memory-limit" in lines[1]
        assert "--sample-pairs" in lines[1]


def test_an_interruption_while_opis_is_loaded(monkeypatch, capsys):
    class Interrupted:
        def find_spec(self, name, path, target=None):
            if name == "opiscli.cli":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "opiscli.cli")
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])
    with pytest.raises(SystemExit) as leaving:
        opiscli.__main__.main()
    assert leaving.value.code == 130
    assert capsys.readouterr().err == "error: interrupted\n"


OUTPUTS = [
    ("calibrate", "--far", "0.01", "-o", "{}.json"),
    ("evaluate", "--save", "{}.opis"),
    ("report", "-o", "{}.html"),
    *((f"plot-{kind}", "-o", f"{{}}.{suffix}") for kind, suffix in (
        ("pareto", "png"), ("pareto", "svg"), ("pareto", "pdf"),
    )),
]  # fmt: skip


@pytest.mark.parametrize("argv", OUTPUTS, ids=" ".join)
def test_a_disk_that_fills_up_leaves_no_part_of_a_file(opis, monkeypatch, tmp_path, argv):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("opiscli.atomic_file.os.fsync", full)
    command, *rest = (word.format(tmp_path / "out") for word in argv)
    code, out, err = opis(command, WORDNET, "-q", *rest)
    assert (code, out) == (3, "")
    assert "cannot be written: No space left on device" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="devices of POSIX")
@pytest.mark.parametrize("path", ["/dev/no", "/dev/fd/99", "/proc/self/fd/99"])
def test_no_file_takes_the_place_of_a_device(opis, path):
    code, out, err = opis("calibrate", WORDNET, "--far", "0.01", "-o", path, "--force")
    assert (code, out) == (2, "")
    assert f"{path} is not a regular file" in err


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to(opis, tmp_path):
    tmp_path.chmod(0o500)
    code, _, err = opis("calibrate", WORDNET, "--far", "0.01", "-o", tmp_path / "t.json")
    assert code == 3
    assert "Permission denied" in err


@pytest.mark.skipif(os.name == "nt", reason="limits of POSIX")
def test_a_limit_on_the_size_of_files(tmp_path):
    line = f"ulimit -f 1; {sys.executable} -m opiscli plot-pareto {WORDNET} -o {tmp_path}/p.png"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 3
    assert "p.png cannot be written: File too large" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_command_is_the_module(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["opis", "--version"])
    with pytest.raises(SystemExit) as leaving:
        opiscli.__main__.main()
    assert (leaving.value.code, capsys.readouterr().out) == (0, f"opis {__version__}\n")
    assert 'opis = "opiscli.__main__:main"' in (ROOT / "pyproject.toml").read_text()
