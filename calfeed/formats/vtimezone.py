"""Renders VTIMEZONE components (RFC 5545 §3.6.5) from a zone's observances."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from calfeed.formats.content_lines import Property, component, offset_value, wall_value
from calfeed.vtimezone.observances import Observance, observances


@cache
def render_timezone(tzid: str, planned: tuple[Observance, ...] | None = None) -> bytes:
    """Return the VTIMEZONE of a zone with these observances, as content lines; by default those of its current law."""
    # Some readers repeat an observance of a list of changes every year unless it has an RDATE.
    is_list = planned is not None and len(planned) > 1
    inside = [
        component("DAYLIGHT" if observance.is_daylight else "STANDARD", _properties(observance, is_listed=is_list))
        for observance in (observances(tzid) if planned is None else planned)
    ]
    return component("VTIMEZONE", [Property("TZID", (tzid,))], inside)


def _properties(observance: Observance, *, is_listed: bool) -> Iterator[Property]:
    onset = wall_value(observance.first_onset)
    yield Property("DTSTART", onset)
    yield Property("TZOFFSETFROM", offset_value(observance.offset_from))
    yield Property("TZOFFSETTO", offset_value(observance.offset_to))
    if observance.rule is not None:
        yield Property("RRULE", observance.rule.rrule)
    elif is_listed:
        yield Property("RDATE", onset)
    yield Property("TZNAME", (observance.name,))
