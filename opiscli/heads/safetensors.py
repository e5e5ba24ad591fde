"""Reads and writes the safetensors format: named arrays and texts, nothing that can be executed.

A file is the length of a JSON header (8 bytes, little-endian), the header, and the arrays one
after another. Format: https://github.com/huggingface/safetensors#format. Written here because
it is all of sixty lines, and so that a damaged file is told from a wrong one in our words.
"""

import json
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from opiscli.arrays import AnyArray
from opiscli.atomic_file import whole_file
from opiscli.errors import SourceError

_TYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    "I64": np.dtype("<i8"),
}
_NAMES = {kind: name for name, kind in _TYPES.items()}
_LARGEST_HEADER = 100_000_000
_METADATA = "__metadata__"


def write_tensors(
    path: Path, tensors: Mapping[str, AnyArray], metadata: Mapping[str, str], *, force: bool
) -> None:
    """Write arrays (float32, float64 or int64) and texts, the file whole or not at all.

    Raises
    ------
    UsageError
        If the file exists and ``force`` is not set.
    OutputError
        If it cannot be written.
    """
    header: dict[str, Any] = {_METADATA: dict(metadata)}
    offset = 0
    for name, array in tensors.items():
        stop = offset + array.nbytes
        header[name] = {
            "dtype": _NAMES[array.dtype.newbyteorder("<")],
            "shape": list(array.shape),
            "data_offsets": [offset, stop],
        }
        offset = stop
    text = json.dumps(header, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)  # so that the arrays begin at a multiple of 8
    with whole_file(path, force=force) as temporary, temporary.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in tensors.values():
            file.write(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes())


def read_tensors(path: Path) -> tuple[dict[str, AnyArray], dict[str, str]]:
    """Read all arrays and texts.

    Raises
    ------
    SourceError
        If the file is missing, cut off, or no safetensors file.
    """
    try:
        data = path.read_bytes()
    except OSError as cause:
        raise SourceError(
            f"{path} cannot be read: {cause.strerror}", hint="Check the path of the head."
        ) from cause
    try:
        return _parsed(data)
    except (ValueError, KeyError, TypeError, AttributeError) as cause:
        raise SourceError(
            f"{path} is damaged or no safetensors file: {cause}",
            hint="Name a head that opis finetune has written.",
        ) from cause


def _parsed(data: bytes) -> tuple[dict[str, AnyArray], dict[str, str]]:
    length = int.from_bytes(data[:8], "little")
    if not 2 <= length <= min(_LARGEST_HEADER, len(data) - 8):
        raise ValueError(f"{len(data):,} bytes cannot hold a header of {length:,}")
    header = json.loads(data[8 : 8 + length].decode("utf-8"))
    metadata = {str(key): str(text) for key, text in header.pop(_METADATA, {}).items()}
    body = memoryview(data)[8 + length :]
    tensors, end = {}, 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        kind, shape = _TYPES[entry["dtype"]], tuple(entry["shape"])
        start, stop = entry["data_offsets"]
        if start != end or stop - start != prod(shape) * kind.itemsize or stop > len(body):
            raise ValueError(f"array {name!r} does not fit the {len(body):,} bytes of arrays")
        tensors[name] = np.frombuffer(body[start:stop], kind).reshape(shape).copy()
        end = stop
    if end != len(body):
        raise ValueError(f"{len(body) - end:,} bytes belong to no array")
    return tensors, metadata
