"""Reads the gallery that queries are compared with."""

from opiscli.analysis.counting import Gallery
from opiscli.analysis.inputs import Input, Source, Work
from opiscli.errors import UsageError


def open_gallery(gallery: Input, queries: Input, work: Work) -> Gallery:
    """Read the gallery that queries are compared with.

    Raises
    ------
    UsageError
        If it is an evaluation file, or both are standard input; and as `Source.open`.
    """
    if (
        isinstance(gallery, Source)
        and isinstance(queries, Source)
        and gallery.name == queries.name == "-"
    ):
        raise UsageError(
            "queries and gallery cannot both come from standard input",
            hint="Name a file for one of them.",
        )
    opened = gallery.open(work, with_pairs=False)
    items = opened.items("--gallery", hint="Name the embeddings that it was made of.")
    return Gallery(items, opened.name, opened.where, opened.origin)
