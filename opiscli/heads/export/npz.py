"""A head as plain NumPy arrays."""

import io

import numpy as np

from opiscli.heads.projection import Projection


def npz_bytes(projection: Projection) -> bytes:
    """Serialise the arrays of y = xW + b + max(xV + c, 0)U for unit rows x, named by letter."""
    file = io.BytesIO()
    hidden = projection.hidden
    if hidden is None:
        np.savez(file, W=projection.weight, b=projection.bias)
    else:
        np.savez(
            file,
            W=projection.weight,
            b=projection.bias,
            V=hidden.weight,
            c=hidden.bias,
            U=hidden.output,
        )
    return file.getvalue()
