"""Which kernel counts a tile: compiled where numba is installed, else NumPy.

Both modules have the same function, `tally_tile`. The NumPy one is the specification; the
compiled one returns the same integers.
"""

from importlib import import_module
from types import ModuleType

COMPILED, NUMPY = "compiled", "NumPy"
_MODULES = {COMPILED: "numba_kernel", NUMPY: "numpy_kernel"}


def has_compiler() -> bool:
    """Whether numba is there, and made for this version of NumPy."""
    try:
        import_module("numba")
    except ImportError:
        return False
    return True


def kernel(name: str) -> ModuleType:
    """Import a kernel by its name when it is used: numba takes a while to load."""
    return import_module(f"opiscli.engine.kernels.{_MODULES[name]}")
