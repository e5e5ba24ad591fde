"""Files on web servers, of which parts are asked for by range requests (RFC 9110, section 14)."""

import http.client
import io
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

import pyarrow as pa

from opiscli.errors import SourceError
from opiscli.sources.fetched import FetchedCopy
from opiscli.sources.http_requests import Answer, ask, refusal
from opiscli.sources.stored import PartsReader, Stored

_FIRST_BYTES = 1 << 16
_BYTES_AT_ONCE = 1 << 23
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+)")
_PAUSES = (0.2, 1.0)
"""Seconds before a request that failed midway is made again."""
_BROKEN = (http.client.HTTPException, OSError)


@dataclass(frozen=True)
class HttpFile:
    """A file whose server sends any part of it.

    Parameters
    ----------
    url
        May hold a signature or a password: never shown.
    version
        What the server calls the present contents, empty where it does not say.
    """

    url: str = field(repr=False)
    name: str
    headers: Mapping[str, str] = field(repr=False)
    size: int
    version: str
    first: bytes = field(repr=False)

    def open(self) -> BinaryIO:
        """Open it for Python."""
        return io.BufferedReader(PartsReader(self._part, self.size), _FIRST_BYTES)

    def open_arrow(self) -> pa.NativeFile:
        """Open it for pyarrow, which asks for the parts it needs and not for more."""
        return pa.PythonFile(PartsReader(self._part, self.size), mode="r")

    def _part(self, start: int, n_bytes: int) -> bytes:
        if start + n_bytes <= len(self.first):
            return self.first[start : start + n_bytes]
        return b"".join(self._received(start, n_bytes))

    def _received(self, start: int, n_bytes: int) -> Iterator[bytes]:
        """A part in pieces; what was received before a failure is not asked for again."""
        end = start + n_bytes
        for pause in (*_PAUSES, None):
            try:
                with ask(self.url, self.name, _ranged(self.headers, start, end)) as answer:
                    self._require_same(answer, start)
                    while start < end and (piece := answer.read(min(1 << 20, end - start))):
                        start += len(piece)
                        yield piece
            except _BROKEN:
                pass
            if start == end:
                return
            if pause is not None:
                time.sleep(pause)
        raise SourceError(
            f"{self.name} cannot be read: the connection was lost at byte {start:,} of"
            f" {self.size:,}",
            hint="Try again; if it fails at the same place, copy the file first.",
        )

    def _require_same(self, answer: Answer, start: int) -> None:
        found = _RANGE.match(answer.header("Content-Range"))
        is_part = answer.status == http.client.PARTIAL_CONTENT and found is not None
        if not is_part or found is None or int(found[1] or -1) != start:
            raise refusal(self.name, answer.status)
        if int(found[2]) != self.size or answer.header("ETag") != self.version:
            raise SourceError(
                f"{self.name} was changed while it was read",
                hint="Run the command again when nothing writes it.",
            )


def open_http(url: str, name: str, headers: Mapping[str, str] | None = None) -> Stored:
    """Find out how large a file is, and whether parts of it can be read; otherwise copy it.

    Parameters
    ----------
    name
        The address without secrets, for messages.

    Raises
    ------
    SourceError
        If the server cannot be reached, or does not give the file.
    """
    headers = headers or {}
    try:
        with ask(url, name, _ranged(headers, 0, _FIRST_BYTES)) as answer:
            found = _RANGE.match(answer.header("Content-Range"))
            if answer.status == http.client.PARTIAL_CONTENT and found is not None:
                first, version = answer.read(_FIRST_BYTES), answer.header("ETag")
                return HttpFile(url, name, headers, int(found[2]), version, first)
            if answer.status == http.client.OK:
                return _copied(answer, name)
            raise refusal(name, answer.status)
    except _BROKEN as cause:
        raise _lost(name) from cause


def _copied(answer: Answer, name: str) -> FetchedCopy:
    copy = FetchedCopy.of(iter(lambda: answer.read(_BYTES_AT_ONCE), b""), name)
    expected = answer.header("Content-Length")
    if expected.isdecimal() and copy.size != int(expected):
        raise _lost(name)
    return copy


def _lost(name: str) -> SourceError:
    return SourceError(
        f"{name} cannot be read: the connection was lost before the file was complete",
        hint="Try again; if it fails again, copy the file first.",
    )


def _ranged(headers: Mapping[str, str], start: int, end: int) -> dict[str, str]:
    return {**headers, "Range": f"bytes={start}-{end - 1}"}
