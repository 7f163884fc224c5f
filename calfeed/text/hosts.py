"""Convert the hosts of web addresses to ASCII as browsers do: UTS 46 (Unicode IDNA Compatibility Processing).

Browsers accept more than registries assign (IDNA 2008): symbols such as 📻, and underscores. This module checks what
browsers check (the URL Standard's "domain to ASCII"): the mapping of letters, joiners, the direction of labels, and
characters that no host can contain.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv6Address
from urllib.parse import unquote_to_bytes

_ACE = "xn--"
_MAX_LABEL, _MAX_HOST = 63, 253  # RFC 1035 §2.3.4
_FORBIDDEN = re.compile(r'[\x00-\x20"#%/:<>?@\[\\\]^`{|}\x7f]')
_JOINERS = frozenset("\u200c\u200d")
_RIGHT_TO_LEFT = frozenset(("R", "AL", "AN"))


class HostError(ValueError):
    """A host that browsers reject; the text says why if that takes only a few words, and is empty otherwise."""


def ascii_host(host: str) -> str:
    """Return a host in ASCII and lower case: a name, or an IPv6 address without its brackets.

    A name in ASCII without percent-encoding, even one with `xn--`, is only changed to lower case.

    Raises:
        HostError: browsers reject the host.
    """
    if ":" in host:
        return _ipv6(host)
    if not host.isascii() or "%" in host:
        return _encoded(host)
    return _checked(host.lower())


def earlier_host(host: str) -> str | None:
    """Return how calfeed wrote an ASCII host before it followed UTS 46; None if it refused the host.

    It followed IDNA 2003 then, which maps `ß` to `ss` and drops joiners.
    """
    try:
        labels = (_unicode_label(label) for label in host.split("."))
        return ".".join(labels).encode("idna").decode("ascii")
    except UnicodeError:
        return None


def _unicode_label(label: str) -> str:
    return label.removeprefix(_ACE).encode("ascii").decode("punycode") if label.startswith(_ACE) else label


def _ipv6(host: str) -> str:
    try:
        address = IPv6Address(host)
    except ValueError:
        raise HostError from None
    if address.scope_id is not None:  # a network interface, which is meaningful only on one computer
        raise HostError
    return host.lower()


@lru_cache(maxsize=256)
def _encoded(host: str) -> str:
    if len(host) > 4 * _MAX_HOST:  # before any step that takes more than linear time
        raise HostError("it is too long")
    if "%" in host:
        try:
            host = unquote_to_bytes(host).decode()
        except UnicodeDecodeError:
            raise HostError from None
    labels = _mapped(host).split(".")
    unicode_labels = [label for label in labels if not label.isascii()]
    # RFC 5893 §1.4: if one label is right-to-left, all labels must follow its rule.
    has_rtl = any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for label in unicode_labels for letter in label)
    for label in unicode_labels:
        _check_label(label)
    if has_rtl:
        _check_direction(labels)
    return _checked(".".join(label if label.isascii() else _ace(label) for label in labels))


def _mapped(host: str) -> str:
    """Return a host with its letters mapped and composed, which makes `Ａ`, `A` and `a` the same."""
    import idna

    try:
        mapped = idna.uts46_remap(host, std3_rules=False)
    except idna.InvalidCodepoint:
        raise HostError(_refused_letter(host)) from None
    except idna.IDNAError:
        raise HostError from None
    return mapped


def _refused_letter(host: str) -> str:
    """Return a text that names the rejected letter of a host; empty if each letter is valid by itself."""
    import idna

    for letter in host:
        try:
            idna.uts46_remap(letter, std3_rules=False)
        except idna.IDNAError:
            return f"it contains {_name(letter)}"
    return ""


def _check_label(label: str) -> None:
    """Refuse a label that begins with a combining mark or `xn--`, or contains a joiner that joins nothing."""
    import idna

    if label.startswith(_ACE):  # claims to be encoded, but is not
        raise HostError
    if unicodedata.category(label[0]).startswith("M"):
        raise HostError(f"a part of it begins with {_name(label[0])}")
    for position, letter in enumerate(label):
        if letter in _JOINERS:
            try:
                is_valid = idna.valid_contextj(label, position)
            except ValueError:  # next to a letter that Python's version of Unicode lacks
                is_valid = False
            if not is_valid:
                raise HostError(f"it contains {_name(letter)} where it joins nothing; delete it")


def _check_direction(labels: Sequence[str]) -> None:
    import idna

    try:
        for label in labels:
            if label:
                idna.check_bidi(label, check_ltr=True)
    except idna.IDNAError:
        raise HostError("a part of it mixes left-to-right and right-to-left letters") from None


def _ace(label: str) -> str:
    return f"{_ACE}{label.encode('punycode').decode('ascii')}"


def _checked(host: str) -> str:
    """Return an ASCII host that DNS can store, else raise; it may end with a full stop."""
    labels = host.removesuffix(".").split(".")
    if _FORBIDDEN.search(host) or not all(labels):
        raise HostError
    if max(map(len, labels)) > _MAX_LABEL:
        raise HostError(f"a part of it has more than {_MAX_LABEL} characters")
    return host


def _name(letter: str) -> str:
    name = unicodedata.name(letter, "").lower()
    return f"U+{ord(letter):04X}" + (f" ({name})" if name else "")
