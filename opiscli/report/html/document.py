"""Fills the page: numbers as the command prints them, every text escaped, every part inside."""

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from string import Template

import numpy as np

from opiscli.report.html.explorer import ExplorerTable
from opiscli.report.html.packing import pack
from opiscli.results import Evaluation, OperatingPoint
from opiscli.text import printable, rate, score, span


@dataclass(frozen=True, slots=True)
class PagePicture:
    """An SVG image with the words that stand for it and those that explain it."""

    svg: bytes
    alt: str
    caption: str


def page(name: str, of: Evaluation, table: ExplorerTable, pictures: Sequence[PagePicture]) -> str:
    """Write one HTML page that needs nothing besides itself."""
    style, script = _part("page.css"), _part("page.js")
    data = of.data
    facts = [f"{data.n_items:,} items × {data.dims:,} dims", f"{data.n_classes:,} classes"]
    if data.n_singletons:
        facts.append(f"{data.n_singletons:,} of a single item")
    if data.n_duplicates:
        what = "dropped" if data.duplicates_dropped else "among them"
        facts.append(f"{data.n_duplicates:,} duplicates {what}")
    return Template(_part("page.html")).substitute(
        policy=_policy(style, script),
        style=style,
        script=script,
        title=_text(name),
        facts=_text(" · ".join(facts)),
        warnings="".join(f'<p class="warning">{_text(w.message)}</p>' for w in of.warnings),
        headline="".join(_headline(of)),
        distance=_text(of.distance),
        points="".join(_point(point) for point in of.operating_points),
        pictures="".join(_figure(picture) for picture in pictures),
        settings="".join(_settings(of)),
        signature=_text(of.signature),
        data=_json(_explorer(of, table)),
    )


def _part(name: str) -> str:
    return files("opiscli.report.html").joinpath(name).read_text("utf-8")


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
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()


def _text(label: str) -> str:
    return escape(printable(label))


def _json(value: object) -> str:
    """JSON that can stand inside a script element, whatever it holds."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _explorer(of: Evaluation, table: ExplorerTable) -> dict[str, object]:
    positions = {
        f"{point.target_far:g}": int(np.searchsorted(table.thresholds, point.threshold))
        for point in of.operating_points
        if point.threshold is not None
    }
    middle = len(table.thresholds) // 2
    return {
        "distance": of.distance,
        "utility": {"kind": of.utility.kind, "beta": of.utility.beta},
        "thresholds": table.thresholds.tolist(),
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


def _headline(of: Evaluation) -> Iterable[str]:
    for k, recall in of.recall.items():
        yield _card(f"R@{k}", score(recall.value), span(recall.ci))
    opis, eps = of.opis, of.eps_opis
    yield _card("OPIS", rate(opis.value), span(opis.ci))
    floor = "" if opis.noise is None else f"noise floor {rate(opis.noise)}"
    yield _card("OPIS, corrected", rate(opis.corrected), floor)
    yield _card(f"{100 * eps.epsilon:g}%-OPIS", rate(eps.value), span(eps.ci))
    yield _card("Mean utility", score(of.mean_utility), f"{opis.n_classes:,} classes")


def _card(name: str, value: str, note: str) -> str:
    return (
        f'<div><dt>{_text(name)}</dt><dd class="value">{_text(value)}</dd>'
        f'<dd class="note">{_text(note)}</dd></div>'
    )


def _point(of: OperatingPoint) -> str:
    target = f'<th scope="row">FAR ≤ {of.target_far:g}</th>'
    if of.far is None or of.frr is None:
        return f'<tr>{target}<td colspan="4">not attainable</td></tr>'
    kept = of.frr.n - of.frr.k
    cells = (
        _text(score(of.threshold)),
        _text(score(of.similarity)),
        _counted(of.far.value, of.far.k, of.far.n, of.far.ci),
        _counted(kept / of.frr.n, kept, of.frr.n, (1 - of.frr.ci.hi, 1 - of.frr.ci.lo)),
    )
    return f"<tr>{target}{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _counted(value: float, k: int, n: int, ci: tuple[float, float]) -> str:
    return (
        f'{_text(rate(value))}<span class="note">{k:,} / {n:,}</span>'
        f'<span class="note">{_text(span(ci))}</span>'
    )


def _figure(picture: PagePicture) -> str:
    image = base64.b64encode(picture.svg).decode("ascii")
    return (
        f'<figure><img src="data:image/svg+xml;base64,{image}" alt="{_text(picture.alt)}">'
        f"<figcaption>{_text(picture.caption)}</figcaption></figure>"
    )


def _settings(of: Evaluation) -> Iterable[str]:
    ends = of.calibration_range
    rates = "precision and recall" if of.utility.kind == "precision-recall" else "TNR and TPR"
    for name, value in (
        ("Source", " ".join([of.data.source, *of.data.where])),
        ("Distance", of.distance),
        ("Utility", f"F{of.utility.beta:g} of {rates}"),
        (
            "Calibration range",
            f"{score(ends.threshold.lo)} – {score(ends.threshold.hi)}, {ends.n_thresholds}"
            f" thresholds; FAR {span(ends.attained_far)}, FRR {span(ends.attained_frr)}",
        ),
        (
            "Pairs",
            f"{of.pairs.n_positive:,} positive, {of.pairs.n_negative:,} negative, {of.pairs.mode}",
        ),
        ("opis", of.opis_version),
    ):
        yield f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>"
