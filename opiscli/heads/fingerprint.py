"""Which data a head was trained on, as one number."""

import hashlib

from opiscli.embeddings.embedding_set import EmbeddingSet


def fingerprint(items: EmbeddingSet) -> str:
    """SHA-256 of the unit rows, classes and labels, in class order, as hexadecimal digits."""
    digest = hashlib.sha256()
    digest.update(items.unit_rows.tobytes())
    digest.update(items.codes.tobytes())
    digest.update("\x00".join(items.names).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
