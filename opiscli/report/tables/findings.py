"""An inspection as a list of findings, one to a line, for pipelines."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from opiscli.results import ClassRates, FoundPair, Inspection, SuspectedLabel


def findings(of: Inspection) -> list[dict[str, Any]]:
    """Every finding, with the kind of it first; the worst of each kind first."""
    kinds: dict[str, Sequence[ClassRates | FoundPair | SuspectedLabel]] = {
        "high-far": of.highest_far,
        "low-tar": of.lowest_tar,
        "negative-pair": of.negatives,
        "positive-pair": of.positives,
        "suspected-label": of.suspected_labels,
    }
    return [{"finding": kind, **asdict(one)} for kind, found in kinds.items() for one in found]
