"""Normalise web addresses: one ASCII form for all spellings, and a hint for text that is not an address.

An address has the same form wherever it is written: in `url`, `online`, links in a description, the calendar's `url`.
"""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from calfeed.diagnostics.problem import InvalidValue
from calfeed.text.hosts import HostError, ascii_host, earlier_host

# Not encoded in path, query and fragment: RFC 3986 §3.3-3.5, and characters that browsers leave alone.
_SAFE = "/%:@!$&'()*+,;=~?[]"
# Never unencoded in an address: browsers encode these, and other programs end the address there.
_UNFIT = re.compile(r'[\s<>"\\^`{|}\x00-\x1f\x7f]')
_DOMAIN = re.compile(r"(?:[\w-]+\.)+[^\W\d_]{2,}(?::\d+)?(?:[/?#].*)?")
_BACKSLASHES = re.compile(r"https?:\\\\", re.IGNORECASE)
_OPENING, _CLOSING = "<\"'`“„«", ">\"'`”“»"
_MAX_LENGTH = 1000  # longer texts are not analysed for a hint
_WHOLE_ADDRESS = "write the full address, such as `https://example.org/page`"


def read_url(text: str) -> str:
    """Return a web address in ASCII: the host as browsers write it, other characters percent-encoded."""
    if _UNFIT.search(text):
        raise _bad_url(text)
    try:
        parts = _split(text)
        netloc = _netloc(parts)
    except HostError as cause:
        raise _bad_url(text, str(cause)) from None
    except ValueError:  # an invalid port, or invalid brackets
        raise _bad_url(text) from None
    if parts.username is not None:
        raise InvalidValue("bad-url", "the address contains a user name", "delete it: anyone can read a feed")
    return _assemble(parts, netloc)


def normal_url(text: str) -> str | None:
    """Return the address as `read_url` does, with unfit characters encoded; None if it cannot be read.

    This is for links in texts; those that cannot be read are shown unchanged.
    """
    try:
        parts = _split(text)
        return None if parts.username is not None else _assemble(parts, _netloc(parts))
    except ValueError:
        return None


def earlier_spelling(url: str) -> str:
    """Return how calfeed wrote an address before `read_url` followed UTS 46 and kept the brackets of IPv6.

    Published addresses are compared with this form, too, because a new spelling is not a revision.
    """
    if "xn--" not in url and "[" not in url:
        return url
    parts = urlsplit(url)
    host = earlier_host(parts.hostname or "")
    if host is None:
        return url
    netloc = host if parts.port is None else f"{host}:{parts.port}"
    return urlunsplit(parts._replace(netloc=netloc))


def read_published_url(text: str) -> str:
    """Return an address from a manifest, with the IPv6 brackets restored that earlier versions dropped."""
    scheme, separator, rest = text.partition("://")
    netloc = re.split("[/?#]", rest, maxsplit=1)[0]
    if netloc.count(":") > 1 and not netloc.startswith("["):
        for host, port in ((netloc, ""), netloc.rsplit(":", 1)):
            with suppress(ValueError):
                rest = f"[{ascii_host(host)}]{port and ':'}{port}{rest.removeprefix(netloc)}"
                break
    return read_url(f"{scheme}{separator}{rest}")


def read_base_url(text: str) -> str:
    """Return the https address at which DIST is published, with a slash at the end."""
    try:
        url = read_url(text)
    except InvalidValue:
        near = _address_in(text)
        if near is None:
            raise
        url = read_url(near)
    else:
        if url.startswith("https://") and "?" not in url and "#" not in url:
            return url if url.endswith("/") else f"{url}/"
    parts = urlsplit(url)
    proposal = urlunsplit(("https", parts.netloc, f"{parts.path.rstrip('/')}/", "", ""))
    message = f"`{text}` is not the https address of a folder"
    raise InvalidValue("bad-url", message, f"write `{proposal}`; most calendars reject other addresses")


def _split(text: str) -> SplitResult:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise HostError
    return parts


def _netloc(parts: SplitResult) -> str:
    """Return host and port, without a user name."""
    host, port = ascii_host(parts.hostname or ""), parts.port
    if ":" in host:
        host = f"[{host}]"
    return host if port is None else f"{host}:{port}"


def _assemble(parts: SplitResult, netloc: str) -> str:
    path, query, fragment = (quote(part, safe=_SAFE) for part in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, netloc, path, query, fragment))


def _bad_url(text: str, reason: str = "") -> InvalidValue:
    if reason:
        message = f"browsers reject the host of `{text}`: {reason}"
        return InvalidValue("bad-url", message, "open it in a browser, and copy the address from its address bar")
    near = _address_in(text)
    hint = f"write `{near}`" if near else _WHOLE_ADDRESS
    return InvalidValue("bad-url", f"`{text}` is not a web address", hint)


def _address_in(text: str) -> str | None:
    """Return the address in a text: with a scheme, without quotes, unfit characters encoded; None if there is none."""
    if len(text) >= _MAX_LENGTH:
        return None
    bare = text.strip()
    plain = bare.lstrip(_OPENING)
    if plain != bare:  # a lone quote at the end may be part of the address
        plain = plain.rstrip(_CLOSING)
    if _BACKSLASHES.match(plain):
        plain = plain.replace("\\", "/")
    plain = _UNFIT.sub(lambda unfit: quote(unfit[0]), plain.strip())
    near = f"https://{plain}" if _DOMAIN.fullmatch(plain) else plain
    with suppress(InvalidValue):
        if near not in ("", text):
            read_url(near)
            return near
    return None
