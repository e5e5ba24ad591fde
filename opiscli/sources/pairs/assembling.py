"""What reading score tables, pairs of embeddings and lists of trials has in common."""

from collections.abc import Iterable

from opiscli.arrays import BoolArray
from opiscli.distance import Distance
from opiscli.embeddings.pair_scores import PairScores
from opiscli.sources.pairs.coded import require_identities
from opiscli.sources.pairs.collecting import Block, Collected
from opiscli.sources.pairs.digest import digest_of
from opiscli.sources.pairs.grouping import Grouping
from opiscli.sources.pairs.roles import Roles
from opiscli.sources.pairs.row_errors import Places
from opiscli.sources.plain_types import plain_type
from opiscli.sources.selection import Selection
from opiscli.sources.table import Table
from opiscli.sources.tables import SelectedRows, require_united


def collecting(table: Table, roles: Roles, selection: Selection, *, are_lines: bool) -> Collected:
    """Begin to collect pairs.

    Parameters
    ----------
    are_lines
        Whether the table has no header, so that its rows are lines.
    """
    is_whole = not (selection.where or selection.exclude)
    return Collected(
        roles, Places(table.name, are_lines and is_whole), roles.kind, selection.allowed_memory
    )


def selected(table: Table, roles: Roles, selection: Selection) -> SelectedRows:
    """The rows to read, after it was checked that columns can be what they should."""
    require_united(table, list(dict.fromkeys([*roles.measured, *roles.further])))
    for name in roles.coded.values():
        require_identities(plain_type(table.schema.field(name).type), name, table.name)
    return SelectedRows.of(table, selection)


def add_all(collected: Collected, blocks: Iterable[Block], rows: SelectedRows) -> None:
    """Read everything; explain where conditions leave nothing."""
    for block in blocks:
        collected.add(block)
    if not collected.distances.n_values and rows.conditions:
        raise rows.nothing_left()
    collected.require_both_kinds()


def labelled(roles: Roles) -> str:
    """Say where it stands whether pairs are of the same class."""
    if roles.same is None:
        first, second = roles.sides or ("a", "b")
        return f"of the same class where {first!r} and {second!r} are equal"
    return f"of the same class by column {roles.same!r}"


def scores_of(
    collected: Collected,
    is_positive: BoolArray,
    grouping: Grouping,
    found: str,
    *,
    score_column: str | None = None,
    distance: Distance | None = None,
) -> PairScores:
    """Put together what was read.

    Parameters
    ----------
    found
        How the source was understood.
    """
    distances = collected.distances.finished()
    distances.flags.writeable = is_positive.flags.writeable = False
    digest = digest_of(collected.kind, distances, is_positive, grouping.given)
    return PairScores(
        distances=distances,
        is_positive=is_positive,
        kind=collected.kind,
        classes=None if grouping.classes is None else grouping.classes.groups,
        clusters=None if grouping.clusters is None else grouping.clusters.groups,
        n_items=grouping.n_items,
        sha256=digest,
        score_column=score_column,
        distance=distance,
        notes=(found, *grouping.notes),
        warnings=grouping.warnings,
    )
