"""Read texts, names, places and numbers as they are written in the sources.

Like `times`: text in, plain value out; `InvalidValue` with a code, a message and a hint for what cannot be read.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache

from calfeed.diagnostics.problem import InvalidValue, list_some
from calfeed.text.characters import describe, find_unfit, unify_breaks
from calfeed.text.references import find_unfit_reference
from calfeed.values.colors import css_colors, nearest_color
from calfeed.values.time_hints import ANYWHERE_ZONE
from calfeed.values.times import Duration, read_duration
from calfeed.zones.countries import Country, countries_meant, find_country, suggest_country
from calfeed.zones.nicknames import key_of_property, zones_of_abbreviation
from calfeed.zones.tzdb import is_zone, suggest_zone, zones_of_country

_NOT_OF_ONE_LINE = re.compile("[\t\n\r\x85\u2028\u2029]")
_ID = re.compile(r"[a-z0-9][a-z0-9-]*")
_CALENDAR_ID = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(?:-[a-zA-Z0-9]{2,8})*")
_EMAIL = re.compile(r"[^\s@<>,;:\"()\\]+@([^\s@<>,;:\"()\\]+)")
_OFFSET = re.compile(r"(?:UTC|GMT|Z)?\s?([+\-−])(0?\d|1[0-2])(?::?([0-5]\d))?", re.ASCII | re.IGNORECASE)
_ANYWHERE = re.compile(r"aoe|anywhere[\s_-]+on[\s_-]+(?:the[\s_-]+)?earth", re.IGNORECASE)
_ABBREVIATION = re.compile(r"[A-Z]{2,5}")
_X_NAME = re.compile(r"X-[A-Z0-9-]+")
# Windows reserves these names for devices, in every folder and with every extension.
_DEVICES = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")
_HTML_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9-]*(?:\s[^<>]*)?/?>")
_TRUE, _FALSE = frozenset({"true", "yes", "on"}), frozenset({"false", "no", "off"})
MAX_NAME = 100
"""The maximum length of an id, in characters."""
MAX_SEQUENCE = 2**31 - 1
"""The highest revision number: RFC 5545 §3.3.8."""
_MAX_UID = 255
_MAX_EMAIL = 254  # RFC 5321 §4.5.3.1.3, without the brackets
_MAX_PATH, _MAX_PATH_PART = 1000, 255
# What a published path may not hold: a colon or a backslash leads elsewhere on Windows.
_UNFIT = re.compile("[\x00-\x1f\x7f\\\\:\ud800-\udfff]")
_MAX_LISTED = 8
_MAX_COMPARED = 100
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
"""Properties that calfeed writes itself, so that events may not set them."""


def did_you_mean(text: str, known: Iterable[str], otherwise: str) -> str:
    """Return a hint with the nearest of the known words, or `otherwise` if none is near."""
    words = list(known)
    folded = text.casefold()
    if len(words) > _MAX_COMPARED:  # comparing is slow: keep words that differ by one letter
        words = list(
            dict.fromkeys(word for stump in _stumps(folded) for word in _by_stump(tuple(words)).get(stump, ()))
        )
    near = difflib.get_close_matches(folded, words, n=1, cutoff=0.6) if len(folded) <= MAX_NAME else []
    if near:
        return f"did you mean `{near[0]}`?"
    words = list(known)
    # A hint that lists a great many words would fill the screen.
    return otherwise.replace(", ".join(words), list_some(words, _MAX_LISTED)) if len(words) > _MAX_LISTED else otherwise


@lru_cache(maxsize=2)
def _by_stump(words: tuple[str, ...]) -> Mapping[str, Sequence[str]]:
    """Return the words by what is left of them when one letter or none is dropped."""
    found: dict[str, list[str]] = {}
    for word in words:
        for stump in _stumps(word):
            found.setdefault(stump, []).append(word)
    return found


def _stumps(word: str) -> set[str]:
    short = word[:MAX_NAME]
    return {word, *(short[:at] + short[at + 1 :] for at in range(len(short)))}


def slugify(text: str) -> str:
    """Return the text in `[a-z0-9-]`, without accents; empty if it has no Latin letters or digits."""
    spelled = text.translate(_SPELLED_OUT)
    plain = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_NAME].strip("-")


def read_text(text: str) -> str:
    """Return a text of one or more lines, with line feeds as line breaks and without surrounding space."""
    result = text.strip()
    # Most texts are printable except for their line feeds, which is quick to check.
    if not result.replace("\n", "").isprintable():
        result = unify_breaks(text).strip()
    if not result.isprintable() and (unfit := find_unfit(result)):
        raise InvalidValue("control-character", f"the text holds {unfit.what}", unfit.hint, unfit.written)
    if not result:
        raise InvalidValue("empty-value", "the text is empty", "write a text, or leave the key out")
    return result


def read_markdown(text: str) -> str:
    """Return a Markdown text; characters written as references are checked like all others."""
    result = read_text(text)
    unfit = find_unfit_reference(result) if "&#" in result else None
    if unfit is not None:
        raise InvalidValue("control-character", f"`{unfit.written}` stands for {unfit.what}", unfit.hint, unfit.written)
    return result


@lru_cache(maxsize=1024)
def read_category(text: str) -> str:
    """Return a category, in Unicode NFC so that it can be compared with others."""
    return unicodedata.normalize("NFC", read_line(text))


def category_slug(category: str) -> str:
    """Return the slug of a category's feed; a name without Latin letters or digits gets a hash, which is stable."""
    slug = slugify(category) or f"category-{hashlib.sha256(category.encode()).hexdigest()[:8]}"
    return f"{slug}-category" if _DEVICES.fullmatch(slug) else slug


