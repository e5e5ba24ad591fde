"""Threshold files of thresholds that were translated from another model."""

from dataclasses import asdict
from pathlib import Path

from opiscli.results.translation import Translation
from opiscli.thresholds import threshold_file
from opiscli.thresholds.unlabelled_file import described


def write(of: Translation, path: Path, *, force: bool = False) -> None:
    """Write the threshold of the new model.

    Raises
    ------
    UsageError
        If the file exists and ``force`` is not set.
    OutputError
        If it cannot be written.
    """
    old, new = of.old_point, of.new_point
    contents = {
        "name": "translated",
        "threshold": new.threshold,
        "similarity": new.similarity,
        "distance": of.distance,
        "score": of.score,
        "target": {
            "criterion": "translated",
            "value": old.accepted.value,
            "average": "pooled",
            "confidence": None,
            "old_threshold": old.threshold,
            "old_similarity": old.similarity,
        },
        "attained": {
            "evaluated_on": of.new.source,
            "far": None if new.far is None else asdict(new.far),
            "frr": None if new.tar is None else asdict(new.tar.complement()),
            "accepted": asdict(new.accepted),
        },
        "threshold_ci": of.threshold_ci,
        "data": described(of.new),
        "translated_from": described(of.old),
        "signature": of.signature,
    }
    threshold_file.write_contents(contents, path, force=force)
