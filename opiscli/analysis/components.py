"""The connected components of the accepted pairs: which classes they merge and which they split."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np

from opiscli.arrays import AnyArray, IntArray
from opiscli.counts.counts import CountedSet
from opiscli.distance import Distance
from opiscli.embeddings.cosine import to_similarity
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.metrics.components import ComponentTable, TakeOff, largest_sizes, take_off
from opiscli.neighbours.single_linkage import Linkage
from opiscli.results import (
    ChainingPoint,
    ClassPart,
    Components,
    Item,
    JoinedRates,
    OverMerged,
    SplitClass,
    TakeOffPoint,
)
from opiscli.settings.numbers import plain
from opiscli.thresholds.at_rate import threshold_at_far

_FARS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
_SHARES = (0.1, 0.5)
_EXAMPLES = 3
_INSPECTED = "inspected"


@dataclass(frozen=True)
class Chaining:
    """What accepted pairs link, at any threshold.

    Parameters
    ----------
    run, items
        Complete counts, and the set they are of.
    linkage
        The spanning tree of its pairs.
    ranks
        Shape ``(n_items,)``, the order in which examples are chosen, different for each item.
    describe
        Describes the item at a position.
    """

    run: CountedSet
    items: EmbeddingSet
    linkage: Linkage
    ranks: IntArray
    describe: Callable[[int], Item]

    def at(self, threshold: float, n_shown: int) -> Components:
        """Describe the components at a threshold.

        Parameters
        ----------
        n_shown
            How many components and classes are described one by one.
        """
        components = self._components(threshold)
        table = ComponentTable.of(components, self.items.codes)
        is_merged = table.classes_of_component > 1
        n_items, joined = self.items.n_items, table.pairs
        return Components(
            n_components=len(table.component_sizes),
            n_alone=int(np.count_nonzero(table.component_sizes == 1)),
            largest=self._point(_INSPECTED, threshold),
            n_over_merged=int(np.count_nonzero(is_merged)),
            over_merged_share=float(table.component_sizes[is_merged].sum() / n_items),
            n_split=int(np.count_nonzero(table.components_of_class > 1)),
            n_intact=int(np.count_nonzero(table.is_intact)),
            joined=JoinedRates(
                n_pairs=joined.joined, precision=joined.precision, tar=joined.tar, far=joined.far
            ),
            over_merged=tuple(islice(self._over_merged(table, components), n_shown)),
            split=tuple(islice(self._split(table, components), n_shown)),
            take_off=self._take_off_point(),
            by_threshold=self._by_threshold(threshold),
        )

    def _components(self, threshold: float) -> IntArray:
        n_accepted = self.linkage.accepted(threshold, self._distance)
        first, second = self.linkage.first[:n_accepted], self.linkage.second[:n_accepted]
        shape = (self.items.n_items, self.items.n_items)
        # Imported here: SciPy takes long to import, and other questions do without.
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        graph = coo_array((np.ones(n_accepted, dtype=np.int8), (first, second)), shape=shape)
        return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)

    @property
    def _distance(self) -> Distance:
        return self.run.settings.distance

    def _threshold(self, step: int) -> float:
        """The smallest threshold that accepts a pair of the tree."""
        return float(self.linkage.thresholds(self._distance)[step])

    @cached_property
    def _sizes(self) -> IntArray:
        """Items of the largest component after each pair of the tree."""
        return largest_sizes(self.items.n_items, self.linkage.first, self.linkage.second)

    @cached_property
    def _take_off(self) -> TakeOff:
        return take_off(self._sizes, self.linkage.cosine_distance, self.linkage.tie)

    def _take_off_point(self) -> TakeOffPoint:
        threshold = self._threshold(self._take_off.step)
        return TakeOffPoint(
            threshold=threshold,
            similarity=to_similarity(threshold, self._distance),
            n_before=self._take_off.before,
            n_after=self._take_off.after,
        )

    def _by_threshold(self, inspected: float) -> tuple[ChainingPoint, ...]:
        found = self.run.counted.pooled
        named = {f"far={plain(far)}": threshold_at_far(found, far) for far in _FARS}
        enough = {"exceeds-largest-class": int(self.items.class_sizes.max()) + 1.0}
        enough |= {f"share={plain(share)}": share * self.items.n_items for share in _SHARES}
        for name, least in enough.items():
            step = int(np.argmax(self._sizes >= least))
            named[name] = self._threshold(self.linkage.last_tied(step))
        named["take-off"] = self._threshold(self._take_off.step)
        named["joined-far"] = self._at_joined_far(self._far(inspected))
        named[_INSPECTED] = inspected
        points = [self._point(name, at) for name, at in named.items() if at is not None]
        return tuple(sorted(points, key=lambda point: point.threshold))

    def _point(self, name: str, threshold: float) -> ChainingPoint:
        table = self._table(threshold)
        n_items = int(table.component_sizes[table.largest])
        return ChainingPoint(
            name=name,
            threshold=threshold,
            similarity=to_similarity(threshold, self._distance),
            far=self._far(threshold),
            n_items=n_items,
            share=n_items / self.items.n_items,
            n_classes=int(table.classes_of_component[table.largest]),
            joined_far=table.pairs.far,
            joined_tar=table.pairs.tar,
        )

    def _table(self, threshold: float) -> ComponentTable:
        return ComponentTable.of(self._components(threshold), self.items.codes)

    def _far(self, threshold: float) -> float:
        counts = self.run.counted.at_or_above(threshold)
        return float(counts.accepted_negative[0] / counts.n_negative)

    def _at_joined_far(self, far: float) -> float | None:
        """The largest counted threshold with a FAR of joined pairs of at most this, if any.

        A larger threshold joins more pairs, so it is found by halving.
        """
        counted = self.run.counted.table.thresholds
        within = bisect_right(counted, far, key=lambda at: self._table(float(at)).pairs.far)
        threshold = float(counted[max(within - 1, 0)])
        is_any = within > 0 and self.linkage.accepted(threshold, self._distance) > 0
        return threshold if is_any else None

    def _first_of(self, groups: AnyArray) -> IntArray:
        """For each group of items, from 0, the position of its first item by rank."""
        by_rank = np.argsort(self.ranks)
        _, first = np.unique(groups[by_rank], return_index=True)
        return by_rank[first]

    def _over_merged(self, table: ComponentTable, components: IntArray) -> Iterator[OverMerged]:
        """Components of several classes, those of most items first."""
        examples = self._examples(table, components)
        first = self.ranks[self._first_of(components)]
        order = np.lexsort((first, -table.classes_of_component, -table.component_sizes))
        starts = np.searchsorted(table.component, np.arange(len(order) + 1))
        for component in order[table.classes_of_component[order] > 1].tolist():
            cells = np.arange(starts[component], starts[component + 1])
            cells = cells[np.argsort(-table.n_items[cells], kind="stable")][:_EXAMPLES]
            yield OverMerged(
                n_items=int(table.component_sizes[component]),
                n_classes=int(table.classes_of_component[component]),
                largest_parts=tuple(self._part(table, cell) for cell in cells.tolist()),
                examples=tuple(self.describe(int(examples[cell])) for cell in cells),
            )

    def _part(self, table: ComponentTable, cell: int) -> ClassPart:
        code = int(table.code[cell])
        return ClassPart(
            self.items.names[code], int(table.n_items[cell]), int(table.class_sizes[code])
        )

    def _split(self, table: ComponentTable, components: IntArray) -> Iterator[SplitClass]:
        """Classes in several components, those in most components first."""
        examples = self._examples(table, components)
        by_class = np.lexsort((self.ranks[examples], -table.n_items, table.code))
        starts = np.searchsorted(table.code[by_class], np.arange(len(table.class_sizes) + 1))
        order = np.lexsort((-table.class_sizes, -table.components_of_class))
        for code in order[table.components_of_class[order] > 1].tolist():
            cells = by_class[starts[code] : starts[code + 1]]
            yield SplitClass(
                label=self.items.names[code],
                n_items=int(table.class_sizes[code]),
                n_components=len(cells),
                n_largest_part=int(table.n_items[cells[0]]),
                examples=tuple(self.describe(int(examples[cell])) for cell in cells[:2]),
            )

    def _examples(self, table: ComponentTable, components: IntArray) -> IntArray:
        """Shape ``(n_cells,)``, position of the first item by rank of each cell of the table."""
        return self._first_of(components * len(table.class_sizes) + self.items.codes)
