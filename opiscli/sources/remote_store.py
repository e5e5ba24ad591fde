"""The interface of everything that holds files under addresses, and the search for files in it."""

import fnmatch
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from opiscli.sources.stored import Stored

_MAGIC = re.compile(r"[*?[]")


class Store(Protocol):
    """A bucket, a file system or a repository of files; paths have no leading slash."""

    def name_of(self, path: str) -> str:
        """The address of a path, without secrets."""

    def is_file(self, path: str) -> bool:
        """Whether there is a file at a path."""

    def folders_among(self, paths: Sequence[str]) -> list[str]:
        """Those paths that are folders."""

    def paths_below(self, folder: str) -> list[str] | None:
        """All files below a folder, as they are named there, sorted; ``None`` without a folder."""

    def open(self, path: str) -> Stored:
        """Open a file."""


@dataclass(frozen=True)
class Pattern:
    """A path with ``*``, ``?``, ``[…]`` or ``**`` in it, split at the first part that has one."""

    base: str
    parts: tuple[str, ...]

    @classmethod
    def of(cls, path: str) -> "Pattern | None":
        """The pattern in a path, ``None`` if it is a plain name."""
        parts = path.split("/")
        first = next((at for at, part in enumerate(parts) if _MAGIC.search(part)), None)
        return None if first is None else cls("/".join(parts[:first]), tuple(parts[first:]))

    def matches(self, path: str) -> bool:
        """Whether a path below the base is meant, itself or by a folder above it.

        What begins with ``.`` or ``_`` is meant only if a part of the pattern begins so.
        """
        named = {part[0] for part in self.parts if part[0] in "._"}
        if any(part[0] in "._" and part[0] not in named for part in path.split("/") if part):
            return False
        return any(_match(self.parts, above) for above in _above(path.split("/")))

    def is_exact(self, path: str) -> bool:
        """Whether a path is meant itself, not only by a folder above it."""
        return _match(self.parts, path.split("/"))


def is_hidden(path: str) -> bool:
    """Whether a part of a path begins with ``.`` or ``_``."""
    return any(part.startswith((".", "_")) for part in path.split("/"))


def _above(parts: list[str]) -> Iterator[list[str]]:
    return (parts[:n_parts] for n_parts in range(1, len(parts) + 1))


def _match(pattern: Sequence[str], parts: Sequence[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_match(pattern[1:], parts[at:]) for at in range(len(parts) + 1))
    return (
        bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0]) and _match(pattern[1:], parts[1:])
    )
