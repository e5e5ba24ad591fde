"""How a change from one evaluation to another is written."""

from opiscli.results import Change
from opiscli.results.text import signed


def change_text(change: Change) -> str:
    """Signed change with an arrow: relative for OPIS, a difference for shares."""
    if change.ratio is not None:
        amount, unit, decimals = 100 * (change.ratio - 1), " %", 1
    else:
        amount, unit, decimals = change.difference, "", 4
    # Differences of equal numbers may leave a trace of rounding.
    if abs(amount) < 1e-12:
        return "="
    return f"{'↑' if amount > 0 else '↓'} {signed(amount, decimals)}{unit}"


def paired_interval(change: Change | None) -> str:
    """Interval of a change, in the unit of the change."""
    if change is None or change.ci is None:
        return ""
    if change.ratio is not None:
        lo, hi = (signed(100 * (bound - 1), 1) for bound in change.ci)
        return f"{lo} to {hi} %"
    lo, hi = (signed(bound, 3) for bound in change.ci)
    return f"{lo} to {hi}"
