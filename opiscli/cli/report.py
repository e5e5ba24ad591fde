"""``opis report``: everything about one evaluation on one page."""

from pathlib import Path
from typing import Annotated

from opiscli.cli.options import method, rows, running
from opiscli.cli.options import output as out
from opiscli.cli.options.groups import option, takes_groups

_Output = Annotated[
    Path,
    option(
        "HTML file to write.", out.PANEL, "-o", "--output", metavar="FILE.html", show_default=True
    ),
]


@takes_groups
def report(
    source: rows.Source = None,
    *,
    read: rows.RowsOrPairs,
    counted: rows.Counted,
    how: method.Method,
    distance: method.DistanceKind = None,
    output: _Output = Path("report.html"),
    force: out.Force = False,
    run: running.Counting,
) -> None:
    """Write a self-contained HTML page: numbers, plots, a threshold explorer and all classes."""
    asked = how.given(distance=distance, **counted.given())
    reported = read.of(source)
    from opiscli.report import show_text
    from opiscli.report.html.page_file import require_page_path, write_page

    require_page_path(output, force=force)
    with run.work() as work:
        evaluation = write_page(reported, asked, work, output, force=force)
    run.warn(evaluation.warnings)
    show_text(f"{output}\n")
