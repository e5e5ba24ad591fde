"""The head file: weights, the cohort of its offsets if it has any, and a record of the training."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opiscli.arrays import Float32Array
from opiscli.errors import EmbeddingError, SourceError
from opiscli.heads.cohort import HeadCohort
from opiscli.heads.projection import HiddenLayer, Projection
from opiscli.heads.tensor_file import HINT, read_tensors, write_tensors
from opiscli.results.json_text import read_json

SCHEMA = "opis.head/3"
SCHEMA_WITH_COHORT = "opis.head/4"
"""Another one, so that a program that does not know of offsets refuses the file."""
_WITHOUT_DIGEST = ("opis.head/1", "opis.head/2")
"""Of opis 0.1.0 and 0.2.0."""
_LAYERS = ("weight", "bias")
_HIDDEN = ("hidden.weight", "hidden.bias", "hidden.output")
_COHORT = "cohort"
_OFFSETS = "offsets"
_NORMALIZE = "unit length before and after"
_LARGEST = 1 << 31
"""Bytes: more than 16,000 × 16,000 weights."""


@dataclass(frozen=True, slots=True)
class HeadFile:
    """A head with its record.

    Parameters
    ----------
    projection
        The head.
    record
        Signature, settings, data and scores of its training: plain values.
    cohort
        What offsets are computed from; ``None`` if there are none.
    """

    projection: Projection
    record: dict[str, Any]
    cohort: HeadCohort | None = None


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
    description = {"schema": SCHEMA, "normalize": _NORMALIZE, "record": head.record}
    if (cohort := head.cohort) is not None:
        tensors[_COHORT] = cohort.rows
        offsets = {"k": cohort.k, "weight": cohort.weight, "centre": cohort.centre}
        description |= {"schema": SCHEMA_WITH_COHORT, _OFFSETS: offsets}
    write_tensors(path, tensors, description, force=force)


def read_head(path: Path, most_bytes: int = _LARGEST) -> HeadFile:
    """Read a head bit for bit; heads of opis 0.1.0 and 0.2.0, which have no digest, are supported.

    Parameters
    ----------
    most_bytes
        How large the file may be.

    Raises
    ------
    SourceError
        If the file is missing, too large, damaged, or holds no head.
    """
    tensors, description, has_digest = read_tensors(path, most_bytes)
    schema = description.get("schema")
    if schema not in (SCHEMA, SCHEMA_WITH_COHORT, *_WITHOUT_DIGEST):
        found = "it has no schema" if schema is None else f"its schema is {str(schema)[:40]!r}"
        raise SourceError(f"{path} is not a head: {found}, expected {SCHEMA!r}", hint=HINT)
    if description.get("normalize") != _NORMALIZE:
        raise SourceError(
            f"{path} is not a head of opis: it does not say {_NORMALIZE!r}", hint=HINT
        )
    if schema not in _WITHOUT_DIGEST and not has_digest:
        raise SourceError(f"{path} is damaged: it has no digest", hint=HINT)
    rows = tensors.pop(_COHORT, None) if schema == SCHEMA_WITH_COHORT else None
    if not _is_head(tensors) or (schema == SCHEMA_WITH_COHORT and rows is None):
        shapes = ", ".join(f"{name} {array.shape}" for name, array in tensors.items())
        raise SourceError(f"the arrays of {path} do not form a head: {shapes}", hint=HINT)
    try:
        hidden = None
        if len(tensors) > len(_LAYERS):
            hidden = HiddenLayer(*(tensors[name] for name in _HIDDEN))
        projection = Projection(weight=tensors["weight"], bias=tensors["bias"], hidden=hidden)
        cohort = None if rows is None else _cohort(rows, projection, description.get(_OFFSETS))
    except EmbeddingError as cause:
        raise SourceError(f"{path} is damaged: {cause.problem}", hint=HINT) from cause
    return HeadFile(projection, _record(path, description.get("record")), cohort)


def _cohort(rows: Float32Array, projection: Projection, offsets: object) -> HeadCohort:
    try:
        found = dict(offsets)  # type: ignore[call-overload]
        k, weight, centre = int(found["k"]), float(found["weight"]), float(found["centre"])
    except (LookupError, ValueError, TypeError, ArithmeticError) as cause:
        raise EmbeddingError("it does not say how its offsets are computed", hint=HINT) from cause
    if rows.shape[1:] != (projection.dim,):
        raise EmbeddingError(
            f"its cohort has shape {rows.shape}, but the head {projection.dim} dims", hint=HINT
        )
    return HeadCohort(rows, k, weight, centre)


def _record(path: Path, record: object) -> dict[str, Any]:
    try:
        # A text of its own in files of opis 0.1.0.
        found = read_json(record) if isinstance(record, str) else record
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SourceError(f"{path} is damaged: its record cannot be read", hint=HINT)
    return found


def _is_head(tensors: dict[str, Float32Array]) -> bool:
    if set(tensors) not in (set(_LAYERS), {*_LAYERS, *_HIDDEN}):
        return False
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
