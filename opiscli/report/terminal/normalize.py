"""Draws what offsets do on held-out classes of the cohort."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from opiscli.report.terminal.layout import report
from opiscli.results.normalization import HeldOut, Normalization, NormalizedData
from opiscli.results.text import printable


def outcome_lines(of: Normalization) -> Iterator[str]:
    """What was computed, and what it costs, in a few lines."""
    yield (
        f"{_size(of.data)}, cohort: {_size(of.cohort)}; k {of.k}, weight {of.weight:g}, offsets"
        f" {of.smallest_offset:.3g} to {of.largest_offset:.3g}"
    )
    for one in of.held_out:
        yield _held_out(one)


def draw_normalization(of: Normalization) -> RenderableType:
    """Draw all that is known of the offsets."""
    lines = [Text(printable(line)) for line in outcome_lines(of)]
    return report([Text(printable(of.data.source), "bold"), *lines], [], of.signature)


def _size(of: NormalizedData) -> str:
    classes = "" if of.n_classes is None else f", {of.n_classes:,} classes"
    return f"{of.n_items:,} × {of.dims:,}{classes}"


def _held_out(one: HeldOut) -> str:
    before, after = one.before, one.after
    tar = "TAR at FAR 1e-3 unknown"
    if before.tar is not None and after.tar is not None:
        tar = f"TAR at FAR 1e-3 {before.tar:.4f} → {after.tar:.4f}"
    return (
        f"weight {one.weight:g} on {one.n_classes:,} held-out cohort classes: OPIS"
        f" {before.opis:.4g} → {after.opis:.4g} (lower in {one.share_lower:.0%} of resamples),"
        f" R@1 {before.recall_at_1:.4f} → {after.recall_at_1:.4f}, {tar}:"
        f" {'better' if one.passed else 'not better in all three'}"
    )
