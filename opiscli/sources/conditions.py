"""Row selection: conditions on columns, with the same meaning in every kind of source."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from opiscli.errors import EmbeddingError, UsageError
from opiscli.sources.plain_types import plain_type
from opiscli.sources.selection import Selection

_VALUES_SHOWN = 8


class _Condition(NamedTuple):
    column: str
    value: str
    option: str
    is_kept: bool


@dataclass(frozen=True)
class Conditions:
    """Conditions that a selected row must meet; false if there are none."""

    conditions: tuple[_Condition, ...]

    @classmethod
    def of(cls, selection: Selection) -> "Conditions":
        """The conditions of ``--where`` and ``--exclude``."""
        where = (_Condition(*one, selection.where_option, True) for one in selection.conditions())
        exclude = (_Condition(*one, "--exclude", False) for one in selection.exclusions())
        return cls((*where, *exclude))

    def __bool__(self) -> bool:
        return bool(self.conditions)

    @property
    def options(self) -> dict[str, str]:
        """Columns that conditions are on, with the option of each."""
        return {one.column: one.option for one in self.conditions}

    def require_types(self, types: Mapping[str, pa.DataType]) -> None:
        """Raise `UsageError` if a value cannot be one of its column's."""
        for one in self.conditions:
            _matcher(one, plain_type(types[one.column]))

    def kept(self, columns: Callable[[str], pa.Array], n_rows: int) -> pa.BooleanArray:
        """Which of some rows are taken.

        Parameters
        ----------
        columns
            Gives the plain values of a column.
        """
        kept = pa.repeat(True, n_rows)
        for one in self.conditions:
            column = columns(one.column)
            matches = pc.fill_null(_matcher(one, column.type)(column), False)
            kept = pc.and_(kept, matches if one.is_kept else pc.invert(matches))
        return kept

    def allow(self, keys: Mapping[str, str | None]) -> bool:
        """Whether rows with these values in these columns can be selected."""
        mine = Conditions(tuple(one for one in self.conditions if one.column in keys))
        return bool(mine.kept(lambda name: pa.array([keys[name]], pa.large_string()), 1)[0].as_py())

    def nothing_left(
        self, values: Callable[[str], pa.Array], source: str, selection: Selection
    ) -> EmbeddingError:
        """Explain that no row is selected.

        Parameters
        ----------
        values
            Gives the distinct plain values of a column.
        """
        if not selection.where:
            left_out = " ".join(f"--exclude {condition}" for condition in selection.exclude)
            return EmbeddingError(
                f"no rows of {source} are left by {left_out}", hint="Exclude fewer rows."
            )
        but = " that are not excluded" if selection.exclude else ""
        column = selection.conditions()[0][0]
        found = values(column)
        shown = ", ".join(str(shown_value(value)) for value in found[:_VALUES_SHOWN])
        more = ", …" if len(found) > _VALUES_SHOWN else ""
        return EmbeddingError(
            f"no rows of {source}{but} match {selection.where_as_given}",
            hint=f"Column {column!r} holds: {shown}{more}.",
        )


def shown_value(value: pa.Scalar) -> object:
    """A value as it is shown in messages; Python has no nanoseconds."""
    return (value.cast(pa.string()) if pa.types.is_temporal(value.type) else value).as_py()


def _matcher(one: _Condition, kind: pa.DataType) -> Callable[[pa.Array], pa.Array]:
    """How values of a plain type are compared with the one that was given as text."""
    if one.value == "":
        return lambda column: _is_missing(column)
    if pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        value = pa.scalar(one.value.encode(), pa.large_binary())
        return lambda column: pc.equal(column.cast(pa.large_binary()), value)
    if pa.types.is_float16(kind):  # which has no comparison of its own
        return _comparison(one, pa.float32())
    return _comparison(one, kind)


def _comparison(one: _Condition, kind: pa.DataType) -> Callable[[pa.Array], pa.Array]:
    try:
        value = pa.scalar(one.value).cast(kind)
    except (pa.ArrowException, NotImplementedError) as cause:
        raise UsageError(
            f"{one.option} {one.column}={one.value} cannot match: column {one.column!r} holds"
            f" {kind}",
            hint="Give a value of that type.",
        ) from cause
    if pa.types.is_floating(kind) and math.isnan(value.as_py()):
        return lambda column: pc.is_nan(column)
    return lambda column: pc.equal(column.cast(kind), value)


def _is_missing(column: pa.Array) -> pa.Array:
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return pc.or_kleene(pc.is_null(column), pc.equal(column, ""))
    return pc.is_null(column)
