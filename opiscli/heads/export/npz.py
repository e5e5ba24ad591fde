"""A head as plain NumPy arrays."""

import io

import numpy as np
import numpy.typing as npt

from opiscli.heads.cohort import HeadCohort
from opiscli.heads.projection import Projection


def npz_bytes(projection: Projection, cohort: HeadCohort | None = None) -> bytes:
    """Serialise the arrays of y = xW + b + max(xV + c, 0)U for unit rows x, named by letter.

    Those of the offsets are ``cohort``, rows of the same form as y scaled to length one, and the
    numbers ``k``, ``weight`` and ``centre``: see `HeadCohort`.
    """
    file, hidden = io.BytesIO(), projection.hidden
    arrays: dict[str, npt.ArrayLike] = {"W": projection.weight, "b": projection.bias}
    if hidden is not None:
        arrays |= {"V": hidden.weight, "c": hidden.bias, "U": hidden.output}
    if cohort is not None:
        arrays |= {"cohort": cohort.rows, "k": cohort.k, "weight": cohort.weight}
        arrays["centre"] = cohort.centre
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()
