"""The threshold file: one threshold with everything needed to apply it correctly."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from opiscli.atomic_file import whole_file
from opiscli.distance import Distance
from opiscli.errors import SourceError, UsageError
from opiscli.results import CalibratedPoint, Calibration

SCHEMA = "opis.threshold/1"


def to_dict(of: Calibration, point: CalibratedPoint) -> dict[str, Any]:
    """Contents of a threshold file."""
    data = of.data
    return {
        "schema": SCHEMA,
        "name": point.name,
        "threshold": point.threshold,
        "similarity": point.similarity,
        "distance": of.distance,
        "accept": "distance <= threshold",
        "normalize": True,
        "target": {
            "criterion": point.criterion,
            "value": point.target,
            "average": point.average,
            "confidence": point.confidence,
        },
        "attained": {
            "evaluated_on": point.evaluated_on,
            "far": None if point.far is None else asdict(point.far),
            "frr": None if point.frr is None else asdict(point.frr),
        },
        "data": {
            "source": data.source,
            "where": list(data.where),
            "n_items": data.n_items,
            "n_classes": data.n_classes,
            "sha256": data.sha256,
        },
        "signature": of.signature,
    } | ({"engines": [asdict(one) for one in point.engines]} if point.engines else {})


def write(of: Calibration, path: Path, *, force: bool = False) -> None:
    """Write the one threshold of a calibration.

    Raises
    ------
    UsageError
        If there is more than one, or the file exists and ``force`` is not set.
    OutputError
        If it cannot be written.
    """
    if len(of.operating_points) != 1:
        raise UsageError(
            f"a threshold file holds one threshold, but {len(of.operating_points)} were asked for",
            hint="Give one target, and write one file for each.",
        )
    text = json.dumps(to_dict(of, of.operating_points[0]), allow_nan=False, indent=2)
    with whole_file(path, force=force) as temporary:
        temporary.write_text(f"{text}\n", "utf-8")


def read(path: Path, distance: Distance) -> float:
    """Read the threshold of a file, for a set that is measured in ``distance``.

    Raises
    ------
    SourceError
        If it cannot be read, or is no threshold file.
    UsageError
        If its threshold is measured in something else.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
        if found["schema"] != SCHEMA:
            raise ValueError(f"it is {found['schema']!r}, expected {SCHEMA!r}")
        threshold, measured = float(found["threshold"]), Distance(found["distance"])
        if not 0 <= threshold <= 2:
            raise ValueError(f"its threshold is {threshold}, expected a distance in [0, 2]")
    except (OSError, ValueError, TypeError, LookupError) as cause:
        reason = getattr(cause, "strerror", None) or str(cause)
        raise SourceError(
            f"{path} cannot be read as a threshold file: {reason}",
            hint="Write one with opis calibrate e.parquet --far 1e-3 -o threshold.json.",
        ) from cause
    if measured is not distance:
        raise UsageError(
            f"the threshold in {path} is a {measured} distance, but distances here are {distance}",
            hint=f"Add --distance {measured}.",
        )
    return threshold
