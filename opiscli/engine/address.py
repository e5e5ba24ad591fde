"""Whether anything answers at an address of the network, and whether it speaks as Dask does."""

import socket
from contextlib import suppress
from urllib.parse import urlsplit

_LENGTH_OF_LENGTH = 8
_LONGEST_GREETING = 1 << 20


def is_reachable(address: str, seconds: float) -> bool:
    """Whether a connection to ``tcp://host:port`` or ``tls://host:port`` can be opened.

    Parameters
    ----------
    seconds
        How long to wait for it; a refusal is noticed at once.
    """
    with suppress(OSError, ValueError), _connection(address, seconds):
        return True
    return False


def is_greeting(address: str, seconds: float) -> bool:
    """Whether what answers greets as Dask does: at once, with the length of a short message.

    Dask itself waits without end for what a server of another kind does not send. Over TLS nothing
    is said before certificates are exchanged, so there it is enough that something answers.
    """
    if not address.startswith("tcp:"):
        return is_reachable(address, seconds)
    with suppress(OSError, ValueError), _connection(address, seconds) as connection:
        greeting = connection.recv(_LENGTH_OF_LENGTH, socket.MSG_WAITALL)
        length = int.from_bytes(greeting, "little")
        return len(greeting) == _LENGTH_OF_LENGTH and 0 < length < _LONGEST_GREETING
    return False


def _connection(address: str, seconds: float) -> socket.socket:
    parts = urlsplit(address)
    if parts.scheme not in ("tcp", "tls") or parts.hostname is None or parts.port is None:
        raise ValueError(address)
    return socket.create_connection((parts.hostname, parts.port), seconds)
