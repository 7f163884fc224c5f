"""Links that add an event to a calendar, subscribe to a feed, and show a place on a map.

No vendor documents its links; docs/explanation/compatibility.md says what is known about them, and from whom. Hosts and
forms are in the two tables below, so that a vendor's change means a change of one line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import quote

from calfeed.formats.content_lines import date_value, utc_value, wall_value
from calfeed.formats.description import plain_description
from calfeed.model import AllDay, Event, Feed, Timed, Venue
from calfeed.values.times import format_utc
from calfeed.vtimezone.observances import is_place
from calfeed.zones.tzdb import resolve_wall, wall_at

MAX_BYTES = 2_000
"""Longer addresses do not survive a sign-in page."""
_CUT = "…"

Parameters: TypeAlias = "Mapping[str, str]"


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a service; `holds_series` says whether it takes a whole series, not only the first date."""

    service: str
    url: str
    holds_series: bool = True


@dataclass(frozen=True, slots=True)
class _Service:
    """A form for new events: its address, its names for our texts, and how times are written for it.

    `texts` are in the order in which they are cut if the address is too long.
    """

    name: str
    address: str
    fixed: Parameters
    texts: tuple[tuple[str, str], ...]
    when: Callable[[Event], Parameters]
    line_break: str = "\n"
    holds_series: bool = False


# -- times for each service --------------------------------------------------------------------------------------


def _google(event: Event) -> Parameters:
    """Return wall times with their zone, or UTC if Google does not know the zone or could misread the time."""
    when = event.when
    parameters: dict[str, str] = {}
    if event.recurrence is not None:
        parameters["recur"] = f"RRULE:{event.recurrence.rrule}"
    if isinstance(when, AllDay):  # a zone on an all-day event confuses Android
        return {"dates": f"{date_value(when.first)}/{date_value(when.end)}", **parameters}
    start, end = when.start, when.end or when.start
    if not is_place(start.tzid) or (event.recurrence is None and not _is_plain(when)):
        return {"dates": f"{utc_value(start.instant)}/{utc_value(end.instant)}", **parameters}
    walls = f"{wall_value(start.wall)}/{wall_value(wall_at(end.instant, start.tzid))}"
    return {"dates": walls, "ctz": start.tzid, **parameters}


def _outlook(event: Event) -> Parameters:
    """Return UTC: Outlook reads a time without Z in the reader's zone, and does not understand offsets."""
    when = event.when
    if isinstance(when, AllDay):
        return {"startdt": when.first.isoformat(), "enddt": when.end.isoformat(), "allday": "true"}
    end = when.end or when.start
    return {"startdt": format_utc(when.start.instant), "enddt": format_utc(end.instant)}


def _yahoo(event: Event) -> Parameters:
    """Return wall times: Yahoo drops a Z and knows no zones, so they are right only for readers in that zone."""
    when = event.when
    if isinstance(when, AllDay) and when.first == when.last:
        return {"ST": date_value(when.first), "DUR": "allday"}
    if isinstance(when, AllDay):
        return {"ST": f"{date_value(when.first)}T000000", "ET": f"{date_value(when.end)}T000000"}
    end = when.end or when.start
    return {"ST": wall_value(when.start.wall), "ET": wall_value(wall_at(end.instant, when.start.tzid))}


_OUTLOOK = {"path": "/calendar/action/compose", "rru": "addevent"}
_OUTLOOK_TEXTS = (("body", "details"), ("location", "location"), ("subject", "summary"))

SERVICES = (
    _Service(
        name="Google Calendar",
        address="https://calendar.google.com/calendar/render",
        fixed={"action": "TEMPLATE"},
        texts=(("details", "details"), ("location", "location"), ("text", "summary")),
        when=_google,
        holds_series=True,
    ),
    _Service(
        name="Outlook.com",
        address="https://outlook.live.com/calendar/0/deeplink/compose",
        fixed=_OUTLOOK,
        texts=_OUTLOOK_TEXTS,
        when=_outlook,
        line_break="<br>",
    ),
    _Service(
        name="Microsoft 365",
        address="https://outlook.cloud.microsoft/calendar/deeplink/compose",
        fixed=_OUTLOOK,
        texts=_OUTLOOK_TEXTS,
        when=_outlook,
        line_break="<br>",
    ),
    _Service(
        name="Yahoo",
        address="https://calendar.yahoo.com/",
        fixed={"v": "60"},
        texts=(("DESC", "details"), ("in_loc", "location"), ("TITLE", "summary")),
        when=_yahoo,
    ),
)
GOOGLE_BY_ADDRESS = "https://calendar.google.com/calendar/u/0/r/settings/addbyurl"
_GOOGLE_SUBSCRIBE = "https://calendar.google.com/calendar/u/0/r"
_OUTLOOK_SUBSCRIBE = "https://outlook.live.com/calendar/0/addfromweb/"
_MICROSOFT_SUBSCRIBE = "https://outlook.office.com/calendar/0/addfromweb/"
_MAP = "https://www.openstreetmap.org/"


