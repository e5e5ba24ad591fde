"""The lossless common type of a column in several files."""

import pyarrow as pa

from opiscli.sources.plain_types import is_list, plain_type

_SIGNED = (pa.int8(), pa.int16(), pa.int32(), pa.int64())
_UNSIGNED = (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())
_FLOATS = (pa.float16(), pa.float32(), pa.float64())


def common_type(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """Type that holds every value of both as it is, or ``None`` if there is none."""
    if one == other:
        return one
    one, other = plain_type(one), plain_type(other)
    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    if is_list(one) and is_list(other):
        values = common_type(one.value_type, other.value_type)
        return None if values is None else _list_of(values, one, other)
    for wider in (_SIGNED, _UNSIGNED, _FLOATS):
        if one in wider and other in wider:
            return wider[max(wider.index(one), wider.index(other))]
    return _signed(one, other)


def _list_of(values: pa.DataType, one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    sizes = {k.list_size if pa.types.is_fixed_size_list(k) else None for k in (one, other)}
    if len(sizes) == 1 and None not in sizes:
        return pa.list_(values, *sizes)
    if None not in sizes:
        return None
    is_large = pa.types.is_large_list(one) or pa.types.is_large_list(other)
    return pa.large_list(values) if is_large else pa.list_(values)


def _signed(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """The signed integer type that can hold an unsigned one, if there is one."""
    for signed, unsigned in ((one, other), (other, one)):
        if signed in _SIGNED and unsigned in _UNSIGNED[:-1]:
            at = max(_SIGNED.index(signed), _UNSIGNED.index(unsigned) + 1)
            return _SIGNED[at]
    return None
