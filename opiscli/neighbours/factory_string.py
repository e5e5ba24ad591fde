"""Numbers in a FAISS factory string: those are refused over which FAISS ends the process."""

import math
import re

from opiscli.errors import UsageError

_NUMBER = re.compile(r"(?<![\d.])\d+")
_BITS = re.compile(r"(IMI\d+|PQ\d+|RQ\d+|LSQ\d+)x(\d+)")
_PARAMETER = re.compile(r"[A-Za-z_0-9]+=(?P<value>[^=]+)")
_FEWEST, _MOST = 1, 4096
_MOST_BITS = 16
_MOST_BITS_OF_GRID = 10
_MOST_OF_PARAMETER = 2**31 - 1


def require_sane(asked: str, n_items: int, dims: int) -> None:
    """Raise `UsageError` if a number in a factory string or its parameters is out of range.

    Parameters
    ----------
    asked
        Such as ``IVF256,Flat;nprobe=8``.
    """
    factory, _, parameters = asked.partition(";")
    most = max(n_items, dims, _MOST)
    for found in _NUMBER.findall(factory):
        # FAISS divides by zero, and takes memory for any number of clusters or links.
        _require(asked, found, _FEWEST, most)
    for name, bits in _BITS.findall(factory):
        _require(asked, bits, 1, _MOST_BITS_OF_GRID if name.startswith("IMI") else _MOST_BITS)
    for one in filter(None, parameters.split(",")):
        if (match := _PARAMETER.fullmatch(one.strip())) is None:
            continue  # FAISS says that it is none
        least = 1 if one.strip().startswith("nprobe") else 0
        _require(asked, match["value"], least, _MOST_OF_PARAMETER)


def _require(asked: str, text: str, least: int, most: int) -> None:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise UsageError(
            f"--index {asked} has the number {text[:40]}, expected {least:,} to {most:,}",
            hint="For example --index SQ8, PQ32, 'OPQ16,PQ16' or 'IVF64,Flat;nprobe=8'.",
        )
