"""``opis evaluate``: how good the model is, and how well one threshold serves all classes."""

from pathlib import Path
from typing import Annotated

import typer

from opiscli.cli import options
from opiscli.cli.grouping import GroupBy, refuse_sample
from opiscli.cli.reading import Reading, reads_sources
from opiscli.errors import UsageError
from opiscli.report.tables.formats import Format
from opiscli.settings.evaluation import refused_with_gallery

_METHOD = "What is measured"
_Thresholds = Annotated[
    int | None,
    typer.Option(help="Grid points over the range. Default: 201.", rich_help_panel=_METHOD),
]
_Ranking = Annotated[
    bool | None,
    typer.Option(
        "--ranking", help="Also MAP@R and R-precision.", rich_help_panel=_METHOD, show_default=False
    ),
]
_Index = Annotated[
    str | None,
    typer.Option(
        metavar="FACTORY|FILE",
        help="Also what a FAISS index makes of R@1, OPIS and the thresholds: made by its factory,"
        " as SQ8 or 'IVF64,Flat;nprobe=8', or a file of the same items in the same order.",
        rich_help_panel=_METHOD,
        show_default=False,
    ),
]
_SamplePairs = Annotated[
    float | None,
    typer.Option(
        metavar="N",
        help="Estimate from about so many pairs, for example 1e9, instead of all.",
        rich_help_panel="Resources",
        show_default=False,
    ),
]
_Gallery = Annotated[
    str | None,
    typer.Option(
        metavar="SOURCE",
        help="Hold the items of SOURCE, as queries, against these instead of one another.",
        rich_help_panel="Input",
        show_default=False,
    ),
]
_GalleryWhere = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN=VALUE",
        help="Only rows of the gallery with this value.",
        rich_help_panel="Input",
        show_default=False,
    ),
]
_GalleryLabels = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.npy",
        help="Labels of an NPY gallery.",
        rich_help_panel="Input",
        show_default=False,
    ),
]
_Save = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.opis",
        help="Save all counts: the file can stand for SOURCE in every command. - for stdout.",
        rich_help_panel="Output",
        show_default=False,
    ),
]


@reads_sources
def evaluate(
    source: options.Source = None,
    *,
    reading: Reading,
    gallery: _Gallery = None,
    gallery_where: _GalleryWhere = None,
    gallery_labels: _GalleryLabels = None,
    drop_duplicates: options.DropDuplicates = None,
    far: options.RangeByFar = None,
    frr: options.RangeByFrr = None,
    range_: options.RangeByDistance = None,
    utility: options.OfUtility = None,
    beta: options.Beta = None,
    epsilon: options.Epsilon = None,
    thresholds: _Thresholds = None,
    distance: options.OfDistance = None,
    threshold_file: options.ThresholdFile = None,
    k: options.Ranks = None,
    ranking: _Ranking = None,
    index: _Index = None,
    sample_pairs: _SamplePairs = None,
    group_by: GroupBy = None,
    save: _Save = None,
    force: options.Force = False,
    output_format: options.OutputFormat = Format.TABLE,
    json: options.Json = False,
    seed: options.Seed = None,
) -> None:
    """Measure R@1, OPIS and ε-OPIS, the rates at common operating points, and the worst classes."""
    given = options.given(
        distance=distance,
        calibration_range=options.parse_calibration_range(far, frr, range_),
        utility=utility,
        beta=beta,
        epsilon=epsilon,
        n_thresholds=thresholds,
        ks=options.parse_ranks(k),
        ranking=ranking,
        drop_duplicates=drop_duplicates,
        sample_pairs=options.whole("--sample-pairs", sample_pairs),
        seed=seed,
    )
    refuse_sample(group_by, given.get("sample_pairs"))
    name = options.source_or_stdin(source)
    save_to = options.save_path(save, force=force)
    if gallery is None:
        _refuse_without_gallery(where=gallery_where, labels=gallery_labels)
    elif group_by is not None:
        raise refused_with_gallery("--group-by")

    # Imported here, because these pull in NumPy, FAISS and pyarrow: --help need not wait.
    from opiscli.analysis.evaluate import derive
    from opiscli.analysis.inputs import open_gallery, threshold_in
    from opiscli.report import show, show_bytes
    from opiscli.sources import Selection

    talk = reading.talk()
    against = None
    if gallery is not None:
        chosen = (*reading.columns, tuple(gallery_where or ()), gallery_labels)
        selection = Selection(*chosen, with_pairs=False, side="gallery")
        against = open_gallery(gallery, selection, name, talk.say)
    beside = None if against is None else against.items
    opened = reading.open(name, talk, group=group_by, with_pairs=beside is None, beside=beside)
    thresholds_given = threshold_in(threshold_file, opened, distance)
    with talk.progress() as on_progress:
        run = reading.count(
            opened,
            name,
            given,
            talk,
            on_progress,
            complete=save is not None,
            thresholds=thresholds_given,
            index=index,
            gallery=against,
        )
        result = derive(run, thresholds_given)
        if group_by is not None:
            from opiscli.analysis.groups import evaluate_groups
            from opiscli.analysis.inputs import items_of

            items = items_of(opened, name, "--group-by")
            result = evaluate_groups(
                result, run, items, group_by, reading.resources, on_progress=on_progress
            )
    talk.warn(result.warnings)
    if save is not None:
        from opiscli.counts import opis_file as evaluation_file

        if save_to is not None:
            evaluation_file.write(run, save_to, force=force)
            talk.say(f"counts saved to {save_to}")
        else:
            show_bytes(evaluation_file.to_bytes(run))
    show(
        result,
        Format.JSON if json else output_format,
        on_stderr=save is not None and save_to is None,
    )


def _refuse_without_gallery(**options_for_it: object) -> None:
    for name, value in options_for_it.items():
        if value is not None:
            raise UsageError(
                f"--gallery-{name} was given without --gallery", hint="Add --gallery SOURCE."
            )
