"""From pairs with scores that were read to counts, under the settings that were asked for."""

from collections.abc import Mapping
from typing import Any

from opiscli.counting.pair_scores import count_pairs
from opiscli.counting.request import CountRequest
from opiscli.counts.counts import CountedSet
from opiscli.distance import Distance
from opiscli.embeddings.pair_measure import in_distance, measure_of
from opiscli.embeddings.pair_scores import PairScores
from opiscli.errors import UsageError
from opiscli.results import Data, ReportWarning
from opiscli.settings.evaluation import EvaluationSettings
from opiscli.settings.listed_pairs import PairUnit
from opiscli.thresholds.at_rate import require_direction

_OF_ITEMS = {
    "ks": ("--k", "nearest neighbours are searched for among items"),
    "ranking": ("--ranking", "nearest neighbours are searched for among items"),
    "drop_duplicates": ("--drop-duplicates", "it removes items with equal embeddings"),
    "min_items": ("--min-items", "it counts the items of classes"),
    "sample_pairs": ("--sample-pairs", "it draws pairs of items"),
}
"""Settings that mean something only where there are items, by field."""


def count_listed(
    pairs: PairScores,
    given: Mapping[str, Any],
    thresholds: tuple[float, ...] = (),
    rates: tuple[tuple[float, ...], tuple[float, ...]] = ((), ()),
    *,
    source: str = "pairs",
    where: tuple[str, ...] = (),
) -> CountedSet:
    """Count pairs that were read.

    Parameters
    ----------
    given
        Fields of `EvaluationSettings` that were asked for.
    thresholds
        Thresholds that will be asked for, as pairs are counted.
    rates
        False-accept rates and false-reject rates whose thresholds will be asked for.
    source, where
        Name the pairs in results.

    Raises
    ------
    UsageError
        If a setting is for items.
    EmbeddingError
        If positive pairs score worse than negative ones.
    """
    refuse_settings_of_items(given, source)
    pairs = _measured(pairs, given.get("distance"), source)
    asked = {name: value for name, value in given.items() if name not in _OF_ITEMS}
    settings = EvaluationSettings(
        **{**asked, "distance": measure_of(pairs), "ks": ()}, score=pairs.score, unit=_unit(pairs)
    )
    fars, frrs = rates
    request = CountRequest.of(settings, complete=True, thresholds=thresholds, fars=fars)
    counts = count_pairs(pairs, request, frrs)
    # Of given scores nothing else says which way they go, so no command goes on without.
    require_direction(counts.pooled, settings.distance)
    return CountedSet(
        counted=counts,
        data=_described(pairs, source, where),
        n_conflicts=0,
        settings=settings,
        doubts=tuple(ReportWarning(code, message) for code, message in pairs.warnings),
    )


def refuse_settings_of_items(given: Mapping[str, Any], name: str) -> None:
    """Raise `UsageError` if a setting was asked for that pairs with scores cannot have."""
    for field, (option, why) in _OF_ITEMS.items():
        if given.get(field):
            raise UsageError(
                f"{option} has no meaning for {name}, whose rows are pairs with scores: {why}",
                hint="Omit it.",
            )


def _measured(pairs: PairScores, asked: Distance | None, name: str) -> PairScores:
    if asked is None:
        return pairs
    if pairs.distance is None:
        raise UsageError(
            f"--distance={asked} measures embeddings, but {name} has scores, which are measured as"
            " they are",
            hint="Omit it; --scores=similarity or --scores=distance says what the scores are.",
        )
    return in_distance(pairs, asked)


def _unit(pairs: PairScores) -> PairUnit:
    if pairs.clusters is not None:
        return PairUnit.CLUSTER
    return PairUnit.PAIR if pairs.classes is None else PairUnit.CLASS


def _described(pairs: PairScores, source: str, where: tuple[str, ...]) -> Data:
    return Data(
        source=source,
        where=where,
        n_items=pairs.n_items,
        dims=None,
        n_classes=None if pairs.classes is None else len(pairs.classes.names),
        n_singletons=0,
        n_duplicates=0,
        duplicates_dropped=False,
        sha256=pairs.sha256,
        n_pairs=pairs.n_pairs,
    )
