"""The recipe of a fine-tuning: train, look at classes held out, keep the best, do no harm."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from opiscli.arrays import FloatingArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import TrainingError, UndefinedMetric
from opiscli.heads.projection import Projection
from opiscli.training.descent import MeanLoss, Position, descend
from opiscli.training.model_selection import cost
from opiscli.training.problem import Problem
from opiscli.training.settings import TrainingSettings
from opiscli.training.validation import Scores, Validation

_PATIENCE = 8
"""Looks without a better head after which training stops."""


@dataclass(frozen=True, slots=True)
class ValidationStep:
    """What was seen when training was last looked at.

    Parameters
    ----------
    step
        Steps taken.
    base, tcm
        Mean losses since the look before; ``None`` before the first step.
    opis, recall
        Of the validation classes; OPIS corrected for noise where it can be.
    kept
        Whether this head is the best so far.
    """

    step: int
    base: float | None
    tcm: float | None
    opis: float
    recall: float
    kept: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a line of the history."""
        return asdict(self)


@dataclass(slots=True)
class TrainingRun:
    """A training under way: where it stands, what was seen, and the best so far."""

    position: Position
    looks: list[ValidationStep] = field(default_factory=list)
    best: FloatingArray | None = None
    best_cost: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finetuned:
    """What a fine-tuning hands back.

    Parameters
    ----------
    projection
        The best head, or the identity where none is better.
    step
        At which the head was taken; ``None`` for the identity.
    settings
        It was trained with.
    looks
        The history, the frozen embeddings first.
    cost
        Of the head, as the objective has it; 0 for the identity, negative for better.
    """

    projection: Projection
    step: int | None
    settings: TrainingSettings
    looks: tuple[ValidationStep, ...]
    cost: float


def finetune(
    items: EmbeddingSet,
    validation: Validation,
    settings: TrainingSettings,
    *,
    resumed: TrainingRun | None = None,
    on_look: Callable[[TrainingRun], None] | None = None,
) -> Finetuned:
    """Train a head on some classes and keep the one that serves other classes best.

    Parameters
    ----------
    items
        To train on.
    validation
        Of classes that are not among them.
    resumed
        A run that was interrupted, under the same settings and on the same items.
    on_look
        Called at the start and after each look, when the run is at rest.

    Raises
    ------
    TrainingError
        If training comes apart, or the head lets all embeddings collapse.
    UndefinedMetric
        If OPIS is not defined on the validation items.
    """
    problem = Problem.of(items, settings)
    frozen = validation.scores(Projection.identity(items.dims))
    if resumed is None:
        resumed = TrainingRun(Position.at_start(problem))
        resumed.looks.append(ValidationStep(0, None, None, frozen.opis, frozen.recall, True))
    run = resumed
    tell = on_look or (lambda _: None)
    tell(run)
    for loss in descend(problem, run.position):
        _look(run, loss, _scores(validation, problem, run.position), frozen, settings)
        tell(run)
        if not any(look.kept for look in run.looks[-_PATIENCE:]):
            break
    identity = run.best is None
    return Finetuned(
        projection=Projection.identity(items.dims)
        if run.best is None
        else problem.trained(run.best),
        step=None if identity else max(look.step for look in run.looks if look.kept),
        settings=settings,
        looks=tuple(run.looks),
        cost=run.best_cost,
    )


def _look(
    run: TrainingRun, loss: MeanLoss, scores: Scores, frozen: Scores, settings: TrainingSettings
) -> None:
    now = cost(settings.objective, scores, frozen)
    better = now < run.best_cost
    if better:
        run.best, run.best_cost = run.position.flat.copy(), now
    run.looks.append(
        ValidationStep(run.position.step, loss.base, loss.tcm, scores.opis, scores.recall, better)
    )


def _scores(validation: Validation, problem: Problem, position: Position) -> Scores:
    try:
        return validation.scores(problem.trained(position.flat))
    except UndefinedMetric as cause:
        raise TrainingError(
            f"after step {position.step} the head maps the validation items onto one another,"
            " so that no threshold tells them apart",
            hint="Lower --lr, or check that the training classes differ at all.",
        ) from cause
