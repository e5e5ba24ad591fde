"""The recipe of an inspection: classes, pairs and items with the worst errors at a threshold."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from opiscli.analysis.calibrate import choose_thresholds
from opiscli.analysis.components import Chaining
from opiscli.analysis.given_thresholds import about_units, similarity_at
from opiscli.analysis.operating_points import chosen_names
from opiscli.analysis.warnings.data import conflict_warnings
from opiscli.analysis.warnings.separation import source_warnings
from opiscli.arrays import AnyArray, FloatArray, IntArray
from opiscli.counts.counts import CountedSet
from opiscli.counts.pair_counts import PairCounts
from opiscli.distance import Distance
from opiscli.embeddings.cosine import cutoffs, from_cosine_distance
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.metrics.rates import false_accept_rate, false_reject_rate
from opiscli.neighbours.exact import TIE
from opiscli.neighbours.extreme_pairs import FoundPairs, extreme_pairs
from opiscli.neighbours.label_errors import LabelErrors, label_errors
from opiscli.neighbours.single_linkage import single_linkage
from opiscli.progress import Progress
from opiscli.results import ClassRates, FoundPair, Inspection, Item, SuspectedLabel
from opiscli.settings.calibration import CalibrationSettings
from opiscli.settings.resources import Resources
from opiscli.settings.version import __version__

_CLASSES_SHOWN = 5


def inspect_run(
    run: CountedSet,
    items: EmbeddingSet,
    settings: CalibrationSettings,
    resources: Resources,
    *,
    n_pairs: int = 10,
    n_neighbours: int = 5,
    id_column: str | None = None,
    show: Sequence[str] = (),
    components: bool = False,
    on_progress: Progress | None = None,
) -> Inspection:
    """Find the worst errors at a threshold.

    Parameters
    ----------
    run, items
        Complete counts, and the set they are of, duplicates included.
    settings
        With the one target that decides the threshold.
    n_pairs
        How many pairs and suspected labels are listed, at least 1.
    n_neighbours
        How many nearest others must agree on another class, at least 1.
    id_column, show
        Columns of the items that hold the id, and that are shown beside it.
    components
        Whether the connected components of the accepted pairs are wanted, too.

    Raises
    ------
    EmbeddingError
        If positive pairs lie farther apart than negative ones.
    UndefinedMetric
        If no threshold meets the target.
    """
    settings = replace(settings, score=run.settings.score)
    items = items.without_repeats() if settings.drop_duplicates else items
    (threshold,) = choose_thresholds(run, settings)
    ranks = _ranks(items, id_column)
    near, far = extreme_pairs(items, n_pairs, ranks, resources, on_progress)
    described = _Describe(items, id_column, tuple(show), settings.distance, threshold)
    suspected = label_errors(
        items, n_neighbours, threads=resources.threads, on_progress=on_progress
    )
    linked = None
    if components:
        linkage = single_linkage(items, resources, on_progress)
        linked = Chaining(run, items, linkage, ranks, described.item).at(threshold, n_pairs)
    counts = run.counted.at(np.array([threshold]))
    highest_far, lowest_tar = _worst_classes(counts, run.counted.names)
    signed, version = settings.signature(__version__).rsplit("|", 1)
    return Inspection(
        opis_version=__version__,
        signature=f"{signed}|nn:{n_neighbours}|{version}",
        data=run.data,
        distance=settings.distance.value,
        name=settings.targets[0].name,
        threshold=threshold,
        similarity=float(similarity_at(threshold, settings.targets[0], settings.distance) or 0.0),
        far=float(counts.accepted_negative[0] / counts.n_negative),
        tar=float(counts.accepted_positive[0] / counts.n_positive),
        highest_far=highest_far,
        lowest_tar=lowest_tar,
        negatives=described.pairs(near),
        positives=described.pairs(far),
        suspected_labels=described.labels(suspected, ranks, n_pairs),
        n_suspected=len(suspected.items),
        n_neighbours=n_neighbours,
        warnings=(
            *source_warnings(run),
            *about_units(run, settings.targets),
            *conflict_warnings(run.data, run.n_conflicts),
        ),
        components=linked,
    )


class _Describe:
    """Describes items by id, label and the requested columns."""

    def __init__(
        self,
        items: EmbeddingSet,
        id_column: str | None,
        show: tuple[str, ...],
        distance: Distance,
        threshold: float,
    ) -> None:
        self._items, self._id_column, self._show = items, id_column, show
        self._distance = distance
        self._accepted_up_to = cutoffs(np.array([threshold]), distance)[0]

    def item(self, position: int) -> Item:
        items = self._items
        row = int(items.rows[position])
        ids = None if self._id_column is None else items.columns[self._id_column]
        return Item(
            id=str(row) if ids is None else ids.of(position),
            row=row,
            label=items.names[items.codes[position]],
            show={name: items.columns[name].of(position) for name in self._show},
        )

    def pairs(self, found: FoundPairs) -> tuple[FoundPair, ...]:
        ends = zip(found.first.tolist(), found.second.tolist(), found.distance, strict=True)
        return tuple(
            FoundPair(
                first=self.item(first),
                second=self.item(second),
                similarity=_similarity(distance),
                distance=self.measured(distance),
                # In float32, as pairs are counted.
                accepted=bool(np.float32(_cosine_distance(distance)) <= self._accepted_up_to),
            )
            for first, second, distance in ends
        )

    def labels(
        self, suspected: LabelErrors, ranks: IntArray, n_shown: int
    ) -> tuple[SuspectedLabel, ...]:
        """Possible label errors, those nearest to another class relative to their own first."""
        neighbour, own = suspected.neighbour, suspected.own
        # With offsets distances do not begin at zero, so that they have no ratio.
        nearness = neighbour / own if self._items.offset_values is None else neighbour - own
        rounded = np.round(nearness / TIE)
        order = np.lexsort((ranks[suspected.items], neighbour, rounded))[:n_shown]
        return tuple(self._label(suspected, i) for i in order.tolist())

    def _label(self, suspected: LabelErrors, i: int) -> SuspectedLabel:
        neighbour, own = suspected.neighbour[i], suspected.own[i]
        has_own = bool(np.isfinite(own))
        return SuspectedLabel(
            item=self.item(int(suspected.items[i])),
            among=self._items.names[suspected.among[i]],
            similarity=_similarity(neighbour),
            distance=self.measured(neighbour),
            own_similarity=_similarity(own) if has_own else None,
            own_distance=self.measured(own) if has_own else None,
        )

    def measured(self, euclidean: float) -> float:
        """Convert into the distance of the thresholds."""
        cosine_distance = np.array([_cosine_distance(euclidean)])
        return float(from_cosine_distance(cosine_distance, self._distance)[0])


def _cosine_distance(euclidean: float) -> float:
    return 0.5 * float(euclidean) * abs(float(euclidean))


def _similarity(euclidean: float) -> float:
    return 1 - _cosine_distance(euclidean)


def _ranks(items: EmbeddingSet, id_column: str | None) -> IntArray:
    """Rank of each item by id, ties by row."""
    keys: list[AnyArray] = [items.rows]
    if id_column is not None:
        keys.append(items.columns[id_column].codes)
    ranks: IntArray = np.empty(items.n_items, dtype=np.int64)
    ranks[np.lexsort(keys)] = np.arange(items.n_items)
    return ranks


def _worst_classes(
    counts: PairCounts, names: tuple[str, ...]
) -> tuple[tuple[ClassRates, ...], tuple[ClassRates, ...]]:
    """Classes with the highest FAR, and those with the highest FRR."""
    has_pairs = counts.class_sizes > 1
    paired, names = counts.of_classes(has_pairs), chosen_names(names, has_pairs)
    rates = false_accept_rate(paired)[:, 0], false_reject_rate(paired)[:, 0]
    far, frr = (_worst(paired.class_sizes, rates, names, by=rate) for rate in rates)
    return far, frr


def _worst(
    sizes: IntArray, rates: tuple[FloatArray, FloatArray], names: tuple[str, ...], *, by: FloatArray
) -> tuple[ClassRates, ...]:
    far, frr = rates
    return tuple(
        ClassRates(names[i], int(sizes[i]), float(far[i]), float(frr[i]))
        for i in np.lexsort((-sizes, -by))[:_CLASSES_SHOWN].tolist()
    )
