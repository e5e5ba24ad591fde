"""Writes a result in the formats that programs and papers read."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from enum import StrEnum

from opiscli.report.tables.findings import findings
from opiscli.report.tables.rows import COLUMNS, rows
from opiscli.report.terminal.comparison import paper_table
from opiscli.results import Comparison, Inspection, Result
from opiscli.text import printable


class Format(StrEnum):
    """How a result is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
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
    **{char: f"\\{char}" for char in "&%$#_{}"},
}
_MARKDOWN_SPECIAL = "\\`*_{}[]<>|~#&$"


def to_csv(of: Result) -> str:
    """Comma-separated values in full precision, the signature in a last column."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, "signature"])
    for row in rows(of):
        cells = ["" if cell is None else cell for cell in row.cells()]
        cells[-1] = printable(str(cells[-1]))
        writer.writerow([*cells, of.signature])
    return text.getvalue()


def to_markdown(of: Result) -> str:
    """A table for a README or an issue, the signature below it."""
    header, cells = _table(of)
    lines = [_markdown_row([_escape_markdown(name) for name in header])]
    lines.append(_markdown_row(["---"] * len(header)))
    lines += [_markdown_row([_cell(c, _escape_markdown) for c in row]) for row in cells]
    return "\n".join([*lines, "", f"`{of.signature}`", ""])


def to_latex(of: Result) -> str:
    """A ``tabular`` for a paper, the signature in a comment."""
    header, cells = _table(of)
    lines = [
        f"% {of.signature}",
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


def to_jsonl(of: Result) -> str:
    """One line of strict JSON for each finding, or for each number where nothing is found."""
    if isinstance(of, Inspection):
        lines = findings(of)
    else:
        lines = [
            {name: value for name, value in zip(COLUMNS, row.cells(), strict=True)}
            for row in rows(of)
        ]
    return "".join(f"{json.dumps(line, allow_nan=False)}\n" for line in lines)


WRITERS: dict[Format, Callable[[Result], str]] = {
    Format.JSON: lambda of: of.to_json() + "\n",
    Format.CSV: to_csv,
    Format.MARKDOWN: to_markdown,
    Format.LATEX: to_latex,
    Format.JSONL: to_jsonl,
}


def _table(of: Result) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
    if isinstance(of, Comparison):
        return paper_table(of)
    return COLUMNS, [row.cells() for row in rows(of)]


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


def _escape_markdown(text: str) -> str:
    return "".join(f"\\{char}" if char in _MARKDOWN_SPECIAL else char for char in text)


def _escape_latex(text: str) -> str:
    return "".join(_LATEX_SPECIAL.get(char, char) for char in text)
