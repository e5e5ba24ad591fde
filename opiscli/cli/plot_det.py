"""``opis plot-det``: what a lower FAR costs in FRR, for one source or several."""

from pathlib import Path

from opiscli.cli import options, pictures


def plot_det(
    sources: pictures.Sources = None,
    *,
    embedding_column: options.EmbeddingColumn = None,
    label_column: options.LabelColumn = None,
    id_column: options.IdColumn = None,
    where: options.Where = None,
    labels: options.LabelsFile = None,
    drop_duplicates: options.DropDuplicates = None,
    distance: options.OfDistance = None,
    output: pictures.Output = Path("det.png"),
    style: pictures.Style = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    threads: options.Threads = None,
    memory_limit: options.MemoryLimit = None,
) -> None:
    """Draw the error trade-off of one source or several on normal-deviate axes."""
    given = options.given(distance=distance, ks=(), drop_duplicates=drop_duplicates)
    reading = pictures.Reading(
        embedding_column=embedding_column,
        label_column=label_column,
        id_column=id_column,
        where=where,
        labels=labels,
        threads=threads,
        memory_limit=memory_limit,
        quiet=quiet,
        verbose=verbose,
    )
    names = pictures.named_sources(sources)

    from opiscli.curves.det import det_curve
    from opiscli.curves.naming import short_names
    from opiscli.drawing.pictures import det_picture

    pictures.require_drawable(output, style, force=force)
    runs = reading.read(names, given)
    titles = short_names(names, reading.conditions)
    curves = [det_curve(title, run) for title, run in zip(titles, runs, strict=True)]
    pictures.write_picture(lambda: det_picture(curves), output, style, force=force)
