"""Standard output and error in any encoding, closed, full, or a pipe that is not read on."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, SAMPLE, clusters

from opiscli.cli import main
from opiscli.cli.streams import GuardedStream, guarded_streams
from opiscli.errors import OutputError

WORDNET = str(SAMPLE / "wordnet.parquet")
NAMES = ["Łódź", "漢字", "हिन्दी", "λόγος", "🦊", "a–b", "×", "é"]


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    embeddings, labels = clusters(seed=3, n_classes=len(NAMES), sizes=(6, 12))
    path = tmp_path_factory.mktemp("named") / "named.parquet"
    names = [NAMES[label] for label in labels]
    pq.write_table(pa.table({"embedding": pa.array(list(embeddings)), "label": names}), path)
    return str(path)


class Pipe(io.BytesIO):
    """Where a stream writes to, kept after the stream is gone."""

    def close(self):
        """Stay readable."""


def run(monkeypatch, encoding, *argv):
    """Exit code and the bytes on stdout and stderr, both in an encoding."""
    pipes = Pipe(), Pipe()
    for name, pipe in zip(("stdout", "stderr"), pipes, strict=True):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(pipe, encoding=encoding))
    with pytest.raises(SystemExit) as leaving:
        main([str(argument) for argument in argv])
    return leaving.value.code, *(pipe.getvalue() for pipe in pipes)


@pytest.mark.parametrize(
    "encoding",
    ["ascii", "latin-1", "cp1252", "cp437", "cp850", "cp1251", "koi8-r", "cp932", "gbk", "cp037"],
)
def test_every_kind_of_output_in_every_encoding(monkeypatch, named, encoding):
    assert run(monkeypatch, encoding, "--help")[0] == 0
    assert run(monkeypatch, encoding, "evaluate", "--help")[0] == 0
    assert run(monkeypatch, encoding, "evaluate", named, "--far", "nonsense–")[0] == 2
    assert run(monkeypatch, encoding, "evaluate", "漢.parquet")[0] == 3
    for command in (
        ("evaluate", named),
        ("evaluate", named, "--format", "csv"),
        ("evaluate", named, "--format", "latex"),
        ("calibrate", named, "--far", "0.05"),
        ("compare", named, named),
    ):
        code, out, err = run(monkeypatch, encoding, *command)
        assert code == 0, err
        text = out.decode(encoding)
        assert "≥" in text or "?" not in text
    code, out, _ = run(monkeypatch, encoding, "evaluate", named, "--json")
    found = json.loads(out.decode(encoding))
    assert {one["label"] for one in found["worst_classes"]} <= set(NAMES)


def test_utf_8_is_left_alone(monkeypatch, named):
    code, out, _ = run(monkeypatch, "utf-8", "calibrate", named, "--far", "0.05")
    assert code == 0
    assert "≤" in out.decode("utf-8")


def test_a_path_is_printed_in_its_own_bytes(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for encoding, name in (("utf-8", b"\xff\xe9.svg"), ("ascii", b"\xff.svg"), ("ascii", b"a.svg")):
        path = os.fsdecode(name)
        code, out, _ = run(monkeypatch, encoding, "plot-pareto", WORDNET, "-o", path)
        assert (code, out) == (0, name + b"\n")
        assert (tmp_path / path).exists()


def test_a_source_of_any_name_is_read(monkeypatch, named, tmp_path):
    source = tmp_path / os.fsdecode(b"\xff\xe9.parquet")
    source.write_bytes(Path(named).read_bytes())
    saved = tmp_path / os.fsdecode(b"\xfe.opis")
    assert run(monkeypatch, "utf-8", "evaluate", source, "--save", saved)[0] == 0
    code, out, _ = run(monkeypatch, "utf-8", "calibrate", saved, "--far", "0.1", "--json")
    assert code == 0
    json.loads(out)
    assert run(monkeypatch, "ascii", "report", source, "-o", tmp_path / "page.html")[0] == 0


class Refusing(io.StringIO):
    """A stream that cannot be written to, or only when it is flushed."""

    def __init__(self, error, *, at="write"):
        super().__init__()
        self.error, self.at = error, at

    def write(self, text):
        if self.at == "write":
            raise self.error
        return super().write(text)

    def flush(self):
        raise self.error


SOURCE = "SOURCE"
COMMANDS = [
    ("--help",),
    ("--version",),
    ("calibrate", "--help"),
    ("evaluate", SOURCE),
    ("evaluate", SOURCE, "--json"),
    ("evaluate", SOURCE, "--format", "csv"),
    ("calibrate", SOURCE, "--print", "threshold", "--far", "0.1"),
    ("compare", SOURCE, SOURCE),
    ("check", SOURCE, "--fail-if", "opis>0.2"),
    ("inspect", SOURCE),
]


@pytest.mark.parametrize("argv", COMMANDS, ids=" ".join)
def test_a_pipe_closed_early_ends_quietly(monkeypatch, named, argv):
    err = io.StringIO()
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setattr(sys, "stdout", Refusing(BrokenPipeError(), at="flush"))
    with pytest.raises(SystemExit) as leaving:
        main([named if word is SOURCE else word for word in argv])
    assert leaving.value.code == 0
    assert "Error" not in err.getvalue()


@pytest.mark.parametrize("argv", COMMANDS, ids=" ".join)
def test_a_full_disk_is_explained(monkeypatch, named, argv):
    err = io.StringIO()
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setattr(sys, "stdout", Refusing(OSError(28, "No space left")))
    with pytest.raises(SystemExit) as leaving:
        main([named if word is SOURCE else word for word in argv])
    assert leaving.value.code == 3
    assert "cannot be written to standard output: No space left" in err.getvalue()


def test_the_gate_fails_even_if_nobody_reads_why(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Refusing(BrokenPipeError()))
    with pytest.raises(SystemExit) as leaving:
        main(["check", WORDNET, "--fail-if", "opis>1e-9"])
    assert leaving.value.code == 1


def test_a_closed_stdout_is_an_error_only_if_there_is_something_to_say(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(SystemExit) as leaving:
        main(["evaluate", WORDNET, "-q"])
    assert leaving.value.code == 3
    assert "it is closed" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stderr", None)
    with pytest.raises(SystemExit) as leaving:
        main(["evaluate", "missing.parquet"])
    assert leaving.value.code == 3


def test_streams_are_as_before_when_a_run_is_over():
    out, err = sys.stdout, sys.stderr
    errors = out.errors
    with guarded_streams():
        assert isinstance(sys.stdout, GuardedStream)
        assert sys.stdout.isatty() is False
        sys.stdout.writelines(["a\n", "b\n"])
    assert (sys.stdout, sys.stderr) == (out, err)
    assert out.errors == errors


def test_bytes_are_guarded_too():
    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(28, "No space left on device")

    stream = GuardedStream(io.TextIOWrapper(Full()), is_result=True)
    with pytest.raises(OutputError, match="No space left"):
        stream.buffer.write(b"abc")
    GuardedStream(io.TextIOWrapper(Full()), is_result=False).buffer.write(b"abc")


@pytest.mark.skipif(os.name == "nt", reason="redirections of a POSIX shell")
@pytest.mark.parametrize(
    ("redirected", "code", "says"),
    [
        ("calibrate {} --far 0.01 > /dev/full", 3, "No space left"),
        ("evaluate {} --save - > /dev/full", 3, "No space left"),
        ("calibrate {} --far 0.01 >&-", 3, "it is closed"),
        ("calibrate {} --far 0.01 <&- >&- 2>&-", 3, ""),
        ("evaluate {} --save - 2>/dev/null | head -c 3 >/dev/null", 0, ""),
        ("evaluate no.parquet 2>/dev/full", 3, ""),
    ],
)
def test_in_a_process_of_its_own(redirected, code, says):
    line = f"{sys.executable} -m opiscli {redirected.format(WORDNET)}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
