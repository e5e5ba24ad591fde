"""L-BFGS on a fixed batch, by SciPy."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

from opiscli.arrays import FloatArray, FloatingArray


def minimise(
    value_and_gradient: Callable[[FloatingArray], tuple[float, FloatingArray]],
    start: FloatingArray,
    n_steps: int,
) -> FloatingArray:
    """Minimise a smooth function with a limited number of steps.

    Parameters
    ----------
    value_and_gradient
        Takes and returns vectors in the type of ``start``.
    start
        Flat vector.
    n_steps
        Steps of L-BFGS, each a line search.

    References
    ----------
    Byrd, Lu, Nocedal, Zhu, "A limited memory algorithm for bound constrained optimization",
    SIAM J. Sci. Comput. 1995.
    """

    def in_double(flat: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = value_and_gradient(flat.astype(start.dtype))
        return value, gradient.astype(np.float64)

    found = minimize(
        in_double,
        start.astype(np.float64),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": n_steps},
    )
    return np.asarray(found.x, start.dtype)
