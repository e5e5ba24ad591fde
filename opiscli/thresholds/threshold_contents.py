"""What a threshold file says of a threshold."""

from dataclasses import asdict
from typing import Any

from opiscli.distance import Distance
from opiscli.results import CalibratedPoint, Calibration, Data
from opiscli.settings.target import Criterion

SCHEMA = "opis.threshold/1"

_OF_EMBEDDINGS: dict[str, str | bool] = {"accept": "distance <= threshold", "normalize": True}
MEANING: dict[Distance, dict[str, str | bool]] = {
    Distance.EUCLIDEAN: _OF_EMBEDDINGS,
    Distance.COSINE: _OF_EMBEDDINGS,
    Distance.GIVEN_DISTANCE: {"accept": "score <= threshold", "normalize": False},
    Distance.GIVEN_SIMILARITY: {"accept": "score >= threshold", "normalize": False},
}
"""How every threshold is applied; a file that says otherwise means another one."""


def to_dict(of: Calibration, point: CalibratedPoint) -> dict[str, Any]:
    """Contents of a threshold file."""
    found, distance, data = _searches(point), Distance(of.distance), of.data
    margin = None if found is None else found["margin"]
    return {
        "schema": SCHEMA,
        "name": point.name,
        "threshold": point.threshold,
        "similarity": point.similarity,
        "distance": of.distance,
        **({} if distance.is_given else {"score": of.score}),
        **MEANING[distance],
        **({} if margin is None else {"margin": margin}),
        "target": _target(point),
        "attained": {**_attained(point), **({} if found is None else {"identification": found})},
        "data": {
            "source": data.source,
            "where": list(data.where),
            "n_items": data.n_items,
            "n_classes": data.n_classes,
            **({} if data.n_pairs is None else {"n_pairs": data.n_pairs}),
            "sha256": data.sha256,
        },
        **({} if of.gallery is None else {"gallery": _gallery(of.gallery)}),
        "signature": of.signature,
        **({"engines": [asdict(one) for one in point.engines]} if point.engines else {}),
        **({} if of.probability is None else {"probability": asdict(of.probability)}),
    }


def _target(point: CalibratedPoint) -> dict[str, Any]:
    precision, guarantee = point.precision, point.class_guarantee
    return {
        "criterion": point.criterion,
        "value": point.target,
        "average": point.average,
        "confidence": point.confidence,
        **({} if precision is None else {"prevalence": precision.prevalence}),
        **({} if guarantee is None else {"class_share": guarantee.share}),
    }


def _attained(point: CalibratedPoint) -> dict[str, Any]:
    return {
        "evaluated_on": point.evaluated_on,
        "far": None if point.far is None else asdict(point.far),
        "frr": None if point.frr is None else asdict(point.frr),
        **({} if point.precision is None else {"precision": asdict(point.precision)}),
    }


def _searches(point: CalibratedPoint) -> dict[str, Any] | None:
    """Rates of searches, where the threshold was chosen by them or they demand a margin."""
    found = point.identification
    if found is None or (point.criterion != Criterion.FPIR and found.margin is None):
        return None
    return asdict(found)


def _gallery(data: Data) -> dict[str, Any]:
    return {"source": data.source, "n_items": data.n_items, "sha256": data.sha256}
