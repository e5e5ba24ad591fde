"""Safetensors files: named float32 arrays and a description, with no executable content."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, deserialize

from opiscli.arrays import Float32Array
from opiscli.atomic_file import whole_file
from opiscli.errors import SourceError
from opiscli.regular_file import read_whole
from opiscli.results.json_text import read_json

_DESCRIPTION = "opis"
_DIGEST = "sha256"
_DTYPE = "F32"
_stored: Callable[[bytes], list[tuple[str, dict[str, Any]]]] = deserialize
"""Name and type, shape and bytes of each array; the library has no types."""

_LENGTH = 8
"""Bytes of the number that says how long the header is."""

_LONGEST_HEADER = 1 << 23
_PICKLES = (b"PK\x03\x04", b"\x80")
"""First bytes of PyTorch checkpoints and of pickles."""

HINT = "Name a file that opis finetune has written."


class TensorFile(NamedTuple):
    """Arrays by name, and plain values that describe them.

    ``has_digest`` is whether a digest of both was in the file, and matched.
    """

    tensors: dict[str, Float32Array]
    description: dict[str, Any]
    has_digest: bool


def write_tensors(
    path: Path,
    tensors: Mapping[str, Float32Array],
    description: Mapping[str, Any],
    *,
    force: bool,
) -> None:
    """Write arrays and a description; equal contents give identical bytes.

    Raises
    ------
    UsageError
        If the file exists and ``force`` is not set.
    OutputError
        If it cannot be written.
    """
    arrays = {name: np.ascontiguousarray(tensors[name], "<f4") for name in sorted(tensors)}
    described = {**description, _DIGEST: _digest(arrays, description)}
    header = _header(arrays, {_DESCRIPTION: json.dumps(described, allow_nan=False)})
    with whole_file(path, force=force) as temporary, temporary.open("wb") as file:
        # Array by array: the library holds two more copies of all of them.
        file.write(len(header).to_bytes(_LENGTH, "little") + header)
        for array in arrays.values():
            file.write(array.data)


def _header(arrays: Mapping[str, Float32Array], texts: Mapping[str, str]) -> bytes:
    """Names, shapes and places of arrays as JSON, padded so that the arrays are aligned."""
    places, start = {}, 0
    for name, array in arrays.items():
        ends = [start, start + array.nbytes]
        places[name] = {"dtype": _DTYPE, "shape": list(array.shape), "data_offsets": ends}
        start = ends[1]
    header = json.dumps({"__metadata__": texts, **places}).encode()
    return header + b" " * (-len(header) % _LENGTH)


def read_tensors(path: Path, most_bytes: int) -> TensorFile:
    """Read all arrays and the description, which opis 0.1.0 wrote as separate texts.

    Parameters
    ----------
    most_bytes
        How large the file may be. It is read whole: a mapped file that shrinks while it is
        used would end the process.

    Raises
    ------
    SourceError
        If the file is missing, too large, damaged, cut off, of another format, or holds arrays
        that are not float32 or do not match its digest.
    """
    try:
        contents = read_whole(path, most_bytes)
        _refuse_foreign(path, contents)
        tensors = {name: _array(path, name, stored) for name, stored in _stored(contents)}
        metadata = _metadata(contents)
        if _DESCRIPTION in metadata:
            metadata = dict(read_json(metadata[_DESCRIPTION]))
        digest = metadata.pop(_DIGEST, None)
        if digest is not None and digest != _digest(tensors, metadata):
            raise ValueError("its contents do not match its digest")
    except OSError as cause:
        raise _unreadable(path, cause) from cause
    except (SafetensorError, ValueError, TypeError) as cause:
        raise SourceError(
            f"{path} is damaged, cut off or not a safetensors file: {cause}", hint=HINT
        ) from cause
    return TensorFile(tensors, metadata, digest is not None)


def _digest(tensors: Mapping[str, Float32Array], description: Mapping[str, Any]) -> str:
    """SHA-256 over names, shapes and little-endian values of all arrays, and the description."""
    shapes = {name: tensors[name].shape for name in sorted(tensors)}
    found = hashlib.sha256(json.dumps([description, shapes], sort_keys=True).encode())
    for name in shapes:
        found.update(np.ascontiguousarray(tensors[name], "<f4").data)
    return found.hexdigest()


def _array(path: Path, name: str, stored: Mapping[str, Any]) -> Float32Array:
    if stored["dtype"] != _DTYPE:
        raise SourceError(
            f"array {name!r} of {path} is {stored['dtype']}, expected {_DTYPE}", hint=HINT
        )
    return np.frombuffer(stored["data"], "<f4").reshape(stored["shape"])


def _metadata(contents: bytes) -> dict[str, str]:
    """The texts in the header, whose length comes first."""
    length = int.from_bytes(contents[:_LENGTH], "little")
    header = read_json(contents[_LENGTH : _LENGTH + length])
    return dict(header.get("__metadata__") or {})


def _refuse_foreign(path: Path, contents: bytes) -> None:
    # The ninth byte of a safetensors file opens its header.
    if contents.startswith(_PICKLES) and contents[_LENGTH : _LENGTH + 1] != b"{":
        raise SourceError(
            f"{path} looks like a PyTorch or pickle file, which can run code when it is opened;"
            " expected safetensors",
            hint=HINT,
        )
    if int.from_bytes(contents[:_LENGTH], "little") > _LONGEST_HEADER:
        raise SourceError(
            f"{path} is damaged, cut off or not a safetensors file: header too large", hint=HINT
        )


def _unreadable(path: Path, cause: OSError) -> SourceError:
    return SourceError(
        f"{path} cannot be read: {cause.strerror or cause}", hint="Check the path of the file."
    )
