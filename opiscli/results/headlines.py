"""The one list of headline numbers: every report, table, page, comparison and condition uses it.

A number of a whole evaluation stands in `HEADLINES`, a number at one threshold in
`AT_THRESHOLD`. An entry says what the number is called, how it is written, which way is
better, and where it stands in a result.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from opiscli.results.evaluation import EvaluatedGroup, Evaluation, Opis
from opiscli.results.headline import Entry, Headline, Number, full_title, list_entries
from opiscli.results.identification import SearchRate
from opiscli.results.operating_point import CalibratedPoint, OperatingPoint
from opiscli.results.quantities import ClassRate, Estimate, Rate
from opiscli.results.text import rate


def entries(evaluation: Evaluation) -> list[Entry]:
    """All headline numbers of an evaluation, in the order of the list."""
    return list(list_entries(HEADLINES, evaluation, evaluation.eps_opis.epsilon))


def group_entries(evaluation: Evaluation, group: EvaluatedGroup) -> list[Entry]:
    """The same of one group of the evaluation; empty where the group has no pairs."""
    if group.opis is None or group.eps_opis is None or group.mean_utility is None:
        return []
    inside = replace(
        evaluation,
        opis=group.opis,
        eps_opis=group.eps_opis,
        recall=group.recall or {},
        mean_utility=group.mean_utility,
        measures=group.measures,
        ranking=None,
    )
    return entries(inside)


def point_entries(point: OperatingPoint, at: str) -> list[Entry]:
    """All numbers at a threshold; their names end in ``at``, such as ``@far=0.01``."""
    return list(list_entries(AT_THRESHOLD, point, 0.0, at))


def compared_entries(evaluation: Evaluation) -> dict[str, Entry]:
    """The numbers that evaluations are compared by, by name, those at FAR targets included."""
    found = [entry for entry in entries(evaluation) if entry.higher_is_better is not None]
    at_threshold = [headline for headline in AT_THRESHOLD if headline.is_compared]
    for point in evaluation.operating_points:
        if point.target_far is not None:
            found += list_entries(at_threshold, point, 0.0, f"@far={point.target_far:.12g}")
    return {entry.name: entry for entry in found}


def title(name: str, epsilon: float) -> str:
    """Name of a number as people write it: ``R@1``, ``10%-OPIS``, ``TAR@FAR=0.001``."""
    plain, _, at = name.partition("@")
    headline = _BY_NAME[plain]
    return full_title(headline, at, epsilon)


def is_consistency(name: str) -> bool:
    """Whether the number of that name measures differences between classes (OPIS, ε-OPIS)."""
    return _BY_NAME[name.partition("@")[0]].is_consistency


def text(name: str, value: float | None) -> str:
    """Write a value of the number of that name."""
    return _BY_NAME[name.partition("@")[0]].text(value)


def _recalls(of: Evaluation) -> dict[str, Number]:
    return {
        k: Number(
            value=recall.value,
            ci=recall.ci,
            n=recall.n_queries,
            note="nearest item has the same label"
            if k == "1"
            else f"same label among the {k} nearest",
        )
        for k, recall in of.recall.items()
    }


def _estimate(of: Estimate | None, note: str) -> dict[str, Number]:
    return {} if of is None else {"": Number(value=of.value, ci=of.ci, note=note)}


def _map_at_r(of: Evaluation) -> dict[str, Number]:
    found = None if of.ranking is None else of.ranking.map_at_r
    return _estimate(found, "mean precision over the R nearest")


def _r_precision(of: Evaluation) -> dict[str, Number]:
    found = None if of.ranking is None else of.ranking.r_precision
    return _estimate(found, "same-label share of the R nearest")


def _opis(of: Evaluation) -> dict[str, Number]:
    opis = of.opis
    if opis is None:
        return {}
    note = f"class scores spread by ±{opis.spread:.4f}"
    return {"": Number(value=opis.value, ci=opis.ci, n=opis.n_classes, note=note)}


def _opis_noise(of: Evaluation) -> dict[str, Number]:
    return {} if of.opis is None else {"": Number(value=of.opis.noise)}


def _opis_corrected(of: Evaluation) -> dict[str, Number]:
    opis = of.opis
    if opis is None:
        return {}
    if opis.corrected is None:
        return {"": Number(value=opis.corrected, note="noise floor not known")}
    note = f"= {rate(opis.corrected_from)} − noise {rate(opis.noise)}"
    note += _corrected_classes(opis)
    return {"": Number(value=opis.corrected, note=note)}


def _corrected_classes(of: Opis) -> str:
    if not of.n_uncorrectable:
        return ""
    return f", on the {of.n_classes - of.n_uncorrectable:,} classes with ≥ 4 items"


def _eps_opis(of: Evaluation) -> dict[str, Number]:
    eps = of.eps_opis
    if of.opis is None:
        return {}
    note = "no other classes remain"
    if eps.gap is not None:
        note = f"worst {eps.n_worst:,} classes: {eps.gap:.4f} lower"
    return {"": Number(value=eps.value, ci=eps.ci, n=of.opis.n_classes, note=note)}


def _eps_opis_corrected(of: Evaluation) -> dict[str, Number]:
    eps = of.eps_opis
    if of.opis is None:
        return {}
    note = "noise floor not known"
    if eps.corrected is not None:
        note = f"{rate(eps.corrected_from)} before correction{_corrected_classes(of.opis)}"
    return {"": Number(value=eps.corrected, note=note)}


def _eer(of: Evaluation) -> dict[str, Number]:
    if of.eer is None:
        return {}
    note = f"FAR {rate(of.eer.far.value)}, FRR {rate(of.eer.frr.value)}"
    return {"": Number(value=of.eer.value, note=note)}


def _mean_utility(of: Evaluation) -> dict[str, Number]:
    return measured(of, "mean_utility", f"mean of {of.utility.formula}")


def measured(of: Evaluation, name: str, note: str) -> dict[str, Number]:
    """Find a number that is measured from class scores; see `Headline.measure`."""
    found = of.measures.get(name)
    if found is None or of.opis is None:
        return {}
    return {"": Number(value=found.value, ci=found.ci, n=of.opis.n_classes, note=note)}


def _pairs(of: Rate | None) -> dict[str, Number]:
    if of is None:
        return {"": Number(value=None)}
    return {"": Number(value=of.value, ci=of.ci, k=of.k, n=of.n)}


def _searches(of: SearchRate | None) -> dict[str, Number]:
    if of is None:
        return {"": Number(value=None)}
    return {"": Number(value=of.value, ci=of.ci, k=of.whole_k, n=of.n)}


def _fpir(of: OperatingPoint) -> dict[str, Number]:
    return _searches(None if of.identification is None else of.identification.fpir)


def _fnir(of: OperatingPoint) -> dict[str, Number]:
    return _searches(None if of.identification is None else of.identification.fnir)


def _macro_far(of: OperatingPoint) -> dict[str, Number]:
    ci = of.macro_far_ci if isinstance(of, CalibratedPoint) else None
    return {"": Number(value=of.macro_far, ci=ci)}


def _one_class(of: ClassRate | None) -> dict[str, Number]:
    if of is None:
        return {"": Number(value=None)}
    return {"": Number(value=of.value, label=of.label)}


def _precision(of: OperatingPoint) -> dict[str, Number]:
    found = of.precision
    return {} if found is None else {"": Number(value=found.value, ci=found.ci)}


def _share_above_limit(of: OperatingPoint) -> dict[str, Number]:
    if not isinstance(of, CalibratedPoint):
        return {}
    return {"": Number(value=of.share_above_limit, k=of.n_above_limit)}


def _spread(
    name: str,
    title: str,
    numbers: Callable[[Evaluation], Mapping[str, Number]],
    highest: float,
) -> Headline[Evaluation]:
    return Headline(
        name=name,
        title=title,
        numbers=numbers,
        text=rate,
        higher_is_better=False,
        is_spread=True,
        bounds=(0.0, highest),
        is_consistency=True,
    )


HEADLINES: tuple[Headline[Evaluation], ...] = (
    Headline(name="recall", title="R@{at}", numbers=_recalls),
    Headline(name="map_at_r", title="MAP@R", numbers=_map_at_r, needs_ranking=True),
    Headline(name="r_precision", title="R-precision", numbers=_r_precision, needs_ranking=True),
    _spread("opis", "OPIS", _opis, 0.25),
    Headline(
        name="opis_noise",
        title="Noise floor",
        bounds=None,
        numbers=_opis_noise,
        text=rate,
        higher_is_better=None,
    ),
    Headline(
        name="opis_corrected",
        title="OPIS, corrected",
        bounds=None,
        numbers=_opis_corrected,
        text=rate,
        higher_is_better=False,
        is_consistency=True,
    ),
    _spread("eps_opis", "{epsilon}%-OPIS", _eps_opis, 1.0),
    Headline(
        name="eps_opis_corrected",
        title="{epsilon}%-OPIS, corrected",
        bounds=None,
        numbers=_eps_opis_corrected,
        text=rate,
        higher_is_better=False,
        is_consistency=True,
    ),
    Headline(
        name="mean_utility",
        title="Mean class score",
        numbers=_mean_utility,
        measure="mean_class_score",
    ),
    Headline(name="eer", title="EER", numbers=_eer, text=rate, higher_is_better=False),
)


def _error(
    name: str, title: str, numbers: Callable[[OperatingPoint], Mapping[str, Number]]
) -> Headline[OperatingPoint]:
    return Headline(
        name=name,
        title=title,
        numbers=numbers,
        text=rate,
        higher_is_better=False,
        is_compared=False,
    )


AT_THRESHOLD: tuple[Headline[OperatingPoint], ...] = (
    _error("far", "FAR", lambda of: _pairs(of.far)),
    _error("frr", "FRR", lambda of: _pairs(of.frr)),
    Headline(name="tar", title="TAR", numbers=lambda of: _pairs(of.tar_rate)),
    Headline(name="precision", title="Precision", numbers=_precision, is_compared=False),
    _error("macro_far", "Macro FAR", _macro_far),
    _error("worst_far", "Highest FAR of a class", lambda of: _one_class(of.worst_far)),
    _error("worst_frr", "Highest FRR of a class", lambda of: _one_class(of.worst_frr)),
    _error("fpir", "FPIR", _fpir),
    _error("fnir", "FNIR", _fnir),
    _error("share_above_limit", "Share of classes above the FAR limit", _share_above_limit),
)

_BY_NAME: dict[str, Headline[Any]] = {
    **{headline.name: headline for headline in HEADLINES},
    **{headline.name: headline for headline in AT_THRESHOLD},
}
