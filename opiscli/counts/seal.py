"""The digest inside an evaluation file: SHA-256 over all bytes of the file but its own.

The digest stands as text in the schema's metadata. It is computed over the file with zeros in
its place, so that it covers columns, metadata and whatever else a reader may look at, and a
damaged file is known before any part of it is interpreted.
"""

import hashlib

_PREFIX = b"opis-sha256:"
UNSEALED = _PREFIX + b"0" * (hashlib.sha256().digest_size * 2)
"""What stands in place of the digest while it is computed."""


def sealed(contents: bytes) -> bytes:
    """Put the digest of a file in the places of `UNSEALED`."""
    return contents.replace(UNSEALED, _digest(contents, UNSEALED))


def is_intact(contents: bytes, seal: bytes) -> bool:
    """Whether a file has this digest, which was found in its metadata."""
    return len(seal) == len(UNSEALED) and _digest(contents, seal) == seal


def _digest(contents: bytes, seal: bytes) -> bytes:
    found, view, start = hashlib.sha256(), memoryview(contents), 0
    while (place := contents.find(seal, start)) >= 0:
        found.update(view[start:place])
        found.update(UNSEALED)
        start = place + len(UNSEALED)
    found.update(view[start:])
    return _PREFIX + found.hexdigest().encode("ascii")