def read_alias(text: str) -> str:
    """Return an old slug of a feed; an automatic feed has `category/…` or `venue/…`."""
    kind, slash, rest = text.rpartition("/")
    if slash and kind not in ("category", "venue"):
        hint = "write the slug alone, without folder and `.ics`: `talks`, `category/talks`"
        raise InvalidValue("bad-id", f"`{text}` is no slug of a feed", hint)
    read_id(rest)
    return text


def name_slug(name: str) -> str:
    """Return the slug of a calendar's name; empty if it has no Latin letters or digits."""
    slug = slugify(name)
    return f"{slug}-calendar" if _DEVICES.fullmatch(slug) else slug


def find_html(text: str) -> str | None:
    """Return the first HTML tag in a Markdown text, or None; `<https://…>` is a link, not a tag."""
    match = _HTML_TAG.search(text) if "<" in text else None
    return match[0] if match else None


def read_line(text: str) -> str:
    """Return a text of one line; line breaks and runs of space become single spaces."""
    result = read_text(text)
    if result.isprintable() and "  " not in result:
        return result
    return re.sub(r"[ \t\n]+", " ", result)  # other spaces, such as that in `10 000`, are intended


def read_id(text: str) -> str:
    """Return an id: the stable name of an event, venue or feed, used in addresses and file names."""
    if _ID.fullmatch(text) is None:
        proposal = slugify(text)
        hint = "ids are made of a-z, 0-9 and -" + (f": `{proposal}`" if proposal else "")
        raise InvalidValue("bad-id", f"`{text}` is not an id", hint)
    if _DEVICES.fullmatch(text):
        raise InvalidValue(
            "bad-id", f"`{text}` is the name of a device on Windows", f"write `{text}-event` or the like"
        )
    if len(text) > MAX_NAME:
        raise InvalidValue("bad-id", f"the id has {len(text)} characters", f"keep it to {MAX_NAME}")
    return text


def is_id(text: str) -> bool:
    """Return whether a text has the form of an id."""
    return _ID.fullmatch(text) is not None


def read_calendar_id(text: str) -> str:
    """Return the calendar's id, the right-hand side of UIDs."""
    if _CALENDAR_ID.fullmatch(text) is None or len(text) > MAX_NAME:
        address = re.fullmatch(r"(?:https?://)?([^/?#:]{1,100})(?::\d+)?(?:[/?#].*)?", text.casefold().strip())
        host = address[1] if address and _CALENDAR_ID.fullmatch(address[1]) else None
        hint = f"write `{host}`" if host else "write a domain you keep, such as `calendar.example.org`"
        raise InvalidValue("bad-id", f"`{text}` is not a calendar id", hint)
    return text


def read_uid(text: str) -> str:
    """Return a UID to be published verbatim: any text of one line, up to the size RFC 7986 §5.3 allows."""
    uid = read_published_uid(text)
    if uid != uid.strip():
        raise InvalidValue("bad-id", "the uid begins or ends with a space", f"write `{uid.strip()}`")
    octets = len(uid.encode("utf-8"))
    if octets > _MAX_UID:
        hint = f"keep it to {_MAX_UID}; programs may cut off the rest"
        raise InvalidValue("bad-id", f"the uid has {octets} octets", hint)
    return uid


