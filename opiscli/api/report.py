"""Show: the report of an evaluation as one page."""

from pathlib import Path
from typing import Unpack

import numpy.typing as npt

from opiscli.api.arguments import (
    Bounds,
    Embeddings,
    PathLike,
    ReadingOptions,
    input_of,
    settings_of,
    work_of,
)
from opiscli.distance import Distance
from opiscli.report.html.page_file import write_page
from opiscli.results import Evaluation
from opiscli.settings.evaluation import Utility


def write_report(
    embeddings: Embeddings,
    labels: npt.ArrayLike | PathLike | None = None,
    *,
    output: PathLike,
    force: bool = False,
    far: Bounds | None = None,
    frr: Bounds | None = None,
    range: Bounds | None = None,
    similarity_range: Bounds | None = None,
    utility: Utility | str | None = None,
    beta: float | None = None,
    epsilon: float | None = None,
    distance: Distance | str | None = None,
    drop_duplicates: bool | None = None,
    min_items: int | None = None,
    **reading: Unpack[ReadingOptions],
) -> Evaluation:
    """Write one self-contained page: numbers, pictures, a threshold explorer, all classes.

    Parameters
    ----------
    embeddings, labels, distance, drop_duplicates, min_items, **reading
        As in `opiscli.evaluate`.
    far, frr, range, similarity_range, utility, beta, epsilon
        As in `opiscli.evaluate`.
    output, force
        Name of the HTML file, which may be overwritten.

    Returns
    -------
    Evaluation
        What the page shows.

    Raises
    ------
    UsageError
        If the file exists, or its name does not end in ``.html``.
    OutputError
        If it cannot be written.

    Examples
    --------
    >>> import opiscli
    >>> opiscli.write_report("sample_data/wordnet.parquet", output="page.html")  # doctest: +SKIP
    """
    asked = settings_of(
        far=far, frr=frr, range=range, similarity_range=similarity_range,
        utility=utility, beta=beta, epsilon=epsilon,
        distance=distance, drop_duplicates=drop_duplicates, min_items=min_items,
    )  # fmt: skip
    source = input_of(embeddings, labels, reading)
    return write_page(source, asked, work_of(reading), Path(output), force=force)
