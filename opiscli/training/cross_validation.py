"""Cross-validation over classes: judges heads on classes they were not trained on, then refits."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from opiscli.arrays import FloatingArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import UndefinedMetric
from opiscli.heads import Projection
from opiscli.settings.resources import Resources
from opiscli.training.candidates import FROZEN, OFFSET_NEIGHBOURS, candidates_of
from opiscli.training.choice import FEWEST_CLASSES, Choice, choose
from opiscli.training.descent import DescentState, descend
from opiscli.training.fit import TrainingRun
from opiscli.training.fitted_head import FittedHead, require_cohort
from opiscli.training.judge import Judge
from opiscli.training.problem import Problem
from opiscli.training.result import CrossValidated, TrainingResult, ValidationStep
from opiscli.training.settings import TrainingSettings
from opiscli.training.split import at_most, fold_classes

_MOST_FOLDS = 8
_MOST_TRAINED_CLASSES = 800

_MOST_JUDGED = 40_000
"""Items in all parts; of larger sets as many classes are judged as hold these."""

OnStep = Callable[[TrainingRun], None]


@dataclass(slots=True)
class _Trainings:
    """The trainings of one choice in their order, each to its last step.

    Nothing is selected during a training, so that the head that is kept in the end comes from
    exactly the recipe that was judged, with the same number of steps, on more classes.
    """

    settings: TrainingSettings
    n_folds: int
    threads: int
    resumed: TrainingRun | None
    on_step: OnStep
    history: list[ValidationStep] = field(default_factory=list)
    finished: list[FloatingArray] = field(default_factory=list)

    def head(self, items: EmbeddingSet) -> Projection:
        """Train on these items, or take what a resumed run has trained on them."""
        position = len(self.finished)
        problem = Problem.from_settings(items, self.settings)
        if self.resumed is not None and position < len(self.resumed.finished):
            flat = self.resumed.finished[position]
        else:
            flat = self._trained(problem, self._stage(position))[: problem.head.layout.size].copy()
        self.finished.append(flat)
        return problem.head.projection(problem.head.layout.views(flat))

    def _stage(self, position: int) -> str:
        if position == self.n_folds:
            return "all classes"
        return f"all but part {position + 1} of {self.n_folds} of the classes"

    def _trained(self, problem: Problem, stage: str) -> FloatingArray:
        run, self.resumed = self.resumed, None
        if run is None:
            first = ValidationStep(0, None, None, None, None, kept=False, stage=stage)
            state = DescentState.initial(problem)
            run = TrainingRun(state, [*self.history, first], finished=tuple(self.finished))
            self.on_step(run)
        for loss in descend(problem, run.state):
            step = run.state.step
            run.history.append(
                ValidationStep(step, loss.base, loss.tcm, None, None, kept=False, stage=stage)
            )
            self.on_step(run)
        self.history = run.history
        return run.state.flat


def fit_cross_validated(
    items: EmbeddingSet,
    settings: TrainingSettings,
    resources: Resources,
    *,
    resumed: TrainingRun | None = None,
    on_step: OnStep = lambda run: None,
) -> TrainingResult:
    """Choose what to do with a head by cross-validation over classes, then train it on all.

    The classes are dealt at random into parts. For each part a head is trained on the others,
    and what can be made of it is judged on the part, where no class was trained on. If one of
    these candidates is better than the frozen embeddings (`choose`), a head is trained on all
    classes with the same settings and used in the same way.

    Parameters
    ----------
    resumed
        A run that was interrupted, under the same settings and on the same items.
    on_step
        Called with the run before the first step of each training and regularly after.

    Raises
    ------
    TrainingError
        If a training diverges.
    """
    n_paired = int(np.count_nonzero(items.class_sizes > 1))
    trainings = _Trainings(settings, n_folds(n_paired), resources.threads, resumed, on_step)
    if n_paired < FEWEST_CLASSES:
        reason = (
            f"{n_paired} training classes have two items or more, and with fewer than"
            f" {FEWEST_CLASSES} they cannot show whether a head is better on others"
        )
        return _result(items, trainings, Choice((), None, reason), None)
    folds = fold_classes(items, trainings.n_folds, settings.seed)
    most = _MOST_JUDGED // len(folds)
    if settings.normalize:
        for own, _ in folds:
            require_cohort(own, OFFSET_NEIGHBOURS)
    parts = [(own, at_most(unseen, most, settings.seed)) for own, unseen in folds]
    judge = Judge.of(parts, settings, resources)
    identity = [Projection.identity(items.dims)] * len(folds)
    try:
        frozen = judge(FROZEN, identity)
    except UndefinedMetric as cause:
        reason = f"parts of the training classes are too few to judge a head: {cause.problem}"
        return _result(items, trainings, Choice((), None, reason), None)
    heads = [trainings.head(own) for own, _ in folds]
    judgements = {FROZEN: frozen}
    for candidate in candidates_of(items.dims, heads[0].dim, normalize=settings.normalize):
        # A head that maps unseen classes onto one another cannot be judged.
        with suppress(UndefinedMetric):
            judgements[candidate] = judge(candidate, heads)
    choice = choose(judgements, settings)
    judged = CrossValidated(
        n_items=sum(unseen.n_items for _, unseen in parts),
        at_far=judge.at_far,
        frozen=frozen,
        chosen=judgements[choice.chosen or FROZEN],
    )
    return _result(items, trainings, choice, judged)


def n_folds(n_classes: int) -> int:
    """Number of parts: up to 8 while classes are few, so that each head sees most of them.

    Eight classes or more per part: heads trained on half of 65 classes looked useless where one
    trained on all of them lowered OPIS by 41 %. Of more than 100 classes a smaller share is
    enough, so that training takes no longer than it must; from 267 on there are two parts.
    """
    return max(2, min(_MOST_FOLDS, n_classes // 8, _MOST_TRAINED_CLASSES // n_classes))


def _result(
    items: EmbeddingSet, trainings: _Trainings, choice: Choice, judged: CrossValidated | None
) -> TrainingResult:
    """The head that was chosen, trained on all items; the identity if none was."""
    settings, chosen = trainings.settings, choice.chosen
    identity = Projection.identity(items.dims)
    fitted, step = FittedHead(identity), None
    if chosen is not None:
        head = identity
        if chosen.dose > 0:
            head, step = trainings.head(items), int(settings.steps)
        fitted = chosen.fitted(head, items, trainings.threads)
    return TrainingResult(
        fitted=fitted,
        step=step,
        settings=settings,
        history=tuple(trainings.history),
        reason=choice.reason,
        choice=choice,
        cross_validated=judged,
    )
