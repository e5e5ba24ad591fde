"""Metric-learning losses with hand-written gradients, one file per loss.

``multi_similarity.py`` defines ``multi_similarity``, the loss ``multi-similarity``. Its first
parameter is similarities; its second is ``pairs`` (`PairLoss`), or ``codes`` where similarities
are to trained class proxies (`ProxyLoss`); others are options with defaults. Names and defaults
of options are those of pytorch-metric-learning 2.9.0 where it has the loss.
"""

from collections.abc import Callable
from importlib import import_module
from inspect import signature
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from opiscli.errors import UsageError

if TYPE_CHECKING:
    from opiscli.training.losses.parts.loss import Loss

LOSSES = tuple(sorted(m.name.replace("_", "-") for m in iter_modules(__path__) if not m.ispkg))
"""Names of all losses."""


def loss_function(name: str) -> "Callable[..., Loss]":
    """Import the loss of this name.

    Raises
    ------
    UsageError
        If there is no such loss.
    """
    if name not in LOSSES:
        raise UsageError(
            f"--loss is {name!r}, expected one of: {', '.join(LOSSES)}",
            hint="For example --loss=supcon.",
        )
    module = name.replace("-", "_")
    function: Callable[..., Loss] = getattr(import_module(f"{__name__}.{module}"), module)
    return function


def has_proxies(name: str) -> bool:
    """Whether a loss compares items with trained class proxies instead of with one another."""
    return "codes" in signature(loss_function(name)).parameters


def default_options(name: str) -> dict[str, float]:
    """Options of a loss, with their defaults.

    Examples
    --------
    >>> default_options("supcon")
    {'temperature': 0.1}
    """
    parameters = signature(loss_function(name)).parameters
    return {
        option: parameter.default
        for option, parameter in parameters.items()
        if isinstance(parameter.default, float)
    }
