"""File names in any bytes, for sources and for outputs of every kind."""

import io
import json
import os
import sys
import xml.dom.minidom

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import clusters

from opiscli.cli import main

pytestmark = pytest.mark.skipif(os.name == "nt", reason="file names of POSIX")
NAME = os.fsdecode(b"\xff\xe9\x1b[31m\n n")


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A source in a folder, both with bytes that are not UTF-8 in their names."""
    folder = tmp_path / NAME
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    embeddings, labels = clusters(n_classes=30, sizes=(4, 9))
    table = pa.table({"embedding": list(embeddings), "label": [f"c{i}" for i in labels]})
    pq.write_table(table, "e.parquet")
    os.rename("e.parquet", folder / f"{NAME}.parquet")
    return folder / f"{NAME}.parquet"


class Pipe(io.BytesIO):
    """Where a stream writes to, kept after the stream is gone."""

    def close(self):
        """Stay readable."""


@pytest.fixture
def run(monkeypatch):
    """Run a command that succeeds; return what it printed, undecodable bytes of names escaped."""

    def done(*argv):
        pipe = Pipe()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(pipe, encoding="utf-8"))
        with pytest.raises(SystemExit) as leaving:
            main([str(argument) for argument in argv])
        assert leaving.value.code == 0
        return pipe.getvalue().decode("utf-8", "surrogateescape")

    return done


def test_what_is_printed_names_the_file_harmlessly(run, source):
    for output_format in ("table", "json", "csv", "raw-csv", "markdown", "latex", "jsonl"):
        out = run("compare", source, source, "-q", "--format", output_format)
        out.encode("utf-8")
        assert "\x1b" not in out
        if output_format == "json":
            json.loads(out)


def test_outputs_of_every_kind_are_written_and_read_back(run, source):
    folder = source.parent

    def to(suffix):
        return folder / f"{NAME}2{suffix}"

    training = ("--steps", 10, "--far-range", "0.05:0.2", "-q", "-o", to(".safetensors"))
    run("finetune", source, *training)
    run("project", source, "--head", to(".safetensors"), "-o", to(".parquet"))
    for suffix in (".npz", ".onnx", ".faiss"):
        run("export", to(".safetensors"), "-o", to(suffix))
    run("evaluate", to(".parquet"), "-q", "--save", to(".opis"))
    run("calibrate", to(".opis"), "--far", "0.05", "-q", "-o", to(".json"))
    gate = ("--fail-if", "far>0.9", "--threshold-file", to(".json"))
    run("check", to(".opis"), "-q", *gate)
    run("report", to(".opis"), "-q", "-o", to(".html"))
    run("plot-pareto", source, to(".opis"), "-q", "-o", to(".svg"))
    xml.dom.minidom.parseString(to(".svg").read_bytes())
    to(".html").read_text("utf-8")
    json.loads(to(".json").read_text("utf-8"))
    assert not list(folder.glob(".opis-*"))
