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
from opiscli.results.identification import (
    HeldOutMargin,
    Identification,
    SearchRate,
    ThresholdAlone,
)
from opiscli.results.inspection import FoundPair, Inspection, Item, SuspectedLabel
from opiscli.results.operating_point import CalibratedPoint, Holdout, OperatingPoint
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
    "HeldOutMargin",
    "Holdout",
    "Identification",
    "Inspection",
    "Interval",
    "Item",
    "OneSidedBound",
    "OperatingPoint",
    "Opis",
    "OwnThresholdGain",
    "Pairs",
    "Precision",
    "Ranking",
    "Rate",
    "Recall",
    "ReportWarning",
    "Result",
    "SearchRate",
    "SuspectedLabel",
    "ThresholdAlone",
    "UtilityKind",
    "WorstClass",
    "WorstShare",
]
