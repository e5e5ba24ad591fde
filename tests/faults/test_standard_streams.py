"""Standard output and error that are full, closed or not writable, in processes of their own."""

import contextlib
import io
import os
import subprocess
import sys

import pytest
from conftest import ROOT, SAMPLE

from opiscli.cli.streams import GuardedStream
from opiscli.errors import OutputError

pytestmark = pytest.mark.skipif(
    not os.path.exists("/dev/full"), reason="redirections of a POSIX shell"
)
SOURCE = SAMPLE / "wordnet.parquet"
VERSION = "--version"
CALIBRATE = f"calibrate {SOURCE} --far 0.01 -q --json"
CHECK = f"check {SOURCE} -q --fail-if 'recall@1<1'"
FULL, CLOSED, UNWRITABLE = "No space left", "it is closed", "Bad file"


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        (f"{VERSION} >/dev/full", 3, FULL),
        (f"{VERSION} >&-", 3, CLOSED),
        ("calibrate --help </dev/null >&0", 3, UNWRITABLE),
        (f"{CALIBRATE} >/dev/full", 3, FULL),
        (f"{CALIBRATE} </dev/null >&0", 3, UNWRITABLE),
        (f"{CALIBRATE} >&- 2>&-", 3, ""),
        (f"{CALIBRATE} 2>&-", 0, ""),
        # Not 1: nobody has read which condition is met.
        (f"{CHECK} >/dev/full", 3, FULL),
        (f"{CHECK} >&-", 3, CLOSED),
        (f"{CHECK} 2>/dev/full", 1, ""),
        (f"{CHECK} 2>&-", 1, ""),
        ("evaluate no.parquet >&- 2>&-", 3, ""),
    ],
)
def test_what_is_lost_of_the_results_is_explained(line, code, says):
    done, lines = run(line)
    assert done == code
    if says:
        assert lines[-2].startswith("error: the result cannot be written to standard output: ")
        assert says in lines[-2]
        assert lines[-1].startswith("hint: Redirect it")


@pytest.mark.parametrize("line", [VERSION, CALIBRATE])
def test_without_a_buffer_nothing_is_lost_silently(line):
    assert run(f"{line} >/dev/full", PYTHONUNBUFFERED="1")[0] == 3


def run(line, **variables):
    """Exit code, and lines on stderr."""
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m opiscli {line}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "", **variables},
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr.splitlines()


def test_a_failure_to_write_that_a_library_hides_is_still_one():
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

    stream = GuardedStream(Full(), is_result=True)
    with contextlib.suppress(OutputError):
        stream.write("lost")
    with pytest.raises(OutputError, match="No space left"):
        stream.flush()
