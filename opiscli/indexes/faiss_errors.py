"""What FAISS raises, in a few words."""

import re

RAISED = (RuntimeError, ValueError, AssertionError, TypeError)
"""What FAISS and its Python layer raise."""


def reason_of(cause: BaseException) -> str:
    """The message of a FAISS error without its function and line."""
    said = str(cause).strip().splitlines()
    last = said[-1] if said else type(cause).__name__
    return re.sub(r"^(Error in .*? at \S+:\d+: )?(Error: )?('.*?' failed: )?(?=.)", "", last)
