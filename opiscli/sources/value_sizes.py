"""Bytes that the values of a type take in memory, as far as the type says."""

import pyarrow as pa

_BYTES_OF_TEXT = 8  # its place; the letters are not known before


def bytes_per_row(kind: pa.DataType) -> int | None:
    """Bytes of one value of a type, ``None`` if it holds any number of values."""
    if pa.types.is_fixed_size_list(kind):
        of_one = bytes_per_row(kind.value_type)
        return None if of_one is None else kind.list_size * of_one
    if pa.types.is_nested(kind):
        return None
    return bytes_per_value(kind)


def bytes_per_value(kind: pa.DataType) -> int:
    """Bytes of one value of a type, or of one element of a list."""
    try:
        return -(-int(kind.bit_width) // 8)
    except ValueError:
        is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
        return bytes_per_value(kind.value_type) if is_list else _BYTES_OF_TEXT
