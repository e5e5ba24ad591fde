"""What all results have in common: where they come from, and that they are their JSON."""

import json
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Protocol


class Views(Protocol):
    """How results look in Python. Set by the room that draws them, which knows results."""

    def text(self, result: "Result") -> str:
        """Plain text, as ``print`` shows it."""

    def html(self, result: "Result") -> str:
        """A fragment of HTML, as a notebook shows it."""

    def arrow(self, result: "Result") -> Any:  # noqa: ANN401
        """A ``pyarrow.Table``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What every command hands back to be shown: numbers with the settings behind them.

    Field names are JSON keys: renaming one needs a new schema number.

    Parameters
    ----------
    opis_version
        Of the program that made it.
    signature
        Every setting that moves a number, in one line.
    """

    schema: ClassVar[str]
    views: ClassVar[Views | None] = None

    opis_version: str
    signature: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values only, in full precision."""
        return {"schema": self.schema, **asdict(self)}

    def to_json(self) -> str:
        """One line of strict JSON."""
        return json.dumps(self.to_dict(), allow_nan=False)

    def to_arrow(self) -> Any:  # noqa: ANN401
        """Make a ``pyarrow.Table`` with one row per number, the same rows as ``--format csv``.

        Its schema's metadata hold the signature. ``.to_pandas()`` makes a data frame of it,
        and so does ``polars.from_arrow``.
        """
        if self.views is None:
            raise RuntimeError("nothing draws results yet; import opiscli.report")
        return self.views.arrow(self)

    def __str__(self) -> str:
        """Draw the report of the terminal, 80 columns wide and without colours."""
        return repr(self) if self.views is None else self.views.text(self)

    def _repr_html_(self) -> str | None:
        """Draw a small table, for notebooks."""
        return None if self.views is None else self.views.html(self)
