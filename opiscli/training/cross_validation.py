"""Cross-validation over classes: judges heads on classes they were not trained on, then refits."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from opiscli.arrays import FloatingArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import UndefinedMetric
from opiscli.heads import Projection
from opiscli.settings.resources import Resources
from opiscli.training.candidates import FROZEN, Candidate, candidates_of
from opiscli.training.choice import FEWEST_CLASSES, Choice, choose
from opiscli.training.descent import DescentState, descend
from opiscli.training.fit import TrainingRun
from opiscli.training.judgement import Judgement
from opiscli.training.problem import Problem
from opiscli.training.result import CrossValidated, TrainingResult, ValidationStep
from opiscli.training.settings import TrainingSettings
from opiscli.training.split import at_most, fold_classes

_MOST_FOLDS = 8
_MOST_TRAINED_CLASSES = 800

_MOST_JUDGED = 40_000
"""Items in all parts; of larger sets as many classes are judged as hold these."""

_FEWEST_FALSE_ACCEPTS = 10
"""In each part at the threshold where TAR is measured: with fewer, it would be chance."""

OnStep = Callable[[TrainingRun], None]


@dataclass(slots=True)
class _Trainings:
    """The trainings of one choice in their order, each to its last step.

    Nothing is selected during a training, so that the head that is kept in the end comes from
    exactly the recipe that was judged, with the same number of steps, on more classes.
    """

    settings: TrainingSettings
    n_folds: int
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
    trainings = _Trainings(settings, n_folds(n_paired), resumed, on_step)
    if n_paired < FEWEST_CLASSES:
        reason = (
            f"{n_paired} training classes have two items or more, and with fewer than"
            f" {FEWEST_CLASSES} they cannot show whether a head is better on others"
        )
        return _result(items, trainings, Choice((), None, reason), None)
    folds = fold_classes(items, trainings.n_folds, settings.seed)
    most = _MOST_JUDGED // len(folds)
    parts = [at_most(unseen, most, settings.seed) for _, unseen in folds]
    judge = _Judge.of(parts, settings, resources)
    try:
        frozen = judge(FROZEN, ())
    except UndefinedMetric as cause:
        reason = f"parts of the training classes are too few to judge a head: {cause.problem}"
        return _result(items, trainings, Choice((), None, reason), None)
    heads = [trainings.head(own) for own, _ in folds]
    judgements = {FROZEN: frozen}
    for candidate in candidates_of(items.dims, heads[0].dim):
        # A head that maps unseen classes onto one another cannot be judged.
        with suppress(UndefinedMetric):
            judgements[candidate] = judge(candidate, heads)
    choice = choose(judgements, settings)
    judged = CrossValidated(
        n_items=sum(part.n_items for part in parts),
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


@dataclass(frozen=True, slots=True)
class _Judge:
    """Judges candidates on the parts.

    ``at_far`` is the FAR of the settings, or a higher one at which every part has ten false
    accepts.
    """

    parts: Sequence[EmbeddingSet]
    settings: TrainingSettings
    at_far: float
    resources: Resources

    @classmethod
    def of(
        cls, parts: Sequence[EmbeddingSet], settings: TrainingSettings, resources: Resources
    ) -> "_Judge":
        fewest = min(part.n_pairs - _positive_pairs(part) for part in parts)
        attainable = float(f"{min(_FEWEST_FALSE_ACCEPTS / fewest, 0.5):.2g}")
        return cls(parts, settings, max(settings.at_far, attainable), resources)

    def __call__(self, candidate: Candidate, heads: Sequence[Projection]) -> tuple[Judgement, ...]:
        """Judge each part through its head; the frozen embeddings need none."""
        sets = self.parts
        if heads:
            sets = [candidate.applied(*both) for both in zip(heads, sets, strict=True)]
        reach, at_far = self.settings.calibration_range, self.at_far
        return tuple(Judgement.of(one, reach, at_far, self.resources) for one in sets)


def _positive_pairs(items: EmbeddingSet) -> int:
    return int((items.class_sizes * (items.class_sizes - 1) // 2).sum())


def _result(
    items: EmbeddingSet, trainings: _Trainings, choice: Choice, judged: CrossValidated | None
) -> TrainingResult:
    """The head that was chosen, trained on all items; the identity if none was."""
    settings, chosen = trainings.settings, choice.chosen
    projection = Projection.identity(items.dims)
    if chosen is not None:
        projection = chosen.projection(trainings.head(items))
    return TrainingResult(
        projection=projection,
        step=None if chosen is None else int(settings.steps),
        settings=settings,
        history=tuple(trainings.history),
        reason=choice.reason,
        choice=choice,
        cross_validated=judged,
    )
