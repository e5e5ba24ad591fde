"""Trains one head: gradient descent, regular validation on other classes, best checkpoint kept."""

from collections.abc import Callable
from dataclasses import dataclass, field

from opiscli.arrays import FloatingArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import TrainingError, UndefinedMetric
from opiscli.heads import Projection
from opiscli.training.descent import DescentState, MeanLoss, descend
from opiscli.training.fitted_head import FittedHead
from opiscli.training.model_selection import cost
from opiscli.training.problem import Problem
from opiscli.training.result import TrainingResult, ValidationStep
from opiscli.training.settings import TrainingSettings
from opiscli.training.validation import Scores, Validation

_PATIENCE = 8
"""Validation steps without a better head after which training stops."""


@dataclass(slots=True)
class TrainingRun:
    """A training run in progress: descent state, history and the best parameters so far.

    ``finished`` are the parameters of the heads that were trained before, on other classes.
    """

    state: DescentState
    history: list[ValidationStep] = field(default_factory=list)
    best: FloatingArray | None = None
    best_cost: float = 0.0
    finished: tuple[FloatingArray, ...] = ()


def fit(
    items: EmbeddingSet,
    validation: Validation,
    settings: TrainingSettings,
    *,
    resumed: TrainingRun | None = None,
    on_validation: Callable[[TrainingRun], None] = lambda run: None,
) -> TrainingResult:
    """Train a head on some classes and keep the checkpoint that is best on other classes.

    Parameters
    ----------
    items
        Training items.
    validation
        Items of other classes.
    resumed
        A run that was interrupted, under the same settings and on the same items.
    on_validation
        Called with the run before the first step and after each validation step.

    Raises
    ------
    TrainingError
        If training diverges, or the head maps all embeddings onto one another.
    UndefinedMetric
        If OPIS is not defined on the validation items.
    """
    problem = Problem.from_settings(items, settings)
    identity = Projection.identity(items.dims)
    frozen = validation.scores(identity)
    run = resumed or _new_run(problem, frozen)
    on_validation(run)
    for loss in descend(problem, run.state):
        _validate(run, loss, _scores(validation, problem, run.state), frozen, settings)
        on_validation(run)
        if not any(step.kept for step in run.history[-_PATIENCE:]):
            break
    found = run.best is not None
    n_validated = len(run.history) - 1
    reason = (
        f"best of {n_validated} checkpoints on the validation classes"
        if found
        else f"none of {n_validated} checkpoints was better on the validation classes"
    )
    if run.state.step < settings.steps:
        reason += (
            f"; stopped after {run.state.step} steps, {_PATIENCE} checkpoints without a better"
        )
    return TrainingResult(
        fitted=FittedHead(identity if run.best is None else problem.projection(run.best)),
        step=max(step.step for step in run.history if step.kept) if found else None,
        settings=settings,
        history=tuple(run.history),
        cost=run.best_cost,
        reason=reason,
    )


def _new_run(problem: Problem, frozen: Scores) -> TrainingRun:
    first = ValidationStep(0, None, None, frozen.opis, frozen.recall, kept=True)
    return TrainingRun(DescentState.initial(problem), [first])


def _validate(
    run: TrainingRun, loss: MeanLoss, scores: Scores, frozen: Scores, settings: TrainingSettings
) -> None:
    new_cost = cost(settings.objective, scores, frozen)
    better = new_cost < run.best_cost
    if better:
        run.best, run.best_cost = run.state.flat.copy(), new_cost
    run.history.append(
        ValidationStep(run.state.step, loss.base, loss.tcm, scores.opis, scores.recall, better)
    )


def _scores(validation: Validation, problem: Problem, state: DescentState) -> Scores:
    try:
        return validation.scores(problem.projection(state.flat))
    except UndefinedMetric as cause:
        raise TrainingError(
            f"the head collapsed by step {state.step}: it maps the validation items to nearly equal"
            " vectors, so no threshold separates their classes",
            hint="Lower --lr, or check that the embeddings of the training classes differ.",
        ) from cause
