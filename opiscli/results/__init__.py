"""What a computation hands back: frozen, complete, and the same as its JSON."""

from opiscli.results.ann_index import AsDeployed, Deployed, DeployedPoint
from opiscli.results.calibration import Calibration
from opiscli.results.check import Check, CheckedCondition
from opiscli.results.class_thresholds import OwnThresholdGain
from opiscli.results.comparison import Change, ComparedMetric, ComparedValue, Comparison
from opiscli.results.data import Data, Pairs, ReportWarning
from opiscli.results.engine import EngineThreshold
from opiscli.results.evaluation import (
    BelowMean,
    BetweenGroups,
    CalibrationRange,
    EpsilonOpis,
    EvaluatedGroup,
    Evaluation,
    Opis,
    Ranking,
    Recall,
    UtilityKind,
    WorstClass,
)
from opiscli.results.groups import Differential, GroupedRates, GroupRates
from opiscli.results.inspection import FoundPair, Inspection, Item, SuspectedLabel
from opiscli.results.operating_point import CalibratedPoint, Holdout, OperatingPoint
from opiscli.results.probability import (
    CalibrationError,
    PairProbability,
    ProbabilityAt,
    ProbabilityBand,
    Spread,
)
from opiscli.results.quantities import (
    Bounds,
    ClassGuarantee,
    ClassRate,
    ClassRates,
    Estimate,
    Interval,
    OneSidedBound,
    Precision,
    Rate,
    WorstShare,
)
from opiscli.results.result import Result

__all__ = [
    "AsDeployed",
    "BelowMean",
    "BetweenGroups",
    "Bounds",
    "CalibratedPoint",
    "Calibration",
    "CalibrationError",
    "CalibrationRange",
    "Change",
    "Check",
    "CheckedCondition",
    "ClassGuarantee",
    "ClassRate",
    "ClassRates",
    "ComparedMetric",
    "ComparedValue",
    "Comparison",
    "Data",
    "Deployed",
    "DeployedPoint",
    "Differential",
    "EngineThreshold",
    "EpsilonOpis",
    "Estimate",
    "EvaluatedGroup",
    "Evaluation",
    "FoundPair",
    "GroupRates",
    "GroupedRates",
    "Holdout",
    "Inspection",
    "Interval",
    "Item",
    "OneSidedBound",
    "OperatingPoint",
    "Opis",
    "OwnThresholdGain",
    "PairProbability",
    "Pairs",
    "Precision",
    "ProbabilityAt",
    "ProbabilityBand",
    "Ranking",
    "Rate",
    "Recall",
    "ReportWarning",
    "Result",
    "Spread",
    "SuspectedLabel",
    "UtilityKind",
    "WorstClass",
    "WorstShare",
]
