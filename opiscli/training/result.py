"""The result of training: all validation steps and the final head."""

from dataclasses import asdict, dataclass
from typing import Any

from opiscli.heads import Projection
from opiscli.training.choice import Choice
from opiscli.training.fitted_head import FittedHead
from opiscli.training.judgement import Judgement
from opiscli.training.settings import TrainingSettings


@dataclass(frozen=True, slots=True)
class ValidationStep:
    """Losses and scores at one point of a training.

    Parameters
    ----------
    step
        Optimisation steps taken.
    base, tcm
        Mean losses since the point before; ``None`` before the first step.
    opis, recall
        OPIS of the validation classes, corrected for noise where it can be, and their R@1;
        ``None`` in the trainings of a cross-validation, which are judged when they are over.
    kept
        Whether this head is the best so far.
    stage
        What is trained on, such as ``training classes`` or ``all classes``.
    """

    step: int
    base: float | None
    tcm: float | None
    opis: float | None
    recall: float | None
    kept: bool
    stage: str = "training classes"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for one line of the history file."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossValidated:
    """What a choice by cross-validation was made from.

    Parameters
    ----------
    n_items
        Items that were judged.
    at_far
        False-accept rate of the threshold at which TAR was measured.
    frozen, chosen
        Counts of each part of the classes without a head, and with what was chosen.
    """

    n_items: int
    at_far: float
    frozen: tuple[Judgement, ...]
    chosen: tuple[Judgement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingResult:
    """The final head of a training run.

    Parameters
    ----------
    fitted
        The best head, with offsets if they are part of it; the identity if none is better.
    step
        After which the projection was taken; ``None`` for the identity.
    settings
        Settings it was trained with.
    history
        All validation steps, the frozen embeddings first.
    cost
        Cost of the head on validation classes under the objective; 0 for the identity, negative
        if better.
    reason
        Why this head, and why training stopped if it did so early.
    choice, cross_validated
        A choice by cross-validation, and the counts it was made from; ``None`` if there are none.
    """

    fitted: FittedHead
    step: int | None
    settings: TrainingSettings
    history: tuple[ValidationStep, ...]
    reason: str
    cost: float = 0.0
    choice: Choice | None = None
    cross_validated: CrossValidated | None = None

    @property
    def projection(self) -> Projection:
        """The projection of the head, without offsets."""
        return self.fitted.projection

    @property
    def is_unchanged(self) -> bool:
        """Whether items are compared as they were before."""
        return self.step is None and self.fitted.cohort is None
