"""The error for a source that needs a package which is not installed."""

from opiscli.errors import UsageError
from opiscli.sources.credentials import without_credentials


def missing_package(source: str, package: str, extra: str) -> UsageError:
    """Say that a source needs a package, and which extra of opis installs it."""
    return UsageError(
        f"{without_credentials(source)} needs the package {package}, which is not installed",
        hint=f"Install it with: pip install 'opiscli[{extra}]'.",
    )
