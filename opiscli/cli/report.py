"""``opis report``: everything about one evaluation on one page."""

from pathlib import Path
from typing import Annotated

import typer

from opiscli.atomic_file import require_free, whole_file
from opiscli.cli import options
from opiscli.cli.reading import Reading, reads_sources
from opiscli.errors import UsageError

_Output = Annotated[
    Path,
    typer.Option("-o", "--output", metavar="FILE.html", help="The page.", rich_help_panel="Output"),
]


@reads_sources
def report(
    source: options.Source = None,
    *,
    reading: Reading,
    drop_duplicates: options.DropDuplicates = None,
    far: options.RangeByFar = None,
    frr: options.RangeByFrr = None,
    range_: options.RangeByDistance = None,
    utility: options.OfUtility = None,
    beta: options.Beta = None,
    epsilon: options.Epsilon = None,
    distance: options.OfDistance = None,
    output: _Output = Path("report.html"),
    force: options.Force = False,
) -> None:
    """Write one self-contained page: numbers, pictures, a threshold explorer, all classes."""
    given = options.given(
        distance=distance,
        calibration_range=options.parse_calibration_range(far, frr, range_),
        utility=utility,
        beta=beta,
        epsilon=epsilon,
        drop_duplicates=drop_duplicates,
    )
    name = options.source_or_stdin(source)
    if output.suffix.lower() not in {".html", ".htm"}:
        raise UsageError(
            f"{output} is to be a page, expected the name of an .html file",
            hint=f"For example -o {output.with_suffix('.html')}.",
        )
    require_free(output, force=force)

    from opiscli.analysis.evaluate import derive
    from opiscli.report.html.report import report_page

    talk = reading.talk()
    (run,) = reading.read([name], given, talk, complete=True)
    evaluation = derive(run)
    talk.warn(evaluation.warnings)
    page = report_page(run, evaluation)
    with whole_file(output, force=force) as temporary:
        temporary.write_text(page, "utf-8")
    typer.echo(str(output))
