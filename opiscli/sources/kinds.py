"""Recognises file formats by their first bytes; the name decides only between text formats."""

import re
import zlib
from enum import StrEnum
from pathlib import Path

from opiscli.errors import SourceError
from opiscli.regular_file import open_regular
from opiscli.sources.headerless import is_blank_separated
from opiscli.sources.zip_archives import refuse_foreign_archive

N_BYTES = 4096
"""How many of the first bytes of a file `kind_of` looks at."""


class Kind(StrEnum):
    """A kind of file that is read."""

    PARQUET = "Parquet"
    ARROW_FILE = "Arrow"
    ARROW_STREAM = "Arrow stream"
    FEATHER_1 = "Feather version 1"
    NPY = "NPY"
    NPZ = "NPZ"
    FAISS = "FAISS"
    DELIMITED = "CSV"
    JSON_LINES = "JSONL"
    BLANK_SEPARATED = "blank-separated text"


TABLES = frozenset(Kind) - {Kind.NPY, Kind.NPZ, Kind.FAISS}
"""Kinds that hold rows with named columns."""

_READ = (
    (b"PAR1", Kind.PARQUET),
    (b"ARROW1", Kind.ARROW_FILE),
    (b"FEA1", Kind.FEATHER_1),
    (b"\xff\xff\xff\xff", Kind.ARROW_STREAM),
    (b"\x93NUMPY", Kind.NPY),
    (b"PK\x03\x04", Kind.NPZ),
    (b"PK\x05\x06", Kind.NPZ),
)

# What FAISS writes before every index: its kind, dims, number of vectors, and 2²⁰ twice.
_FAISS = re.compile(rb"[ -~]{4}.{12}(?:\0\0\x10\0\0\0\0\0){2}", re.DOTALL)

_SAVE = "numpy.save('x.npy', embeddings); numpy.save('y.npy', labels)"
_FRAME = "frame.to_parquet('e.parquet')"

# First bytes of kinds that are not read, what they are, and how to convert them.
_FOREIGN = (
    (rb"PARE", "an encrypted Parquet file", "Decrypt it and write it again as plain Parquet."),
    (rb"\x89HDF\r\n", "an HDF5 file",
     "In Python: embeddings = h5py.File('e.h5')['embeddings'][:]; labels likewise; " + _SAVE),
    (rb"SQLite format 3", "an SQLite database",
     "Say what to read of it: opis evaluate sqlite://FILE --query 'SELECT label, embedding FROM"
     " items'."),
    (rb".{8}DUCK", "a DuckDB database",
     "Say what to read of it: opis evaluate duckdb://FILE --query 'SELECT label, embedding FROM"
     " items'."),
    (rb"\xd0\xcf\x11\xe0", "an old Excel file",
     f"In Python: frame = pandas.read_excel('e.xls'); {_FRAME}"),
    (rb"\x1f\x8b", "a gzip file", "Unpack it first: gunzip FILE."),
    (rb"BZh", "a bzip2 file", "Unpack it first: bunzip2 FILE."),
    (rb"\xfd7zXZ", "an xz file", "Unpack it first: unxz FILE."),
    (rb"\x28\xb5\x2f\xfd", "a Zstandard file", "Unpack it first: unzstd FILE."),
    (rb"7z\xbc\xaf", "a 7z archive", "Unpack it first: 7z x FILE."),
    (rb"Obj\x01", "an Avro file",
     f"In Python: frame = polars.read_avro('e.avro').to_pandas(); {_FRAME}"),
    (rb"ORC", "an ORC file", f"In Python: frame = pandas.read_orc('e.orc'); {_FRAME}"),
    (rb"\x80[\x02-\x05]", "a Python pickle",
     f"opis never unpickles. In Python, if you trust the file: {_SAVE}"),
    (rb"\x00\x05\x16\x07", "a macOS resource file, not the data",
     "Name the file without the leading ._ instead."),
    (rb".{257}ustar", "a tar archive", "Unpack it first: tar xf FILE."),
    (rb".{8}\{\s*\"", "a safetensors file",
     f"In Python: embeddings = safetensors.numpy.load_file('e.safetensors')['embedding']; {_SAVE}"),
    (rb"version https://git-lfs", "a Git LFS pointer, not the data itself",
     "Fetch the data: git lfs pull."),
    (rb"(?i:\s*<(!doctype|html|\?xml|head))", "a web page or XML",
     "The download went wrong (a login or error page?); download the file itself again."),
    (rb"\s*\[", "a JSON array or a list as text, not one JSON object per line",
     "Make it JSON Lines: jq -c '.[]' e.json > e.jsonl"),
    (rb"\xff\xfe|\xfe\xff", "text in UTF-16",
     "Convert it: iconv -f UTF-16 -t UTF-8 e.csv > utf8.csv"),
)  # fmt: skip

