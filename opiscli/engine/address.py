"""Whether anything answers at an address of the network."""

import socket
from urllib.parse import urlsplit


def is_reachable(address: str, seconds: float) -> bool:
    """Whether a connection to ``tcp://host:port`` or ``tls://host:port`` can be opened.

    Parameters
    ----------
    seconds
        How long to wait for it; a refusal is noticed at once.
    """
    try:
        parts = urlsplit(address)
        if parts.scheme not in ("tcp", "tls") or parts.hostname is None or parts.port is None:
            return False
        with socket.create_connection((parts.hostname, parts.port), seconds):
            return True
    except (OSError, ValueError):  # no such host, no such port
        return False
