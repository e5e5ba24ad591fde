"""Tables whose log, not their folder, says which rows they have: Delta, Iceberg, Lance, Hudi."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from opiscli.errors import SourceError


class Lake(StrEnum):
    """A format of tables that consist of files and a log."""

    DELTA = "Delta"
    ICEBERG = "Iceberg"
    LANCE = "Lance"
    HUDI = "Hudi"


MARKS = {
    "_delta_log": Lake.DELTA,
    ".hoodie": Lake.HUDI,
    "_versions": Lake.LANCE,
    "metadata": Lake.ICEBERG,
}
"""Folders in a table, which tell its format; ``metadata`` only if it holds what Iceberg writes."""

ICEBERG_ENDING = ".metadata.json"


def lake_of(folder: Path) -> Lake | None:
    """The format of a table that a folder is; ``None`` for a folder of files."""
    for mark, lake in MARKS.items():
        inside = folder / mark
        if inside.is_dir() and (lake is not Lake.ICEBERG or _is_iceberg(inside)):
            return lake
    return None


def _is_iceberg(metadata: Path) -> bool:
    return next(metadata.glob(f"*{ICEBERG_ENDING}"), None) is not None


def lakes_among(paths: Iterable[str]) -> dict[str, Lake]:
    """Folders that are tables, by the paths of all files below a folder; it is ``""`` itself."""
    found: dict[str, Lake] = {}
    for path in paths:
        parts = path.split("/")
        for at, part in enumerate(parts[:-1]):
            lake = MARKS.get(part)
            if lake is not None and (lake is not Lake.ICEBERG or path.endswith(ICEBERG_ENDING)):
                found.setdefault("/".join(parts[:at]), lake)
    return found


def refuse_lake(folder: Path, *, above: bool = True) -> None:
    """Raise `SourceError` if a folder is such a table or, by default, a part of one."""
    here = folder.absolute()
    for place in (here, *here.parents) if above else (here,):
        if (lake := lake_of(place)) is not None:
            raise not_all_of_it(str(folder if place == here else place), lake)


def not_all_of_it(table: str, lake: Lake) -> SourceError:
    """Say that the files in a folder of such a table are not what is in the table."""
    return SourceError(
        f"{table} is a table in the {lake} format: its folder also holds deleted"
        " and replaced rows, expected plain Parquet files",
        hint="Export it first, for example with Spark: spark.read.format('hudi').load('table')"
        ".write.parquet('folder')."
        if lake is Lake.HUDI
        else f"Name the table itself: {table}; opis then reads its current rows.",
    )
