"""Tries settings spread evenly over what could be useful, and keeps the best."""

from collections.abc import Iterator
from dataclasses import replace

from scipy.stats import qmc

from opiscli.heads import HeadKind
from opiscli.training.settings import Margins, Optimiser, TrainingSettings

_LEARNING_RATES = (3e-5, 3e-3)
_WEIGHTS = (0.3, 30.0)
_LOWER_FARS = (1e-3, 3e-2)
_UPPER_FARS = (5e-2, 3e-1)
_HEADS = tuple(HeadKind)


def trials(settings: TrainingSettings, n_trials: int) -> Iterator[TrainingSettings]:
    """The settings as they are, then variations of them, ``n_trials`` in all.

    Learning rate, kind of head, weight of TCM against the base loss and the false-accept
    rates that its margins follow are taken from a Sobol sequence, scrambled by the seed:
    any number of trials covers the whole space. What the settings do without (TCM, a
    learning rate) is not tried.
    """
    yield settings
    points = qmc.Sobol(5, rng=settings.seed).random_base2((n_trials - 1).bit_length())
    for point in points[: n_trials - 1].tolist():
        yield _at(point, settings)


def _at(point: list[float], settings: TrainingSettings) -> TrainingSettings:
    rate, head, weight, lower, upper = point
    varied = replace(settings, head=_HEADS[int(head * len(_HEADS))])
    if settings.optimiser is Optimiser.ADAM:
        varied = replace(varied, learning_rate=_between(_LEARNING_RATES, rate))
    if settings.tcm is None:
        return varied
    both = _between(_WEIGHTS, weight)
    varied = replace(varied, tcm=replace(settings.tcm, lambda_plus=both, lambda_minus=both))
    if settings.margins is Margins.FIXED:
        return varied
    return replace(varied, margins_far=(_between(_LOWER_FARS, lower), _between(_UPPER_FARS, upper)))


def _between(ends: tuple[float, float], share: float) -> float:
    """On the logarithmic scale, to four digits so that a signature can repeat it."""
    return float(f"{ends[0] ** (1 - share) * ends[1] ** share:.4g}")
