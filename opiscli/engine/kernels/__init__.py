"""Choice of the kernel that counts a tile: compiled if numba is usable, else NumPy.

Both have the same function, `tally_tile`. The NumPy one is the specification; the compiled one
returns the same integers.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

from opiscli.engine.kernels.compiled import SPEEDUP as SPEEDUP
from opiscli.engine.kernels.compiled import CompiledKernel, say_unusable
from opiscli.engine.kernels.numpy_kernel import tally_tile

COMPILED, NUMPY = "compiled", "NumPy"
_COMPILED_FROM = 50_000_000
"""Pairs from which on the compiled kernel makes up for loading its compiler."""

_compiled = CompiledKernel()


def is_installed() -> bool:
    """Whether numba is installed, usable or not; does not import it."""
    try:
        return find_spec("numba") is not None
    except (ImportError, ValueError):
        return False


def has_compiler() -> bool:
    """Whether numba is installed and usable; warns if it is installed but not usable."""
    try:
        numba = import_module("numba")
    except Exception as cause:
        if not (isinstance(cause, ModuleNotFoundError) and cause.name == "numba"):
            say_unusable(cause)
        return False
    return not numba.config.DISABLE_JIT


def kernel(name: str) -> Callable[..., None]:
    """Return the function of a kernel; numba, which is slow to import, is loaded on first call."""
    return _compiled if name == COMPILED else tally_tile


def kernel_for(n_pairs: int) -> str:
    """Name of the kernel: the compiled one where it is installed and the set large enough."""
    return COMPILED if n_pairs >= _COMPILED_FROM and has_compiler() else NUMPY


def in_use(name: str) -> str:
    """Name of the kernel that actually counted when this one was requested."""
    return NUMPY if name == COMPILED and _compiled.has_given_way else name
