"""The page of a source as a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opiscli.analysis.evaluate import derive
from opiscli.analysis.inputs import Input, Work
from opiscli.analysis.questions import count
from opiscli.atomic_file import require_free, whole_file
from opiscli.errors import UsageError
from opiscli.report.html.report import report_page
from opiscli.results import Evaluation

_SUFFIXES = (".html", ".htm")


def require_page_path(path: Path, *, force: bool) -> None:
    """Refuse a path that no page can be written to, before any work is done.

    Raises
    ------
    UsageError
        If its suffix is not that of a page, or a file is there already.
    OutputError
        If its folder does not exist.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise UsageError(
            f"the report is an HTML page; --output must end in .html (got {path})",
            hint=f"For example --output={path.with_suffix('.html')}.",
        )
    require_free(path, force=force)


def write_page(
    source: Input, given: Mapping[str, Any], work: Work, path: Path, *, force: bool = False
) -> Evaluation:
    """Count a source, and write its page whole or not at all.

    Parameters
    ----------
    given
        Fields of `EvaluationSettings` that were asked for.
    """
    require_page_path(path, force=force)
    counts = count(source, given, work)
    evaluation = derive(counts)
    page = report_page(counts, evaluation)
    with whole_file(path, force=force) as temporary:
        temporary.write_text(page, "utf-8")
    return evaluation
