"""Converts exceptions of libraries on bad files into explained errors."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from opiscli.errors import SourceError
from opiscli.sources.store_errors import store_problem

_Item = TypeVar("_Item")

_DAMAGED = re.compile(
    r"magic|footer|file size|too small|end of (stream|file)|unexpected end|EOF|expected to read"
    r"|be able to read|read out of bounds|thrift|corrupt|truncat|decompress|inflate|snappy|zstd"
    r"|lz4|not an arrow file|is not valid|invalid flatbuffers|metadata (length|block)|message"
    r"|page header|null bitmap|buffer|offset|negative|mismatch|zlib|gzip",
    re.IGNORECASE,
)
_CODEC = re.compile(r"codec|compression", re.IGNORECASE)


@contextmanager
def explained(source: Path | str) -> Iterator[None]:
    """Explain errors while reading from a file.

    Nothing but reading belongs inside: an error of ours would be taken for one of the file.
    """
    try:
        yield
    except OSError as cause:
        if cause.strerror:
            raise SourceError(
                f"{source} cannot be read: {cause.strerror}",
                hint="Check the path, and that you may read it.",
            ) from cause
        raise _unreadable(source, cause) from cause
    except MemoryError as cause:
        raise SourceError(
            f"{source} cannot be read: there is not enough memory",
            hint="Use a machine with more memory, or fewer rows.",
        ) from cause
    except (pa.ArrowException, ValueError, EOFError, KeyError) as cause:
        raise _unreadable(source, cause) from cause


def readable(schema: pa.Schema) -> pa.Schema:
    """A schema whose names are text: otherwise raises `UnicodeDecodeError`, here and not later."""
    for name in (*schema.names, str(schema)):
        name.encode()
    return schema


def _unreadable(source: Path | str, cause: Exception) -> SourceError:
    if (of_store := store_problem(str(source), str(cause))) is not None:
        return of_store
    reason = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
    if isinstance(cause, NotImplementedError):
        what = "a compression" if _CODEC.search(reason) else "a type of column"
        return SourceError(
            f"{source} cannot be read: it uses {what} that this pyarrow does not support",
            hint="Write it again with another one, or try a newer pyarrow.",
        )
    if _DAMAGED.search(reason) or isinstance(cause, EOFError):
        return SourceError(
            f"{source} cannot be read: the file is damaged or may be cut off",
            hint="Copy or download it again, or write it again.",
        )
    return SourceError(
        f"{source} cannot be read: its contents are not valid",
        hint=f"Write it again; pyarrow {pa.__version__} says: {reason.rstrip('.')}.",
    )


def damaged(source: str, what: str) -> SourceError:
    """Say that a file is damaged, and where."""
    return SourceError(
        f"{source} cannot be read: the file is damaged ({what})",
        hint="Copy or download it again, or write it again.",
    )


def each_explained(source: str, items: Iterable[_Item]) -> Iterator[_Item]:
    """Pass items on as they are read, and explain errors."""
    reading = iter(items)
    while True:
        with explained(source):
            try:
                item = next(reading)
            except StopIteration:
                return
        yield item
