"""Read identifiers: ids, slugs, UIDs, revision numbers and the names of extra properties."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from calfeed.diagnostics.problem import InvalidValue
from calfeed.text.characters import describe, find_unfit
from calfeed.zones.nicknames import key_of_property

_ID = re.compile(r"[a-z0-9][a-z0-9-]*")
_CALENDAR_ID = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
_X_NAME = re.compile(r"X-[A-Z0-9-]+")
# Events cannot set these: calfeed writes them itself.
_RESERVED_PROPERTIES = re.compile(r"X-(WR-|PUBLISHED-TTL|ALT-DESC|APPLE-|MICROSOFT-CDO-|MS-OLK-)")
_LINE_BREAKS_AND_TABS = re.compile("[\t\n\r\x85\u2028\u2029]")
# Device names that Windows reserves in every folder and with any extension.
_DEVICES = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")
MAX_NAME = 100
"""The maximum length of an id, in characters."""
MAX_SEQUENCE = 2**31 - 1
"""The highest revision number: RFC 5545 §3.3.8."""
_MAX_UID = 255
# Letters that need more than the removal of an accent to become ASCII.
_SPELLED_OUT = {
    ord(letter): spelled
    for letters, spelled in (
        ("ß", "ss"),
        ("æÆ", "ae"),
        ("œŒ", "oe"),
        ("øØ", "o"),
        ("łŁ", "l"),
        ("đĐðÐ", "d"),
        ("þÞ", "th"),
    )
    for letter in letters
}


def slugify(text: str) -> str:
    """Return the text in `[a-z0-9-]`, without accents; empty if it has no Latin letters or digits."""
    spelled = text.translate(_SPELLED_OUT)
    plain = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_NAME].strip("-")


def read_id(text: str) -> str:
    """Return an id: the stable name of an event, venue or feed, used in addresses and file names."""
    if _ID.fullmatch(text) is None:
        proposal = slugify(text)
        hint = "use only a-z, 0-9 and -" + (f": `{proposal}`" if proposal else "")
        raise InvalidValue("bad-id", f"`{text}` is not an id", hint)
    if _DEVICES.fullmatch(text):
        raise InvalidValue("bad-id", f"`{text}` is a reserved name on Windows", f"use a name such as `{text}-event`")
    if len(text) > MAX_NAME:
        raise InvalidValue("bad-id", f"the id has {len(text)} characters", f"use at most {MAX_NAME}")
    return text


def is_id(text: str) -> bool:
    """Return whether a text has the form of an id."""
    return _ID.fullmatch(text) is not None


def read_alias(text: str) -> str:
    """Return a former slug of a feed; those of automatic feeds begin with `category/` or `venue/`."""
    kind, slash, rest = text.rpartition("/")
    if slash and kind not in ("category", "venue"):
        hint = "write only the slug, without a folder or `.ics`: `talks`, `category/talks`"
        raise InvalidValue("bad-id", f"`{text}` is not the slug of a feed", hint)
    read_id(rest)
    return text


def category_slug(category: str) -> str:
    """Return the slug of a category's feed; a name without Latin letters or digits gets a stable hash."""
    slug = slugify(category) or f"category-{hashlib.sha256(category.encode()).hexdigest()[:8]}"
    return f"{slug}-category" if _DEVICES.fullmatch(slug) else slug


def name_slug(name: str) -> str:
    """Return the slug of a calendar's name; empty if it has no Latin letters or digits."""
    slug = slugify(name)
    return f"{slug}-calendar" if _DEVICES.fullmatch(slug) else slug


def read_calendar_id(text: str) -> str:
    """Return the id of a calendar, the right-hand side of its UIDs."""
    if _CALENDAR_ID.fullmatch(text) is None or len(text) > MAX_NAME:
        address = re.fullmatch(r"(?:https?://)?([^/?#:]{1,100})(?::\d+)?(?:[/?#].*)?", text.casefold().strip())
        host = address[1] if address and _CALENDAR_ID.fullmatch(address[1]) else None
        hint = f"write `{host}`" if host else "write a domain that you will keep, such as `calendar.example.org`"
        raise InvalidValue("bad-id", f"`{text}` is not a calendar id", hint)
    return text


def read_uid(text: str) -> str:
    """Return a UID, which is published verbatim: any one-line text up to the size that RFC 7986 §5.3 allows."""
    uid = read_published_uid(text)
    if uid != uid.strip():
        raise InvalidValue("bad-id", "the uid begins or ends with a space", f"write `{uid.strip()}`")
    octets = len(uid.encode("utf-8"))
    if octets > _MAX_UID:
        hint = f"use at most {_MAX_UID}; programs may cut off the rest"
        raise InvalidValue("bad-id", f"the uid has {octets} octets", hint)
    return uid


def read_published_uid(text: str) -> str:
    """Return a UID from a manifest; it may be longer than the current limit."""
    if not text.strip():
        raise InvalidValue("bad-id", "the uid is empty", "copy it as it was published, or leave the key out")
    if not text.isprintable():
        match = _LINE_BREAKS_AND_TABS.search(text)
        unfit = describe(match[0]) if match else find_unfit(text)
        if unfit:
            message = f"the uid contains the unprintable character U+{ord(unfit.written):04X}"
            raise InvalidValue("bad-id", message, "copy the uid as it was published, on one line", unfit.written)
    return text


def read_sequence(text: str) -> int:
    """Return a revision number: RFC 5545 §3.8.7.4 with the limit of §3.3.8."""
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
        raise InvalidValue("bad-number", f"`{text}` is not a revision number", "write a whole number, 0 or more")
    if int(text) > MAX_SEQUENCE:
        hint = f"write a number up to {MAX_SEQUENCE}, or leave it out: calfeed counts revisions itself"
        raise InvalidValue("bad-number", f"{text} is too large for a revision number", hint)
    return int(text)


def read_property_name(text: str) -> str:
    """Return the name of an extra property in upper case."""
    name = text.upper()
    if _X_NAME.fullmatch(name) is None:
        raise InvalidValue("bad-property", f"`{text}` is not a name for an extra property", _property_hint(name))
    if _RESERVED_PROPERTIES.match(name):
        raise InvalidValue("bad-property", f"`{name}` is written by calfeed itself", "leave it out")
    return name


def _property_hint(name: str) -> str:
    key = key_of_property(name)
    if key:
        return f"write the event's key `{key}` instead; only `X-` properties are allowed here"
    if key is not None:
        return (
            "leave it out: only `X-` properties are allowed here; standard ones that calfeed writes have their own keys"
        )
    proposal = "X-" + slugify(re.sub(r"^X[\s_-]", "", name)).upper()
    return f"write `{proposal}`" if _X_NAME.fullmatch(proposal) else "write `X-` followed by a word"