def read_published_uid(text: str) -> str:
    """Return a UID from a manifest, which may be longer than is allowed today."""
    if not text.strip():
        raise InvalidValue("bad-id", "the uid is empty", "copy it as it was published, or leave the key out")
    if not text.isprintable():
        match = _NOT_OF_ONE_LINE.search(text)
        unfit = describe(match[0]) if match else find_unfit(text)
        if unfit:
            message = f"the uid holds the character U+{ord(unfit.written):04X}, which cannot be printed"
            raise InvalidValue("bad-id", message, "copy the uid as it was published, in one line", unfit.written)
    return text


def read_email(text: str) -> str:
    """Return an e-mail address."""
    if len(text) > _MAX_EMAIL:
        message = f"the e-mail address has {len(text)} characters"
        raise InvalidValue("bad-email", message, f"addresses have {_MAX_EMAIL} at most")
    if not _is_email(text):
        spelled = re.sub(r"\s+at\s+|\s*[(\[]at[)\]]\s*", "@", text, flags=re.IGNORECASE)
        plain = re.sub(r"^.*<|>.*$|^mailto:|\s+", "", spelled)
        hint = f"write `{plain}`" if _is_email(plain) else "write it like `events@example.org`"
        raise InvalidValue("bad-email", f"`{text}` is not an e-mail address", hint)
    return text


def _is_email(text: str) -> bool:
    match = _EMAIL.fullmatch(text)
    return match is not None and "." in match[1][1:-1]


def read_zone(text: str) -> str:
    """Return the name of a time zone as it is written; aliases are kept."""
    if is_zone(text):
        return text
    raise InvalidValue("bad-timezone", f"`{text}` is not a time zone", _zone_hint(text))


def _zone_hint(text: str) -> str:
    if _ANYWHERE.fullmatch(text):
        return f"write `{ANYWHERE_ZONE}`, the last clocks on Earth, or the time in UTC with a `Z`"
    if offset := _OFFSET.fullmatch(text):
        written = f"{'+' if offset[1] == '+' else '-'}{int(offset[2]):02}:{offset[3] or '00'}"
        time = f"an offset belongs in the time: `17:30{written}`"
        return f"write the zone of the place, such as `Europe/Tallinn`; {time}"
    if zones := zones_of_abbreviation(text):
        *others, last = [f"`{zone}`" for zone in zones]
        wanted = f"the one meant, {', '.join(others)} or {last}" if others else f"the zone of the place, such as {last}"
        return f"write {wanted}; abbreviations are no zones"
    countries = [found for name in countries_meant(text) or (text,) if (found := find_country(name))]
    if countries:
        zones = tuple(zone for country in countries for zone in zones_of_country(country.alpha_2))
        if len(zones) == 1:
            return f"write the country's zone: `{zones[0]}`"
        if zones:
            kind = "the country's zones" if len(countries) == 1 else "their zones"
            return f"write one of {kind}: {list_some([f'`{zone}`' for zone in zones], _MAX_LISTED)}"
    if proposal := suggest_zone(text):
        return f"did you mean `{proposal}`?"
    if _ABBREVIATION.fullmatch(text):
        return "write the zone of the place, such as `Europe/Tallinn`; abbreviations are no zones"
    return "write the zone as a place of the tz database, such as `Europe/Tallinn`"


def read_country(text: str) -> Country:
    """Return the country with this code or name."""
    country = find_country(text)
    if country is None:
        near = suggest_country(text)
        hint = f"did you mean `{near}`?" if near else "write its code (`EE`, `EST`) or its English name"
        if names := countries_meant(text):
            hint = f"write {' or '.join(f'`{name}`' for name in names)}"
        raise InvalidValue("bad-country", f"`{text}` is not a country", hint)
    return country


def read_language(text: str) -> str:
    """Return a BCP 47 language tag."""
    if _LANGUAGE.fullmatch(text) is None:
        tag = text.partition(".")[0].replace("_", "-")
        hint = f"write `{tag}`" if _LANGUAGE.fullmatch(tag) else "write a BCP 47 tag: `en`, `et`, `pt-BR`"
        raise InvalidValue("bad-language", f"`{text}` is not a language tag", hint)
    return text


def read_color(text: str) -> str:
    """Return a CSS colour name in lower case (RFC 7986 §5.9)."""
    name = text.casefold()
    if name not in css_colors():
        hint = did_you_mean(name, css_colors(), "write a CSS colour name such as `steelblue`")
        if near := nearest_color(name):
            how = "is the same" if css_colors()[near] == name else "comes nearest"
            hint = f"calendars take names only: `{near}` {how}"
        raise InvalidValue("bad-color", f"`{text}` is not a CSS colour name", hint)
    return name


