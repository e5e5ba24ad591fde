"""Choice of the kernel that counts a tile: compiled if numba is installed, else NumPy.

Both modules have the same function, `tally_tile`. The NumPy one is the specification; the
compiled one returns the same integers.
"""

from importlib import import_module
from types import ModuleType

COMPILED, NUMPY = "compiled", "NumPy"
_COMPILED_FROM = 50_000_000
"""Pairs from which on the compiled kernel makes up for loading its compiler."""
_MODULES = {COMPILED: "numba_kernel", NUMPY: "numpy_kernel"}


def has_compiler() -> bool:
    """Whether numba is there, and can be used with this version of NumPy."""
    try:
        import_module("numba")
    except Exception:
        return False
    return True


def kernel(name: str) -> ModuleType:
    """Import a kernel by name on first use, because numba is slow to import."""
    return import_module(f"opiscli.engine.kernels.{_MODULES[name]}")


def kernel_for(n_pairs: int) -> str:
    """Name of the kernel: the compiled one where it is installed and the set large enough."""
    return COMPILED if n_pairs >= _COMPILED_FROM and has_compiler() else NUMPY
