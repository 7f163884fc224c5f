"""Addresses on the web: which can be requested, which are on this computer, and how to show one with a password."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit


def read_address(url: str) -> str:
    """Return an address that can be requested.

    Raises:
        ValueError: it is not a valid http or https address, or it contains a user name or a password.
    """
    parts = urlsplit(url)
    if without_password(url) != url:
        raise ValueError("none is sent")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:  # a bad port is a ValueError
        raise ValueError(url)
    return url


def is_loopback(url: str) -> bool:
    """Return whether an address is on this computer, where plain http does no harm.

    Raises:
        ValueError: it is not a valid address.
    """
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def without_password(url: str) -> str:
    """Return an address that is safe to show: the user information before the host is masked (RFC 3986 §3.2.1)."""
    scheme, separator, rest = url.partition("//")
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    is_whole = "@" in authority or re.fullmatch(r"(?:[^:]*|\[.*\])(?::[0-9]*)?", authority) is not None
    secret = authority if is_whole else rest  # a slash in a password does not end the authority
    _, at, _ = secret.rpartition("@")
    return f"{scheme}{separator}***@{rest[secret.rfind('@') + 1 :]}" if at else url
