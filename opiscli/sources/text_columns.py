"""Columns of text as they are written, before anything is made of them."""

import pyarrow as pa
import pyarrow.csv as arrow_csv

from opiscli.errors import SourceError


def as_written(keys: list[str], wanted: list[str]) -> arrow_csv.ConvertOptions:
    """Read the wanted ones of all columns as text, and an empty cell as an empty text."""
    return arrow_csv.ConvertOptions(
        column_types=dict.fromkeys(keys, pa.large_string()),
        include_columns=list(dict.fromkeys(wanted)),
        strings_can_be_null=False,
    )


def not_utf8_file(name: str, ending: str) -> SourceError:
    """Say that a file holds other text than UTF-8; ``ending`` is that of a converted copy."""
    return SourceError(
        f"{name} is not UTF-8 text",
        hint=f"Convert it: iconv -f WINDOWS-1252 -t UTF-8 {name} > utf8.{ending}",
    )
