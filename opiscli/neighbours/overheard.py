"""What a library in another language prints on stderr, kept to be said in our words."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def overheard() -> Iterator[bytearray]:
    """Capture what FAISS prints on stderr, so that it can be reported in one line."""
    said = bytearray()
    with tempfile.TemporaryFile() as file:
        before = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            yield said
        finally:
            os.dup2(before, 2)
            os.close(before)
            file.seek(0)
            said += file.read()
