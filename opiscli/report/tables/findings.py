"""An inspection as a list of findings, one to a line, for pipelines."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from opiscli.results import (
    ChainingPoint,
    ClassRates,
    FoundPair,
    Inspection,
    OverMerged,
    SplitClass,
    SuspectedLabel,
)

_Finding = ClassRates | FoundPair | SuspectedLabel | OverMerged | SplitClass | ChainingPoint


def findings(inspection: Inspection) -> list[dict[str, Any]]:
    """Every finding, with the kind of it first; the worst of each kind first."""
    kinds: dict[str, Sequence[_Finding]] = {
        "high-far": inspection.highest_far,
        "low-tar": inspection.lowest_tar,
        "negative-pair": inspection.negatives,
        "positive-pair": inspection.positives,
        "suspected-label": inspection.suspected_labels,
    }
    if (linked := inspection.components) is not None:
        kinds["over-merged-component"] = linked.over_merged
        kinds["split-class"] = linked.split
        kinds["largest-component"] = linked.by_threshold
    return [
        {"finding": kind, **asdict(finding)} for kind, found in kinds.items() for finding in found
    ]
