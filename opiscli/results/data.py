"""The data that a result is about, and warnings."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReportWarning:
    """Something the reader must know before trusting a number."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What was evaluated, after selection and, if asked for, without duplicates.

    ``sha256`` is of labels and normalised embeddings, whatever the order of rows.
    ``n_duplicates`` counts the items with exactly the same embedding as an earlier item;
    ``duplicates_dropped`` says whether they were removed. Classes of fewer than ``min_items``
    items only form negative pairs; ``n_below_min`` counts them, singletons included.
    ``mean_similarity`` is the mean cosine over all pairs, ``None`` if it was not measured.

    Of a source of pairs, ``n_pairs`` counts them, and ``sha256`` is of scores, labels and groups.
    There are no ``dims``, ``n_items`` is known where items have ids, and ``n_classes`` where pairs
    have classes.
    """

    source: str
    where: tuple[str, ...]
    n_items: int | None
    dims: int | None
    n_classes: int | None
    n_singletons: int
    n_duplicates: int
    duplicates_dropped: bool
    sha256: str
    min_items: int = 2
    n_below_min: int = 0
    mean_similarity: float | None = None
    n_pairs: int | None = None

    @property
    def name(self) -> str:
        """The source with the rows that were selected from it."""
        return " ".join([self.source, *self.where])


@dataclass(frozen=True, slots=True)
class Pairs:
    """How many unordered pairs were counted, and how.

    ``mode`` is ``exact`` for all pairs of a set, ``sampled`` for some that represent all, and
    ``listed`` for the pairs of a source of pairs. Of these, ``unit`` is what is left out at a time
    for confidence intervals of rates: ``class``, ``cluster``, or ``pair`` for independent pairs.
    """

    mode: str
    n_positive: int
    n_negative: int
    unit: str | None = None

    @property
    def new_data(self) -> str:
        """For which data confidence intervals of rates are."""
        if self.unit == "pair":
            return "new pairs, if pairs are independent"
        return f"new {'clusters' if self.unit == 'cluster' else 'classes'} of the same kind"
