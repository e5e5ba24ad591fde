"""``opis plot-classes``: who pays for the single threshold."""

from pathlib import Path
from typing import Annotated

import typer

from opiscli.cli import options
from opiscli.cli import plotting as pictures
from opiscli.cli.reading import Reading, reads_sources
from opiscli.errors import UsageError

_DEFAULT_FAR = 1e-2
_Far = Annotated[
    float | None,
    typer.Option(
        metavar="RATE",
        help="Draw at the threshold for this pooled false-accept rate. Default: 1e-2.",
        rich_help_panel="What is drawn",
        show_default=False,
    ),
]
_Threshold = Annotated[
    float | None,
    typer.Option(
        metavar="DISTANCE",
        help="Draw at this threshold instead.",
        rich_help_panel="What is drawn",
        show_default=False,
    ),
]


@reads_sources
def plot_classes(
    source: options.Source = None,
    *,
    reading: Reading,
    drop_duplicates: options.DropDuplicates = None,
    threshold: _Threshold = None,
    far: _Far = None,
    highlight: pictures.Highlight = None,
    distance: options.OfDistance = None,
    output: pictures.Output = Path("classes.png"),
    style: pictures.Style = None,
    force: options.Force = False,
) -> None:
    """Draw FAR and FRR of every class at one threshold, one dot a class; names the worst five."""
    _require_one_threshold(threshold, far)
    given = options.given(distance=distance, ks=(), drop_duplicates=drop_duplicates)
    name = options.source_or_stdin(source)

    from opiscli.plots.figures import classes_picture
    from opiscli.plots.naming import chosen_labels, short_names
    from opiscli.plots.numbers.classes import class_errors, threshold_at

    pictures.require_drawable(output, style, force=force)
    exact = () if threshold is None else (threshold,)
    (run,) = reading.read([name], given, reading.talk(), complete=True, thresholds=exact)
    at = threshold if threshold is not None else threshold_at(run, far or _DEFAULT_FAR)
    (title,) = short_names([name], reading.conditions)
    errors = class_errors(title, run, at)
    chosen = chosen_labels(highlight or ["worst:5"], errors.worst_first())
    pictures.write_picture(lambda: classes_picture(errors, chosen), output, style, force=force)


def _require_one_threshold(threshold: float | None, far: float | None) -> None:
    if threshold is not None and far is not None:
        raise UsageError(
            "--threshold and --far each say where to draw, expected one of them",
            hint="Leave the other out.",
        )
    if threshold is not None and not 0 <= threshold <= 2:
        raise UsageError(
            f"--threshold is {threshold:g}, expected a distance in [0, 2]",
            hint="For example --threshold 1.1.",
        )
    if far is not None and not 0 < far < 1:
        raise UsageError(
            f"--far is {far:g}, expected a rate above 0 and below 1", hint="For example --far 1e-3."
        )
