"""Draws the probability of being of one class by distance, and its error on other classes."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from opiscli.report.terminal.layout import columns
from opiscli.results import CalibrationError, PairProbability, Spread
from opiscli.results.decision import decision, is_score, score_threshold
from opiscli.results.text import distance, rate, similarity


def draw_probability(found: PairProbability, measured: str) -> RenderableType:
    """Draw where the probability falls below common values, some of its steps, and its error.

    Parameters
    ----------
    measured
        What thresholds are measured in.
    """
    parts: list[RenderableType] = [
        Text.assemble(
            ("Probability of one class", "bold cyan"),
            f"  if {found.prevalence:g} of the compared pairs are of one class\n",
        ),
        _crossings(found, measured),
        Text(),
        _examples(found, measured),
    ]
    if found.error is not None:
        parts += [Text(), _bands(found.error), Text(), *_errors(found.error)]
    return Group(*parts)


def _crossings(found: PairProbability, measured: str) -> Table:
    units = ("if",) if is_score(measured) else ("if similarity", "that is, distance")
    table = columns("probability", *units, right=True)
    for one in found.crossings:
        name = f"{one.probability:g} or more"
        if one.distance is None:
            table.add_row(name, "never")
        else:
            table.add_row(name, *decision(one.distance, one.similarity, measured))
    return table


def _examples(found: PairProbability, measured: str) -> Table:
    is_given = is_score(measured)
    units = ("score",) if is_given else ("similarity", "distance")
    table = columns(*units, "probability", right=True)
    for one in found.examples:
        score = score_threshold(one.distance, measured) if is_given else ""
        at = (score,) if is_given else (similarity(one.similarity), distance(one.distance))
        table.add_row(*at, rate(one.probability))
    return table


def _bands(error: CalibrationError) -> Table:
    table = columns(
        f"On {error.measured_on}", "stated", "observed", "range", "positive / all pairs", right=True
    )
    for one in error.bands:
        name = f"{one.lo:g} – {one.hi:g}"
        if one.stated is None or one.observed is None:
            table.add_row(name, "–", "–", "", "0")
        else:
            n = one.n_positive + one.n_negative
            observed = rate(one.observed.mean), _range(one.observed)
            table.add_row(name, rate(one.stated), *observed, f"{one.n_positive:,} / {n:,}")
    return table


def _errors(error: CalibrationError) -> Iterator[Text]:
    of = f"{error.n_measurements} measurements" if error.n_measurements > 1 else "one measurement"
    yield Text(
        f"expected calibration error {rate(error.ece.mean)} ({_range(error.ece)}, {of})\n"
        f"Brier score {rate(error.brier.mean)} ({_range(error.brier)});"
        f" stating the prevalence for every pair: {rate(error.brier_of_prevalence)}"
    )
    if error.n_measurements > 1:
        yield Text(
            "Counts are of all measurements together. Pairs are weighted to the prevalence.", "dim"
        )


def _range(measured: Spread) -> str:
    return f"{rate(measured.lo)} – {rate(measured.hi)}"
