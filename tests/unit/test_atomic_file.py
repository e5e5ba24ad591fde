"""Files are written whole or not at all."""

import random
import subprocess
import sys
import time

import pytest

from opiscli.atomic_file import whole_file
from opiscli.errors import OutputError, UsageError


def test_a_file_appears_only_at_the_end(tmp_path):
    path = tmp_path / "result.txt"
    with whole_file(path) as temporary:
        temporary.write_text("done")
        assert not path.exists()
    assert path.read_text() == "done"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_nothing_behind(tmp_path, failure):
    path = tmp_path / "result.txt"
    path.write_text("before")

    def fail_halfway():
        with whole_file(path, force=True) as temporary:
            temporary.write_text("half")
            raise failure

    with pytest.raises(failure):
        fail_halfway()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_overwritten_by_accident(tmp_path):
    path = tmp_path / "result.txt"
    path.write_text("before")
    with pytest.raises(UsageError, match="exists already"), whole_file(path):
        pass
    with whole_file(path, force=True) as temporary:
        temporary.write_text("after")
    assert path.read_text() == "after"


def test_a_file_that_appears_meanwhile_is_kept(tmp_path):
    path = tmp_path / "result.txt"

    def write_late():
        with whole_file(path) as temporary:
            temporary.write_text("mine")
            path.write_text("yours")

    with pytest.raises(UsageError):
        write_late()
    assert path.read_text() == "yours"


def test_a_disk_that_is_full_is_explained(tmp_path):
    with (
        pytest.raises(OutputError, match=r"result\.txt cannot be written: No space left"),
        whole_file(tmp_path / "result.txt"),
    ):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_missing_folders_are_named(tmp_path):
    with pytest.raises(OutputError, match="no folder"), whole_file(tmp_path / "no" / "r.txt"):
        pass


WRITER = """
import sys
from pathlib import Path
from opiscli.atomic_file import whole_file

text = sys.argv[2] * 4_000_000
print("started", flush=True)
while True:
    with whole_file(Path(sys.argv[1]), force=True) as temporary:
        temporary.write_text(text)
"""


def test_a_killed_process_leaves_no_half_of_a_file(tmp_path):
    path, rng = tmp_path / "result.txt", random.Random(0)
    path.write_text("-" * 4_000_000)
    for letter in "abcdefghijklmnopqrst":
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, path, letter], stdout=subprocess.PIPE
        )
        writer.stdout.readline()
        old = path.read_text()[0]
        time.sleep(rng.uniform(0, 0.05))
        writer.kill()
        writer.communicate()
        assert path.read_text() in (4_000_000 * old, 4_000_000 * letter)
    # What was killed halfway lies beside it, under a name of its own.
    assert any(tmp_path.glob(".opis-*.part"))
