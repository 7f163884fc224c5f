"""calfeed.values.fields: what texts, names and addresses may be, and what is said of those that are wrong."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
import pytz

from calfeed.diagnostics.problem import InvalidValue
from calfeed.text import urls
from calfeed.values import fields
from calfeed.zones.countries import _ALIASES, _TABLE, _fold

Read = Callable[[str], object]

HINTS: dict[str, tuple[Read, dict[str, str]]] = {
    "bad-timezone": (
        fields.read_zone,
        {
            "Europe/Talinn": "did you mean `Europe/Tallinn`?",
            "Munich": "did you mean `Europe/Berlin`?",
            "+03:00": "such as `Europe/Tallinn`; an offset belongs in the time: `17:30+03:00`",
            "UTC+3": "an offset belongs in the time: `17:30+03:00`",
            "GMT-5": "an offset belongs in the time: `17:30-05:00`",
            "+0530": "an offset belongs in the time: `17:30+05:30`",
            "CEST": "such as `Europe/Berlin`; abbreviations are no zones",
            "pst": "such as `America/Los_Angeles`; abbreviations are no zones",
            "IST": "`Asia/Kolkata`, `Europe/Dublin` or `Asia/Jerusalem`; abbreviations are no zones",
            "BST": "`Europe/London` or `Asia/Dhaka`; abbreviations are no zones",
            "XYZ": "such as `Europe/Tallinn`; abbreviations are no zones",
            "Estonia": "write the country's zone: `Europe/Tallinn`",
            "Germany": "write one of the country's zones: `Europe/Berlin`, `Europe/Busingen`",
            "USA": "and 21 more",
            "Kosovo": "write the country's zone: `Europe/Belgrade`",
            "Korea": "write one of their zones: `Asia/Seoul`, `Asia/Pyongyang`",
            "Bouvet Island": "write the zone as a place of the tz database, such as `Europe/Tallinn`",
            "AoE": "write `Etc/GMT+12`",
            "aoe": "write `Etc/GMT+12`",
            "anywhere on earth": "write `Etc/GMT+12`",
            "Anywhere_on_Earth": "write `Etc/GMT+12`",
            "Moon/Base": "write the zone as a place of the tz database, such as `Europe/Tallinn`",
        },
    ),
    "bad-country": (
        fields.read_country,
        {
            "Finnland": "did you mean `Finland`?",
            "Austira": "did you mean `Austria`?",
            "the Phillipines": "did you mean `Philippines`?",
            "Estland": "write its code (`EE`, `EST`) or its English name",
            "Korea": "write `South Korea` or `North Korea`",
            "the Virgin Islands": "write `British Virgin Islands` or `U.S. Virgin Islands`",
            "St. Martin": "write `Saint Martin` or `Sint Maarten`",
            "EU": "write its code (`EE`, `EST`) or its English name",
            "": "write its code",
        },
    ),
    "bad-url": (
        urls.read_url,
        {
            "www.x.org": "write `https://www.x.org`",
            "x.org/page?a=b": "write `https://x.org/page?a=b`",
            "<https://x.org/>": "write `https://x.org/`",
            "“https://x.org/”": "write `https://x.org/`",
            "https://x.org/a b": "write `https://x.org/a%20b`",
            "mailto:a@x.org": "write the whole address, such as `https://example.org/page`",
            "a@x.org": "write the whole address, such as `https://example.org/page`",
            "zoom": "write the whole address, such as `https://example.org/page`",
            "javascript:alert(1)": "write the whole address, such as `https://example.org/page`",
            "https://[::1": "write the whole address, such as `https://example.org/page`",
            "": "write the whole address",
            "https://me:secret@x.org": "everybody can read a feed",
        },
    ),
    "bad-id": (
        fields.read_calendar_id,
        {
            "https://X.org/": "write `x.org`",
            "http://x.org:8080/a/b?c": "write `x.org`",
            "Calendar.Example.org": "write `calendar.example.org`",
            "a@x.org": "write a domain you keep",
            "my calendar": "write a domain you keep",
            "x" * 101: "write a domain you keep",
        },
    ),
    "bad-email": (
        fields.read_email,
        {
            "friends at x.org": "write `friends@x.org`",
            "friends (at) x.org": "write `friends@x.org`",
            "mailto:friends@x.org": "write `friends@x.org`",
            "Friends <friends@x.org>": "write `friends@x.org`",
            "friends@x": "write it like `events@example.org`",
            "friends@x.": "write it like `events@example.org`",
            "a@b@x.org": "write it like `events@example.org`",
            "a@" + "x" * 250 + ".org": "254 at most",
        },
    ),
    "bad-path": (
        fields.read_relative_path,
        {
            "https://x.org/a.jpg": "save it as a file, and write the name of a file beside the YAML file",
            "data:image/png;base64,AAAA": "save it as a file",
            "images\\a.jpg": "write `images/a.jpg`",
            "..\\a.jpg": "write the name of a file beside the YAML file",
            "../a.jpg": "write the name of a file beside the YAML file",
            "C:\\a.jpg": "write the name of a file beside the YAML file",
            "/a.jpg": "write the name of a file beside the YAML file",
            "x" * 256: "use shorter names: 255 bytes each, 1000 in all",
            "õ" * 128: "use shorter names",
            "a/" * 501: "use shorter names",
        },
    ),
    "bad-property": (
        fields.read_property_name,
        {
            "PRIORITY": "only `X-` properties stand here; the standard ones calfeed writes have keys of their own",
            "class": "only `X-` properties stand here",
            "STATUS": "write the event's key `status` instead",
            "dtstart": "write the event's key `start` instead",
            "Dress code": "write `X-DRESS-CODE`",
            "X_DRESS": "write `X-DRESS`",
            "X-": "write `X-` and a word",
            "夜": "write `X-` and a word",
            "X-WR-CALNAME": "leave it out",
        },
    ),
    "bad-color": (
        fields.read_color,
        {
            "#ff0000": "`red` is the same",
            "#336699": "`steelblue` comes nearest",
            "#fff": "`white`",
            "rgb(1, 2, 3)": "write a CSS colour name such as `steelblue`",
            "#ggg": "write a CSS colour name such as `steelblue`",
            "steelblu": "did you mean `steelblue`?",
        },
    ),
    "bad-language": (
        fields.read_language,
        {
            "en_US": "write `en-US`",
            "de_DE.UTF-8": "write `de-DE`",
            "English": "write a BCP 47 tag: `en`, `et`, `pt-BR`",
        },
    ),
}


@pytest.mark.parametrize(
    ("code", "text", "hint"), [(code, text, hint) for code, (_, rows) in HINTS.items() for text, hint in rows.items()]
)
def test_wrong_values_are_answered(code: str, text: str, hint: str) -> None:
    """What cannot be read is refused with what to write instead, and calfeed reads what it says to write."""
    read, _ = HINTS[code]
    found = refusal_of(read, text)
    assert (found.code, hint in found.hint) == (code, True)
    for proposal in re.findall(r"(?:^write|mean) `([^`]{3,})`(?!:| and)", found.hint):
        read(proposal)


@pytest.mark.parametrize(
    ("text", "proposal"),
    [
        ("http://x.org", "https://x.org/"),
        ("http://x", "https://x/"),
        ("http://x.org/a/?b=c#d", "https://x.org/a/"),
        ("https://x.org/a?b", "https://x.org/a/"),
        ("https://x.org/#a", "https://x.org/"),
        ("x.org", "https://x.org/"),
        ("<www.x.org/a?b>", "https://www.x.org/a/"),
    ],
)
def test_the_calendar_s_address_is_a_folder_by_https(text: str, proposal: str) -> None:
    """The address of DIST is https, without query and fragment; what is near is mended in the hint."""
    found = refusal_of(urls.read_base_url, text)
    assert found.code == "bad-url"
    assert f"write `{proposal}`" in found.hint
    assert urls.read_base_url(proposal) == f"{proposal.rstrip('/')}/"


def refusal_of(read: Read, text: str) -> InvalidValue:
    """Return the error a text is refused with."""
    with pytest.raises(InvalidValue) as refusal:
        read(text)
    assert refusal.value.message
    return refusal.value


@pytest.mark.parametrize(
    ("text", "alpha_2"),
    [
        *(("EE", "EE"), ("est", "EE"), ("Estonia", "EE"), ("Eesti", "EE")),
        *(("UK", "GB"), ("U.K.", "GB"), ("England", "GB"), ("Scotland", "GB"), ("Great Britain", "GB")),
        *(("Northern Ireland", "GB"), ("Ireland", "IE"), ("Holland", "NL"), ("The Netherlands", "NL")),
        *(
            ("the gambia", "GM"),
            ("Ivory Coast", "CI"),
            ("cote d'ivoire", "CI"),
            ("Russia", "RU"),
            ("South Korea", "KR"),
        ),
        *(
            ("USA", "US"),
            ("U.S.", "US"),
            ("Deutschland", "DE"),
            ("España", "ES"),
            ("Italia", "IT"),
            ("Österreich", "AT"),
        ),
        *(
            ("osterreich", "AT"),
            ("Schweiz", "CH"),
            ("Suomi", "FI"),
            ("Sverige", "SE"),
            ("Україна", "UA"),
            ("日本", "JP"),
        ),
        *(("Kosovo", "XK"), ("XK", "XK"), ("xkx", "XK"), ("Kosova", "XK"), ("EL", "GR"), ("Greece", "GR")),
        *(("Czech Republic", "CZ"), ("Česko", "CZ"), ("România", "RO"), ("México", "MX"), ("St. Lucia", "LC")),
    ],
)
def test_countries_by_any_name(text: str, alpha_2: str) -> None:
    """A country is found by its codes, its English names and often by its own."""
    assert fields.read_country(text).alpha_2 == alpha_2


def test_no_name_stands_for_two_countries() -> None:
    """Every name and alias leads to one country, and pytz's names to those of pytz."""
    names: dict[str, str] = {}
    for line in _TABLE.splitlines():
        alpha_2, alpha_3, row = line.split(" ", 2)
        for name in (alpha_2, alpha_3, *row.split(" | ")):
            assert names.setdefault(_fold(name), alpha_2) == alpha_2
    for line in _ALIASES.splitlines():
        alpha_2, row = line.split(" ", 1)
        for name in row.split(" | "):
            assert names.setdefault(_fold(name), "") == ""
            assert fields.read_country(name).alpha_2 == alpha_2
    assert all(fields.read_country(name).alpha_2 == code for code, name in pytz.country_names.items())


