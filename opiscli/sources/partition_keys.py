"""Partition keys in the names of folders, such as ``split=test``, and which files are tables."""

import re
from collections.abc import Sequence
from urllib.parse import unquote

_NULL_KEY = "__HIVE_DEFAULT_PARTITION__"
_KEY = re.compile(r"([^=]+)=(.*)", re.DOTALL)
_PARQUET_NAMES = (".parquet", ".parq", ".pq")


def keys_of(folders: Sequence[str]) -> tuple[dict[str, str | None], str]:
    """The keys in the names of folders, and these names; ``label=a%2Fb`` means the text a/b."""
    found = [match for folder in folders if (match := _KEY.fullmatch(folder))]
    values = {unquote(match[1]): unquote(match[2]) for match in found}
    keys = {key: None if value == _NULL_KEY else value for key, value in values.items()}
    return keys, "/".join(match[0] for match in found)


def is_named_parquet(name: str) -> bool:
    """Whether a name ends as those of Parquet files do."""
    return name.lower().endswith(_PARQUET_NAMES)
