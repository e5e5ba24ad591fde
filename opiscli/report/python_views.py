"""How results look in Python: printed, in a notebook, and as an Arrow table."""

from typing import Any

from opiscli.results import Result


class PythonViews:
    """Draws a result when it is asked for; the libraries are imported only then."""

    def text(self, result: Result) -> str:
        """The report of the terminal, without colours."""
        from opiscli.report.terminal.draw import plain_text

        return plain_text(result)

    def html(self, result: Result) -> str:
        """A small table for a notebook."""
        from opiscli.report.html.notebook import notebook_table

        return notebook_table(result)

    def arrow(self, result: Result) -> Any:  # noqa: ANN401
        """The rows of ``--format csv`` with their types, the settings as metadata."""
        from opiscli.report.tables.arrow import arrow_table

        return arrow_table(result)


PYTHON_VIEWS = PythonViews()
