"""From any SOURCE to counts: embeddings are counted, an evaluation file is read."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from opiscli.analysis.counting import Gallery, count_items
from opiscli.counts.counts import CountedSet
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import UsageError
from opiscli.progress import Progress
from opiscli.settings.evaluation import Distance, EvaluationSettings
from opiscli.settings.resources import Resources
from opiscli.sources import Selection, read_embeddings
from opiscli.thresholds import threshold_file


def open_source(
    source: str, selection: Selection, say: Callable[[str], None] = lambda line: None
) -> EmbeddingSet | CountedSet:
    """Read a source: embeddings of any kind, or what was counted of them before.

    Parameters
    ----------
    source
        Any SOURCE; ``-`` is either kind on standard input.
    selection
        Which columns and rows to take; an evaluation file has none to choose from.
    say
        Told what is being done.

    Raises
    ------
    SourceError
        If it is missing or unreadable.
    EmbeddingError
        If it cannot be evaluated.
    UsageError
        If something is chosen that the source does not have.
    """
    say(f"reading {source}")
    contents = sys.stdin.buffer.read() if source == "-" else None
    file = Path(source) if contents is None else contents
    if _starts_as_arrow(file):
        # Imported here: not every source needs pyarrow.
        from opiscli.counts import opis_file as evaluation_file

        if evaluation_file.is_evaluation(file):
            name = "standard input" if contents is not None else source
            selection.refuse_any(name)
            return evaluation_file.read(file, name)
    return read_embeddings(source, selection, contents=contents)


def open_gallery(
    source: str, selection: Selection, of: str, say: Callable[[str], None] = lambda line: None
) -> Gallery:
    """Read what queries are to be held against.

    Parameters
    ----------
    of
        The SOURCE of the queries.

    Raises
    ------
    UsageError
        If it is an evaluation file, or both are standard input; and as `open_source`.
    """
    if source == of == "-":
        raise UsageError(
            "queries and gallery cannot both come from standard input",
            hint="Name a file for one of them.",
        )
    opened = open_source(source, selection, say)
    items = items_of(opened, source, "--gallery", hint="Name the embeddings that it was made of.")
    return Gallery(items, source, selection.where)


def run_of(
    opened: EmbeddingSet | CountedSet,
    source: str,
    given: Mapping[str, Any],
    resources: Resources,
    *,
    where: tuple[str, ...] = (),
    complete: bool = False,
    thresholds: tuple[float, ...] = (),
    index: str | None = None,
    gallery: Gallery | None = None,
    say: Callable[[str], None] = lambda line: None,
    on_progress: Progress | None = None,
) -> CountedSet:
    """Count what was opened, unless it is counted already.

    Parameters
    ----------
    source, where
        Name it in messages and results.
    given
        Settings that differ from the defaults, or from those that a file was counted
        under; names as in `EvaluationSettings`.
    complete, thresholds
        As in `count_items`: whether any threshold may be asked for, and which must be
        counted to the digit.
    index
        A FAISS index to put beside the exact search; needs embeddings.
    gallery
        What to hold the items against, if not one another; needs embeddings.

    Raises
    ------
    UsageError
        If a setting cannot be changed any more, because the file was counted under another.
    """
    if gallery is not None:
        opened = items_of(opened, source, "--gallery")
    if isinstance(opened, CountedSet):
        if index is not None:
            raise UsageError(
                f"--index {index} needs embeddings, but {source} holds only counts",
                hint="Name the source that the file was made of.",
            )
        return _under(opened, given, source)
    against = "" if gallery is None else f" against {gallery.items.n_items:,}"
    say(f"{opened.n_items:,} × {opened.dims:,}{against}, {resources.threads} threads")
    run = count_items(
        opened,
        EvaluationSettings(**given),
        resources,
        complete=complete,
        thresholds=thresholds,
        index=index,
        gallery=gallery,
        source=source,
        where=where,
        on_progress=on_progress,
    )
    say(f"counted by the {run.counted.kernel} kernel")
    return run


def threshold_in(
    file: Path | None, opened: EmbeddingSet | CountedSet, distance: Distance | None
) -> tuple[float, ...]:
    """Threshold of a threshold file, or none if there is no file.

    Parameters
    ----------
    opened
        What it is to be applied to; counts are measured as they were counted.
    distance
        What was asked for, if anything was.

    Raises
    ------
    SourceError
        If it cannot be read, or is no threshold file.
    UsageError
        If its threshold is measured in something else.
    """
    if file is None:
        return ()
    counted = opened.settings.distance if isinstance(opened, CountedSet) else Distance.EUCLIDEAN
    return (threshold_file.read(file, distance or counted),)


def items_of(
    opened: EmbeddingSet | CountedSet,
    source: str,
    option: str,
    *,
    hint: str = "Name the embeddings as SOURCE.",
) -> EmbeddingSet:
    """Take embeddings where an option needs them.

    Raises
    ------
    UsageError
        If they are counted already.
    """
    if isinstance(opened, CountedSet):
        raise UsageError(
            f"{option} needs embeddings, but {source} is an evaluation file",
            hint=hint,
        )
    return opened


def _starts_as_arrow(file: Path | bytes) -> bool:
    magic = b"ARROW1"
    if isinstance(file, bytes):
        return file.startswith(magic)
    try:
        with file.open("rb") as opened:
            return opened.read(len(magic)) == magic
    except OSError:  # a folder, a pattern, or not there: the sources explain it
        return False


def _under(run: CountedSet, given: Mapping[str, Any], name: str) -> CountedSet:
    settings = replace(run.settings, **given)
    for option, old, new in (
        ("--distance", run.settings.distance, settings.distance),
        ("--drop-duplicates", run.settings.drop_duplicates, settings.drop_duplicates),
        ("--sample-pairs", run.settings.sample_pairs, settings.sample_pairs),
    ):
        if new != old:
            raise UsageError(
                f"{option} is {new}, but {name} was counted {f'with {old}' if old else 'without'}",
                hint="Leave the option out, or evaluate the embeddings again.",
            )
    missing = sorted(set(settings.ks) - set(run.settings.ks))
    if missing:
        raise UsageError(
            f"--k asks for R@{missing[0]}, but {name} was counted for"
            f" --k {','.join(map(str, run.settings.ks))}",
            hint="Evaluate the embeddings again with the ranks you need.",
        )
    if settings.ranking and not run.settings.ranking:
        raise UsageError(
            f"--ranking asks for MAP@R, but {name} was counted without",
            hint="Evaluate the embeddings again with --ranking.",
        )
    return run.under(settings)
