"""Which columns of a source of pairs to read, and what their scores mean."""

from dataclasses import dataclass
from pathlib import Path

from opiscli.embeddings.pair_scores import ScoreKind
from opiscli.errors import UsageError
from opiscli.settings.choice import choice


@dataclass(frozen=True, slots=True)
class PairSelection:
    """What to take from a source whose rows are pairs.

    Parameters
    ----------
    score_column, same_column
        Columns of the score of each pair, and of whether both items are of the same class.
    scores
        What the scores are, where the name of their column does not say it.
    a_column, b_column
        Columns of the identities or ids of both items, or of their embeddings.
    cluster_column, class_column
        Columns of the cluster and of the class that each pair belongs to.
    trials
        File of labelled pairs of ids of the items of the source.
    """

    score_column: str | None = None
    same_column: str | None = None
    scores: ScoreKind | None = None
    a_column: str | None = None
    b_column: str | None = None
    cluster_column: str | None = None
    class_column: str | None = None
    trials: Path | None = None

    @property
    def given(self) -> dict[str, object]:
        """Options that are given, with their values."""
        options = {
            "--score-column": self.score_column,
            "--same-column": self.same_column,
            "--scores": self.scores,
            "--a-column": self.a_column,
            "--b-column": self.b_column,
            "--cluster-column": self.cluster_column,
            "--class-column": self.class_column,
            "--trials": self.trials,
        }
        return {option: value for option, value in options.items() if value is not None}

    def refuse_any(self, found: str) -> None:
        """Raise `UsageError` if anything is chosen.

        Parameters
        ----------
        found
            What the source is instead: ``run.opis is an evaluation file``.
        """
        for option in self.given:
            raise UsageError(
                f"{option} is for pairs with scores, but {found}",
                hint="Leave the option out, or name a source whose rows are pairs.",
            )


def score_kind(text: str | None) -> ScoreKind | None:
    """What ``--scores`` says; raises `UsageError` if it is neither of the two kinds."""
    return None if text is None else choice(ScoreKind, "--scores", text)
