"""Captions: one or two sentences below each picture."""

from collections.abc import Sequence

from opiscli.plots.drawing.utility import MOST_LINES
from opiscli.plots.numbers.distances import Distances
from opiscli.plots.numbers.utility import UtilityCurves

DISTANCES = (
    "A threshold accepts all pairs to its left: the share of same-class pairs is TAR, of"
    " different-class pairs FAR."
)
_SIMILARITIES = DISTANCES.replace("left", "right")
DET = "Lower left is better. Bands: 95 % confidence intervals of FRR at each FAR, over all pairs."
PARETO = (
    "One dot per model; lower left is better. A lower OPIS is an improvement only if R@1 is not"
    " worse."
)
CLASSES = (
    "One dot per class, all at the same threshold. Dashed lines: rates over all pairs. Upper right"
    " is worse."
)


def of_distances(of: Distances) -> str:
    """Explain which side of a threshold is accepted."""
    return _SIMILARITIES if of.distance == "given-similarity" else DISTANCES


def of_classes(n_hidden: int) -> str:
    """Explain the dots and lines, and how many names were omitted."""
    return (
        f"{CLASSES}\n{n_hidden:,} names that found no room are left out." if n_hidden else CLASSES
    )


def of_curves(panels: Sequence[UtilityCurves]) -> str:
    """Explain the lines or bands, and how they relate to OPIS."""
    are_many = {len(panel.names) > MOST_LINES for panel in panels}
    if are_many == {False}:
        return (
            "One line per class. OPIS is the variance between the lines, averaged over the shaded"
            " range."
        )
    lines = "" if are_many == {True} else "Lines: one class each. "
    return (
        f"{lines}Bands: 90 % and 50 % of the classes. OPIS is the variance of the scores over the"
        " shaded range."
    )
