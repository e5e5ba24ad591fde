"""Requests to web servers, each bounded in time, whose failures are explained without secrets."""

import base64
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import IO, NoReturn
from urllib.parse import unquote, urlsplit, urlunsplit

from opiscli.errors import SourceError

_SECONDS = 20.0
"""How long a server may be silent."""
_PAUSES = (0.3, 1.0)
_PASSING = frozenset({429, 500, 502, 503, 504})
_SECRET_HEADERS = ("Authorization", "Cookie")


@dataclass(frozen=True)
class Answer:
    """What a server sends."""

    response: http.client.HTTPResponse = field(repr=False)

    @property
    def status(self) -> int:
        """The status code."""
        return int(self.response.status)

    def header(self, name: str) -> str:
        """A header, empty if there is none."""
        return self.response.headers.get(name, "")

    def read(self, n_bytes: int) -> bytes:
        """At most ``n_bytes``; none at the end."""
        return self.response.read(n_bytes)


@contextmanager
def ask(url: str, name: str, headers: Mapping[str, str] | None = None) -> Iterator[Answer]:
    """Get an address, three times at most while the server says that it is busy.

    Parameters
    ----------
    url
        A user and password in it are sent as Basic authentication (RFC 7617).
    name
        The address without secrets, for messages.

    Raises
    ------
    SourceError
        If the server cannot be reached, or refuses.
    OSError, http.client.HTTPException
        If the connection is lost later.
    """
    plain, basic = _without_user(url)
    sent = {"Accept-Encoding": "identity", "User-Agent": "opis", **basic, **(headers or {})}
    for pause in (*_PAUSES, None):
        try:
            request = urllib.request.Request(plain, headers=sent)
            response = _opener().open(request, timeout=_SECONDS)
        except urllib.error.HTTPError as refused:
            refused.close()
            if pause is None or refused.code not in _PASSING:
                raise refusal(name, refused.code) from None
            time.sleep(pause)
        except (OSError, http.client.HTTPException, ValueError) as cause:
            if pause is None or not isinstance(_reason(cause), ConnectionResetError):
                _explain(cause, name)
            time.sleep(pause)
        else:
            with closing(response):
                yield Answer(response)
            return


class Refusal(SourceError):
    """A server does not give a file.

    Parameters
    ----------
    status
        The status code of its answer.
    """

    def __init__(self, problem: str, *, hint: str, status: int) -> None:
        super().__init__(problem, hint=hint)
        self.status = status


def refusal(name: str, status: int) -> Refusal:
    """Say why a server does not give a file."""
    problem, hint = _WHY.get(status, _OTHERWISE)
    return Refusal(problem.format(name=name, status=status), hint=hint, status=status)


_DENIED = (
    "{name} cannot be read: the server refuses access (HTTP {status})",
    "Check the user, password or token, that a signed address has not expired, and that you may"
    " read the file.",
)
_MISSING = ("no such file: {name} (HTTP {status})", "Check the address for typing errors.")
_CHANGED = (
    "{name} is empty, or was changed while it was read",
    "Write it again, or run the command again when nothing writes it.",
)
_OTHERWISE = (
    "{name} cannot be read: the server answers HTTP {status}",
    "Try again later, or copy the file first and read the copy.",
)
_WHY = {401: _DENIED, 403: _DENIED, 404: _MISSING, 410: _MISSING, 416: _CHANGED}


def _explain(cause: Exception, name: str) -> NoReturn:
    """Raise an error that names the reason and not the address, which may hold a secret."""
    reason = _reason(cause)
    if isinstance(reason, TimeoutError):
        what = f"the server did not answer within {_SECONDS:.0f} s"
    elif isinstance(cause, http.client.HTTPException) or isinstance(reason, ConnectionResetError):
        what = "the server closed the connection"
    elif isinstance(reason, OSError):
        what = f"the server cannot be reached ({reason.strerror or type(reason).__name__})"
    else:
        what = "it is not a valid address"
    raise SourceError(
        f"{name} cannot be read: {what}",
        hint="Check the address, the network and the proxy settings, then try again.",
    ) from None


def _reason(cause: Exception) -> object:
    return getattr(cause, "reason", cause)


def _without_user(url: str) -> tuple[str, dict[str, str]]:
    """An address without user and password, and the header that says them."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    plain = urlunsplit(parts._replace(netloc=host, fragment=""))
    if not at:
        return plain, {}
    token = base64.b64encode(unquote(user).encode()).decode()
    return plain, {"Authorization": f"Basic {token}"}


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows an answer to another address, but tells no other server a secret."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """The request to the other address."""
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is None or urlsplit(newurl).scheme not in ("http", "https"):
            return None
        if urlsplit(newurl)[:2] != urlsplit(req.full_url)[:2]:
            for name in _SECRET_HEADERS:
                request.remove_header(name)
        return request


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_Redirects())
