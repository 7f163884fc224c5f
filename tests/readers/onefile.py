"""One parsed file, as the rules see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from .contentlines import Component, Property
from .observances import TimeZone, timezone, timezones

Kind = Literal["feed", "single"]


@dataclass(frozen=True)
class OneFile:
    """A calendar, the kind of file it is published as, and those of its time zones that can be evaluated."""

    calendar: Component
    kind: Kind
    zones: dict[str, TimeZone]

    @property
    def events(self) -> tuple[Component, ...]:
        """The VEVENTs, in the order of the file."""
        return self.calendar.children("VEVENT")

    def outside_zones(self) -> Iterator[Component]:
        """Yield every component except the VTIMEZONEs and their parts."""
        yield self.calendar
        for child in self.calendar.components:
            if child.name != "VTIMEZONE":
                yield from child.walk()


# A rule yields one message for each fault.
Rule = Callable[[OneFile], Iterator[str]]


def evaluable_zones(calendar: Component) -> dict[str, TimeZone]:
    """Return the VTIMEZONEs that can be read; rule 6 reports the others."""
    try:
        return timezones(calendar)
    except ValueError:
        return {tz.tzid: tz for tz in _readable(calendar)}


def _readable(calendar: Component) -> Iterator[TimeZone]:
    for component in calendar.children("VTIMEZONE"):
        try:
            yield timezone(component)
        except ValueError:
            continue


def label(event: Component) -> str:
    """Return an event's name for messages: its UID, and its RECURRENCE-ID if it has one."""
    return (
        " ".join(prop.value for name in ("UID", "RECURRENCE-ID") for prop in event.all(name)) or "an event without UID"
    )


def in_series(event: Component) -> bool:
    """Return whether an event recurs or overrides an occurrence."""
    return any(event.all(name) for name in ("RRULE", "RDATE", "RECURRENCE-ID"))


def first(component: Component, name: str) -> Property | None:
    """Return the first property with this name, however many there are."""
    return next(iter(component.all(name)), None)


def param(prop: Property, name: str) -> str | None:
    """Return a parameter's value, with its parts joined again if an unquoted comma split it."""
    several = dict(prop.params).get(name)
    return None if several is None else ",".join(several)


def values(component: Component, name: str) -> list[str]:
    """Return the values of all properties with this name, as written."""
    return [prop.value for prop in component.all(name)]