_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]")
_DELIMITERS = (",", "\t", ";", "|")


def kind_of(head: bytes, name: str) -> Kind:
    """Kind of a file that begins with ``head``, its first `N_BYTES`.

    Raises
    ------
    SourceError
        If it is of no kind that is read; says which, and how to convert it.
    """
    if not head:
        raise SourceError(
            f"{name} is empty (0 bytes)", hint="Write it again; a process may have been stopped."
        )
    if (binary := _binary_kind(head)) is not None:
        return binary
    text = _unpacked(head) if is_gzip(head) else b""
    if packed := _text_kind(text, name.lower().removesuffix(".gz")):
        return packed
    for pattern, what, hint in _FOREIGN:
        if re.match(pattern, head, re.DOTALL):
            raise SourceError(f"{name} is {what}; {_expected()}", hint=hint)
    if plain := _text_kind(head, name):
        return plain
    raise SourceError(
        f"{name} starts with {head[:8]!r}, which is no kind of file that opis knows; {_expected()}",
        hint=f"Write it again as one of these, for example with pandas: {_FRAME}",
    )


def _binary_kind(head: bytes) -> Kind | None:
    for magic, kind in _READ:
        if head.startswith(magic):
            return kind
    return Kind.FAISS if _FAISS.match(head) else None


def kind_of_file(path: Path) -> Kind:
    """Kind of a file.

    Raises
    ------
    SourceError
        If it cannot be read, is no regular file, or is of no kind that is read.
    """
    try:
        with open_regular(path) as file:
            head = file.read(N_BYTES)
    except OSError as cause:
        raise SourceError(
            f"{path} cannot be read: {cause.strerror}",
            hint="Check the path, and that you may read it.",
        ) from cause
    kind = kind_of(head, str(path))
    if kind is Kind.NPZ:
        refuse_foreign_archive(path, str(path))
    return kind


def _expected() -> str:
    return "expected Parquet, Arrow, Feather, CSV, JSONL, NPY, NPZ or a FAISS index"


def is_gzip(head: bytes) -> bool:
    """Whether something is compressed with gzip."""
    return head.startswith(b"\x1f\x8b")


def _unpacked(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, N_BYTES)
    except zlib.error:
        return b""


def _text_kind(head: bytes, name: str) -> Kind | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text or _CONTROL.search(text):
        return None
    if text.startswith(b"{"):
        return Kind.JSON_LINES
    if re.match(rb"(?i)\[|<(!doctype|html|\?xml|head)|version https://git-lfs", text):
        return None
    is_named = name.lower().endswith((".csv", ".tsv", ".txt"))
    line, *others = text.splitlines()
    if _is_utf8(line) and is_blank_separated(*_lines(line, others, head)):
        return Kind.BLANK_SEPARATED
    some = any(mark.encode() in line for mark in _DELIMITERS)
    return Kind.DELIMITED if some and (is_named or _is_utf8(line)) else None


def _lines(first: bytes, others: list[bytes], head: bytes) -> tuple[str, str]:
    """The first two lines that are not blank; the second is empty if it may be cut off."""
    whole = others[:-1] if len(head) >= N_BYTES else others
    second = next((line for line in whole if line.strip()), b"")
    return first.decode(errors="replace"), second.decode(errors="replace")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError as wrong:
        return wrong.end >= N_BYTES - 4  # a letter that the first bytes end in
    return True


def delimiter_of(line: str) -> str:
    """What separates the cells of a header: whichever there is most of, outside quotes."""
    bare = re.sub(r'"[^"]*"', "", line)
    return max(_DELIMITERS, key=bare.count)
