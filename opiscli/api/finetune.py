"""Improve: a projection head for embeddings, trained on their labels."""

from typing import Any, cast

import numpy.typing as npt

from opiscli.analysis.finetune import FineTuned, OnValidation, finetune_items, new_head
from opiscli.analysis.inputs import Work
from opiscli.api.arguments import AnySource, Embeddings, PathLike, ReadingOptions, input_of
from opiscli.settings.resources import Resources


def finetune(
    embeddings: Embeddings,
    labels: npt.ArrayLike | PathLike | None = None,
    *,
    val: AnySource | None = None,
    memory_limit: int | str | None = None,
    on_validation: OnValidation = lambda step: None,
    **options: Any,  # noqa: ANN401
) -> FineTuned:
    """Train a projection head on frozen embeddings.

    Keeps the original embeddings, with a warning, if no head is better on classes that it was
    not trained on.

    Parameters
    ----------
    embeddings, labels
        As in `opiscli.evaluate`, but not counted before.
    val
        A pair of embeddings and labels, a table or the name of a file, with other classes to
        choose the head on. By default it is chosen by cross-validation over the training data.
    memory_limit
        For the evaluation, in bytes or as text such as ``1.5GB``; by default a quarter of the
        machine's memory.
    on_validation
        Called after each validation step.
    **options
        Parameters of `Head`, which are those of ``opis finetune``; and columns and rows, as in
        `opiscli.evaluate`.

    Returns
    -------
    FineTuned
        The head, why it was chosen, and the comparison that ``opis finetune --json`` prints.

    Raises
    ------
    UsageError
        If an option is out of range.
    SourceError
        If a file cannot be read or holds something else.
    EmbeddingError
        If the data cannot be evaluated, there are too few classes to set some aside, or
        validation classes are also trained on.
    UndefinedMetric
        If OPIS is not defined on the validation classes.
    TrainingError
        If training diverges.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> labels = np.repeat(np.arange(12), 8)
    >>> embeddings = rng.normal(size=(12, 6))[labels] + 0.5 * rng.normal(size=(96, 6))
    >>> tuned = finetune(embeddings, labels, steps=20, far=(0.05, 0.2), threads=1)
    >>> tuned.head.transform(embeddings).shape
    (96, 6)
    """
    of_rows = ReadingOptions.__annotations__.keys() - {"threads"}
    head = new_head({name: value for name, value in options.items() if name not in of_rows})
    chosen = {name: value for name, value in options.items() if name in of_rows}
    reading = cast(ReadingOptions, chosen)
    work = Work(Resources.of_machine(threads=head.threads, memory_limit=memory_limit))
    items = input_of(embeddings, labels, reading).open(work)
    beside: ReadingOptions = {**reading, "columns": {}}
    val_items = None if val is None else input_of(val, None, beside).open(work).items("val")
    return finetune_items(
        items.items("finetune"), val_items, head, work.resources, source=items.name,
        on_validation=on_validation,
    )  # fmt: skip
