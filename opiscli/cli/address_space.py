"""Refuses a limit on address space that is too small for the libraries of NumPy and numba.

OpenBLAS ends it with exit code 1, which would look like a condition of ``opis check`` that is met.
"""

from opiscli.errors import EmbeddingError

_LEAST = 2_000_000_000
"""Bytes; most of it is claimed by libraries, and never used."""


def require_address_space() -> None:
    """Raise `EmbeddingError` if ``ulimit -v`` leaves too little room to begin with.

    Raises
    ------
    EmbeddingError
        Saying how much there is and is needed.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < _LEAST:
        raise EmbeddingError(
            f"not enough memory: the limit on address space is {limit / 1e6:,.0f} MB, expected"
            f" {_LEAST / 1e6:,.0f} MB or more",
            hint="Raise it with ulimit -v; what opis takes is limited by --memory-limit.",
        )
