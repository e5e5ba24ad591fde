"""Options for sources whose rows are pairs: scores, pairs of embeddings, trial lists."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from opiscli.cli.options.groups import option

if TYPE_CHECKING:
    from opiscli.sources.pair_selection import PairSelection

PANEL = "Pairs with scores"

ScoreColumn = Annotated[
    str | None,
    option(
        "Column of scores. Default: score, else the one column named as a similarity or distance.",
        PANEL,
    ),
]
SameColumn = Annotated[
    str | None,
    option(
        "Column with two values: whether both items of a pair are of the same class. Default: same,"
        " target or another usual name, else whether both identities are equal.",
        PANEL,
    ),
]
Scores = Annotated[
    str | None,
    option(
        "Meaning of a high score: similarity (same class) or distance (different classes).",
        PANEL,
        metavar="similarity|distance",
    ),
]
AColumn = Annotated[
    str | None,
    option("Column of the identity, id or embedding of the first item of each pair.", PANEL),
]
BColumn = Annotated[
    str | None,
    option("Column of the identity, id or embedding of the second item of each pair.", PANEL),
]
ClusterColumn = Annotated[
    str | None,
    option("Column of clusters of pairs, such as speakers, for confidence intervals.", PANEL),
]
ClassColumn = Annotated[
    str | None,
    option("Column of the class of each pair, for rates per class and OPIS.", PANEL),
]
Trials = Annotated[
    Path | None,
    option(
        "Compare only the pairs of this list of labels and ids; --id-column has the ids of SOURCE.",
        PANEL,
        metavar="FILE",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Which columns of pairs a command reads."""

    score_column: ScoreColumn = None
    same_column: SameColumn = None
    scores: Scores = None
    a_column: AColumn = None
    b_column: BColumn = None
    cluster_column: ClusterColumn = None
    class_column: ClassColumn = None
    trials: Trials = None

    def selection(self) -> "PairSelection":
        """What to take from a source of pairs.

        Raises
        ------
        UsageError
            If ``--scores`` names no kind of score.
        """
        from opiscli.sources.pair_selection import PairSelection, score_kind

        return PairSelection(
            self.score_column,
            self.same_column,
            score_kind(self.scores),
            self.a_column,
            self.b_column,
            self.cluster_column,
            self.class_column,
            self.trials,
        )
