"""Safetensors files: named float32 arrays and a description, with no executable content."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from opiscli.arrays import Float32Array
from opiscli.atomic_file import whole_file
from opiscli.errors import SourceError

_DESCRIPTION = "opis"
_DTYPE = "F32"
_PICKLES = (b"PK\x03\x04", b"\x80")
"""First bytes of PyTorch checkpoints and of pickles."""

HINT = "Name a file that opis finetune has written."


class TensorFile(NamedTuple):
    """Arrays by name, and plain values that describe them."""

    tensors: dict[str, Float32Array]
    description: dict[str, Any]


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
    arrays = {name: np.ascontiguousarray(array, np.float32) for name, array in tensors.items()}
    # One text, because the library writes several in an order that changes from run to run.
    contents = save(arrays, {_DESCRIPTION: json.dumps(description, allow_nan=False)})
    with whole_file(path, force=force) as temporary:
        temporary.write_bytes(contents)


def read_tensors(path: Path) -> TensorFile:
    """Read all arrays and the description, which opis 0.1.0 wrote as separate texts.

    Raises
    ------
    SourceError
        If the file is missing, damaged, cut off, of another format, or holds arrays that are
        not float32.
    """
    _refuse_pickle(path)
    try:
        with safe_open(path, framework="numpy") as file:
            names = file.keys()
            for name in names:
                dtype = file.get_slice(name).get_dtype()
                if dtype != _DTYPE:
                    raise SourceError(
                        f"array {name!r} of {path} is {dtype}, expected {_DTYPE}", hint=HINT
                    )
            tensors = {name: file.get_tensor(name) for name in names}
            metadata = file.metadata() or {}
        if _DESCRIPTION in metadata:
            metadata = dict(json.loads(metadata[_DESCRIPTION]))
    except OSError as cause:
        raise _unreadable(path, cause) from cause
    except (SafetensorError, ValueError, TypeError, RecursionError) as cause:
        raise SourceError(
            f"{path} is damaged, cut off or not a safetensors file: {cause}", hint=HINT
        ) from cause
    return TensorFile(tensors, metadata)


def _refuse_pickle(path: Path) -> None:
    try:
        with path.open("rb") as file:
            first = file.read(10)
    except OSError as cause:
        raise _unreadable(path, cause) from cause
    # The ninth byte of a safetensors file opens its header.
    if first.startswith(_PICKLES) and first[8:9] != b"{":
        raise SourceError(
            f"{path} looks like a PyTorch or pickle file, which can run code when it is opened;"
            " expected safetensors",
            hint=HINT,
        )


def _unreadable(path: Path, cause: OSError) -> SourceError:
    return SourceError(
        f"{path} cannot be read: {cause.strerror or cause}", hint="Check the path of the file."
    )
