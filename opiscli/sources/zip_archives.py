"""Refusal of zip archives that are not NPZ files, such as .pt and .xlsx files."""

import zipfile
from pathlib import Path
from typing import BinaryIO

from opiscli.errors import SourceError
from opiscli.sources.selection import listed

_MARKS = (
    ("xl/", "an Excel workbook",
     "In Python: pandas.read_excel('e.xlsx').to_parquet('e.parquet'); or save it as CSV."),
    ("data.pkl", "a PyTorch file",
     "In Python: x = torch.load('e.pt', weights_only=True); numpy.save('x.npy', x.float().numpy()),"
     " and the labels likewise."),
    ("content.xml", "an OpenDocument file", "Save it as CSV."),
)  # fmt: skip


def refuse_foreign_archive(file: Path | BinaryIO, name: str) -> None:
    """Raise `SourceError` if a zip archive holds no array."""
    try:
        with zipfile.ZipFile(file) as archive:
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
