"""Read recurrence rules, written as RFC 5545 text or as a mapping of the same names, into a checked `Rule`.

Source: RFC 5545 §3.3.10. A rule that cannot be read raises `InvalidValue`; its hint names the part.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from math import prod

from calfeed.diagnostics.problem import InvalidValue
from calfeed.values.times import WrittenTime, read_moment

FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY")
WITHIN_DAYS = ("HOURLY", "MINUTELY")
_ORDER = (
    "FREQ", "INTERVAL", "COUNT", "BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY", "BYHOUR", "BYMINUTE",
    "BYSECOND", "BYSETPOS", "WKST",
)  # fmt: skip
NAMES = (*_ORDER, "UNTIL")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
# The smallest and largest value of each list of numbers, and whether counting from the end is allowed.
_RANGES = {
    "BYMONTH": (1, 12, False),
    "BYWEEKNO": (1, 53, True),
    "BYYEARDAY": (1, 366, True),
    "BYMONTHDAY": (1, 31, True),
    "BYHOUR": (0, 23, False),
    "BYMINUTE": (0, 59, False),
    "BYSECOND": (0, 59, False),
    "BYSETPOS": (1, 366, True),
}
# The number of days in each month of a leap year.
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_STEPPED = ("BYMONTH", "BYHOUR", "BYMINUTE", "BYSECOND")
# The most days in a period, and the most starts it may give: a period is expanded as a whole.
_DAYS = {"YEARLY": 366, "MONTHLY": 31, "WEEKLY": 7}
_MAX_TIMES = 50_000
_OTHER_FREQUENCIES = {
    "FORTNIGHTLY": "weekly with interval: 2 (`FREQ=WEEKLY;INTERVAL=2`)",
    "BIWEEKLY": "weekly with interval: 2 (`FREQ=WEEKLY;INTERVAL=2`)",
    "BIMONTHLY": "monthly with interval: 2 (`FREQ=MONTHLY;INTERVAL=2`)",
    "QUARTERLY": "monthly with interval: 3 (`FREQ=MONTHLY;INTERVAL=3`)",
    "HALFYEARLY": "monthly with interval: 6 (`FREQ=MONTHLY;INTERVAL=6`)",
    "ANNUALLY": "yearly (`FREQ=YEARLY`)",
    "WEEKDAYS": "weekly with byday (`FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR`)",
    "SECONDLY": "minutely (`FREQ=MINUTELY`): calendars show no seconds",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A recurrence rule: its parts without UNTIL, in a fixed order, and UNTIL as written."""

    parts: tuple[tuple[str, str], ...]
    until: date | WrittenTime | None = None

    def __getitem__(self, name: str) -> str | None:
        return dict(self.parts).get(name)

    @property
    def text(self) -> str:
        """The rule as RFC 5545 writes it, without UNTIL."""
        return ";".join(f"{name}={value}" for name, value in self.parts)

    @property
    def is_within_days(self) -> bool:
        """Whether the rule sets times within a day."""
        return self["FREQ"] in WITHIN_DAYS or any(self[n] for n in ("BYHOUR", "BYMINUTE", "BYSECOND"))

    @property
    def is_endless(self) -> bool:
        """Whether the rule never ends."""
        return self.until is None and self["COUNT"] is None


def in_order(rrule: str) -> str:
    """Return the text of a rule with its months, hours, minutes and seconds in ascending order.

    The meaning is the same (RFC 5545 §3.3.10), but ical.js and libical step through them in the order written.
    """
    if "," not in rrule:
        return rrule
    return ";".join(_part_in_order(part) for part in rrule.split(";"))


def _part_in_order(part: str) -> str:
    name, _, value = part.partition("=")
    return f"{name}={','.join(sorted(value.split(','), key=int))}" if name in _STEPPED else part


def text_of(parts: Mapping[str, str]) -> str:
    """Return parts as RFC 5545 writes them, in the order of this module."""
    return ";".join(f"{name}={parts[name]}" for name in _ORDER if name in parts)


