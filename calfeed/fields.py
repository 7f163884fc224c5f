"""How the other values are written: texts, names, addresses of the web, places, numbers.

Like `notation`: text in, plain value out, `NotationError` with a code, a message and a hint for what cannot be read.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import unicodedata
from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import quote, urlsplit, urlunsplit

from calfeed.colors import css_colors
from calfeed.countries import Country, country_names, find_country
from calfeed.notation import Duration, NotationError, read_duration
from calfeed.zones import is_zone, suggest_zone

# C0 (tab and line feed aside), DEL, and what UTF-8 cannot or must not carry: no client shows them, some choke on them.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_LINE_BREAKS = re.compile("\r\n?|[\x85\u2028\u2029]")
_ID = re.compile(r"[a-z0-9][a-z0-9-]*")
_CALENDAR_ID = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(?:-[a-zA-Z0-9]{2,8})*")
_EMAIL = re.compile(r"[^\s@<>,;:\"()\\]+@[^\s@<>,;:\"()\\]+\.[^\s@<>,;:\"()\\]+")
_X_NAME = re.compile(r"X-[A-Z0-9-]+")
# Names that Windows gives to devices, in every folder and with every extension.
_DEVICES = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")
_HTML_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9-]*(?:\s[^<>]*)?/?>")
_TRUE, _FALSE = frozenset({"true", "yes", "on"}), frozenset({"false", "no", "off"})
_MAX_NAME = 100
# Letters that lose more than an accent when they become ASCII.
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

OWN_PROPERTIES = re.compile(r"X-(WR-|PUBLISHED-TTL|ALT-DESC|APPLE-|MICROSOFT-CDO-|MS-OLK-)")
"""Properties that calfeed writes itself, so that nobody else may."""


def did_you_mean(text: str, known: Iterable[str], otherwise: str) -> str:
    """Return a hint that names the nearest of the known words, or the other hint where none is near."""
    near = difflib.get_close_matches(text.casefold(), list(known), n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else otherwise


def slugify(text: str) -> str:
    """Return the text in `[a-z0-9-]`, accents dropped; empty where nothing of it is Latin."""
    spelled = text.translate(_SPELLED_OUT)
    plain = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_MAX_NAME].strip("-")


def read_text(text: str) -> str:
    """Return a text of one or more lines, line breaks as line feeds, without space around it."""
    result = _LINE_BREAKS.sub("\n", text).strip()
    if match := _CONTROL.search(result):
        raise NotationError(
            "control-character",
            f"the text holds the control character U+{ord(match[0]):04X}",
            "delete it; no calendar can show it",
        )
    if not result:
        raise NotationError("empty-value", "the text is empty", "write a text, or leave the key out")
    return result


def category_slug(category: str) -> str:
    """Return the slug of a category's feed; one without Latin letters gets a hash of its name, which stays the same."""
    return slugify(category) or f"category-{hashlib.sha256(category.encode()).hexdigest()[:8]}"


def find_html(text: str) -> str | None:
    """Return the first HTML tag in a Markdown text, if there is one; `<https://…>` is a link, not a tag."""
    match = _HTML_TAG.search(text) if "<" in text else None
    return match[0] if match else None


def read_line(text: str) -> str:
    """Return a text of one line; line breaks and runs of space become single spaces."""
    return " ".join(read_text(text).split())


def read_id(text: str) -> str:
    """Return an id: the stable name of an event, venue or feed, used in addresses and file names."""
    if _ID.fullmatch(text) is None:
        proposal = slugify(text)
        hint = "ids are made of a-z, 0-9 and -" + (f": `{proposal}`" if proposal else "")
        raise NotationError("bad-id", f"`{text}` is not an id", hint)
    if _DEVICES.fullmatch(text):
        raise NotationError(
            "bad-id", f"`{text}` is the name of a device on Windows", f"write `{text}-event` or the like"
        )
    if len(text) > _MAX_NAME:
        raise NotationError("bad-id", f"the id has {len(text)} characters", f"keep it to {_MAX_NAME}")
    return text


def read_calendar_id(text: str) -> str:
    """Return the calendar's id, the right-hand side of UIDs."""
    if _CALENDAR_ID.fullmatch(text) is None or len(text) > _MAX_NAME:
        raise NotationError(
            "bad-id", f"`{text}` is not a calendar id", "write a domain you keep, such as `calendar.example.org`"
        )
    return text


def read_uid(text: str) -> str:
    """Return a UID to be published verbatim."""
    if len(text) > 255 or text.split() != [text]:
        raise NotationError("bad-id", "a uid is one word of at most 255 characters", "copy it as it was published")
    return read_line(text)


