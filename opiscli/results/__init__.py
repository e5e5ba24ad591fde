"""What a computation hands back: frozen, complete, and the same as its JSON."""

from opiscli.results.ann_index import AsDeployed, Deployed, DeployedPoint
from opiscli.results.calibration import Calibration
from opiscli.results.check import Check, CheckedCondition
from opiscli.results.class_thresholds import OwnThresholdGain
from opiscli.results.comparison import Change, ComparedMetric, ComparedValue, Comparison
from opiscli.results.components import (
    ChainingPoint,
    ClassPart,
    Components,
    JoinedRates,
    OverMerged,
    SplitClass,
    TakeOffPoint,
)
from opiscli.results.data import Data, Pairs, ReportWarning
from opiscli.results.engine import EngineThreshold
from opiscli.results.evaluation import (
    BelowMean,
    BetweenGroups,
    CalibrationRange,
    EpsilonOpis,
    EqualErrors,
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
from opiscli.results.inspection import FoundPair, Inspection, SuspectedLabel
from opiscli.results.item import Item
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
    "ChainingPoint",
    "Change",
    "Check",
    "CheckedCondition",
    "ClassGuarantee",
    "ClassPart",
    "ClassRate",
    "ClassRates",
    "ComparedMetric",
    "ComparedValue",
    "Comparison",
    "Components",
    "Data",
    "Deployed",
    "DeployedPoint",
    "Differential",
    "EngineThreshold",
    "EpsilonOpis",
    "EqualErrors",
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
    "JoinedRates",
    "OneSidedBound",
    "OperatingPoint",
    "Opis",
    "OverMerged",
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
    "SearchRate",
    "SplitClass",
    "Spread",
    "SuspectedLabel",
    "TakeOffPoint",
    "ThresholdAlone",
    "UtilityKind",
    "WorstClass",
    "WorstShare",
]
