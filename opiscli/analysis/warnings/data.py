"""Warnings about the data: labels that conflict, too few pairs for a target."""

from collections.abc import Iterator

from opiscli.results import Data, ReportWarning

FEWEST_ERRORS = 30
"""Expected errors below which a threshold is unreliable."""


def conflict_warnings(data: Data, n_conflicts: int) -> Iterator[ReportWarning]:
    """Warn of items whose embedding also occurs in another class; there are ``n_conflicts``."""
    if n_conflicts:
        effect = (
            "only the item of the first class was kept"
            if data.duplicates_dropped
            else "no threshold can separate them"
        )
        yield ReportWarning(
            "conflicting-labels",
            f"{n_conflicts:,} items have exactly the same embedding as an item with a different"
            f" label; {effect}",
        )


def few_errors(target: str, expected: float) -> ReportWarning:
    """Warn of a target that allows so few errors that chance decides the threshold."""
    return ReportWarning(
        "few-errors",
        f"{target} allows only {expected:.3g} false accepts on this data; with fewer than"
        f" {FEWEST_ERRORS} the threshold is unreliable",
    )
