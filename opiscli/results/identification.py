"""Error rates of an open-set identification: searches for the nearest item of a gallery."""

from dataclasses import dataclass

from opiscli.results.quantities import Interval


@dataclass(frozen=True, slots=True)
class SearchRate:
    """A share ``k / n`` of searches, in [0, 1]; a tie for the nearest candidate counts one half."""

    value: float
    k: float
    n: int
    ci: Interval

    @property
    def whole_k(self) -> int | None:
        """The wrong searches, if ties leave a whole number of them."""
        return int(self.k) if self.k == int(self.k) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdAlone:
    """What searches without a margin attain, at the threshold that meets the target alone."""

    threshold: float
    similarity: float
    fpir: SearchRate
    fnir: SearchRate


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutMargin:
    """What a margin does on held-out classes: medians over the splits.

    ``fpir_alone`` and ``fnir_alone`` are the rates of the threshold that was chosen without a
    margin on the same classes. ``n_lower`` counts the splits, of ``n``, in which FNIR is lower with
    the margin.
    """

    fpir: float
    fnir: float
    fpir_alone: float
    fnir_alone: float
    n_lower: int
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Identification:
    """Error rates of searches at a threshold, at rank 1 (ISO/IEC 19795-1).

    Parameters
    ----------
    n_gallery
        Items that each query is compared with. FPIR grows about in proportion to it.
    fpir
        Of searches without the class of the query in the gallery, the share whose nearest candidate
        is accepted.
    fnir
        Of searches with it, the share whose nearest candidate is of another class or not accepted.
    margin
        If given, the nearest candidate is accepted only if the nearest of any other class is
        farther by at least this difference of distances.
    threshold_alone
        The rates without the margin; ``None`` where there is none, or if no threshold meets the
        target alone.
    """

    n_gallery: int
    fpir: SearchRate
    fnir: SearchRate
    margin: float | None = None
    threshold_alone: ThresholdAlone | None = None
