"""Opens tables of the formats in `lakes`, on this machine or in a store."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from opiscli.sources.credentials import without_credentials
from opiscli.sources.lakes import ICEBERG_ENDING, Lake, not_all_of_it
from opiscli.sources.table import Table


def open_lake_here(path: Path, lake: Lake, memory_limit: int | None) -> Table:
    """Open a table by its folder, or an Iceberg table by one of its metadata files.

    Raises
    ------
    UsageError
        If what reads the format is not installed.
    SourceError
        If the table cannot be read.
    """

    def open_file(inside: str) -> Table:
        from opiscli.sources.parquet import ParquetFile

        return ParquetFile(path / inside, str(path / inside), memory_limit)

    is_table = path.is_dir()
    inside = os.listdir(path / "metadata") if is_table and lake is Lake.ICEBERG else ()
    paths = [f"metadata/{name}" for name in inside]
    return _opened(str(path.absolute()), str(path), lake, paths, open_file, {}, memory_limit)


def open_lake_at(
    address: str,
    lake: Lake,
    memory_limit: int | None,
    paths: Sequence[str] = (),
    open_file: Callable[[str], Table] | None = None,
) -> Table:
    """Open a table in a store.

    Parameters
    ----------
    paths
        The files in its folder.
    open_file
        Opens one of them.
    """
    # Imported here: few sources are not on this machine.
    from opiscli.sources.store_options import options_for

    return _opened(
        address, address, lake, paths, open_file, options_for(lake, address), memory_limit
    )


def open_in_catalog(address: str, memory_limit: int | None) -> Table:
    """Open ``iceberg://CATALOG/NAMESPACE.TABLE``."""
    from opiscli.sources.iceberg_table import open_from_catalog
    from opiscli.sources.store_options import options_for

    catalog, _, table = address.partition("://")[2].partition("/")
    options = options_for(Lake.ICEBERG, "s3://")
    return open_from_catalog(catalog, table, without_credentials(address), memory_limit, options)


def _opened(
    location: str,
    name: str,
    lake: Lake,
    paths: Sequence[str],
    open_file: Callable[[str], Table] | None,
    options: dict[str, str],
    memory_limit: int | None,
) -> Table:
    # Readers are imported here: their libraries are extras, and take long to import.
    if lake is Lake.DELTA and open_file is not None:
        from opiscli.sources.delta_table import open_delta

        return open_delta(location, name, open_file, options)
    if lake is Lake.ICEBERG:
        from opiscli.sources.iceberg_table import current_metadata, open_iceberg

        if not location.endswith(ICEBERG_ENDING):
            names = [one.removeprefix("metadata/") for one in paths if one.startswith("metadata/")]
            location = f"{location}/metadata/{current_metadata(names, name)}"
        return open_iceberg(location, name, memory_limit, options)
    if lake is Lake.LANCE:
        from opiscli.sources.lance_table import open_lance

        return open_lance(location, name, memory_limit, options)
    raise not_all_of_it(name, lake)
