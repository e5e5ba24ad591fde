"""A head between the original embeddings and another head."""

import numpy as np

from opiscli.heads.projection import HiddenLayer, Projection


def with_dose(projection: Projection, dose: float) -> Projection:
    """Mix a head with the identity: ``dose`` times y plus ``1 - dose`` times x, for unit rows x.

    Parameters
    ----------
    projection
        A head with as many output dims as input dims.
    dose
        From 0, the identity, to 1, the head itself.
    """
    if dose == 1:
        return projection
    hidden = projection.hidden
    if hidden is not None:
        output = np.asarray(dose * hidden.output, np.float32)
        hidden = HiddenLayer(weight=hidden.weight, bias=hidden.bias, output=output)
    identity = np.eye(projection.dims, dtype=np.float32)
    weight = dose * projection.weight + (1 - dose) * identity
    return Projection(
        weight=weight.astype(np.float32),
        bias=(dose * projection.bias).astype(np.float32),
        hidden=hidden,
    )
