"""Numbers in a FAISS factory string: none over which FAISS ends the process or fills the memory."""

import math
import os
import re
from pathlib import Path

from opiscli.errors import UsageError
from opiscli.settings.memory_limit import require_room

_NUMBER = re.compile(r"(?<![\d.])\d+")
_BITS = re.compile(r"(IMI\d+|PQ\d+|RQ\d+|LSQ\d+)x(\d+)")
_GRAPH = re.compile(r"(?:IVF(\d+)_)?(?:HNSW|NSG)(\d+)")
_PARAMETER = re.compile(r"(?P<name>[A-Za-z_0-9]+)=(?P<value>[^=]+)")
_FEWEST, _MOST = 1, 4096
_MOST_BITS = 16
_MOST_BITS_OF_GRID = 10
_LINK_BYTES = 3 * 4
"""HNSW has twice the links at its lowest level, and the others add less than that once more."""

_QUERIES, _DEPTH = 1024, 1024
_FOUND_BYTES = 12
"""Of each neighbour that a search finds: its number and its distance."""


def is_path(asked: str) -> bool:
    """Whether this is the name of an index file, there or not, rather than a factory string."""
    return os.sep in asked or asked.endswith((".faiss", ".index", ".bin")) or Path(asked).exists()


def require_sane(asked: str, n_items: int, dims: int) -> None:
    """Raise `UsageError` if a number in a factory string or its parameters is out of range.

    Parameters
    ----------
    asked
        Such as ``IVF256,Flat;nprobe=8``.
    """
    factory, parameters = _parts(asked)
    most = max(n_items, dims, _MOST)
    for found in _NUMBER.findall(factory):
        # FAISS divides by zero, and takes memory for any number of clusters or links.
        _require(asked, found, _FEWEST, most)
    for name, bits in _BITS.findall(factory):
        _require(asked, bits, 1, _MOST_BITS_OF_GRID if name.startswith("IMI") else _MOST_BITS)
    for name, value in parameters:
        _require(asked, value, 1 if name.startswith("nprobe") else 0, most)


def require_fitting(asked: str, n_items: int, dims: int, memory_limit: int) -> None:
    """Raise `UsageError` if the graph or the search of such an index needs too much memory."""
    require_sane(asked, n_items, dims)
    factory, parameters = _parts(asked)
    for n_clusters, n_links in _GRAPH.findall(factory):
        n_nodes = int(n_clusters or n_items)
        require_room(n_nodes * int(n_links) * _LINK_BYTES, f"--index {asked}", memory_limit)
    for name, value in parameters:
        if name.startswith("k_factor"):
            n_found = _QUERIES * min(_DEPTH, n_items) * float(value)
            require_room(int(n_found * _FOUND_BYTES), f"--index {asked}", memory_limit)


def _parts(asked: str) -> tuple[str, list[tuple[str, str]]]:
    """The factory string, and names and values of the search parameters behind it."""
    factory, _, parameters = asked.partition(";")
    found = (_PARAMETER.fullmatch(one.strip()) for one in parameters.split(","))
    # Of what is none, FAISS says so.
    return factory, [(match["name"], match["value"]) for match in found if match is not None]


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
