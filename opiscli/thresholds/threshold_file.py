"""The threshold file: one threshold with everything needed to apply it correctly."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from opiscli.atomic_file import whole_file
from opiscli.distance import OF_EMBEDDINGS, Distance
from opiscli.embeddings.cosine import cutoffs, to_cosine_distance, to_similarity
from opiscli.embeddings.offsets import COSINE, possible_distances
from opiscli.errors import SourceError, UsageError
from opiscli.regular_file import open_regular
from opiscli.results import Calibration
from opiscli.results.calibration import PLAIN_SCORE
from opiscli.results.json_text import read_json
from opiscli.thresholds.threshold_contents import MEANING, SCHEMA, to_dict

_OFFSET_SCORE = re.compile(r"cos-offset(\(k=\d+,w=[-+.\de]+\))?")
_LARGEST = 1 << 20
_LARGEST_MARGIN = 4.0
_UNRESOLVED = 2.0**-20
"""Cosine distances below which ``1 - s`` loses digits that pairs differ by."""


def write(of: Calibration, path: Path, *, force: bool = False) -> None:
    """Write the one threshold of a calibration.

    Raises
    ------
    UsageError
        If there is more than one, or the file exists and ``force`` is not set.
    OutputError
        If it cannot be written.
    """
    require_single(len(of.operating_points))
    write_contents(to_dict(of, of.operating_points[0]), path, force=force)


def write_contents(contents: Mapping[str, Any], path: Path, *, force: bool = False) -> None:
    """Write the contents of a threshold file, with how every threshold is applied.

    Raises
    ------
    UsageError
        If the file exists and ``force`` is not set.
    OutputError
        If it cannot be written.
    """
    whole = {"schema": SCHEMA, **contents, **MEANING[Distance(contents["distance"])]}
    text = json.dumps(whole, allow_nan=False, indent=2)
    with whole_file(path, force=force) as temporary:
        temporary.write_text(f"{text}\n", "utf-8")


def require_single(n_thresholds: int) -> None:
    """Raise `UsageError` unless there is one threshold, which is what a file holds."""
    if n_thresholds != 1:
        raise UsageError(
            f"a threshold file holds one threshold, but {n_thresholds} were asked for",
            hint="Give one target, and write one file for each.",
        )


def read(path: Path, distance: Distance, score: str = "") -> float:
    """Read the threshold of a file, for a set that is measured in ``distance`` of a ``score``.

    The file may have been edited: what is left out is not verified, but everything that gives
    the threshold its meaning must be as opis applies it.

    Raises
    ------
    SourceError
        If it cannot be read, is no threshold file, or contradicts itself.
    UsageError
        If its threshold is measured in something else.
    """
    with _explained(path):
        found, measured, scored = opened(path)
        least, largest = possible_distances(scored, measured)
        threshold = _number(found, "threshold", least, largest)
        _margin_of(found)
        _require_agreement(found, threshold, measured, scored)
    if measured is not distance:
        raise _other_measure(path, measured, distance)
    if scored != score:
        raise UsageError(
            f"the threshold in {path} is for {scored or COSINE}, but items here are compared by"
            f" {score or COSINE}",
            hint="Compute offsets the same way (opis normalize), or add --no-offset to both.",
        )
    return threshold


def _other_measure(path: Path, measured: Distance, distance: Distance) -> UsageError:
    if measured.is_given or distance.is_given:
        return UsageError(
            f"the threshold in {path} is a {measured.in_words}, but this source is measured by"
            f" {distance.in_words}",
            hint="Use the file of a calibration on a source of the same kind.",
        )
    return UsageError(
        f"the threshold in {path} is a {measured} distance, but distances here are {distance}",
        hint=f"Add --distance {measured}.",
    )


def margin_in(path: Path) -> float | None:
    """Read the margin between classes that searches demand; ``None`` if the file has none.

    Raises
    ------
    SourceError
        If it cannot be read, or is no threshold file.
    """
    with _explained(path):
        return _margin_of(_object(path))


def _margin_of(found: Mapping[str, Any]) -> float | None:
    return None if found.get("margin") is None else _number(found, "margin", 0.0, _LARGEST_MARGIN)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as cause:
        reason = getattr(cause, "strerror", None) or str(cause)
        raise SourceError(
            f"{path} cannot be read as a threshold file: {reason}",
            hint="Write one with opis calibrate e.parquet --far 1e-3 -o threshold.json.",
        ) from cause


def opened(path: Path) -> tuple[dict[str, Any], Distance, str]:
    """Read what a file says, what its threshold is measured in and what pairs are compared by.

    Raises
    ------
    OSError, ValueError, SourceError
        If it cannot be read, or is no threshold file.
    """
    found = _object(path)
    return found, _measured(found), _score(found)


def _score(found: Mapping[str, Any]) -> str:
    """What pairs are compared by, if not by their cosine, which it is where nothing is said."""
    score = found.get("score", PLAIN_SCORE)
    if not isinstance(score, str) or not (score == PLAIN_SCORE or _OFFSET_SCORE.fullmatch(score)):
        raise ValueError(
            f"its score is {_shown(score)}, expected {PLAIN_SCORE} or cos-offset(k=…,w=…)"
        )
    return "" if score == PLAIN_SCORE else score


def _object(path: Path) -> dict[str, Any]:
    with open_regular(path) as file:
        found = read_json(file.read(_LARGEST + 1), _LARGEST)
    if not isinstance(found, dict):
        raise ValueError("it is not a JSON object")
    _require_value(found, "schema", SCHEMA)
    return found


def _measured(found: Mapping[str, Any]) -> Distance:
    """Distance of the threshold, if it is applied as opis applies it."""
    measured = found.get("distance")
    if measured not in list(Distance):
        expected = " or ".join(OF_EMBEDDINGS)
        raise ValueError(f"its distance is {_shown(measured)}, expected {expected}")
    for name, value in MEANING[Distance(measured)].items():
        if name in found:
            _require_value(found, name, value)
    return Distance(measured)


def _require_value(found: Mapping[str, Any], name: str, expected: object) -> None:
    value = found.get(name)
    if type(value) is not type(expected) or value != expected:
        raise ValueError(f"its {name} is {_shown(value)}, expected {json.dumps(expected)}")


def _number(found: Mapping[str, Any], name: str, lowest: float, highest: float) -> float:
    value: Any = found.get(name)
    # JSON's true is an int for Python.
    if type(value) not in (int, float) or not lowest <= value <= highest:
        raise ValueError(
            f"its {name} is {_shown(value)}, expected a number in [{lowest:.4g}, {highest:.4g}]"
        )
    return float(value)


def _require_agreement(
    found: Mapping[str, Any], threshold: float, measured: Distance, score: str
) -> None:
    if "similarity" not in found:
        return
    if measured.is_given:
        expected = threshold if measured is Distance.GIVEN_SIMILARITY else None
        if found["similarity"] != expected:
            raise ValueError(
                f"its similarity is {_shown(found['similarity'])}, expected {_shown(expected)}, as"
                f" its threshold is a {measured.in_words}"
            )
        return
    least, largest = possible_distances(score, Distance.COSINE)
    similarity = _number(found, "similarity", 1 - largest, 1 - least)
    if measured.of_similarity(similarity) != threshold and not _same(
        threshold, similarity, measured
    ):
        raise ValueError(
            f"its threshold {threshold!r} is the similarity {to_similarity(threshold, measured)!r},"
            f" but its similarity is {similarity!r}; one of the two was changed (similarity may be"
            " left out)"
        )


def _same(threshold: float, similarity: float, measured: Distance) -> bool:
    """Whether both accept the same pairs, as far as a similarity in float64 can tell."""
    exact = 1.0 - float(to_cosine_distance(np.array(threshold), measured))
    if min(abs(similarity - exact), abs(similarity - to_similarity(threshold, measured))) > 1e-15:
        return False
    of_both = (
        cutoffs(np.array([threshold]), measured),
        cutoffs(np.array([1.0 - similarity]), Distance.COSINE),
    )
    return 1.0 - similarity < _UNRESOLVED or bool(of_both[0] == of_both[1])


def _shown(value: object) -> str:
    return "missing" if value is None else json.dumps(value)[:60]
