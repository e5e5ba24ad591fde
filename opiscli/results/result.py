"""What all results have in common: where they come from, and that they are their JSON."""

import json
from dataclasses import asdict, dataclass
from typing import Any, ClassVar


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

    opis_version: str
    signature: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values only, in full precision."""
        return {"schema": self.schema, **asdict(self)}

    def to_json(self) -> str:
        """One line of strict JSON."""
        return json.dumps(self.to_dict(), allow_nan=False)
