"""Renders VTIMEZONE components (RFC 5545 §3.6.5) from a zone's observances."""

from __future__ import annotations

from functools import cache

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard, vDatetime, vText, vUTCOffset

from calfeed.formats.content_lines import Verbatim, component_lines
from calfeed.vtimezone.observances import Observance, observances


@cache
def render_timezone(tzid: str, parts: tuple[Observance, ...] | None = None) -> bytes:
    """Return the VTIMEZONE of a zone with these observances, as content lines; by default those of its current law."""
    component = Timezone()
    component.add("TZID", vText(tzid))
    for observance in observances(tzid) if parts is None else parts:
        part = TimezoneDaylight() if observance.is_daylight else TimezoneStandard()
        part.add("DTSTART", vDatetime(observance.first_onset))
        part.add("TZOFFSETFROM", vUTCOffset(observance.offset_from))
        part.add("TZOFFSETTO", vUTCOffset(observance.offset_to))
        if observance.rule is not None:
            part.add("RRULE", Verbatim(observance.rule.rrule))
        elif parts is not None and len(parts) > 1:
            # A list of changes: some readers repeat an observance every year unless it has an RDATE.
            part.add("RDATE", vDatetime(observance.first_onset))
        part.add("TZNAME", vText(observance.name))
        component.add_component(part)
    return component_lines(component)
