"""What a reader must know about queries that were compared with a separate gallery."""

from collections.abc import Iterator

import numpy as np

from opiscli.counts.counts import CountedGallery, Counts
from opiscli.results import Data, ReportWarning


def gallery_warnings(
    queries: Data, gallery: CountedGallery, counted: Counts
) -> tuple[ReportWarning, ...]:
    """Collect what a reader must know about how the two sets fit together."""
    return (
        *_about_shared_items(queries, gallery),
        *_about_repeats(queries, gallery.data),
        *_about_classes(counted),
    )


def _about_shared_items(queries: Data, gallery: CountedGallery) -> Iterator[ReportWarning]:
    if queries.sha256 == gallery.data.sha256:
        yield ReportWarning(
            "same-items",
            "queries and gallery are the same items, so each is also compared with itself, a"
            " positive pair at distance 0; leave --gallery out to compare items only with others",
        )
    elif gallery.n_shared:
        yield ReportWarning(
            "shared-items",
            f"{gallery.n_shared:,} of {queries.n_items:,} queries have exactly the embedding of a"
            " gallery item; these pairs are counted, at distance 0; if they are the same item,"
            " remove it from one side",
        )


def _about_repeats(queries: Data, gallery: Data) -> Iterator[ReportWarning]:
    if queries.n_duplicates or gallery.n_duplicates:
        yield ReportWarning(
            "duplicates",
            f"{queries.n_duplicates:,} queries and {gallery.n_duplicates:,} gallery items have"
            " exactly the same embedding as an earlier item of their side; all are counted",
        )


def _about_classes(counted: Counts) -> Iterator[ReportWarning]:
    of_queries = counted.queries
    of_gallery = counted.table.class_sizes - of_queries
    for missing, there, where, effect in (
        (of_gallery, of_queries, "of the queries are not in the gallery", "they have no R@1 and"),
        (of_queries, of_gallery, "of the gallery have no query", "they"),
    ):
        alone = missing == 0
        if alone.any():
            yield ReportWarning(
                "classes-on-one-side",
                f"{np.count_nonzero(alone):,} of {np.count_nonzero(there):,} classes {where}"
                f" ({there[alone].sum():,} items): {effect} only form negative pairs",
            )
