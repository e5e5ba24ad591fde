"""What can be made of a trained head: the candidates that are judged against frozen embeddings."""

from dataclasses import dataclass

from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.heads import Projection
from opiscli.heads.dose import with_dose


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to use a trained head.

    Parameters
    ----------
    name
        As it is reported.
    dose
        Share of the head, the rest being the identity; 0 are the frozen embeddings.
    certainty
        Share of resamples of the classes in which it must be better than the frozen embeddings.
    fewest, fewest_if_careful
        Training classes below which it is not used, and below which a careful choice does not
        use it.
    """

    name: str
    dose: float
    certainty: float = 0.9
    fewest: int = 0
    fewest_if_careful: int = 0

    def projection(self, head: Projection) -> Projection:
        """Return the head that this candidate makes of a trained one."""
        return with_dose(head, self.dose) if self.dose else Projection.identity(head.dims)

    def applied(self, head: Projection, items: EmbeddingSet) -> EmbeddingSet:
        """Return the items as they are compared under this candidate."""
        if self.dose == 0:
            return items
        return items.with_unit_rows(self.projection(head).apply(items.unit_rows))


FROZEN = Candidate("frozen embeddings", 0.0)
HEAD = Candidate("head", 1.0, fewest=60, fewest_if_careful=160)
HALF_DOSE = Candidate("half-dose head", 0.5, certainty=0.75)


def candidates_of(dims: int, dim: int) -> tuple[Candidate, ...]:
    """List the candidates of a head from ``dims`` to ``dim`` dims; fewer dims cannot be mixed."""
    return (HEAD, HALF_DOSE) if dim == dims else (HEAD,)
