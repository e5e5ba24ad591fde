"""A threshold in the unit of a vector engine."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineThreshold:
    """A threshold as a vector engine takes it.

    Parameters
    ----------
    engine
        Name of the engine and of its metric.
    unit, formula
        What the engine measures, and the same in terms of the similarity ``s``.
    accept
        ``>=`` where larger values are nearer, ``<=`` where smaller ones are.
    value
        The threshold in that unit, rounded towards rejection.
    comparison
        The condition as it is written for the engine.
    normalize
        Whether vectors must be scaled to length one for the value to be right.
    source
        Where the engine documents the unit.
    """

    engine: str
    unit: str
    formula: str
    accept: str
    value: float
    comparison: str
    normalize: bool
    source: str