def equal_rule(parts: Mapping[str, str]) -> Mapping[str, str] | None:
    """Return the parts of a rule with another frequency that gives the same dates, or None if none is known.

    A rule that selects days by date becomes monthly, one that selects them by day of the week becomes weekly. That
    holds only if no year, month or day is left out (INTERVAL=1) and nothing is counted within one (BYSETPOS).
    """
    frequency = parts["FREQ"]
    if parts.get("INTERVAL", "1") != "1" or "BYSETPOS" in parts or "BYYEARDAY" in parts or "BYWEEKNO" in parts:
        return None
    kept = {name: value for name, value in parts.items() if name != "INTERVAL"}
    has_numbers = any(character.isdigit() for character in parts.get("BYDAY", ""))
    if frequency in ("DAILY", "YEARLY") and "BYMONTHDAY" in parts and not has_numbers:
        return {**kept, "FREQ": "MONTHLY"}
    if frequency in ("DAILY", "MONTHLY", "YEARLY") and "BYDAY" in parts and not has_numbers:
        return None if "BYMONTHDAY" in parts else {**kept, "FREQ": "WEEKLY"}
    return None


def nth_day_rule(parts: Mapping[str, str]) -> Mapping[str, str] | None:
    """Return the same rule with the nth weekday of a month, if it names exactly the nth seven days; else None.

    The first Tuesday is the one in the first seven days: BYDAY=TU;BYMONTHDAY=1,2,3,4,5,6,7 is BYDAY=1TU.
    """
    day, dates = parts.get("BYDAY"), sorted(int(number) for number in parts.get("BYMONTHDAY", "0").split(","))
    if day not in DAYS or parts["FREQ"] not in ("MONTHLY", "YEARLY") or parts.keys() & {"BYSETPOS", "BYYEARDAY"}:
        return None
    weeks = {n: list(range(7 * n - 6, 7 * n + 1)) for n in (1, 2, 3, 4)} | {-1: list(range(-7, 0))}
    number = next((number for number, week in weeks.items() if dates == week), None)
    # With FREQ=YEARLY and no BYMONTH it would be the nth weekday of the year.
    if number is None or (parts["FREQ"] == "YEARLY" and "BYMONTH" not in parts):
        return None
    kept = {name: value for name, value in parts.items() if name != "BYMONTHDAY"}
    return {**kept, "BYDAY": f"{number}{day}"}


def read_rule(text: str) -> Rule:
    """Return the rule in RFC 5545 text, such as `FREQ=WEEKLY;BYDAY=TU`.

    Raises:
        InvalidValue: a part is unknown, wrong, missing, or not allowed with another; or the rule freezes calendars.
    """
    return _read_text(text, _refuse_freezing)


def read_published_rule(text: str) -> Rule:
    """Return the rule in published RFC 5545 text, which may be older than the refusal of rules that freeze calendars.

    Raises:
        InvalidValue: as `read_rule`, but only for what no version has published.
    """
    return _read_text(text, lambda _parts: None)


def _read_text(text: str, check: Callable[[Mapping[str, str]], None]) -> Rule:
    parts: dict[str, str] = {}
    for part in text.removeprefix("RRULE:").strip().rstrip(";").split(";"):
        name, equals, value = part.partition("=")
        name = name.strip().upper()
        if not equals and name in (*FREQUENCIES, *_OTHER_FREQUENCIES):
            raise _bad(f"`{part}` is no part of a rule", f"write `FREQ={name}`", part.strip())
        if not equals:
            raise _bad(
                f"`{part}` is no part of a rule", "write `FREQ=WEEKLY;BYDAY=TU`: parts are `NAME=value`", part.strip()
            )
        if "=" in value:
            raise _bad(f"{name}={value} are two parts", "put a `;` between them", part.strip())
        if not value:
            raise _bad(f"{name} has no value", f"write `{name}=…`, or leave it out", part.strip())
        if name in parts:
            raise _bad(f"{name} is written twice", "keep one of the two")
        parts[name] = value.strip()
    try:
        return _rule_of(parts, check)
    except InvalidValue as refusal:
        written = next((part for part in text.split(";") if part.partition("=")[0].strip().upper() == refusal.part), "")
        raise InvalidValue(refusal.code, refusal.message, refusal.hint, written.strip()) from None


def rule_of(written: Mapping[str, str]) -> Rule:
    """Return the rule with these parts; the case of their names does not matter.

    Raises:
        InvalidValue: as `read_rule`.
    """
    return _rule_of(written, _refuse_freezing)


