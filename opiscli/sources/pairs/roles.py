"""Which columns of a table of pairs say what."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from opiscli.embeddings.pair_scores import ScoreKind
from opiscli.errors import SourceError, UsageError
from opiscli.sources.coordinates import is_text, is_vector
from opiscli.sources.pair_selection import PairSelection
from opiscli.sources.pairs import usual_names as usual
from opiscli.sources.selection import listed, require_column


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Names of columns, ``None`` where there is none.

    Parameters
    ----------
    score, kind
        Column of scores and what they are.
    embeddings
        Columns of the two embeddings of each pair, instead of a score.
    same
        Column that says whether both items are of the same class.
    sides
        Columns of the identities or ids of both items.
    are_identities
        Whether these are identities; ``None`` if the values have to say it.
    cluster, of_class
        Columns of the cluster and of the class of each pair.
    """

    score: str | None = None
    kind: ScoreKind = ScoreKind.DISTANCE
    embeddings: tuple[str, str] | None = None
    same: str | None = None
    sides: tuple[str, str] | None = None
    are_identities: bool | None = field(default=None)
    cluster: str | None = None
    of_class: str | None = None

    @property
    def measured(self) -> list[str]:
        """Columns that distances are made of."""
        return [*(self.embeddings or ())] if self.score is None else [self.score]

    @property
    def further(self) -> list[str]:
        """All other columns."""
        asked = (self.same, *(self.sides or ()), self.cluster, self.of_class)
        return list(dict.fromkeys(name for name in asked if name is not None))

    @property
    def coded(self) -> dict[str, str]:
        """Columns of identities, clusters and classes by what they are to a pair."""
        a, b = self.sides or (None, None)
        found = {"a": a, "b": b, "cluster": self.cluster, "class": self.of_class}
        return {role: name for role, name in found.items() if name is not None}

    @classmethod
    def of(cls, schema: pa.Schema, source: str, asked: PairSelection) -> "Roles":
        """Find the columns of a table of scores or of pairs of embeddings.

        Raises
        ------
        SourceError
            If one is missing, or there are several that it could be.
        UsageError
            If whether scores are similarities or distances is not known.
        """
        names = schema.names
        _require_all(names, source, asked)
        if (embeddings := _embeddings(schema, asked)) is not None:
            if asked.scores is not None:
                raise UsageError(
                    f"--scores was given, but {source} has no scores: the distances of its"
                    f" embeddings {embeddings[0]!r} and {embeddings[1]!r} are computed",
                    hint="Leave it out, or name a column of scores with --score-column.",
                )
            return _with_labels(names, source, asked, embeddings=embeddings)
        score = _score(names, source, asked)
        kind = asked.scores or usual.KINDS.get(score.lower())
        if kind is None:
            raise _unknown_direction(score, source)
        return _with_labels(names, source, asked, score=score, kind=kind)

    @classmethod
    def of_trials(cls, names: list[str], source: str, asked: PairSelection) -> "Roles":
        """Find the columns of a list of labelled pairs of ids."""
        _require_all(names, source, asked)
        found = _with_labels(names, source, asked)
        if found.sides is None or found.same is None:
            raise SourceError(
                f"{source} has the columns {listed(names)}; expected two of ids, and one that says"
                " whether both items are of the same class",
                hint="Name them with --a-column, --b-column and --same-column.",
            )
        return found


def holds_pairs(schema: pa.Schema) -> bool:
    """Whether a table that has no single column of embeddings is one of pairs."""
    names = schema.names
    is_list = usual.found_pair((*usual.IDENTITIES, *usual.ITEMS), names) is not None
    return bool(
        usual.found_all((*usual.SCORES, *usual.KINDS), names)
        or _embeddings(schema, PairSelection())
        or (is_list and usual.found_all(usual.SAME, names))
    )