def read_theme_color(text: str) -> str:
    """Return a colour of the site as `#rrggbb`; it may be written as a CSS colour name."""
    name = text.casefold()
    if re.fullmatch(r"#[0-9a-f]{6}", name, re.ASCII):
        return name
    if re.fullmatch(r"#[0-9a-f]{3}", name, re.ASCII):
        return "#" + "".join(2 * digit for digit in name[1:])
    if name in css_colors():
        return css_colors()[name]
    hint = did_you_mean(name, css_colors(), "write `'#1d4ed8'`, in quotes, or a CSS colour name such as `steelblue`")
    raise InvalidValue("bad-color", f"`{text}` is not a colour", hint)


def read_boolean(text: str) -> bool:
    """Return True for true, yes and on, False for false, no and off."""
    word = text.casefold()
    if word not in _TRUE | _FALSE:
        raise InvalidValue("bad-boolean", f"`{text}` is neither true nor false", "write `true` or `false`")
    return word in _TRUE


def read_sequence(text: str) -> int:
    """Return a revision number: RFC 5545 §3.8.7.4 with the limit of §3.3.8."""
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
        raise InvalidValue("bad-number", f"`{text}` is not a revision number", "write a whole number from 0")
    if int(text) > MAX_SEQUENCE:
        hint = f"write one up to {MAX_SEQUENCE}, or leave it out: calfeed counts the revisions"
        raise InvalidValue("bad-number", f"{text} is too large for a revision number", hint)
    return int(text)


def read_degrees(text: str) -> float:
    """Return a latitude or longitude in decimal degrees."""
    if not re.fullmatch(r"[+-]?\d{1,3}(?:\.\d{1,15})?", text, re.ASCII):
        hint = "write decimal degrees: `[59.4445, 24.7505]`, latitude first"
        raise InvalidValue("bad-geo", f"`{text}` is not a coordinate", hint)
    return float(text)


def read_refresh(text: str) -> timedelta:
    """Return the suggested poll interval, at least an hour (clients take less for a mistake)."""
    duration: Duration = read_duration(text)
    interval = timedelta(days=duration.days, seconds=duration.seconds)
    if interval < timedelta(hours=1):
        raise InvalidValue(
            "bad-duration", f"`{text}` is less than an hour", "write `1h` or more; calendars poll slowly"
        )
    return interval


def read_property_name(text: str) -> str:
    """Return the name of an extra property in upper case."""
    name = text.upper()
    if _X_NAME.fullmatch(name) is None:
        raise InvalidValue("bad-property", f"`{text}` is not a name for an extra property", _property_hint(name))
    if OWN_PROPERTIES.match(name):
        raise InvalidValue("bad-property", f"`{name}` is written by calfeed itself", "leave it out")
    return name


def _property_hint(name: str) -> str:
    key = key_of_property(name)
    if key:
        return f"write the event's key `{key}` instead; only `X-` properties stand here"
    if key is not None:
        return "leave it out: only `X-` properties stand here; the standard ones calfeed writes have keys of their own"
    proposal = "X-" + slugify(re.sub(r"^X[\s_-]", "", name)).upper()
    return f"write `{proposal}`" if _X_NAME.fullmatch(proposal) else "write `X-` and a word"


def is_fit_path(path: str) -> bool:
    """Return whether calfeed may write to this path: it can only lead to a file below DIST."""
    if _UNFIT.search(path) or len(path.encode()) > _MAX_PATH:
        return False
    return not any(part in ("", ".", "..") or len(part.encode()) > _MAX_PATH_PART for part in path.split("/"))


def read_relative_path(text: str) -> str:
    """Return the path of a file in the events' folder, relative to the YAML that names it."""
    beside = "write the name of a file beside the YAML file"
    if re.match(r"[a-z][a-z0-9+.-]*://|data:", text, re.ASCII | re.IGNORECASE):
        message = f"`{text}` is an address, and a file is expected here"
        raise InvalidValue("bad-path", message, f"save it as a file, and {beside}")
    if text.startswith(("/", "\\")) or ":" in text or ".." in re.split(r"[/\\]", text):
        raise InvalidValue("bad-path", f"`{text}` may lead out of the folder", beside)
    if "\\" in text:
        path = text.replace("\\", "/")
        raise InvalidValue("bad-path", f"`{text}` is a path of Windows only", f"write `{path}`")
    lengths = [len(part.encode("utf-8", "surrogatepass")) for part in (text, *text.split("/"))]
    if lengths[0] > _MAX_PATH or max(lengths[1:]) > _MAX_PATH_PART:
        hint = f"use shorter names: {_MAX_PATH_PART} bytes each, {_MAX_PATH} in all"
        raise InvalidValue("bad-path", "the path is longer than systems allow", hint)
    return read_text(text)
