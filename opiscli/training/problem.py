"""The optimisation problem: the training loss as a function of one flat parameter vector."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from opiscli.arrays import FloatingArray, IntArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.heads import Projection, TrainableHead, untrained_head
from opiscli.heads.initialisation import initial_map
from opiscli.heads.layout import Layout, Parameters
from opiscli.heads.unit_length import unit_length
from opiscli.training.batch_loss import Criterion
from opiscli.training.batches import ClassBalanced
from opiscli.training.losses.parts.loss import PairLoss, PairMasks
from opiscli.training.settings import Margins, TrainingSettings
from opiscli.training.tcm import ThresholdConsistentMargin
from opiscli.training.tcm_margins import with_margins_at_far

_ITEMS_FOR_MARGINS = 600
"""They form more than 100,000 negative pairs: enough for a false-accept rate of 1e-3."""


class Value(NamedTuple):
    """Base loss and TCM of a batch, and the flat gradient with respect to all parameters."""

    base: float
    tcm: float
    gradient: FloatingArray


@dataclass(frozen=True, slots=True)
class Problem:
    """The objective of a training run and its parameters.

    The flat vector holds the head's parameters first, then the proxies if there are any.
    """

    items: EmbeddingSet
    settings: TrainingSettings
    head: TrainableHead
    criterion: Criterion
    layout: Layout

    @classmethod
    def from_settings(cls, items: EmbeddingSet, settings: TrainingSettings) -> "Problem":
        """Assemble head and criterion.

        Raises
        ------
        UsageError
            If the head cannot have that many dims.
        """
        dim = items.dims if settings.dim is None else settings.dim
        settings = replace(settings, start=settings.start_for(items.n_classes, items.dims))
        start = initial_map(settings.start, items.unit_rows, items.codes, dim)
        head = untrained_head(settings.head, start)
        criterion = Criterion.by_name(settings.loss, dict(settings.loss_options))
        shapes = dict(head.layout.shapes)
        if criterion.proxy_loss is not None:
            shapes["proxies"] = (items.n_classes, dim)
        return cls(items, settings, head, criterion, Layout(shapes))

    @property
    def n_decaying(self) -> int:
        """Number of leading parameters that weight decay applies to."""
        return self.head.layout.size if self.head.decays_to_initial else 0

    def initial_parameters(self, rng: np.random.Generator) -> FloatingArray:
        """Parameters before the first step; each proxy starts at the mean of its class."""
        parameters = self.head.initial_parameters(rng)
        if "proxies" in self.layout.shapes:
            vectors, _ = self.head.forward(parameters, self.items.unit_rows)
            sums = np.add.reduceat(vectors, self.items.class_starts, axis=0)
            parameters["proxies"] = sums / self.items.class_sizes[:, None].astype(np.float32)
        return self.layout.flat(parameters)

    def batches(self, *, times: int = 1) -> ClassBalanced:
        """Batches as in the settings, with ``times`` times as many classes."""
        settings = self.settings
        return ClassBalanced.from_items(
            self.items, times * settings.classes_per_batch, settings.items_per_class
        )

    def regulariser(
        self, flat: FloatingArray, rng: np.random.Generator
    ) -> ThresholdConsistentMargin | None:
        """TCM with the margins that belong to these parameters."""
        tcm = self.settings.tcm
        if tcm is None or self.settings.margins is Margins.FIXED:
            return tcm
        n_items = self.items.n_items
        sample = rng.choice(n_items, min(n_items, _ITEMS_FOR_MARGINS), replace=False)
        far = self.settings.margins_far or self.settings.far
        return with_margins_at_far(tcm, self._vectors(flat, sample), self.items.codes[sample], far)

    def value(self, flat: FloatingArray, batch: IntArray, tcm: PairLoss | None) -> Value:
        """Loss of a batch and its gradient.

        Parameters
        ----------
        batch
            Positions of the items.
        """
        parameters = self.layout.views(flat)
        codes = self.items.codes[batch]
        vectors, pullback = self.head.forward(parameters, self.items.unit_rows[batch])
        loss = self.criterion(vectors, codes, tcm, parameters.get("proxies"))
        gradient: Parameters = pullback(loss.vector_gradient)
        if loss.proxy_gradient is not None:
            gradient["proxies"] = loss.proxy_gradient
        return Value(loss.base, loss.tcm, self.layout.flat(gradient))

    def with_fixed_pairs(
        self, tcm: ThresholdConsistentMargin, flat: FloatingArray, batch: IntArray
    ) -> PairLoss:
        """TCM restricted to the pairs of a batch that violate a margin at these parameters."""
        unit, _ = unit_length(self._vectors(flat, batch))
        active = tcm.active(unit @ unit.T, PairMasks.from_codes(self.items.codes[batch]))
        return lambda similarity, _: tcm.over(similarity, active)

    def projection(self, flat: FloatingArray) -> Projection:
        """The head with these parameters, as it is applied and saved."""
        return self.head.projection(self.layout.views(flat))

    def _vectors(self, flat: FloatingArray, chosen: IntArray) -> FloatingArray:
        return self.head.forward(self.layout.views(flat), self.items.unit_rows[chosen])[0]
