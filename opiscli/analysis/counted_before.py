"""Counts that were made before, under the settings that are asked for now."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from opiscli.analysis.listed_pairs import refuse_settings_of_items
from opiscli.counting.reuse import under
from opiscli.counts.counts import CountedSet
from opiscli.errors import UsageError


def under_settings(counts: CountedSet, given: Mapping[str, Any], name: str) -> CountedSet:
    """Return the same counts under settings, as `opiscli.counting.reuse.under`.

    Raises
    ------
    UsageError
        If a setting cannot be changed any more; ``name`` is that of the counts in the message.
    """
    if counts.settings.unit is not None:
        refuse_settings_of_items(given, name)
    settings = replace(counts.settings, **given)
    for option, old, new in (
        ("--distance", counts.settings.distance, settings.distance),
        ("--drop-duplicates", counts.settings.drop_duplicates, settings.drop_duplicates),
        ("--sample-pairs", counts.settings.sample_pairs, settings.sample_pairs),
    ):
        if new != old:
            raise UsageError(
                f"{option} is {new}, but {name} was counted {f'with {old}' if old else 'without'}",
                hint="Leave the option out, or evaluate the embeddings again.",
            )
    missing = sorted(set(settings.ks) - set(counts.settings.ks))
    if missing:
        raise UsageError(
            f"--k asks for R@{missing[0]}, but {name} was counted for"
            f" --k={','.join(map(str, counts.settings.ks))}",
            hint="Evaluate the embeddings again with the ranks you need.",
        )
    if settings.ranking and not counts.settings.ranking:
        raise UsageError(
            f"--ranking asks for MAP@R, but {name} was counted without",
            hint="Evaluate the embeddings again with --ranking.",
        )
    return under(counts, settings)
