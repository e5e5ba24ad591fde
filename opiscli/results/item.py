"""One item of the source."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item, with what is needed to find it in the source.

    Parameters
    ----------
    id
        From the id column, else the row.
    row
        Position among the rows that were read, from 0.
    show
        Text of the columns to show, by name.
    """

    id: str
    row: int
    label: str
    show: dict[str, str]
