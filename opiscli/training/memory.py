"""Memory that training takes, and whether the limit allows it."""

import math

from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import UsageError
from opiscli.heads import HeadKind
from opiscli.heads.initialisation import StartKind
from opiscli.settings.resources import Resources
from opiscli.training.settings import TrainingSettings

_COPIES = 10
"""Of the weights: two moments, gradients, the best, what is written and compared; measured."""

_MATRICES = 10
"""In double precision, while a PLDA map is computed."""


def bytes_needed(items: EmbeddingSet, settings: TrainingSettings, n_trainings: int) -> int:
    """Bytes for the embeddings, for one training, and for the heads of those before it."""
    dims = items.dims
    dim = dims if settings.dim is None else settings.dim
    n_weights = dims * dim * (3 if settings.head is HeadKind.MLP else 1)
    training = 4 * n_weights * (_COPIES + n_trainings)
    is_plda = settings.start_for(items.n_classes, dims) is StartKind.PLDA
    start = 8 * _MATRICES * dims**2 if is_plda else 0
    return int(2 * items.vectors.nbytes + max(training, start))


def require_memory(
    items: EmbeddingSet, settings: TrainingSettings, n_trainings: int, resources: Resources
) -> None:
    """Raise `UsageError` if a head is too large for the memory limit.

    Raises
    ------
    UsageError
        Saying how much it takes.
    """
    need = bytes_needed(items, settings, n_trainings)
    if need > resources.memory_limit:
        raise UsageError(
            f"--memory-limit is {resources.memory_limit / 1e6:,.0f} MB, but training a"
            f" {settings.head} head on {items.dims:,} dims needs {need / 1e6:,.0f} MB",
            hint=f"Raise it to --memory-limit {math.ceil(need / 1e6)}MB, or give a smaller --dim.",
        )
