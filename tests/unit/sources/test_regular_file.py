"""Sources are regular files: pipes, sockets and devices are refused without opening them."""

import os
import socket

import pytest
from stored_items import assert_items, table, write

from opiscli import SourceError, read_embeddings

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")


def refused(path):
    with pytest.raises(SourceError) as error:
        read_embeddings(str(path))
    return error.value.problem


def test_pipes_are_refused_wherever_they_are(tmp_path):
    pipe = tmp_path / "folder" / "a.parquet"
    pipe.parent.mkdir()
    os.mkfifo(pipe)
    link = tmp_path / "link"
    link.symlink_to(pipe)
    for source in (pipe, pipe.parent, pipe.parent / "*", link):
        assert "is a named pipe, expected a regular file" in refused(source)


def test_devices_and_sockets_are_refused(tmp_path, monkeypatch):
    assert refused("/dev/zero") == "/dev/zero is a device, expected a regular file"
    monkeypatch.chdir(tmp_path)  # the names of sockets must be short
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("s")
        assert refused("s") == "s is a socket, expected a regular file"


def test_links_to_files_are_read_and_pipes_beside_them_left_alone(tmp_path):
    whole = write(tmp_path / "whole", table())
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "e.parquet").symlink_to(whole)
    os.mkfifo(folder / "pipe")
    assert_items(read_embeddings(str(folder / "e.parquet")))
    assert_items(read_embeddings(str(folder)))
