"""``-o -`` writes rows to standard output as an Arrow stream, and nothing else goes there."""

import io
import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import clusters

import opiscli
from opiscli.cli import main


class Pipe(io.BytesIO):
    """Keeps what was written to it when it is closed."""

    def close(self):
        """Stay readable."""


@pytest.fixture
def run(monkeypatch):
    def run(*argv, stdin=b"", is_terminal=False):
        """Exit code, and the bytes on stdout and stderr."""
        pipes = Pipe(), Pipe()
        with monkeypatch.context() as patch:
            for name, pipe in zip(("stdout", "stderr"), pipes, strict=True):
                patch.setattr(sys, name, io.TextIOWrapper(pipe, encoding="utf-8"))
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            if is_terminal:
                patch.setattr(sys.stdout, "isatty", lambda: True)
            with pytest.raises(SystemExit) as leaving:
                main([str(argument) for argument in argv])
        return leaving.value.code, *(pipe.getvalue() for pipe in pipes)

    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    embeddings, labels = clusters(n_classes=12, dims=6, sizes=(6, 9))
    names = [f"c{label}" for label in labels]
    table = pa.table({"label": names, "embedding": list(embeddings), "at": np.arange(len(labels))})
    pq.write_table(table, folder / "e.parquet")
    opiscli.Head(steps=1).fit(embeddings, labels).save(folder / "h.safetensors")
    many = np.ones((5000, 6))
    many[4900] = np.nan
    bad = pa.table({"label": ["a", "b"] * 2500, "embedding": list(many)})
    with pa.ipc.new_file(folder / "bad.arrow", bad.schema) as writer:
        writer.write_table(bad, max_chunksize=1000)
    return folder


@pytest.mark.parametrize(
    "words", [("project", "--head", "h.safetensors"), ("normalize", "--cohort", "e.parquet")]
)
def test_the_stream_holds_the_rows_of_the_file(run, folder, words, monkeypatch):
    monkeypatch.chdir(folder)
    command = [*words, "e.parquet", *(["-k", "5"] if words[0] == "normalize" else [])]
    code, out, _ = run(*command, "-o", "rows.parquet", "--force")
    assert (code, out) == (0, b"rows.parquet\n")
    code, stream, _ = run(*command, "-o", "-")
    assert code == 0
    assert pa.ipc.open_stream(stream).read_all().equals(pq.read_table("rows.parquet"))
    reports = [run("evaluate", "rows.parquet", "--json")[1]]
    reports += [run("evaluate", "-", "--json", stdin=stream)[1]]
    of_file, of_stream = map(json.loads, reports)
    assert of_file["data"].pop("source") != of_stream["data"].pop("source")
    assert of_file == of_stream


def test_json_gives_way_to_the_rows(run, folder):
    source = folder / "e.parquet"
    _, out, err = run("normalize", source, "--cohort", source, "-k", "5", "-o", "-", "--json")
    pa.ipc.open_stream(out).read_all()
    assert json.loads(err.splitlines()[-1])["schema"] == "opis.normalization/1"


def test_a_stream_that_breaks_off_is_not_taken_for_whole(run, folder):
    head = folder / "h.safetensors"
    code, stream, err = run("project", folder / "bad.arrow", "--head", head, "-o", "-")
    assert code == 4, err
    assert pa.ipc.open_stream(stream).read_next_batch().num_rows
    code, _, err = run("evaluate", "-", stdin=stream)
    assert code == 3
    assert b"cut off" in err


def test_a_terminal_is_spared(run, folder):
    words = "project", folder / "e.parquet", "--head", folder / "h.safetensors", "-o", "-"
    code, out, err = run(*words, is_terminal=True)
    assert (code, out) == (2, b"")
    assert b"stdout is a terminal" in err