def read_url(text: str) -> str:
    """Return a web address in ASCII: other characters are percent-encoded, the host in IDNA."""
    hint = "write the whole address, such as `https://example.org/page`"
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = parts.port
    except ValueError:  # UnicodeError is one
        raise NotationError("bad-url", f"`{text}` is not a web address", hint) from None
    if parts.scheme not in ("http", "https") or not host or re.search(r'[\s<>"\\^`{|}\x00-\x1f\x7f]', text):
        raise NotationError("bad-url", f"`{text}` is not a web address", hint)
    if parts.username is not None:
        raise NotationError("bad-url", "the address holds a user name", "delete it: everybody can read a feed")
    netloc = host if port is None else f"{host}:{port}"
    path, query, fragment = (
        quote(part, safe="/%:@!$&'()*+,;=~?[]") for part in (parts.path, parts.query, parts.fragment)
    )
    return urlunsplit((parts.scheme, netloc, path, query, fragment))


def read_base_url(text: str) -> str:
    """Return the address DIST is published at: https, with a slash at the end."""
    url = read_url(text)
    if not url.startswith("https://") or "?" in url or "#" in url:
        hint = "write `https://…/`; most calendars refuse other addresses"
        raise NotationError("bad-url", f"`{text}` is not an https address without `?` and `#`", hint)
    return url if url.endswith("/") else f"{url}/"


def read_email(text: str) -> str:
    """Return an e-mail address."""
    if _EMAIL.fullmatch(text) is None:
        raise NotationError("bad-email", f"`{text}` is not an e-mail address", "write it like `events@example.org`")
    return text


def read_zone(text: str) -> str:
    """Return the name of a time zone as it is written: aliases are kept."""
    if is_zone(text):
        return text
    proposal = suggest_zone(text)
    hint = (
        f"did you mean `{proposal}`?"
        if proposal
        else "write a name of the tz database such as `Europe/Tallinn`; abbreviations and offsets are none"
    )
    raise NotationError("bad-timezone", f"`{text}` is not a time zone", hint)


def read_country(text: str) -> Country:
    """Return the country with this code or English name."""
    country = find_country(text)
    if country is None:
        names = {name.casefold(): name for name in country_names()}
        near = difflib.get_close_matches(text.casefold(), names, n=1, cutoff=0.6)
        hint = f"did you mean `{names[near[0]]}`?" if near else "write its code (`EE`, `EST`) or its English name"
        raise NotationError("bad-country", f"`{text}` is not a country", hint)
    return country


def read_language(text: str) -> str:
    """Return a BCP 47 language tag."""
    if _LANGUAGE.fullmatch(text) is None:
        raise NotationError(
            "bad-language", f"`{text}` is not a language tag", "write a BCP 47 tag: `en`, `et`, `pt-BR`"
        )
    return text


def read_color(text: str) -> str:
    """Return a CSS colour name in lower case (RFC 7986 §5.9)."""
    name = text.casefold()
    if name not in css_colors():
        hint = did_you_mean(name, css_colors(), "write a CSS colour name such as `steelblue`; COLOR allows no #rrggbb")
        raise NotationError("bad-color", f"`{text}` is not a CSS colour name", hint)
    return name


def read_boolean(text: str) -> bool:
    """Return True for true, yes and on, False for false, no and off."""
    word = text.casefold()
    if word not in _TRUE | _FALSE:
        raise NotationError("bad-boolean", f"`{text}` is neither true nor false", "write `true` or `false`")
    return word in _TRUE


def read_sequence(text: str) -> int:
    """Return a revision number: RFC 5545 §3.8.7.4 with the limit of §3.3.8."""
    if not re.fullmatch(r"\d{1,10}", text, re.ASCII) or int(text) >= 2**31:
        raise NotationError("bad-number", f"`{text}` is not a revision number", "write a whole number from 0")
    return int(text)


def read_degrees(text: str) -> float:
    """Return a latitude or longitude in decimal degrees."""
    if not re.fullmatch(r"[+-]?\d{1,3}(?:\.\d{1,15})?", text, re.ASCII):
        hint = "write decimal degrees: `[59.4445, 24.7505]`, latitude first"
        raise NotationError("bad-geo", f"`{text}` is not a coordinate", hint)
    return float(text)


def read_refresh(text: str) -> timedelta:
    """Return the suggested poll interval, at least an hour (clients take less for a mistake)."""
    duration: Duration = read_duration(text)
    interval = timedelta(days=duration.days, seconds=duration.seconds)
    if interval < timedelta(hours=1):
        raise NotationError(
            "bad-duration", f"`{text}` is less than an hour", "write `1h` or more; calendars poll slowly"
        )
    return interval


def read_property_name(text: str) -> str:
    """Return the name of an extra property in upper case."""
    name = text.upper()
    if _X_NAME.fullmatch(name) is None:
        raise NotationError("bad-property", f"`{text}` is not a name for an extra property", "write `X-` and a word")
    if OWN_PROPERTIES.match(name):
        raise NotationError("bad-property", f"`{name}` is written by calfeed itself", "leave it out")
    return name


def read_relative_path(text: str) -> str:
    """Return the path of a file in the events' folder, relative to the YAML that names it."""
    if text.startswith(("/", "\\")) or "\\" in text or ":" in text or ".." in text.split("/"):
        raise NotationError(
            "bad-path", f"`{text}` may lead out of the folder", "write the name of a file beside the YAML file"
        )
    return read_line(text)