def _rule_of(written: Mapping[str, str], check: Callable[[Mapping[str, str]], None]) -> Rule:
    values = {name.upper(): value for name, value in written.items()}
    if len(values) < len(written):
        raise _bad("a part is written twice, in other letters", "keep one of the two")
    for name in values:
        if name not in NAMES:
            near = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]}?" if near else f"the parts are {', '.join(NAMES)}"
            raise _bad(f"{name} is no part of a rule", hint, name)
    frequency = values.get("FREQ", "").upper()
    if frequency not in FREQUENCIES:
        other = _OTHER_FREQUENCIES.get(frequency)
        hint = f"write {other}" if other else f"FREQ is one of {', '.join(FREQUENCIES)}"
        raise _bad(
            f"FREQ={values['FREQ']} is no frequency" if "FREQ" in values else "the rule has no FREQ", hint, "FREQ"
        )
    parts = {name: _READERS[name](name, values[name]) for name in _ORDER if name in values}
    until = _read_until(values["UNTIL"]) if "UNTIL" in values else None
    _check_together(parts, until)
    check(parts)
    return Rule(tuple(parts.items()), until)


def _bad(message: str, hint: str, part: str = "") -> InvalidValue:
    return InvalidValue("bad-rrule", message, hint, part)


def _read_word(name: str, value: str) -> str:
    word = value.upper()
    if name == "WKST" and word not in DAYS:
        raise _bad(f"WKST={value} is no day of the week", f"it is one of {', '.join(DAYS)}", name)
    return word


def _read_number(name: str, value: str) -> str:
    if re.fullmatch(r"\d{6,}", value, re.ASCII):
        raise _bad(f"{name}={value} is too large", "check the number", name)
    if not re.fullmatch(r"\d{1,5}", value, re.ASCII) or int(value) == 0:
        raise _bad(f"{name}={value} is not a whole number from 1", f"write `{name}=2` or the like", name)
    return str(int(value))


def _read_numbers(name: str, value: str) -> str:
    lowest, highest, may_be_negative = _RANGES[name]
    numbers = []
    for item in value.replace(" ", "").split(","):
        if not re.fullmatch(r"[+-]?\d{1,3}", item, re.ASCII):
            raise _bad(
                f"{name}={value}: `{item}` is not a number", f"write `{name}={lowest}` or a list with commas", name
            )
        number = int(item)
        if not lowest <= (abs(number) if may_be_negative else number) <= highest:
            span = f"{lowest} to {highest}" + (f" or -{highest} to -{lowest}" if may_be_negative else "")
            raise _bad(f"{name}={value}: {number} is out of range", f"it is {span}", name)
        numbers.append(str(number))
    return ",".join(dict.fromkeys(numbers))


def _read_days(name: str, value: str) -> str:
    days = []
    for item in value.replace(" ", "").upper().split(","):
        match = _DAY.fullmatch(item)
        if match is None or (match[1] and not 1 <= abs(int(match[1])) <= 53):
            near = next((day for day in DAYS if item[:2] == day), None)
            hint = (
                f"write `{near}`"
                if near
                else f"days are {', '.join(DAYS)}, with a number before them for the nth: 2TU, -1FR"
            )
            raise _bad(f"{name}={value}: `{item}` is no day of the week", hint, name)
        days.append(f"{int(match[1])}{match[2]}" if match[1] else match[2])
    return ",".join(dict.fromkeys(days))


