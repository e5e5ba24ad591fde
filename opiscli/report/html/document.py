"""Fills the page: numbers as the command prints them, every part inside."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from opiscli.plots.drawing.similarity_axis import in_both_units
from opiscli.plots.numbers.utility import score_in_words
from opiscli.report.html.explorer import ExplorerTable
from opiscli.report.html.packing import pack
from opiscli.report.html.templates import as_base64, part, render
from opiscli.report.tables.facts import facts
from opiscli.results import Evaluation, OperatingPoint
from opiscli.results.decision import decision, is_score, name_of, score_threshold, sign_of
from opiscli.results.headline import Entry
from opiscli.results.headlines import entries
from opiscli.results.text import printable, span


@dataclass(frozen=True, slots=True)
class PagePicture:
    """An SVG image with its alternative text and its caption."""

    svg: bytes
    alt: str
    caption: str

    @property
    def base64(self) -> str:
        """The image as text for a data URL."""
        return as_base64(self.svg)


def page(
    name: str, of: Evaluation, table: ExplorerTable | None, pictures: Sequence[PagePicture]
) -> str:
    """Write one HTML page that needs nothing besides itself.

    Parameters
    ----------
    table
        For the threshold explorer and the table of classes, which are left out without.
    """
    style, script = part("page.css"), part("page.js")
    return render(
        "page.html",
        # These three are ours to the letter, so they are not escaped.
        policy=Markup(_policy(style, script)),
        style=Markup(style),
        script=Markup(script),
        title=name,
        facts=facts(of.data),
        of=of,
        cards=[_card(entry) for entry in entries(of) if _is_shown(entry, of)],
        score=score_in_words(of.utility),
        of_range=_range(of),
        units=_units(of.distance),
        decisions=[_thresholds(point, of.distance) for point in of.operating_points],
        pictures=pictures,
        settings=list(_settings(of)),
        data=None if table is None else _explorer(of, table),
    )


def _units(measured: str) -> list[str]:
    """Headings of the columns of thresholds."""
    if is_score(measured):
        return [f"score {sign_of(measured)}"]
    return ["similarity ≥", "distance ≤"]


def _thresholds(point: OperatingPoint, measured: str) -> list[str]:
    """A threshold in every unit, without the sign that the heading has."""
    found = decision(point.threshold, point.similarity, measured)
    return [text.split(" ", 2)[2] for text in found]


@dataclass(frozen=True, slots=True)
class _Card:
    """A headline number with what belongs to it."""

    title: str
    text: str
    notes: tuple[str, ...]


def _is_shown(entry: Entry, of: Evaluation) -> bool:
    # Of listed pairs nothing can be corrected for noise.
    is_known = entry.number.value is not None or of.data.n_pairs is None
    return entry.higher_is_better is not None and is_known


def _card(entry: Entry) -> _Card:
    found = (f"95 % CI {span(entry.number.ci)}" if entry.number.ci else "", entry.number.note)
    return _Card(entry.title, entry.text, tuple(filter(None, found)))


def _policy(style: str, script: str) -> str:
    """Nothing may be loaded or sent; only the page's own style and script count."""
    allowed = (
        "default-src 'none'",
        f"script-src '{_digest(script)}'",
        f"style-src '{_digest(style)}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    )
    return "; ".join(allowed)


def _digest(text: str) -> str:
    return "sha256-" + as_base64(hashlib.sha256(text.encode("utf-8")).digest())


def _explorer(of: Evaluation, table: ExplorerTable) -> dict[str, object]:
    positions = {
        f"{point.target_far:g}": int(np.searchsorted(table.thresholds, point.threshold))
        for point in of.operating_points
        if point.threshold is not None
    }
    middle = len(table.thresholds) // 2
    units = [in_both_units(threshold, of.distance) for threshold in table.thresholds]
    similarities, distances = map(list, zip(*units, strict=True))
    return {
        "utility": {"kind": of.utility.kind, "beta": of.utility.beta},
        # Written here, so that the page rounds them as the command does.
        "similarities": similarities,
        "distances": distances,
        "points": [{"target": t, "position": p} for t, p in positions.items()],
        "start": positions.get("0.01", middle),
        "ends": table.ends,
        "n_positive": table.n_positive,
        "n_negative": table.n_negative,
        "names": [printable(name) for name in table.names],
        "sizes": table.sizes.tolist(),
        "positive_pairs": table.positive_pairs.tolist(),
        "negative_pairs": table.negative_pairs.tolist(),
        "mean_utility": table.mean_utility.tolist(),
        "opis_contribution": table.opis_contribution.tolist(),
        "singletons_negative": table.singletons_negative.tolist(),
        "positive": pack(table.positive),
        "negative": pack(table.negative),
    }


def _range(of: Evaluation) -> str:
    """The calibration range in every unit; nothing where there is none."""
    if of.calibration_range is None:
        return ""
    ends = of.calibration_range.threshold
    if is_score(of.distance):
        return f"score {' to '.join(score_threshold(end, of.distance) for end in ends)}"
    in_both = [in_both_units(end, of.distance) for end in ends]
    similarities, distances = (" to ".join(texts) for texts in zip(*in_both, strict=True))
    return f"similarity {similarities}, distance {distances}"


def _settings(of: Evaluation) -> Iterable[tuple[str, str]]:
    ends, pairs = of.calibration_range, of.pairs
    yield "Source", of.data.name
    yield "Distance", name_of(of.distance) if is_score(of.distance) else of.distance
    if of.opis is not None:
        yield "Class score", score_in_words(of.utility)
    if ends is not None:
        yield (
            "Calibration range",
            f"{_range(of)}; {ends.n_thresholds} thresholds;"
            f" FAR {span(ends.attained_far)}, FRR {span(ends.attained_frr)}",
        )
    yield (
        "Pairs",
        f"{pairs.n_positive:,} same-class, {pairs.n_negative:,} different-class, {pairs.mode}",
    )
    yield "opis", of.opis_version