def _require_all(names: list[str], source: str, asked: PairSelection) -> None:
    for option, name in asked.given.items():
        if option.endswith("-column"):
            require_column(str(name), names, source, option)
    if (asked.a_column is None) != (asked.b_column is None):
        given, other = ("a", "b") if asked.b_column is None else ("b", "a")
        raise UsageError(
            f"--{given}-column was given without --{other}-column",
            hint="Name the columns of both items of a pair.",
        )


def _embeddings(schema: pa.Schema, asked: PairSelection) -> tuple[str, str] | None:
    """Columns of two embeddings, if that is what a table holds instead of scores."""
    vectors = [one.name for one in schema if is_vector(one.type)]
    scores = usual.found_all((*usual.SCORES, *usual.KINDS), schema.names)
    has_scores = asked.score_column is not None or bool(scores)
    texts = [one.name for one in schema if is_text(one.type)]
    if asked.a_column is not None and asked.b_column is not None:
        sides = asked.a_column, asked.b_column
        as_text = not has_scores and usual.found_pair(usual.EMBEDDINGS, sides) == sides
        return sides if set(sides) <= {*vectors, *(texts if as_text else ())} else None
    if has_scores:
        return None
    if len(vectors) < 2:
        return usual.found_pair(usual.EMBEDDINGS, texts)
    named = usual.found_pair((*usual.EMBEDDINGS, *usual.ITEMS), vectors)
    return named or ((vectors[0], vectors[1]) if len(vectors) == 2 else None)


def _score(names: list[str], source: str, asked: PairSelection) -> str:
    if asked.score_column is not None:
        return asked.score_column
    found = usual.found_all(usual.SCORES, names)[:1] or usual.found_all(usual.KINDS, names)
    if len(found) == 1:
        return found[0]
    if found:
        raise SourceError(
            f"{source} has {len(found)} columns that could be the score: {listed(found)}",
            hint="Name the column of scores with --score-column.",
        )
    raise SourceError(
        f"{source} has no column of scores among: {listed(names)}",
        hint="Name it with --score-column; a list of pairs without scores is given as --trials"
        " beside a SOURCE of embeddings.",
    )


def _with_labels(
    names: list[str],
    source: str,
    asked: PairSelection,
    *,
    score: str | None = None,
    kind: ScoreKind = ScoreKind.DISTANCE,
    embeddings: tuple[str, str] | None = None,
) -> Roles:
    taken = {score, *(embeddings or ()), asked.cluster_column, asked.class_column}
    free = [name for name in names if name not in taken]
    sides, are_identities = _sides(free, asked, embeddings)
    others = [name for name in free if name not in (sides or ())]
    same = asked.same_column or next(iter(usual.found_all(usual.SAME, others)), None)
    if same is None and sides is None:
        raise SourceError(
            f"{source} has no column that says whether both items of a pair are of the same class"
            f" among: {listed(names)}",
            hint="Name it with --same-column, or the identities of both items with --a-column and"
            " --b-column.",
        )
    return Roles(
        score=score,
        kind=kind,
        embeddings=embeddings,
        same=same,
        sides=sides,
        are_identities=True if same is None else are_identities,
        cluster=asked.cluster_column,
        of_class=asked.class_column,
    )


def _sides(
    free: Sequence[str], asked: PairSelection, embeddings: tuple[str, str] | None
) -> tuple[tuple[str, str] | None, bool | None]:
    """Columns of both items, and whether their names say that they are identities."""
    if asked.a_column is not None and asked.b_column is not None and embeddings is None:
        sides: tuple[str, str] | None = (asked.a_column, asked.b_column)
        return sides, usual.found_pair(usual.IDENTITIES, sides or ()) == sides or None
    if (named := usual.found_pair(usual.IDENTITIES, free)) is not None:
        return named, True
    return usual.found_pair(usual.ITEMS, free), None


def _unknown_direction(score: str, source: str) -> UsageError:
    return UsageError(
        f"--scores is needed: whether column {score!r} of {source} holds similarities or distances"
        " is not known",
        hint="Add --scores=similarity if a high score means the same class, or --scores=distance"
        " if a low score does.",
    )