# -- events -----------------------------------------------------------------------------------------------------


def add_links(event: Event) -> tuple[Link, ...]:
    """Return one link per service that opens a form with the event in it."""
    details, ending = _details(event)
    texts = {"summary": event.summary, "location": place_line(event.venue) or event.online or "", "details": details}
    return tuple(Link(service.name, _add(service, event, texts, ending), service.holds_series) for service in SERVICES)


def _details(event: Event) -> tuple[str, str]:
    """Return the description, and the ending to keep when it is cut: the event's own address."""
    text = plain_description(event)
    ending = f"\n\n{event.url}" if event.url is not None and text.endswith(f"\n{event.url}") else ""
    return text, ending


def _add(service: _Service, event: Event, texts: Mapping[str, str], ending: str) -> str:
    fixed = {**service.fixed, **service.when(event)}
    fields = {name: texts[key].replace("\n", service.line_break) for name, key in service.texts if texts[key]}
    for name, key in service.texts:
        address = _address(service.address, {**fixed, **dict(reversed(fields.items()))})
        if len(address) <= MAX_BYTES:
            return address
        encoded_ending = ending.replace("\n", service.line_break) if key == "details" else ""
        room = MAX_BYTES - len(address) + len(_quote(fields.get(name, "")))
        fields[name] = _shortened(fields.get(name, ""), encoded_ending, room)
    return _address(service.address, {**fixed, **dict(reversed(fields.items()))})


def _shortened(text: str, ending: str, room: int) -> str:
    """Return as much of a text as fits when encoded, and its ending if that fits."""
    mark = _CUT + ending
    left = room - len(_quote(mark))
    if left <= 0:
        return "" if mark == _CUT else _shortened(text, "", room)
    kept = []
    for character in text[: len(text) - len(ending)]:
        left -= len(_quote(character))
        if left < 0:
            break
        kept.append(character)
    return "".join(kept).rstrip() + mark


# -- feeds ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SubscribeLinks:
    """How to subscribe to a feed: its address, and links that hand the address to an app."""

    https: str
    webcal: str
    google: str
    google_by_address: str
    outlook: str
    microsoft: str


def subscribe_links(feed: Feed, url: str) -> SubscribeLinks:
    """Return the links of a feed published below the address `url`."""
    https = url + feed.path
    webcal = f"webcal://{https.partition('://')[2]}"
    named = {"url": https, "name": feed.name}
    return SubscribeLinks(
        https=https,
        webcal=webcal,
        google=_address(_GOOGLE_SUBSCRIBE, {"cid": webcal}),  # Google was seen to refuse https here
        google_by_address=GOOGLE_BY_ADDRESS,
        outlook=_address(_OUTLOOK_SUBSCRIBE, named),
        microsoft=_address(_MICROSOFT_SUBSCRIBE, named),
    )


# -- places -----------------------------------------------------------------------------------------------------


def map_link(venue: Venue) -> str | None:
    """Return the address of a map of the venue; None if it has neither coordinates nor an address."""
    if venue.geo is not None:
        latitude, longitude = (f"{degrees:.6f}".rstrip("0").rstrip(".") for degrees in venue.geo)
        return f"{_address(_MAP, {'mlat': latitude, 'mlon': longitude})}#map=17/{latitude}/{longitude}"
    if venue.address.line:
        return _address(f"{_MAP}search", {"query": venue.address.line})
    return None


def place_line(venue: Venue | None) -> str:
    """Return a venue in one line: its name and address."""
    return "" if venue is None else venue.line


# -- writing ----------------------------------------------------------------------------------------------------


def _address(base: str, parameters: Parameters) -> str:
    """Return an address with parameters; a space is %20, because not every service reads a plus as one."""
    pairs = (f"{name}={_quote(value)}" for name, value in parameters.items())
    return f"{base}?{'&'.join(pairs)}"


@lru_cache(maxsize=256)  # the services share the texts of an event
def _quote(text: str) -> str:
    return quote(text, safe="")


def _is_plain(when: Timed) -> bool:
    """Return whether start and end are each exactly one instant by the clocks of the same zone."""
    times = (when.start, when.end or when.start)
    tzid = when.start.tzid
    return all(time.tzid == tzid and isinstance(resolve_wall(time.wall, tzid), datetime) for time in times)
