"""Metric-learning losses with hand-written gradients, one to a file.

Parameter names and defaults are those of pytorch-metric-learning 2.9.0 where it has the loss.
"""

from collections.abc import Callable
from inspect import signature

from opiscli.errors import UsageError
from opiscli.training.losses.arcface import arcface
from opiscli.training.losses.contrastive import contrastive
from opiscli.training.losses.cosface import cosface
from opiscli.training.losses.loss import Loss, PairLoss, PairMasks, ProxyLoss
from opiscli.training.losses.multi_similarity import multi_similarity
from opiscli.training.losses.normalized_softmax import normalized_softmax
from opiscli.training.losses.proxy_anchor import proxy_anchor
from opiscli.training.losses.proxy_nca import proxy_nca
from opiscli.training.losses.recall_at_k import recall_at_k
from opiscli.training.losses.smooth_ap import smooth_ap
from opiscli.training.losses.supcon import supcon
from opiscli.training.losses.tcm import ThresholdConsistentMargin
from opiscli.training.losses.triplet import triplet

__all__ = [
    "PAIR_LOSSES",
    "PROXY_LOSSES",
    "Loss",
    "PairMasks",
    "ThresholdConsistentMargin",
    "default_options",
]

PAIR_LOSSES: dict[str, PairLoss] = {
    "contrastive": contrastive,
    "triplet": triplet,
    "multi-similarity": multi_similarity,
    "supcon": supcon,
    "smooth-ap": smooth_ap,
    "recall-at-k": recall_at_k,
}
"""Losses of the similarities between the items of a batch."""

PROXY_LOSSES: dict[str, ProxyLoss] = {
    "arcface": arcface,
    "cosface": cosface,
    "normalized-softmax": normalized_softmax,
    "proxy-anchor": proxy_anchor,
    "proxy-nca": proxy_nca,
}
"""Losses of the similarities between items and one trained proxy a class."""


def default_options(name: str) -> dict[str, float]:
    """Parameters of a loss that are numbers, with their defaults.

    Raises
    ------
    UsageError
        If there is no such loss.

    Examples
    --------
    >>> default_options("supcon")
    {'temperature': 0.1}
    """
    losses: dict[str, Callable[..., Loss]] = {**PAIR_LOSSES, **PROXY_LOSSES}
    if name not in losses:
        raise UsageError(
            f"--loss is {name!r}, expected one of: {', '.join(losses)}",
            hint="For example --loss supcon.",
        )
    parameters = signature(losses[name]).parameters
    return {
        option: parameter.default
        for option, parameter in parameters.items()
        if isinstance(parameter.default, float)
    }
