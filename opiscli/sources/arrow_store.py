"""Object stores and file systems that pyarrow reads: S3, Google Cloud Storage, Azure, HDFS."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import BinaryIO

import pyarrow as pa
from pyarrow import fs

from opiscli.errors import SourceError
from opiscli.sources.kinds import N_BYTES
from opiscli.sources.store_errors import store_explained
from opiscli.sources.stored import PartsReader

_BYTES_AT_ONCE = 1 << 16
_VERSIONS = ("ETag", "etag", "generation", "Last-Modified")


@dataclass(frozen=True)
class StoreFile:
    """A file in a store.

    Parameters
    ----------
    version
        What the store calls its present contents.
    """

    filesystem: fs.FileSystem = field(repr=False)
    path: str
    name: str
    size: int
    version: tuple[object, ...]
    first: bytes = field(repr=False)

    def open(self) -> BinaryIO:
        """Open it for Python."""
        opened = self.open_arrow()

        def part(start: int, n_bytes: int) -> bytes:
            with store_explained(self.name):
                return bytes(opened.read_at(n_bytes, start))

        return io.BufferedReader(PartsReader(part, self.size), _BYTES_AT_ONCE)

    def open_arrow(self) -> pa.NativeFile:
        """Open it for pyarrow, which asks for the parts it needs and not for more."""
        opened = _opened(self.filesystem, self.path, self.name)
        if (opened.size(), _version(opened)) != (self.size, self.version):
            opened.close()
            raise SourceError(
                f"{self.name} was changed while it was read",
                hint="Run the command again when nothing writes it.",
            )
        return opened


@dataclass(frozen=True)
class ArrowStore:
    """A store as pyarrow's file systems show it.

    Parameters
    ----------
    root
        What comes before its paths in the file system, such as the name of a bucket.
    start
        What comes before its paths in their addresses, such as ``s3://bucket/``.
    """

    filesystem: fs.FileSystem = field(repr=False)
    root: str
    start: str

    def name_of(self, path: str) -> str:
        """The address of a path."""
        return self.start + path

    def is_file(self, path: str) -> bool:
        """Whether there is a file at a path."""
        with store_explained(self.name_of(path)):
            try:
                return bool(self.filesystem.get_file_info(self._at(path)).is_file)
            except OSError as cause:
                if "AWS Error" in str(cause) and "NETWORK" not in str(cause):
                    # What answers a question about one file has no text that says why.
                    self.filesystem.get_file_info(fs.FileSelector(self.root.rstrip("/") or "/"))
                raise

    def folders_among(self, paths: Sequence[str]) -> list[str]:
        """Those paths that are folders."""
        with store_explained(self.start):
            found = self.filesystem.get_file_info([self._at(path) for path in paths])
        pairs = zip(paths, found, strict=True)
        return [path for path, one in pairs if one.type == fs.FileType.Directory]

    def paths_below(self, folder: str) -> list[str] | None:
        """All files below a folder, as they are named there, sorted; ``None`` without a folder."""
        top = self._at(folder).rstrip("/") or "/"
        chosen = fs.FileSelector(top, allow_not_found=True, recursive=True)
        with store_explained(self.name_of(folder)):
            found = self.filesystem.get_file_info(chosen)
        paths = [one.path for one in found if one.type == fs.FileType.File]
        below = sorted(str(PurePosixPath(path).relative_to(top)) for path in paths)
        return below or None

    def open(self, path: str) -> StoreFile:
        """Open a file."""
        name, place = self.name_of(path), self._at(path)
        with _opened(self.filesystem, place, name) as opened, store_explained(name):
            size, version = opened.size(), _version(opened)
            first = opened.read_at(min(N_BYTES, size), 0)  # not all stores let read past the end
        return StoreFile(self.filesystem, place, name, size, version, first)

    def _at(self, path: str) -> str:
        return self.root + path


def _opened(filesystem: fs.FileSystem, path: str, name: str) -> pa.NativeFile:
    with store_explained(name):
        return filesystem.open_input_file(path)


def _version(opened: pa.NativeFile) -> tuple[object, ...]:
    about = opened.metadata() or {}
    return tuple(about[key] for key in (*_VERSIONS, *map(str.encode, _VERSIONS)) if key in about)
