"""The learning-rate schedule."""

import math


def warm_up_and_cosine(step: int, n_steps: int, n_warm_up: int) -> float:
    """Learning-rate factor at a step, in (0, 1].

    It rises linearly over the warm-up, then falls to zero along half a cosine.

    References
    ----------
    Loshchilov, Hutter, "SGDR: Stochastic gradient descent with warm restarts", ICLR 2017,
    arXiv:1608.03983.

    Examples
    --------
    >>> [round(warm_up_and_cosine(step, 10, 2), 2) for step in (0, 1, 2, 6, 9)]
    [0.5, 1.0, 1.0, 0.5, 0.04]
    """
    if step < n_warm_up:
        return (step + 1) / n_warm_up
    done = (step - n_warm_up) / max(n_steps - n_warm_up, 1)
    return (1 + math.cos(math.pi * done)) / 2
