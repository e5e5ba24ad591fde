"""An inspection as a list of findings, one to a line, for pipelines."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from opiscli.results import ClassRates, FoundPair, Inspection, SuspectedLabel


def findings(inspection: Inspection) -> list[dict[str, Any]]:
    """Every finding, with the kind of it first; the worst of each kind first."""
    kinds: dict[str, Sequence[ClassRates | FoundPair | SuspectedLabel]] = {
        "high-far": inspection.highest_far,
        "low-tar": inspection.lowest_tar,
        "negative-pair": inspection.negatives,
        "positive-pair": inspection.positives,
        "suspected-label": inspection.suspected_labels,
    }
    return [
        {"finding": kind, **asdict(finding)} for kind, found in kinds.items() for finding in found
    ]
