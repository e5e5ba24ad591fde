"""How the pairs of a set are counted: in two plain passes, or in one compiled pass."""

from dataclasses import replace

from opiscli.counting.one_pass import count_in_one_pass
from opiscli.counting.ranking import ranking_sums
from opiscli.counting.request import CountRequest
from opiscli.counting.two_passes import count_in_two_passes
from opiscli.counts.counts import Counts
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.engine.executors import Progress
from opiscli.pairs.kernels import has_compiler
from opiscli.settings.resources import Resources

__all__ = ["CountRequest", "count", "count_in_one_pass", "count_in_two_passes", "is_compiled"]

_COMPILED_FROM = 50_000_000
"""Pairs from which on the compiled pass makes up for loading its compiler."""


def is_compiled(items: EmbeddingSet) -> bool:
    """Whether the compiled kernel is installed and the set large enough for it."""
    if items.n_pairs < _COMPILED_FROM:
        return False
    return has_compiler()


def count(
    items: EmbeddingSet,
    request: CountRequest,
    resources: Resources,
    on_progress: Progress | None = None,
) -> Counts:
    """Count all pairs of a set, whichever way is quicker.

    Raises
    ------
    UndefinedMetric
        If the calibration range cannot be formed, and nothing else was asked for.
    UsageError
        If the memory limit is too small.
    """
    counted = None
    if is_compiled(items):
        counted = count_in_one_pass(items, request, resources, on_progress)
    if counted is None:
        counted = count_in_two_passes(items, request, resources, on_progress)
    if request.ranking:
        sums = ranking_sums(items, resources, on_progress)
        counted = replace(counted, retrieval={**counted.retrieval, **sums})
    return counted
