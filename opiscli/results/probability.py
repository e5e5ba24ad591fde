"""The probability that two items are of one class, by their distance, and how well it holds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbabilityAt:
    """A probability, and a distance and similarity that have it; ``None`` where there are none."""

    probability: float
    distance: float | None
    similarity: float | None


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean, smallest and largest of several measurements."""

    mean: float
    lo: float
    hi: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbabilityBand:
    """Pairs whose probability lies in [``lo``, ``hi``), the last band including 1.

    ``stated`` is the mean probability and ``observed`` the share of positive pairs, both with
    pairs weighted to the prevalence; ``None`` where no pair is in the band. ``share`` is the weight
    of the band. Counts are of all measurements together.
    """

    lo: float
    hi: float
    share: float
    stated: float | None
    observed: Spread | None
    n_positive: int
    n_negative: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationError:
    """How far stated probabilities are from the truth, on classes they were not fitted on.

    Parameters
    ----------
    measured_on
        ``held-out classes``, or the name of the other source.
    n_measurements
        Two for each random division of the classes, one for another source.
    n_positive, n_negative
        Pairs of all measurements together.
    ece
        Expected calibration error, in [0, 1].
    brier
        Brier score, in [0, 1].
    brier_of_prevalence
        That of stating the prevalence for every pair.
    bands
        Stated and observed probability.
    """

    measured_on: str
    n_measurements: int
    n_positive: int
    n_negative: int
    ece: Spread
    brier: Spread
    brier_of_prevalence: float
    bands: tuple[ProbabilityBand, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairProbability:
    """P(same class | distance) where ``prevalence`` of the compared pairs are positive.

    Of a pair at distance d it is ``probabilities[i]`` with the smallest i for which
    ``d <= distances[i]``, and the last one beyond all of them. Where scores were given they stand
    in the place of distances; if they are similarities s, i is the smallest with ``s >=
    distances[i]``.

    Parameters
    ----------
    distances
        Upper ends of steps, from the nearest pairs on.
    probabilities
        Of each step, decreasing, in [0, 1].
    largest_change
        How far a probability was moved at most when steps were joined.
    crossings
        The largest distances with at least some common probabilities.
    examples
        Distances at equal intervals, as far as the probability is above 0.01 or the prevalence.
    error
        On classes it was not fitted on; ``None`` where that could not be measured.
    """

    prevalence: float
    distances: tuple[float, ...]
    probabilities: tuple[float, ...]
    largest_change: float
    crossings: tuple[ProbabilityAt, ...]
    examples: tuple[ProbabilityAt, ...]
    error: CalibrationError | None = None
