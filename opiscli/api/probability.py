"""Apply: the function `probability`."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from opiscli.api.arguments import PathLike
from opiscli.arrays import FloatArray
from opiscli.distance import Distance
from opiscli.embeddings.cosine import from_cosine_distance
from opiscli.embeddings.offsets import possible_distances
from opiscli.errors import UsageError
from opiscli.results import Calibration
from opiscli.results.calibration import PLAIN_SCORE
from opiscli.settings.choice import require_one
from opiscli.thresholds import probability_file
from opiscli.thresholds.probability import ProbabilitySteps
from opiscli.thresholds.probability_file import FittedProbability

_ROUNDING = 1e-3
"""How far beyond the possible distances one may lie that was computed in half precision."""


def probability(
    fitted: Calibration | PathLike,
    distances: npt.ArrayLike | None = None,
    *,
    similarity: npt.ArrayLike | None = None,
) -> FloatArray:
    """Probability that pairs of items are of one class, by their distance or similarity.

    Parameters
    ----------
    fitted
        What `calibrate` returned with ``probability=True``, or the threshold file that it wrote.
    distances
        Of any shape, in the distance that was calibrated; scores, where distance scores were.
    similarity
        Similarities instead: cosines of the embeddings, less both offsets if there were offsets;
        scores, where similarity scores were calibrated.

    Returns
    -------
    FloatArray
        Of the same shape, in [0, 1]: P(same class | distance) where the stated prevalence of the
        compared pairs is positive.

    Raises
    ------
    UsageError
        If no probability was fitted, there are neither distances nor similarities or both, or one
        is not possible.
    SourceError
        If the file cannot be read, or has no probability.

    Examples
    --------
    >>> import opiscli
    >>> found = opiscli.calibrate(
    ...     "sample_data/wordnet.parquet", far=1e-2, probability=True, prevalence=0.1
    ... )
    >>> nearer, farther = opiscli.probability(found, similarity=[0.7, 0.2])
    >>> bool(nearer > 0.9 > 0.5 > farther)
    True
    """
    found = _of(fitted) if isinstance(fitted, Calibration) else probability_file.read(Path(fitted))
    require_one("what pairs are compared by", distances=distances, similarity=similarity)
    if found.distance.is_given:
        return found.steps.at(_scores(found.distance, distances, similarity))
    if similarity is not None:
        cosine = 1 - np.asarray(similarity, dtype=np.float64)
        return found.steps.at(_possible(cosine, found, similarity=True))
    if distances is None:
        raise UsageError(
            "neither distances nor similarities were given",
            hint="For example probability('threshold.json', similarity=0.4).",
        )
    return found.steps.at(_possible(np.asarray(distances, dtype=np.float64), found))


def _scores(
    measured: Distance, distances: npt.ArrayLike | None, similarity: npt.ArrayLike | None
) -> FloatArray:
    """Given scores as they were counted: similarities by their negatives."""
    is_similarity = measured is Distance.GIVEN_SIMILARITY
    given = similarity if is_similarity else distances
    if given is None:
        name = "similarity" if is_similarity else "distances"
        raise UsageError(
            f"the probability was fitted to a {measured.in_words}, but {name} was not given",
            hint=f"For example probability('threshold.json', {name}=0.4).",
        )
    scores = np.asarray(given, dtype=np.float64)
    if not np.isfinite(scores).all():
        raise UsageError(
            "one of the scores is not a finite number", hint="Leave out pairs without a score."
        )
    return 0.0 - scores if is_similarity else scores


def _possible(
    values: FloatArray, found: FittedProbability, *, similarity: bool = False
) -> FloatArray:
    """Distances as they were calibrated, if all are possible."""
    measured = Distance.COSINE if similarity else found.distance
    lo, hi = possible_distances(found.score, measured)
    bad = ~((values >= lo - _ROUNDING) & (values <= hi + _ROUNDING))  # also where not a number
    if bad.any():
        first = float(values[bad][0])
        shown = f"similarity {1 - first:g}" if similarity else f"distance {first:g}"
        ends = (1 - hi, 1 - lo) if similarity else (lo, hi)
        raise UsageError(
            f"{shown} is not possible, expected a number in [{ends[0]:.4g}, {ends[1]:.4g}]",
            hint=f"The probability was fitted to {found.distance} distances of embeddings of length"
            " one; similarities are their cosines.",
        )
    return from_cosine_distance(values, found.distance) if similarity else values


def _of(calibration: Calibration) -> FittedProbability:
    found = calibration.probability
    if found is None:
        raise UsageError(
            "the calibration has no probability",
            hint="Calibrate with probability=True and a prevalence.",
        )
    measured = Distance(calibration.distance)
    ends = np.array([measured.counted(value) for value in found.distances])
    steps = ProbabilitySteps(ends, np.array(found.probabilities))
    score = "" if calibration.score == PLAIN_SCORE else calibration.score
    return FittedProbability(steps, measured, score)