def test_long_lists_are_cut_short() -> None:
    """A hint that lists what is known names eight of them and says how many more there are."""
    few, many = ["hub", "hall"], [f"room-{number}" for number in range(20)]
    assert fields.did_you_mean("pier", few, f"the venues are {', '.join(few)}") == "the venues are hub, hall"
    assert fields.did_you_mean("hbu", few, "") == "did you mean `hub`?"
    hint = fields.did_you_mean("pier", many, f"the venues are {', '.join(many)}")
    assert hint.startswith("the venues are room-0, room-1, ")
    assert hint.endswith(", room-7 and 12 more")


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (fields.read_email, "a@" + "." * 100_000),
        (fields.read_email, "a" * 100_000),
        (urls.read_url, "a." * 50_000),
        (urls.read_url, "<" * 100_000),
        (fields.read_calendar_id, "https://" + "a." * 50_000 + "!"),
        (fields.read_zone, "Europe/" + "a" * 100_000),
        (fields.read_country, "a" * 100_000),
        (fields.read_relative_path, "../" * 50_000),
        (fields.read_property_name, "X" * 100_000 + "!"),
        (fields.read_color, "#" + "0" * 100_000),
        (fields.read_language, "en_" * 50_000),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_long_values_are_refused_quickly(read: Read, text: str) -> None:
    """No value takes time that grows faster than its length."""
    begin = time.process_time()
    assert refusal_of(read, text).hint
    assert time.process_time() - begin < 1


def test_addresses_that_were_read_are_read_still() -> None:
    """The bound on the length leaves every ordinary address alone."""
    for address in ("events@example.org", "a.b+c@x.y.example.org", "müük@näide.ee", "a@" + "x" * 248 + ".org"):
        assert fields.read_email(address) == address
