"""How many threads FAISS uses: its own and those of the matrix products that it asks for."""

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def held_to(threads: int) -> Iterator[None]:
    """Limit FAISS to a number of threads, and restore the previous number afterwards.

    Its loops and its matrix products take turns, so each may have them all.
    """
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(threads)
    try:
        with threadpool_limits(threads, "blas"):
            yield
    finally:
        faiss.omp_set_num_threads(before)
