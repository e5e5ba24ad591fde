"""Files of Feather version 1, whose damage pyarrow does not survive.

pyarrow looks into such a file without checking it first, so that a damaged one ends the process.
Another process reads it and hands it over as an Arrow stream.
"""

import subprocess
import sys

import pyarrow as pa

from opiscli.settings.memory_limit import require_room
from opiscli.sources.arrow import InMemory
from opiscli.sources.explained import damaged, explained
from opiscli.sources.stored import AnyFile, open_binary, size_of

_HAND_OVER = """
import sys, warnings
sys.path[:] = {path!r}
warnings.simplefilter("ignore")
import pyarrow
from pyarrow import feather
table = feather.read_table(pyarrow.BufferReader(sys.stdin.buffer.read()))
table.validate(full=True)
with pyarrow.ipc.new_stream(sys.stdout.buffer, table.schema) as stream:
    stream.write_table(table)
"""


def open_feather_1(file: AnyFile, name: str, memory_limit: int | None) -> InMemory:
    """Read a file of Feather version 1, which has no batches and is not packed.

    Raises
    ------
    SourceError
        If it is damaged.
    UsageError
        If it does not fit into the memory limit.
    """
    require_room(size_of(file), name, memory_limit)
    with explained(name), open_binary(file) as opened:
        contents = opened.read()
        script = _HAND_OVER.format(path=sys.path)
        read = subprocess.run(
            [sys.executable, "-I", "-c", script], input=contents, capture_output=True, check=False
        )
    if read.returncode:
        raise damaged(name, "pyarrow cannot read it as Feather version 1")
    with explained(name):
        return InMemory(pa.ipc.open_stream(read.stdout).read_all(), name)
