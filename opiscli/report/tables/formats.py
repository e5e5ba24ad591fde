"""Writes a result in the formats that programs and papers read."""

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from enum import StrEnum

from opiscli.report.tables.findings import findings
from opiscli.report.tables.paper_table import paper_table
from opiscli.report.tables.row import COLUMNS
from opiscli.report.tables.rows import rows
from opiscli.results import Comparison, Inspection, Result
from opiscli.results.text import printable


class Format(StrEnum):
    """How a result is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    RAW_CSV = "raw-csv"
    MARKDOWN = "markdown"
    LATEX = "latex"
    JSONL = "jsonl"


_LATEX_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "−": "$-$",
    "ε": r"$\varepsilon$",
    # Straight quotes are active in some languages; a bracket or star after \\ is an argument.
    '"': r"\symbol{34}",
    "`": r"\textasciigrave{}",
    **{char: f"{{{char}}}" for char in "[]*"},
    **{char: f"\\{char}" for char in "&%$#_{}"},
}
_STARTS_FORMULA = tuple("=+-@\t\r＝＋－＠")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_MARKDOWN_SPECIAL = "\\`*_{}[]<>|~#&$"


def to_csv(result: Result) -> str:
    """Comma-separated values in full precision, the signature in a last column.

    An apostrophe precedes text that a spreadsheet would take for a formula.
    """
    return _csv(result, _no_formula)


def to_raw_csv(result: Result) -> str:
    """The same with all text as it is, for programs."""
    return _csv(result, lambda text: text)


def _csv(result: Result, written: Callable[[str], str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, "signature"])
    for row in rows(result):
        cells: list[object] = ["" if cell is None else cell for cell in row.cells()]
        cells = [*cells, result.signature]
        writer.writerow([written(printable(c)) if isinstance(c, str) else c for c in cells])
    return text.getvalue()


def _no_formula(text: str) -> str:
    """Text that no spreadsheet evaluates; a plain number, such as the class -1, is none."""
    is_formula = text.startswith(_STARTS_FORMULA) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


def to_markdown(result: Result) -> str:
    """A table for a README or an issue, the signature below it."""
    header, cells = _table(result)
    lines = [_markdown_row([_escape_markdown(name) for name in header])]
    lines.append(_markdown_row(["---"] * len(header)))
    lines += [_markdown_row([_cell(c, _escape_markdown) for c in row]) for row in cells]
    if isinstance(result, Comparison) and result.verdict:
        lines += ["", _escape_markdown(printable(result.verdict))]
    return "\n".join([*lines, "", _code_span(result.signature), ""])


def to_latex(result: Result) -> str:
    """A ``tabular`` for a paper, the signature in a comment."""
    header, cells = _table(result)
    lines = [
        f"% {printable(result.signature)}",
        rf"\begin{{tabular}}{{l{'r' * (len(header) - 2)}l}}",
        r"\hline",
        _latex_row([_escape_latex(name) for name in header]),
        r"\hline",
        *(_latex_row([_cell(c, _escape_latex) for c in row]) for row in cells),
        r"\hline",
        r"\end{tabular}",
        "",
    ]
    return "\n".join(lines)


def to_jsonl(result: Result) -> str:
    """One line of strict JSON for each finding, or for each number where nothing is found."""
    if isinstance(result, Inspection):
        lines = findings(result)
    else:
        lines = [
            {name: value for name, value in zip(COLUMNS, row.cells(), strict=True)}
            for row in rows(result)
        ]
    return "".join(f"{json.dumps(line, allow_nan=False)}\n" for line in lines)


WRITERS: dict[Format, Callable[[Result], str]] = {
    Format.JSON: lambda result: result.to_json() + "\n",
    Format.CSV: to_csv,
    Format.RAW_CSV: to_raw_csv,
    Format.MARKDOWN: to_markdown,
    Format.LATEX: to_latex,
    Format.JSONL: to_jsonl,
}


def _table(result: Result) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
    if isinstance(result, Comparison):
        return paper_table(result)
    return COLUMNS, [row.cells() for row in rows(result)]


def _cell(value: object, escape: Callable[[str], str]) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return escape(printable(str(value)))


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _latex_row(cells: Sequence[str]) -> str:
    return f"{' & '.join(cells)} \\\\"


def _code_span(text: str) -> str:
    """Text as code, between more backticks than it has in a row itself."""
    text = printable(text)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence, space = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{space}{text}{space}{fence}"


def _escape_markdown(text: str) -> str:
    return "".join(f"\\{char}" if char in _MARKDOWN_SPECIAL else char for char in text)


def _escape_latex(text: str) -> str:
    return "".join(_LATEX_SPECIAL.get(char, char) for char in text)
