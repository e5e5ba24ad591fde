"""What can be made of a trained head: the candidates that are judged against frozen embeddings."""

from dataclasses import dataclass, replace

from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.heads import Projection
from opiscli.heads.dose import with_dose
from opiscli.training.fitted_head import FittedHead


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to use a trained head.

    Parameters
    ----------
    name
        As it is reported.
    dose
        Share of the head, the rest being the identity; 0 are the frozen embeddings.
    weight
        Of the offsets by a cohort of training items; 0 for none.
    certainty
        Share of resamples of the classes in which it must be better than the frozen embeddings.
    fewest, fewest_if_careful
        Training classes below which it is not used, and below which a careful choice does not
        use it; ``None`` if that never does.
    """

    name: str
    dose: float
    weight: float = 0.0
    certainty: float = 0.9
    fewest: int = 0
    fewest_if_careful: int | None = 0

    def projection(self, head: Projection) -> Projection:
        """Return the head that this candidate makes of a trained one."""
        return with_dose(head, self.dose) if self.dose else Projection.identity(head.dims)

    def fitted(self, head: Projection, items: EmbeddingSet, threads: int) -> FittedHead:
        """Return what this candidate makes of a head and of the items it was trained on."""
        projection = self.projection(head)
        if self.weight == 0:
            return FittedHead(projection)
        return FittedHead.normalized(projection, items, OFFSET_NEIGHBOURS, self.weight, threads)


OFFSET_NEIGHBOURS = 50
"""Items of the cohort whose similarity is averaged; from 20 to 200 it makes no difference."""

_WEIGHT = 0.25

FROZEN = Candidate("frozen embeddings", 0.0)
HEAD = Candidate("head", 1.0, fewest=40, fewest_if_careful=160)
HALF_DOSE = Candidate("half-dose head", 0.5, certainty=0.65)


OFFSETS = Candidate("offsets", 0.0, weight=_WEIGHT, fewest_if_careful=None)


def candidates_of(dims: int, dim: int, *, normalize: bool) -> tuple[Candidate, ...]:
    """List the candidates of a head from ``dims`` to ``dim`` dims; fewer dims cannot be mixed.

    Parameters
    ----------
    normalize
        Whether each may also have offsets, and the frozen embeddings, too.
    """
    heads = (HEAD, HALF_DOSE) if dim == dims else (HEAD,)
    return (*heads, *map(with_offsets, heads), OFFSETS) if normalize else heads


def with_offsets(candidate: Candidate) -> Candidate:
    """The same head, and offsets in its space."""
    return replace(candidate, name=f"{candidate.name} with offsets", weight=_WEIGHT)
