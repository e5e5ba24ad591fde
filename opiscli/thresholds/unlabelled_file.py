"""Threshold files of thresholds that were chosen without labels."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from opiscli.results import Calibration
from opiscli.results.unlabelled import ItemData, UnlabelledCalibration, UnlabelledPoint
from opiscli.thresholds import threshold_file


def write(of: Calibration | UnlabelledCalibration, path: Path, *, force: bool = False) -> None:
    """Write the one threshold of a calibration, with labels or without.

    Raises
    ------
    UsageError
        If there is more than one, or the file exists and ``force`` is not set.
    OutputError
        If it cannot be written.
    """
    if isinstance(of, Calibration):
        threshold_file.write(of, path, force=force)
        return
    threshold_file.require_single(len(of.operating_points))
    contents = _contents(of, of.operating_points[0])
    threshold_file.write_contents(contents, path, force=force)


def _contents(of: UnlabelledCalibration, point: UnlabelledPoint) -> dict[str, Any]:
    found = {
        "name": point.name,
        "threshold": point.threshold,
        "similarity": point.similarity,
        "distance": of.distance,
        "score": of.score,
        "target": {
            "criterion": point.criterion,
            "value": point.target,
            "average": point.average,
            "confidence": point.confidence,
            "max_positive_share": of.max_positive_share,
        },
        "attained": {
            "evaluated_on": point.evaluated_on,
            "far": None if point.far is None else asdict(point.far),
            "far_is_upper_bound": point.far_is_upper_bound,
            "frr": None,
            "accepted": asdict(point.accepted),
        },
        "data": described(of.data),
        "impostors": None if of.impostors is None else described(of.impostors),
        "signature": of.signature,
    }
    return found | ({"engines": [asdict(one) for one in point.engines]} if point.engines else {})


def described(data: ItemData) -> dict[str, Any]:
    """What a threshold file says of items."""
    return {
        "source": data.source,
        "where": list(data.where),
        "n_items": data.n_items,
        "n_classes": data.n_classes,
        "sha256": data.sha256,
    }