def _read_until(value: str) -> date | WrittenTime:
    compact = re.fullmatch(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?", value, re.ASCII)
    if compact is None:
        return read_moment(value)
    year, month, day, hour, minute, second, utc = compact.groups()
    clock = f" {hour}:{minute}:{second}{utc}" if hour else ""
    return read_moment(f"{year}-{month}-{day}{clock}")


_READERS: dict[str, Callable[[str, str], str]] = {
    **dict.fromkeys(_RANGES, _read_numbers),
    "FREQ": _read_word,
    "WKST": _read_word,
    "INTERVAL": _read_number,
    "COUNT": _read_number,
    "BYDAY": _read_days,
}


def _check_together(parts: Mapping[str, str], until: object) -> None:
    """Refuse parts that the RFC does not allow together."""
    frequency = parts["FREQ"]
    if "COUNT" in parts and until is not None:
        raise _bad("COUNT and UNTIL are both given", "keep one of the two", "COUNT")
    if parts.get("COUNT") == "1":
        raise _bad("COUNT=1 makes no series", "leave `rrule` out: some calendars refuse such an event", "COUNT")
    if any(day.strip("+-0123456789") != day for day in parts.get("BYDAY", "").split(",")):
        if frequency not in ("MONTHLY", "YEARLY"):
            hint = "for the third Tuesday of a month write `FREQ=MONTHLY;BYDAY=3TU`; else leave the number out"
            raise _bad(f"a number before a day needs FREQ=MONTHLY or YEARLY, not {frequency}", hint, "BYDAY")
        if "BYWEEKNO" in parts:
            raise _bad("a number before a day cannot stand with BYWEEKNO", "leave the number out", "BYDAY")
    if "BYWEEKNO" in parts and frequency != "YEARLY":
        raise _bad(
            f"BYWEEKNO needs FREQ=YEARLY, not {frequency}", "use `interval` with WEEKLY, or FREQ=YEARLY", "BYWEEKNO"
        )
    if "BYWEEKNO" in parts and "BYDAY" not in parts:
        raise _bad("BYWEEKNO does not say which day of the week", "add `BYDAY=MO` or the like", "BYWEEKNO")
    if "BYYEARDAY" in parts and frequency in ("DAILY", "WEEKLY", "MONTHLY"):
        raise _bad(f"BYYEARDAY cannot stand with FREQ={frequency}", "use FREQ=YEARLY", "BYYEARDAY")
    if "BYMONTHDAY" in parts and frequency == "WEEKLY":
        raise _bad("BYMONTHDAY cannot stand with FREQ=WEEKLY", "use FREQ=MONTHLY", "BYMONTHDAY")
    times = prod(len(parts[name].split(",")) for name in ("BYHOUR", "BYMINUTE", "BYSECOND") if name in parts)
    if times * _DAYS.get(frequency, 1) > _MAX_TIMES:
        hint = "use FREQ=HOURLY or MINUTELY, or write fewer times"
        raise _bad(f"FREQ={frequency} with {times:,} times a day is more than calendars can show", hint, "FREQ")
    if "BYSETPOS" in parts and not any(name.startswith("BY") and name != "BYSETPOS" for name in parts):
        raise _bad("BYSETPOS chooses from what another BY… part gives", "add `BYDAY` or another", "BYSETPOS")


def _refuse_freezing(parts: Mapping[str, str]) -> None:
    """Refuse rules from which ical.js, and with it Thunderbird and Nextcloud, never returns."""
    _check_backwards(parts)
    _check_reach(parts)


def _check_backwards(parts: Mapping[str, str]) -> None:
    """Refuse days counted from the end of a month or year if FREQ is shorter than that period.

    ical.js never returns from most of these rules, and so freezes Thunderbird and Nextcloud.
    """
    frequency = parts["FREQ"]
    if frequency != "DAILY" and frequency not in WITHIN_DAYS:
        return
    name = next((name for name in ("BYMONTHDAY", "BYYEARDAY") if "-" in parts.get(name, "")), None)
    if name is None:
        return
    period = "month" if name == "BYMONTHDAY" else "year"
    equal = equal_rule(parts)
    if equal:
        hint = f"write `{text_of(equal)}`: it means the same"
    elif frequency == "DAILY" or "INTERVAL" in parts or "BYSETPOS" in parts:
        hint = f"use FREQ={period.upper()}LY, or write its dates as events of their own"
    else:
        hint = f"write one event for each time of the day, with `FREQ={period.upper()}LY;{name}={parts[name]}`"
    message = (
        f"{name}={parts[name]} counts from the end of the {period}, which freezes Thunderbird with FREQ={frequency}"
    )
    raise _bad(message, hint, name)


def _check_reach(parts: Mapping[str, str]) -> None:
    """Refuse yearly rules in which ical.js finds no date, so that it searches up to the year 20000.

    With BYDAY it only supports BYMONTHDAY counted from the beginning of a month, and it counts BYSETPOS within each
    month of BYMONTH, not within the year.
    """
    if parts["FREQ"] != "YEARLY" or "BYDAY" not in parts:
        return
    months = [int(number) for number in parts.get("BYMONTH", "1").split(",")]
    if "BYMONTHDAY" in parts:
        longest = max(_LONGEST[month - 1] for month in months)
        if any(0 < int(number) <= longest for number in parts["BYMONTHDAY"].split(",")):
            return
        nth = nth_day_rule(parts)
        hint = f"write `{text_of(nth)}`: it means the same" if nth else "write its dates as events of their own"
        message = f"BYMONTHDAY={parts['BYMONTHDAY']} with BYDAY and FREQ=YEARLY freezes Thunderbird"
        raise _bad(message, hint, "BYMONTHDAY")
    if "BYMONTH" in parts and "BYSETPOS" in parts:
        most = sum(5 if day in DAYS else 1 for day in parts["BYDAY"].split(","))
        if all(abs(int(number)) > most for number in parts["BYSETPOS"].split(",")):
            message = f"BYSETPOS={parts['BYSETPOS']} is more than a month has of BYDAY, which freezes Thunderbird"
            raise _bad(message, "write one event for each month, or its dates as events of their own", "BYSETPOS")
