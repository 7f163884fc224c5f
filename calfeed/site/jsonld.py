"""Events as schema.org data for search engines: https://schema.org/Event."""

from __future__ import annotations

import json
from collections.abc import Mapping

from calfeed.model import AllDay, Event, Organizer, Status, Venue
from calfeed.series.agenda import days_of
from calfeed.site.times import with_offset
from calfeed.text.characters import harmless_json
from calfeed.text.markdown import to_plain

_SCHEMA = "https://schema.org/"
_STATUSES = {
    Status.CONFIRMED: "EventScheduled",
    Status.TENTATIVE: "EventScheduled",  # the vocabulary has no term for it
    Status.CANCELLED: "EventCancelled",
    Status.POSTPONED: "EventPostponed",
}
_PERIODS = {"YEARLY": "P{}Y", "MONTHLY": "P{}M", "WEEKLY": "P{}W", "DAILY": "P{}D", "HOURLY": "PT{}H"}
# Characters that could end the script element.
_UNSAFE = tuple((letter, f"\\u{ord(letter):04x}") for letter in "<>&")


def event_json_ld(event: Event, url: str | None, image: str | None) -> str:
    """Return an event as JSON-LD that is safe inside a script element.

    Args:
        event: the event; a series gives its first date and its schedule.
        url: the address of its page.
        image: the address of its picture.
    """
    data = {
        "@context": _SCHEMA.rstrip("/"),
        "@type": "Event",
        "name": event.summary,
        **_when(event),
        "eventStatus": _SCHEMA + _STATUSES[event.status],
        **_where(event),
        "description": None if event.description is None else to_plain(event.description),
        "organizer": _organizer(event.organizer),
        "image": image,
        "url": url,
        "sameAs": event.url,
        "eventSchedule": _schedule(event),
    }
    text = harmless_json(json.dumps(_without_empty(data), ensure_ascii=False))
    for letter, escaped in _UNSAFE:
        text = text.replace(letter, escaped)
    return text


def _when(event: Event) -> dict[str, object]:
    when = event.when
    if isinstance(when, AllDay):
        return {"startDate": when.first.isoformat(), "endDate": when.last.isoformat()}
    return {"startDate": with_offset(when.start), "endDate": None if when.end is None else with_offset(when.end)}


def _where(event: Event) -> dict[str, object]:
    places = [] if event.venue is None else [_place(event.venue)]
    if event.online is not None:
        places.append({"@type": "VirtualLocation", "url": event.online})
    if not places:
        return {}
    mode = "Offline" if event.online is None else "Online" if event.venue is None else "Mixed"
    return {
        "eventAttendanceMode": f"{_SCHEMA}{mode}EventAttendanceMode",
        "location": places[0] if len(places) == 1 else places,
    }


def _place(venue: Venue) -> Mapping[str, object]:
    address = venue.address
    parts = {
        "streetAddress": address.street,
        "addressLocality": address.locality,
        "addressRegion": address.region,
        "postalCode": address.postal_code,
        "addressCountry": address.country_code or address.country,
    }
    known = _without_empty(parts)
    latitude, longitude = venue.geo or (None, None)
    return _without_empty(
        {
            "@type": "Place",
            "name": venue.name,
            "address": {"@type": "PostalAddress", **known} if known else None,
            "geo": {"@type": "GeoCoordinates", "latitude": latitude, "longitude": longitude} if venue.geo else None,
            "url": venue.url,
        }
    )


def _organizer(organizer: Organizer | None) -> Mapping[str, object] | None:
    if organizer is None:
        return None
    return _without_empty(
        {"@type": "Organization", "name": organizer.name, "email": organizer.email, "url": organizer.url}
    )


def _schedule(event: Event) -> Mapping[str, object] | None:
    """Return how a series repeats, as far as the vocabulary can say it."""
    recurrence = event.recurrence
    if recurrence is None:
        return None
    period = _PERIODS.get(recurrence.rule.frequency)
    return _without_empty(
        {
            "@type": "Schedule",
            "startDate": days_of(event.when)[0].isoformat(),
            "endDate": None if recurrence.is_endless else recurrence.starts[-1].date().isoformat(),
            "repeatFrequency": None if period is None else period.format(recurrence.rule.interval or 1),
            "exceptDate": [start.isoformat() for start in recurrence.exdates],
            "scheduleTimezone": None if event.zone is None else event.zone.tzid,
        }
    )


def _without_empty(data: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in data.items() if value not in (None, [], "")}
