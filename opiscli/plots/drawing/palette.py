"""A colour-blind-safe palette, and the common style of all pictures.

Okabe and Ito, "Color Universal Design", 2008, <https://jfly.uni-koeln.de/color/>.
"""

from typing import Any

BLUE = "#0072B2"
VERMILION = "#D55E00"
GREEN = "#009E73"
SKY = "#56B4E9"
ORANGE = "#E69F00"
PURPLE = "#CC79A7"

SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
"""Sources in a picture, in this order; with more of them, line styles change."""

DASHES = ("solid", "dashed", "dotted", "dashdot")

HOUSE_STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.labelsize": 9.0,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "legend.fontsize": 8.0,
    "legend.frameon": False,
    "lines.solid_capstyle": "butt",
    "axes.grid": False,
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
}
"""matplotlib settings; a style asked for goes on top."""


def series_style(position: int) -> dict[str, Any]:
    """Colour and dashes of the source at a position."""
    dashes = DASHES[position // len(SERIES) % len(DASHES)]
    return {"color": SERIES[position % len(SERIES)], "linestyle": dashes}
