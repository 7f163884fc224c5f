"""Read time zones, countries and coordinates."""

from __future__ import annotations

import re

from calfeed.diagnostics.problem import InvalidValue, list_some
from calfeed.zones.countries import Country, countries_meant, find_country, suggest_country
from calfeed.zones.nicknames import ANYWHERE_ZONE, before_anywhere, zones_of_abbreviation
from calfeed.zones.tzdb import is_zone, suggest_zone, zones_of_country

_OFFSET = re.compile(r"(?:UTC|GMT|Z)?\s?([+\-−])(0?\d|1[0-2])(?::?([0-5]\d))?", re.ASCII | re.IGNORECASE)
_ABBREVIATION = re.compile(r"[A-Z]{2,5}")
_MAX_LISTED = 8


def read_zone(text: str) -> str:
    """Return the name of a time zone as written; aliases are not resolved."""
    if is_zone(text):
        return text
    raise InvalidValue("bad-timezone", f"`{text}` is not a time zone", _zone_hint(text))


def _zone_hint(text: str) -> str:
    if before_anywhere(text) == "":
        return f"write `{ANYWHERE_ZONE}`, the zone where each day ends last, or the time in UTC with a `Z`"
    if offset := _OFFSET.fullmatch(text):
        written = f"{'+' if offset[1] == '+' else '-'}{int(offset[2]):02}:{offset[3] or '00'}"
        time = f"an offset belongs in the time: `17:30{written}`"
        return f"write the zone of the place, such as `Europe/Tallinn`; {time}"
    if zones := zones_of_abbreviation(text):
        *others, last = [f"`{zone}`" for zone in zones]
        wanted = (
            f"the one you mean, {', '.join(others)} or {last}" if others else f"the zone of the place, such as {last}"
        )
        return f"write {wanted}; abbreviations are not time zones"
    countries = [country for name in countries_meant(text) or (text,) if (country := find_country(name))]
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
        return "write the zone of the place, such as `Europe/Tallinn`; abbreviations are not time zones"
    return "write the name of a zone in the tz database, such as `Europe/Tallinn`"


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


def read_degrees(text: str) -> float:
    """Return a latitude or longitude in decimal degrees."""
    if not re.fullmatch(r"[+-]?\d{1,3}(?:\.\d{1,15})?", text, re.ASCII):
        hint = "write decimal degrees: `[59.4445, 24.7505]`, latitude first"
        raise InvalidValue("bad-geo", f"`{text}` is not a coordinate", hint)
    return float(text)
