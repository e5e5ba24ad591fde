"""Follows precision between counted thresholds, where the order of pairs decides."""

from dataclasses import replace

import numpy as np

from opiscli.analysis.inputs import Work
from opiscli.analysis.warnings.precision_order import precision_doubts
from opiscli.counting.finer import count_finer
from opiscli.counts.counts import CountedSet
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.settings.calibration import CalibrationSettings
from opiscli.thresholds.at_precision import Doubt

_MOST_TIMES = 4
"""Each divides a bin in thousands, so more than two are hardly ever needed."""


def with_order(
    run: CountedSet, items: object, settings: CalibrationSettings, work: Work
) -> CountedSet:
    """Count at more thresholds where that decides whether precision meets a target.

    Parameters
    ----------
    run
        Complete counts.
    items
        What they are of, duplicates included; other data than embeddings cannot be counted again.
    """
    # Pairs of classes that are left out, or of items of one side, would be counted.
    is_whole = run.of_all is None and run.gallery is None
    if not isinstance(items, EmbeddingSet) or not is_whole:
        return run
    items = items.without_repeats() if settings.drop_duplicates else items
    for _ in range(_MOST_TIMES):
        found = [doubt for _, doubt in precision_doubts(run, settings)]
        if not any(len(doubt.bins) for doubt in found):
            break
        doubt = Doubt(found[0].counts, np.unique(np.concatenate([one.bins for one in found])))
        how = settings.distance, work.resources, work.on_progress
        finer = count_finer(items, doubt, *how)
        run = replace(run, counted=replace(run.counted, finer=finer))
    return run
