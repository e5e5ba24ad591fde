"""Packages that are not installed with opis, but with an extra of it."""

from opiscli.errors import UsageError


def missing_package(name: str, package: str, extra: str) -> UsageError:
    """Say that a source needs a package that is not installed."""
    return UsageError(
        f"{name} needs the package {package}, which is not installed",
        hint=f"Install it with: pip install 'opiscli[{extra}]'.",
    )
