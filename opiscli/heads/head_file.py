"""A trained head as a file: its weights, what is done around them, and how it came about."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from opiscli.arrays import AnyArray, Float32Array
from opiscli.errors import SourceError
from opiscli.heads.projection import HiddenLayer, Projection
from opiscli.heads.safetensors import read_tensors, write_tensors

SCHEMA = "opis.head/1"
_LAYERS = ("weight", "bias")
_HIDDEN = ("hidden.weight", "hidden.bias", "hidden.output")
_NORMALIZE = "unit length before and after"


@dataclass(frozen=True, slots=True)
class HeadFile:
    """A head with its record.

    Parameters
    ----------
    projection
        The head.
    record
        Signature, settings, data and scores of its training: plain values.
    """

    projection: Projection
    record: dict[str, Any]


def write_head(path: Path, head: HeadFile, *, force: bool) -> None:
    """Write a safetensors file of float32 arrays; the record is JSON text in its metadata.

    Raises
    ------
    UsageError
        If the file exists and ``force`` is not set.
    OutputError
        If it cannot be written.
    """
    projection = head.projection
    tensors = {"weight": projection.weight, "bias": projection.bias}
    if projection.hidden is not None:
        hidden = projection.hidden
        tensors |= dict(zip(_HIDDEN, (hidden.weight, hidden.bias, hidden.output), strict=True))
    record = json.dumps(head.record, allow_nan=False)
    metadata = {"schema": SCHEMA, "normalize": _NORMALIZE, "record": record}
    write_tensors(path, tensors, metadata, force=force)


def read_head(path: Path) -> HeadFile:
    """Read a head back, bit for bit.

    Raises
    ------
    SourceError
        If the file is missing, damaged, or holds no head.
    """
    tensors, metadata = read_tensors(path)
    if metadata.get("schema") != SCHEMA or metadata.get("normalize") != _NORMALIZE:
        raise SourceError(
            f"{path} is not a head: its schema is {metadata.get('schema')!r}, expected {SCHEMA!r}",
            hint="Name a head that opis finetune has written.",
        )
    if set(tensors) not in (set(_LAYERS), {*_LAYERS, *_HIDDEN}) or not _fit(tensors):
        shapes = ", ".join(f"{name} {array.shape}" for name, array in tensors.items())
        raise SourceError(
            f"the arrays of {path} make no head: {shapes}",
            hint="Name a head that opis finetune has written.",
        )
    hidden = None
    if len(tensors) > len(_LAYERS):
        weight, bias, output = (_float32(tensors[name]) for name in _HIDDEN)
        hidden = HiddenLayer(weight=weight, bias=bias, output=output)
    projection = Projection(
        weight=_float32(tensors["weight"]), bias=_float32(tensors["bias"]), hidden=hidden
    )
    return HeadFile(projection, json.loads(metadata["record"]))


def _fit(tensors: dict[str, AnyArray]) -> bool:
    weight, bias = tensors["weight"], tensors["bias"]
    if weight.ndim != 2 or bias.shape != weight.shape[1:]:
        return False
    if len(tensors) == len(_LAYERS):
        return True
    first, between, last = (tensors[name] for name in _HIDDEN)
    if first.ndim != 2 or last.ndim != 2:
        return False
    ends = (first.shape[0], last.shape[1])
    return ends == weight.shape and between.shape == first.shape[1:] == last.shape[:1]


def _float32(array: AnyArray) -> Float32Array:
    return array.astype(np.float32)
