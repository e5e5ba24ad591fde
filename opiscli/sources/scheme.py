"""The scheme of an address, ``scheme://…``."""

import re

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)


def scheme_of(source: str) -> str | None:
    """The scheme of an address, in lower case; ``None`` for anything else."""
    found = _SCHEME.match(source)
    return None if found is None else found[1].lower()
