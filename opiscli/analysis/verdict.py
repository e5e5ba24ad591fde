"""One sentence that says how an evaluation differs from the first one."""

from collections.abc import Sequence
from string import ascii_uppercase

from opiscli.analysis.significance import direction, fallen, risen
from opiscli.results import ComparedMetric
from opiscli.results.headlines import title
from opiscli.results.text import signed

NOT_COMPARABLE = "No verdict: the evaluations were made with different settings."


def verdict(metrics: Sequence[ComparedMetric], epsilon: float) -> str:
    """One sentence for each evaluation but the first; they are named by letters, A being the first.

    Parameters
    ----------
    metrics
        All numbers that are compared, OPIS among them.
    epsilon
        Share of worst classes, for titles.
    """
    others = range(1, len(metrics[0].values))
    return " ".join(_sentence(metrics, position, epsilon) for position in others)


def _sentence(metrics: Sequence[ComparedMetric], position: int, epsilon: float) -> str:
    name = ascii_uppercase[position]
    changes = [one.values[position].change for one in metrics]
    if all(change is None or change.difference == 0 for change in changes):
        return f"{name} has the same numbers as A."
    opis = next(one for one in metrics if one.name == "opis")
    change, way = opis.values[position].change, direction(opis, position)
    lost, won = fallen(metrics, position), risen(metrics, position)
    worse = _some(lost, "lower", position, epsilon)
    better = _some(won, "higher", position, epsilon)
    how = _amount(opis, position, epsilon)
    if lost and change is not None and change.difference < 0:
        return f"{name}'s lower OPIS does not count: its {worse}."
    if way < 0:
        gain = f"and its {better}" if won else "without losing R@1, TAR or mean class score"
        return f"{name} is more consistent than A ({how}) {gain}."
    accuracy = f"its {better}" if won and not lost else f"its {worse}" if lost else ""
    if way > 0:
        also = f", {'and' if lost else 'but'} {accuracy}" if accuracy else ""
        return f"{name} is less consistent than A ({how}){also}."
    if accuracy:
        kind = "less" if lost else "more"
        return f"{name} is {kind} accurate than A: {accuracy}; OPIS does not differ significantly."
    return f"{name} does not differ significantly from A in OPIS, R@1, TAR or mean class score."


def _some(found: Sequence[ComparedMetric], way: str, position: int, epsilon: float) -> str:
    """The first of some numbers with its change, and how many others changed as well."""
    if not found:
        return ""
    more = f", as are {len(found) - 1} other numbers" if len(found) > 2 else ""
    if len(found) == 2:
        more = f", as is {title(found[1].name, epsilon)}"
    first = f"{title(found[0].name, epsilon)} is significantly {way}"
    return f"{first} ({_amount(found[0], position, epsilon, named=False)}){more}"


def _amount(metric: ComparedMetric, position: int, epsilon: float, *, named: bool = True) -> str:
    """A change with its interval: ``OPIS −18.3 %, 95 % CI −25.0 to −10.2 %``."""
    change = metric.values[position].change
    if change is None:
        return title(metric.name, epsilon)
    scale, decimals, unit = 1.0, 4, ""
    amount, unchanged = change.difference, 0.0
    if change.ratio is not None:
        amount, unchanged, scale, decimals, unit = change.ratio - 1, 1.0, 100.0, 1, " %"
    text = f"{signed(scale * amount, decimals)}{unit}"
    if change.ci is not None:
        lo, hi = (signed(scale * (bound - unchanged), decimals) for bound in change.ci)
        text += f", 95 % CI {lo} to {hi}{unit}"
    return f"{title(metric.name, epsilon)} {text}" if named else text
