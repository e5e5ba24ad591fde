"""Reads a saved index in another process first, which a damaged one ends instead of this one.

FAISS does not check what it reads: lengths, ids and links of a damaged file lead it anywhere. This
explains damage; it is no protection from a file that was made to attack.
"""

import signal
import subprocess
import sys
from pathlib import Path

from opiscli.errors import SourceError
from opiscli.regular_file import require_regular

_PROGRAM = """
import sys
import faiss
import numpy
try:
    import resource
    now = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + int(sys.argv[2]),) * 2)
except (ImportError, OSError, ValueError):
    pass
faiss.omp_set_num_threads(1)
with open(sys.argv[1], "rb") as file:
    index = faiss.read_index(faiss.PyCallbackIOReader(file.read))
queries = numpy.eye(4, max(1, index.d), dtype=numpy.float32)
if index.ntotal > 0 and 0 < index.d < 1 << 20:
    index.search(queries[:, : index.d], 10)
    try:
        index.reconstruct_batch(numpy.array([0, index.ntotal - 1]))
    except RuntimeError:
        pass
"""
_SECONDS = 60
_BYTES_PER_SECOND = 50_000_000
_ROOM = 1 << 30


def rehearse(file: Path) -> None:
    """Read, search and decode a saved index in another process.

    Raises
    ------
    SourceError
        If that process came to a bad end, or the file is no regular one.
    """
    require_regular(file)
    size = file.stat().st_size
    if not sys.executable:
        return
    # -P: nothing is imported from the folder that opis was started in.
    command = [sys.executable, "-P", "-c", _PROGRAM, str(file.resolve()), str(4 * size + _ROOM)]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS + size / _BYTES_PER_SECOND,
            check=False,
        )
    except subprocess.TimeoutExpired as cause:
        raise _unreadable(file, "FAISS does not come to an end over it") from cause
    if done.returncode < 0:
        raise _unreadable(file, f"it ends FAISS with {_name(-done.returncode)}")
    if done.returncode > 0:
        raise _unreadable(file, _last_line(done.stderr))


def _unreadable(file: Path, reason: str) -> SourceError:
    return SourceError(
        f"{file} cannot be read as a FAISS index: {reason}",
        hint="Write it with faiss.write_index(index, file).",
    )


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
    return lines[-1].rpartition("failed: ")[2][:200]
