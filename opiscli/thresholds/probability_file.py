"""The probability in a threshold file: read and checked, with what it was fitted to."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from opiscli.arrays import FloatArray
from opiscli.distance import Distance
from opiscli.embeddings.offsets import possible_distances
from opiscli.errors import SourceError
from opiscli.thresholds import threshold_file
from opiscli.thresholds.probability import ProbabilitySteps

_MOST_STEPS = 10_000


class FittedProbability(NamedTuple):
    """The steps of a probability.

    Parameters
    ----------
    steps
        By distance.
    distance
        What the distances are measured in.
    score
        What pairs were compared by, if not by their cosine.
    """

    steps: ProbabilitySteps
    distance: Distance
    score: str


def read(path: Path) -> FittedProbability:
    """Read the probability that ``opis calibrate --probability`` wrote.

    Raises
    ------
    SourceError
        If the file cannot be read, has no probability, or one that contradicts itself.
    """
    try:
        found, distance, score = threshold_file.opened(path)
        if found.get("probability") is None:
            raise ValueError("it has no probability")
        return FittedProbability(_steps(found["probability"], distance, score), distance, score)
    except (OSError, ValueError) as cause:
        reason = getattr(cause, "strerror", None) or str(cause)
        raise SourceError(
            f"no probability can be read from {path}: {reason}",
            hint="Write one with opis calibrate e.parquet --far 1e-3 --probability --prevalence"
            " 1e-3 -o threshold.json.",
        ) from cause


def _steps(found: Any, distance: Distance, score: str) -> ProbabilitySteps:  # noqa: ANN401
    if not isinstance(found, dict):
        raise ValueError("its probability is not a JSON object")
    distances = _numbers(found, "distances", possible_distances(score, distance))
    probabilities = _numbers(found, "probabilities", (0.0, 1.0))
    if len(distances) != len(probabilities):
        raise ValueError(
            f"it has {len(distances):,} distances but {len(probabilities):,} probabilities"
        )
    distances = np.array([distance.counted(value) for value in distances.tolist()])
    if np.any(np.diff(distances) <= 0):
        raise ValueError("the distances of its probability are not in order")
    if np.any(np.diff(probabilities) > 0):
        raise ValueError("its probabilities increase with distance")
    return ProbabilitySteps(distances, probabilities)


def _numbers(found: Mapping[str, Any], name: str, bounds: tuple[float, float]) -> FloatArray:
    values, (lo, hi) = found.get(name), bounds
    if not isinstance(values, list) or not 1 <= len(values) <= _MOST_STEPS:
        raise ValueError(f"its {name} are not a list of 1 to {_MOST_STEPS:,} numbers")
    for value in values:
        # JSON's true is an int for Python.
        if type(value) not in (int, float) or not math.isfinite(value) or not lo <= value <= hi:
            raise ValueError(
                f"one of its {name} is {str(value)[:40]}, expected a number in [{lo:.4g}, {hi:.4g}]"
            )
    return np.array(values, dtype=np.float64)
