"""Google Cloud Storage, of which a process on this machine imitates what is asked for."""

import subprocess
import sys

import pytest
from conftest import ROOT
from stored_items import HALVES, assert_items, table, write

from opiscli import SourceError, read_embeddings


@pytest.fixture(scope="module")
def google(tmp_path_factory):
    """The address of a server that holds two files."""
    pytest.importorskip("werkzeug", reason="werkzeug is not installed")
    folder = tmp_path_factory.mktemp("box")
    for name, half in zip(("p/x/a.parquet", "p/y/b.parquet"), HALVES, strict=True):
        write(folder / name, table(half))
    command = [sys.executable, str(ROOT / "tests" / "google_server.py"), str(folder)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as started:
        yield f"http://127.0.0.1:{started.stdout.readline().strip()}"
        started.kill()


@pytest.mark.parametrize("source", ["p", "p/*/*.parquet", ""])
def test_folders_and_patterns(google, no_configuration, monkeypatch, source):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", google)
    assert_items(read_embeddings(f"gs://box/{source}"))


def test_a_file_that_is_there_or_not(google, no_configuration, monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", google)
    assert_items(read_embeddings("gs://box/p/x/a.parquet"), HALVES[0])
    for gone in ("gs://box/p/x/b.parquet", "gs://other/p"):
        with pytest.raises(SourceError, match="no such file or folder"):
            read_embeddings(gone)
