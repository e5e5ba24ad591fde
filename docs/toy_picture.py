"""The toy of the paper: ten digits on a circle, with and without the threshold-consistent margin.

    python docs/toy_picture.py digits64.parquet toy.png

ArcFace trains a small perceptron into two dimensions, and the items it was trained on are shown.
A single threshold accepts one width for all classes, however wide each of them lies on the circle.
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.projections.polar import PolarAxes

from opiscli import EmbeddingSet, EvaluationSettings, evaluate_items, read_embeddings
from opiscli.heads import HeadKind
from opiscli.heads.initialisation import StartKind
from opiscli.settings.resources import Resources
from opiscli.training.descent import DescentState, descend
from opiscli.training.problem import Problem
from opiscli.training.settings import Margins, TrainingSettings
from opiscli.training.tcm import ThresholdConsistentMargin

COLOURS = [
    *("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9"),
    *("#d55e00", "#7f7f7f", "#117733", "#882255", "#332288"),
]
PANELS = {"ArcFace": None, "ArcFace + TCM": ThresholdConsistentMargin()}
BINS = 360
BANDWIDTH = 2.0
"""Degrees."""
NAMES_APART = np.radians(9.0)
"""How near two names may stand on their circle."""
CAPTION = (
    "One outline per digit: how many of its items lie in each direction. One threshold suits all"
    " digits best\nif their outlines are equally wide and apart. OPIS: variance of class scores,"
    " 0 means equal. R@1: higher is better."
)


def main() -> None:
    """Train both heads and draw them side by side."""
    source, target = sys.argv[1:3]
    items = read_embeddings(source)
    figure = Figure(figsize=(8, 5.2), layout="constrained")
    figure.get_layout_engine().set(h_pad=0.12)
    for k, (title, tcm) in enumerate(PANELS.items()):
        projected = EmbeddingSet.from_arrays(into_two_dims(items, tcm), items.codes)
        found = evaluate_items(projected, EvaluationSettings(), Resources.of_machine())
        axes = figure.add_subplot(1, 2, k + 1, projection="polar")
        draw(axes, projected)
        axes.set_title(
            f"{title}\nOPIS {found.opis.value:.4f}   R@1 {found.recall['1'].value:.3f}", pad=4
        )
    figure.supxlabel(CAPTION, fontsize=9)
    figure.savefig(Path(target), dpi=130, metadata={"Software": None})


def into_two_dims(items: EmbeddingSet, tcm: ThresholdConsistentMargin | None) -> np.ndarray:
    """Unit rows of a head that was trained on all items."""
    settings = TrainingSettings(
        loss="arcface",
        tcm=tcm,
        margins=Margins.FIXED,
        head=HeadKind.MLP,
        start=StartKind.PCA,
        dim=2,
        steps=2000,
        learning_rate=1e-2,
    )
    problem = Problem.from_settings(items, settings)
    state = DescentState.initial(problem)
    for _ in descend(problem, state):
        pass
    return problem.projection(state.flat).apply(items.unit_rows)


def draw(axes: PolarAxes, items: EmbeddingSet) -> None:
    """One closed line a class: how densely its items lie in each direction."""
    angle = np.arctan2(items.unit_rows[:, 1], items.unit_rows[:, 0])
    edges = np.linspace(-np.pi, np.pi, BINS + 1)
    centres = (edges[1:] + edges[:-1]) / 2
    offsets = np.degrees(centres - centres[BINS // 2])
    kernel = np.exp(-0.5 * (offsets / BANDWIDTH) ** 2)
    tops = np.empty(items.n_classes)
    for code, colour in zip(range(items.n_classes), COLOURS, strict=True):
        counts, _ = np.histogram(angle[items.codes == code], edges)
        # Around the circle, so that no class is cut where the angle jumps.
        smooth = np.fft.irfft(np.fft.rfft(counts) * np.fft.rfft(np.fft.ifftshift(kernel)), BINS)
        radius = 1 + np.sqrt(np.maximum(smooth, 0) / smooth.max())
        around, closed = np.append(centres, centres[0] + 2 * np.pi), np.append(radius, radius[0])
        axes.fill_between(around, 1, closed, color=colour, alpha=0.25, linewidth=0)
        axes.plot(around, closed, color=colour, linewidth=1.2)
        tops[code] = centres[np.argmax(smooth)]
    for top, at, name, colour in zip(tops, apart(tops), items.names, COLOURS, strict=True):
        axes.plot([top, at], [2.02, 2.12], color=colour, linewidth=0.8)
        axes.text(at, 2.22, name, color=colour, ha="center", va="center", weight="bold")
    axes.set_ylim(0, 2.35)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines["polar"].set_visible(False)


def apart(angles: np.ndarray) -> np.ndarray:
    """The angles, those that are too near to the next one moved away from each other."""
    order = np.argsort(angles)
    moved = angles[order]
    for _ in range(1000):
        gaps = np.diff(moved, append=moved[0] + 2 * np.pi)
        lacking = np.maximum(NAMES_APART - gaps, 0)
        if not lacking.any():
            break
        moved = moved - lacking / 2 + np.roll(lacking, 1) / 2
    placed = np.empty_like(angles)
    placed[order] = moved
    return placed


if __name__ == "__main__":
    main()
