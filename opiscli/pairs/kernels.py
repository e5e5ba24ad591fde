"""Which kernel there is: compiled where numba is installed, else interpreted."""

from importlib import import_module
from types import ModuleType


def has_compiler() -> bool:
    """Whether numba is there, and made for this version of NumPy."""
    try:
        import_module("numba")
    except ImportError:
        return False
    return True


def kernel(*, compiled: bool) -> ModuleType:
    """Functions that walk a tile: ``list_pairs``, ``measure``, ``tally``, ``approach``."""
    # Imported when asked for: numba takes a while to load.
    return import_module(f"opiscli.pairs.{'compiled' if compiled else 'interpreted'}")
