"""The result of training: all validation steps and the final head."""

from dataclasses import asdict, dataclass
from typing import Any

from opiscli.heads import Projection
from opiscli.training.settings import TrainingSettings


@dataclass(frozen=True, slots=True)
class ValidationStep:
    """Scores of the validation classes at one validation step.

    Parameters
    ----------
    step
        Optimisation steps taken.
    base, tcm
        Mean losses since the validation step before; ``None`` before the first step.
    opis, recall
        OPIS, corrected for noise where it can be, and R@1.
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
        """Plain values for one line of the history file."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingResult:
    """The final head of a training run.

    Parameters
    ----------
    projection
        The best head, or the identity if none is better.
    step
        After which the head was taken; ``None`` for the identity.
    settings
        Settings it was trained with.
    history
        All validation steps, the frozen embeddings first.
    cost
        Cost of the head under the objective; 0 for the identity, negative if better.
    """

    projection: Projection
    step: int | None
    settings: TrainingSettings
    history: tuple[ValidationStep, ...]
    cost: float
