"""Removes passwords and other credentials from texts that are shown or written."""

import re
from urllib.parse import unquote

HIDDEN = "***"

_USER_INFO = re.compile(
    r"^(?P<scheme>[a-z][a-z0-9+.-]+)://(?P<user>[^:/?#@]*):(?!\d+(?:[/?#]|$))(?P<secret>.*)@", re.I
)
_TOKEN = re.compile(r"^(https?://)(?P<secret>[^:/?#@]+)@", re.IGNORECASE)
_PARAMETER = re.compile(r"(?<=[?&])(?P<name>[^=&#]*)=(?P<secret>[^&#]*)")
_HARMLESS = frozenset({
    "application_name", "branch", "connect_timeout", "dbname", "gssencmode", "host", "hostaddr",
    "options", "port", "ref", "region", "revision", "schema", "service", "snapshot", "sslmode",
    "sslrootcert", "table", "target_session_attrs", "user", "version",
})  # fmt: skip
"""Parameters of addresses whose values are shown; those of all others are hidden."""

_IN_TEXT = re.compile(r"(?<=://)(?P<user>[^\s:/?#@']*):[^\s@']*@")
_QUOTED = r"'(?:[^']|'')*'|\"[^\"]*\""
_ASSIGNED = re.compile(
    r"(?P<name>\b\w*(?:password|passwd|pwd|secret|token|credential|api_?key|access_?key)\w*[\"']?)"
    rf"(?:(?P<is>\s*(?:=>?|:=?)\s*)(?:{_QUOTED}|[^\s,;)'\"&]+)|(?P<space>\s+)(?:{_QUOTED}))",
    re.IGNORECASE,
)


def without_credentials(source: str) -> str:
    """Name of a source as it is shown: an address without what is secret in it.

    Examples
    --------
    >>> without_credentials("postgresql://ann:pw@host/db?sslmode=require&password=pw")
    'postgresql://ann@host/db?sslmode=require&password=***'
    >>> without_credentials("runs/e.parquet")
    'runs/e.parquet'
    """
    if "://" not in source:
        return source
    source = _USER_INFO.sub(r"\g<scheme>://\g<user>@", source).replace("://@", "://")
    return _PARAMETER.sub(_shown_parameter, _TOKEN.sub(r"\1", source))


def _shown_parameter(found: re.Match[str]) -> str:
    harmless = found["name"].lower() in _HARMLESS
    return f"{found['name']}={found['secret'] if harmless else HIDDEN}"


def query_without_credentials(query: str) -> str:
    """SQL as it is shown, on one line, without what looks like a credential in it.

    Examples
    --------
    >>> query_without_credentials("SELECT * FROM postgres_scan('host=h password=pw', 's', 't')")
    "SELECT * FROM postgres_scan('host=h password=***', 's', 't')"
    """
    text = _IN_TEXT.sub(r"\g<user>@", " ".join(query.split()))
    return _ASSIGNED.sub(lambda it: f"{it['name']}{it['is'] or it['space']}{HIDDEN}", text)


def secrets_of(source: str) -> list[str]:
    """What is secret in an address, as it is written and decoded; longest first."""
    found = [one["secret"] for one in (_USER_INFO.match(source), _TOKEN.match(source)) if one]
    found += [
        one["secret"] for one in _PARAMETER.finditer(source) if one["name"].lower() not in _HARMLESS
    ]
    return sorted({*found, *map(unquote, found)} - {""}, key=len, reverse=True)


def scrubbed(message: str, source: str) -> str:
    """A message of a library without the credentials of the address that it is about."""
    for secret in secrets_of(source):
        message = message.replace(secret, HIDDEN)
    return _IN_TEXT.sub(r"\g<user>@", message)
