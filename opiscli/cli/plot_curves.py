"""``opis plot-curves``: which classes break, and where."""

from pathlib import Path

from opiscli.cli import options
from opiscli.cli import plotting as pictures
from opiscli.cli.reading import Reading, named_sources, reads_sources
from opiscli.errors import UsageError

_MOST_PANELS = 2


@reads_sources
def plot_curves(
    sources: pictures.Sources = None,
    *,
    reading: Reading,
    drop_duplicates: options.DropDuplicates = None,
    highlight: pictures.Highlight = None,
    far: options.RangeByFar = None,
    frr: options.RangeByFrr = None,
    range_: options.RangeByDistance = None,
    utility: options.OfUtility = None,
    beta: options.Beta = None,
    epsilon: options.Epsilon = None,
    distance: options.OfDistance = None,
    output: pictures.Output = Path("curves.png"),
    style: pictures.Style = None,
    force: options.Force = False,
) -> None:
    """Draw the utility of every class over the threshold; two sources give two panels."""
    given = options.given(
        distance=distance,
        calibration_range=options.parse_calibration_range(far, frr, range_),
        utility=utility,
        beta=beta,
        epsilon=epsilon,
        ks=(),
        drop_duplicates=drop_duplicates,
    )
    names = named_sources(sources)
    if len(names) > _MOST_PANELS:
        raise UsageError(
            f"plot-curves was given {len(names)} sources, expected one, or two to compare",
            hint="Draw them two by two; plot-det and plot-pareto take any number.",
        )

    from opiscli.analysis.evaluate import derive
    from opiscli.plots.figures import curves_picture
    from opiscli.plots.naming import chosen_labels, short_names
    from opiscli.plots.numbers.utility import utility_curves

    pictures.require_drawable(output, style, force=force)
    runs = reading.read(names, given, reading.talk(), complete=True)
    panels = [
        utility_curves(name, run, derive(run))
        for name, run in zip(short_names(names, reading.conditions), runs, strict=True)
    ]
    chosen = chosen_labels(highlight or (), panels[0].worst_first(), panels[-1].names)
    pictures.write_picture(lambda: curves_picture(panels, chosen), output, style, force=force)
