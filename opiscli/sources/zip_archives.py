"""Opens zip archives, and refuses those that are not NPZ files, such as .pt and .xlsx files."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from opiscli.errors import SourceError
from opiscli.sources.selection import listed
from opiscli.sources.stored import AnyFile, open_binary

_MARKS = (
    ("xl/", "an Excel workbook",
     "In Python: pandas.read_excel('e.xlsx').to_parquet('e.parquet'); or save it as CSV."),
    ("data.pkl", "a PyTorch file",
     "In Python: x = torch.load('e.pt', weights_only=True); numpy.save('x.npy', x.float().numpy()),"
     " and the labels likewise."),
    ("content.xml", "an OpenDocument file", "Save it as CSV."),
)  # fmt: skip


_LONGEST_LIST = 1 << 20
"""Bytes of the list of members: each of them takes ten times as much memory, and is opened."""


class _InPieces(io.BufferedReader):
    """An archive whose list of members is bounded: zipfile reads it whole when it opens one."""

    def __init__(self, file: AnyFile, name: str) -> None:
        super().__init__(cast(io.RawIOBase, open_binary(file)))
        self._of = name
        self.is_opened = False

    def read(self, size: int | None = -1, /) -> bytes:
        if self.is_opened:
            return super().read(size)
        most = _LONGEST_LIST + 1
        found = super().read(most if size is None or size < 0 else min(size, most))
        if len(found) > _LONGEST_LIST:
            raise SourceError(
                f"{self._of} is a zip archive whose list of members has more than"
                f" {_LONGEST_LIST >> 20} MB, expected an NPZ file with a few arrays",
                hint="Save one array for all items: numpy.savez('e.npz', embedding=x, label=y).",
            )
        return found


@contextmanager
def opened_archive(file: AnyFile, name: str) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive, or its contents.

    Raises
    ------
    SourceError
        If it has very many members, or is no regular file.
    Exception
        Of almost any kind, if it is damaged.
    """
    with _InPieces(file, name) as pieces, zipfile.ZipFile(pieces) as archive:
        pieces.is_opened = True
        yield archive


def refuse_foreign_archive(file: AnyFile, name: str) -> None:
    """Raise `SourceError` if a zip archive holds no array."""
    try:
        with opened_archive(file, name) as archive:
            names = archive.namelist()
    except Exception:  # damage makes zipfile raise almost anything
        return  # whoever reads it says so
    if any(member.endswith(".npy") for member in names):
        return
    for mark, what, hint in _MARKS:
        if any(one.startswith(mark) or one.rpartition("/")[2] == mark for one in names):
            raise SourceError(f"{name} is {what}, expected Parquet, CSV, NPY or NPZ", hint=hint)
    raise SourceError(
        f"{name} is a zip archive without arrays, holding: {listed(names) or 'nothing'}",
        hint="Unpack it first: unzip FILE; or save arrays with numpy.savez.",
    )
