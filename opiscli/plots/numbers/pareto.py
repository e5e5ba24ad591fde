"""Recognition error against OPIS: two numbers of a model, both better when lower."""

from dataclasses import dataclass

from opiscli.errors import UndefinedMetric
from opiscli.results import Evaluation, Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPoint:
    """One source: its OPIS and 1 − R@1, both better when lower, with 95 % confidence intervals."""

    name: str
    opis: float
    opis_ci: Interval
    error: float
    error_ci: Interval


def model_point(name: str, evaluation: Evaluation) -> ModelPoint:
    """Take the point from an evaluation that has R@1."""
    recall, opis = evaluation.recall.get("1"), evaluation.opis
    if recall is None or opis is None:
        raise UndefinedMetric(
            f"{name} has no R@1, because its pairs are listed: only items can be searched for",
            hint="Name embeddings; plot-det compares sources of pairs.",
        )
    return ModelPoint(
        name=name,
        opis=opis.value,
        opis_ci=opis.ci,
        error=1 - recall.value,
        error_ci=Interval(1 - recall.ci.hi, 1 - recall.ci.lo),
    )
