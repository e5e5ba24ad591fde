"""What a picture shows, as numbers: pure functions from counts to frozen data."""

import contextlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path


def _load_matplotlib() -> None:
    """Import matplotlib; if the user's settings prevent that, import it with its defaults.

    It takes the first ``matplotlibrc`` from the working folder on, and the backend of MPLBACKEND,
    which may name one of another program's environment. opis writes files and shows nothing.
    """
    try:
        import matplotlib
    except (OSError, ValueError):
        found = find_spec("matplotlib")
        if found is None or found.origin is None:
            raise
        for half_loaded in [name for name in sys.modules if name.startswith("matplotlib.")]:
            del sys.modules[half_loaded]
        backend = os.environ.pop("MPLBACKEND", None)
        try:
            with contextlib.chdir(Path(found.origin).parent / "mpl-data"):
                import matplotlib  # noqa: F401
        finally:
            if backend is not None:
                os.environ["MPLBACKEND"] = backend


_load_matplotlib()
