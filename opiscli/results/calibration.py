"""Thresholds that were chosen, and their rates."""

from dataclasses import dataclass
from typing import ClassVar

from opiscli.results.class_thresholds import OwnThresholdGain
from opiscli.results.data import Data, Pairs, ReportWarning
from opiscli.results.operating_point import CalibratedPoint
from opiscli.results.probability import PairProbability
from opiscli.results.result import Result

PLAIN_SCORE = "cosine"
"""What pairs are compared by without offsets."""

GIVEN_SCORE = "given"
"""What they are compared by where scores were given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration(Result):
    """Thresholds that meet targets, with the rates attained.

    The thresholds were chosen on ``data``; the rates were measured on ``evaluation_data``,
    if that is another set. ``score`` is what pairs are compared by. With a separate ``gallery``,
    these are queries, and all pairs are across the two. ``probability`` is that of being of one
    class, if it was asked for.
    """

    schema: ClassVar[str] = "opis.calibration/1"

    data: Data
    evaluation_data: Data | None
    distance: str
    pairs: Pairs
    operating_points: tuple[CalibratedPoint, ...]
    warnings: tuple[ReportWarning, ...]
    own_thresholds: OwnThresholdGain | None = None
    probability: PairProbability | None = None
    score: str = PLAIN_SCORE
    gallery: Data | None = None
