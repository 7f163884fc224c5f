"""calfeed.fetch.web_addresses: which addresses can be requested, and which are on this computer."""

from __future__ import annotations

import pytest

from calfeed.fetch.web_addresses import is_loopback, read_address, without_password


@pytest.mark.parametrize(
    ("url", "is_here"),
    [
        ("http://127.0.0.1:8000/", True),
        ("http://127.8.9.1/", True),
        ("http://localhost/", True),
        ("http://[::1]:8000/", True),
        ("http://localhost.example/", False),
        ("http://127.0.0.1.example/", False),
        ("http://10.0.0.1/", False),
        ("http:///", False),
    ],
)
def test_loopback(url: str, is_here: bool) -> None:
    """Loopback is every address of 127.0.0.0/8, ::1 and `localhost`, but not names that begin like these."""
    assert is_loopback(url) is is_here


@pytest.mark.parametrize(
    "url", ["ftp://host.example/", "https://", "https://host.example:0/", "https://host.example:x/", "host.example"]
)
def test_addresses_that_cannot_be_requested(url: str) -> None:
    """Only http and https with a host and a port can be requested."""
    with pytest.raises(ValueError):  # noqa: PT011 - urlsplit words some of them
        read_address(url)


def test_passwords() -> None:
    """An address with a password is refused, and shown without it."""
    url = "https://anna:secret@host.example/a"
    with pytest.raises(ValueError, match="none is sent"):
        read_address(url)
    assert without_password(url) == "https://***@host.example/a"
