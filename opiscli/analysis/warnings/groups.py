"""What a reader must know before comparing groups."""

from collections.abc import Iterator, Sequence

from opiscli.results import EvaluatedGroup, GroupedRates, ReportWarning

_FEW_ERRORS = 10
_NAMES_SHOWN = 5


def evaluated_group_warnings(groups: Sequence[EvaluatedGroup]) -> tuple[ReportWarning, ...]:
    """Collect the warnings about groups that were evaluated."""
    return tuple(_without_pairs([one.group for one in groups if one.opis is None], len(groups)))


def group_rate_warnings(of: GroupedRates, point: str) -> tuple[ReportWarning, ...]:
    """Collect the warnings about rates of groups at one point."""
    without = [one.group for one in of.groups if one.far is None]
    few = [
        one.group
        for one in of.groups
        if one.far is not None and one.frr is not None and min(one.far.k, one.frr.k) < _FEW_ERRORS
    ]
    found = list(_without_pairs(without, len(of.groups)))
    if few and of.far is not None:
        found.append(
            ReportWarning(
                "few-errors-in-groups",
                f"{point}: {_some(few)} of {len(of.groups):,} groups have fewer than"
                f" {_FEW_ERRORS} false accepts or false rejects; with so few, Max/GeoMean reaches"
                " 1.7 or more by chance, even between groups without a difference",
            )
        )
    return tuple(found)


def _without_pairs(names: Sequence[str], n_groups: int) -> Iterator[ReportWarning]:
    if names:
        yield ReportWarning(
            "groups-without-pairs",
            f"{_some(names)} of {n_groups:,} groups have no positive or no negative pairs, so"
            " nothing is measured in them",
        )


def _some(names: Sequence[str]) -> str:
    """Count and the first few names: ``2 ('a', 'b')``."""
    shown = ", ".join(repr(name) for name in names[:_NAMES_SHOWN])
    return f"{len(names):,} ({shown}{', …' if len(names) > _NAMES_SHOWN else ''})"
