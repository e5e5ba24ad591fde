"""Hyperparameter search: trains with several settings and keeps the best head."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from scipy.stats import qmc

from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import TrainingError, UsageError
from opiscli.heads import HeadKind
from opiscli.training.fit import fit
from opiscli.training.result import TrainingResult, ValidationStep
from opiscli.training.settings import Margins, Optimiser, TrainingSettings
from opiscli.training.validation import Validation

_LEARNING_RATES = (3e-5, 3e-3)
_WEIGHTS = (0.3, 30.0)
_LOWER_FARS = (1e-3, 3e-2)
_UPPER_FARS = (5e-2, 3e-1)
_HEADS = tuple(HeadKind)


def fit_trials(
    items: EmbeddingSet,
    validation: Validation,
    settings: TrainingSettings,
    n_trials: int,
    *,
    on_validation: Callable[[ValidationStep], None] = lambda step: None,
) -> TrainingResult:
    """Train a head with each of several settings and keep the best.

    Parameters
    ----------
    n_trials
        Settings to try, at least 1: these, and variations of them.
    on_validation
        Called with each validation step of a single trial, or the best of each of several.

    Raises
    ------
    UsageError
        If there are no trials.
    TrainingError
        If every training diverges.
    """
    if n_trials < 1:
        raise UsageError(f"--tune is {n_trials}, expected 1 or more", hint="For example --tune=8.")
    if n_trials == 1:
        return fit(
            items, validation, settings, on_validation=lambda run: on_validation(run.history[-1])
        )
    results, failures = [], []
    for trial in trials(settings, n_trials):
        try:
            results.append(fit(items, validation, trial))
        except TrainingError as error:
            failures.append(error)
            continue
        on_validation([step for step in results[-1].history if step.kept][-1])
    if not results:
        raise failures[0]
    return min(results, key=lambda result: result.cost)


def trials(settings: TrainingSettings, n_trials: int) -> Iterator[TrainingSettings]:
    """The given settings first, then variations of them, ``n_trials`` in total.

    Learning rate, kind of head, weight of TCM and the false-accept rates that its margins
    follow are taken from a Sobol sequence, scrambled by the seed, so that any number of
    trials covers the whole space. What the settings leave out (TCM, a learning rate) is not
    varied.
    """
    yield settings
    points = qmc.Sobol(5, rng=settings.seed).random_base2((n_trials - 1).bit_length())
    for point in points[: n_trials - 1].tolist():
        yield _varied(point, settings)


def _varied(point: list[float], settings: TrainingSettings) -> TrainingSettings:
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
    """Interpolate on a log scale; four digits, so that the signature states the value exactly."""
    return float(f"{ends[0] ** (1 - share) * ends[1] ** share:.4g}")
