"""Read recurrence rules, written as RFC 5545 text or as a mapping of the same names, into a checked `Rule`.

Source: RFC 5545 §3.3.10. An invalid rule raises `InvalidValue`, which names the part at fault.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from datetime import date
from math import prod

from calfeed.diagnostics.problem import InvalidValue
from calfeed.values.equal_rules import equal_rule, nth_day_rule
from calfeed.values.rules import DAYS, FREQUENCIES, WITHIN_DAYS, Day, Frequency, Rule, comma_separated
from calfeed.values.times import WrittenTime, read_moment

NAMES = (
    "FREQ", "INTERVAL", "COUNT", "BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY", "BYHOUR", "BYMINUTE",
    "BYSECOND", "BYSETPOS", "WKST", "UNTIL",
)  # fmt: skip
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
# The most days in a period, and the most starts allowed in one: each period is expanded as a whole.
_DAYS_IN = {"YEARLY": 366, "MONTHLY": 31, "WEEKLY": 7}
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


def read_rule(text: str) -> Rule:
    """Return the rule in RFC 5545 text, such as `FREQ=WEEKLY;BYDAY=TU`.

    Raises:
        InvalidValue: a part is unknown, invalid, missing, or conflicts with another; or the rule freezes calendars.
    """
    return _read_text(text, _refuse_freezing)


def read_published_rule(text: str) -> Rule:
    """Return the rule in RFC 5545 text from a manifest, even one that freezes calendars: earlier versions allowed them.

    Raises:
        InvalidValue: as `read_rule`, but only for rules that no version of calfeed has published.
    """
    return _read_text(text, lambda _rule: None)


def rule_of(written: Mapping[str, str]) -> Rule:
    """Return the rule with these parts; the case of their names does not matter.

    Raises:
        InvalidValue: as `read_rule`.
    """
    return _rule_of(written, _refuse_freezing)


def _read_text(text: str, check: Callable[[Rule], None]) -> Rule:
    parts: dict[str, str] = {}
    for part in text.removeprefix("RRULE:").strip().rstrip(";").split(";"):
        name, equals, value = part.partition("=")
        name = name.strip().upper()
        if not equals and name in (*FREQUENCIES, *_OTHER_FREQUENCIES):
            raise _bad(f"`{part}` is not a part of a rule", f"write `FREQ={name}`", part.strip())
        if not equals:
            raise _bad(
                f"`{part}` is not a part of a rule",
                "write `FREQ=WEEKLY;BYDAY=TU`: parts are `NAME=value`",
                part.strip(),
            )
        if "=" in value:
            raise _bad(f"{name}={value} is two parts", "put a `;` between them", part.strip())
        if not value:
            raise _bad(f"{name} has no value", f"write `{name}=…`, or leave it out", part.strip())
        if name in parts:
            raise _bad(f"{name} is given twice", "keep one of the two")
        parts[name] = value.strip()
    try:
        return _rule_of(parts, check)
    except InvalidValue as refusal:
        written = next((part for part in text.split(";") if part.partition("=")[0].strip().upper() == refusal.part), "")
        raise InvalidValue(refusal.code, refusal.message, refusal.hint, written.strip()) from None


def _rule_of(written: Mapping[str, str], check: Callable[[Rule], None]) -> Rule:
    values = {name.upper(): value for name, value in written.items()}
    if len(values) < len(written):
        raise _bad("a part is given twice, in upper and lower case", "keep one of the two")
    for name in values:
        if name not in NAMES:
            near = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]}?" if near else f"the parts are {', '.join(NAMES)}"
            raise _bad(f"{name} is not a part of a rule", hint, name)
    # In the order in which mistakes should be reported.
    rule = Rule(
        frequency=_read_frequency(values.get("FREQ")),
        interval=_read_number("INTERVAL", values),
        count=_read_number("COUNT", values),
        bymonth=_read_numbers("BYMONTH", values),
        byweekno=_read_numbers("BYWEEKNO", values),
        byyearday=_read_numbers("BYYEARDAY", values),
        bymonthday=_read_numbers("BYMONTHDAY", values),
        byday=_read_days(values),
        byhour=_read_numbers("BYHOUR", values),
        byminute=_read_numbers("BYMINUTE", values),
        bysecond=_read_numbers("BYSECOND", values),
        bysetpos=_read_numbers("BYSETPOS", values),
        wkst=_read_weekday(values),
        until=_read_until(values["UNTIL"]) if "UNTIL" in values else None,
    )
    _check_together(rule)
    check(rule)
    return rule


def _bad(message: str, hint: str, part: str = "") -> InvalidValue:
    return InvalidValue("bad-rrule", message, hint, part)


# -- parts ------------------------------------------------------------------------------------------------------


def _read_frequency(value: str | None) -> Frequency:
    word = (value or "").upper()
    frequency = next((frequency for frequency in FREQUENCIES if frequency == word), None)
    if frequency is None:
        other = _OTHER_FREQUENCIES.get(word)
        hint = f"write {other}" if other else f"FREQ is one of {', '.join(FREQUENCIES)}"
        raise _bad("the rule has no FREQ" if value is None else f"FREQ={value} is not a frequency", hint, "FREQ")
    return frequency


def _read_number(name: str, values: Mapping[str, str]) -> int | None:
    value = values.get(name)
    if value is None:
        return None
    if re.fullmatch(r"\d{6,}", value, re.ASCII):
        raise _bad(f"{name}={value} is too large", "check the number", name)
    if not re.fullmatch(r"\d{1,5}", value, re.ASCII) or int(value) == 0:
        raise _bad(f"{name}={value} is not a positive whole number", f"write a number, such as `{name}=2`", name)
    return int(value)


def _read_numbers(name: str, values: Mapping[str, str]) -> tuple[int, ...]:
    value = values.get(name)
    if value is None:
        return ()
    lowest, highest, may_be_negative = _RANGES[name]
    numbers = []
    for item in value.replace(" ", "").split(","):
        if not re.fullmatch(r"[+-]?\d{1,3}", item, re.ASCII):
            raise _bad(
                f"{name}={value}: `{item}` is not a number",
                f"write `{name}={lowest}`, or several numbers with commas",
                name,
            )
        number = int(item)
        if not lowest <= (abs(number) if may_be_negative else number) <= highest:
            span = f"{lowest} to {highest}" + (f" or -{highest} to -{lowest}" if may_be_negative else "")
            raise _bad(f"{name}={value}: {number} is out of range", f"the range is {span}", name)
        numbers.append(number)
    return tuple(dict.fromkeys(numbers))


def _read_days(values: Mapping[str, str]) -> tuple[Day, ...]:
    value = values.get("BYDAY")
    if value is None:
        return ()
    days = []
    for item in value.replace(" ", "").upper().split(","):
        match = _DAY.fullmatch(item)
        if match is None or (match[1] and not 1 <= abs(int(match[1])) <= 53):
            near = next((day for day in DAYS if item[:2] == day), None)
            hint = (
                f"write `{near}`"
                if near
                else f"the days are {', '.join(DAYS)}; a number before a day means the nth: 2TU, -1FR"
            )
            raise _bad(f"BYDAY={value}: `{item}` is not a day of the week", hint, "BYDAY")
        days.append(Day(int(match[1]) if match[1] else None, DAYS.index(match[2])))
    return tuple(dict.fromkeys(days))


def _read_weekday(values: Mapping[str, str]) -> int | None:
    value = values.get("WKST")
    if value is None:
        return None
    if value.upper() not in DAYS:
        raise _bad(f"WKST={value} is not a day of the week", f"write one of {', '.join(DAYS)}", "WKST")
    return DAYS.index(value.upper())


def _read_until(value: str) -> date | WrittenTime:
    compact = re.fullmatch(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?", value, re.ASCII)
    if compact is None:
        return read_moment(value)
    year, month, day, hour, minute, second, utc = compact.groups()
    clock = f" {hour}:{minute}:{second}{utc}" if hour else ""
    return read_moment(f"{year}-{month}-{day}{clock}")


# -- parts together ---------------------------------------------------------------------------------------------


def _check_together(rule: Rule) -> None:
    """Refuse parts that the RFC does not allow together."""
    frequency = rule.frequency
    if rule.count is not None and rule.until is not None:
        raise _bad("COUNT and UNTIL are both given", "keep one of the two", "COUNT")
    if rule.count == 1:
        raise _bad("COUNT=1 does not make a series", "leave `rrule` out: some calendars reject such an event", "COUNT")
    if rule.has_ordinals:
        if frequency not in ("MONTHLY", "YEARLY"):
            hint = "for the third Tuesday of a month write `FREQ=MONTHLY;BYDAY=3TU`; otherwise leave the number out"
            raise _bad(f"a number before a day needs FREQ=MONTHLY or YEARLY, not {frequency}", hint, "BYDAY")
        if rule.byweekno:
            raise _bad("a number before a day cannot be combined with BYWEEKNO", "leave the number out", "BYDAY")
    if rule.byweekno and frequency != "YEARLY":
        raise _bad(
            f"BYWEEKNO needs FREQ=YEARLY, not {frequency}", "use `interval` with WEEKLY, or FREQ=YEARLY", "BYWEEKNO"
        )
    if rule.byweekno and not rule.byday:
        raise _bad("BYWEEKNO does not say which day of the week", "add a day, such as `BYDAY=MO`", "BYWEEKNO")
    if rule.byyearday and frequency in ("DAILY", "WEEKLY", "MONTHLY"):
        raise _bad(f"BYYEARDAY cannot be combined with FREQ={frequency}", "use FREQ=YEARLY", "BYYEARDAY")
    if rule.bymonthday and frequency == "WEEKLY":
        raise _bad("BYMONTHDAY cannot be combined with FREQ=WEEKLY", "use FREQ=MONTHLY", "BYMONTHDAY")
    times = prod(len(values) for values in (rule.byhour, rule.byminute, rule.bysecond) if values)
    if times * _DAYS_IN.get(frequency, 1) > _MAX_TIMES:
        hint = "use FREQ=HOURLY or MINUTELY, or list fewer times"
        raise _bad(f"FREQ={frequency} with {times:,} times a day is more than calendars can show", hint, "FREQ")
    if rule.bysetpos and not any(values for name, values in rule.lists if name != "BYSETPOS"):
        raise _bad("BYSETPOS needs another BY… part to choose from", "add `BYDAY` or another BY… part", "BYSETPOS")


def _refuse_freezing(rule: Rule) -> None:
    """Refuse rules that freeze ical.js, and so Thunderbird and Nextcloud."""
    _check_backwards(rule)
    _check_reach(rule)


def _check_backwards(rule: Rule) -> None:
    """Refuse days counted from the end of a month or year if FREQ is shorter than that period.

    Most of these rules send ical.js into an endless loop, which freezes Thunderbird and Nextcloud.
    """
    frequency = rule.frequency
    if frequency != "DAILY" and frequency not in WITHIN_DAYS:
        return
    if any(day < 0 for day in rule.bymonthday):
        name, period, days = "BYMONTHDAY", "month", rule.bymonthday
    elif any(day < 0 for day in rule.byyearday):
        name, period, days = "BYYEARDAY", "year", rule.byyearday
    else:
        return
    part = f"{name}={comma_separated(days)}"
    equal = equal_rule(rule)
    if equal:
        hint = f"write `{equal.text}`, which means the same"
    elif frequency == "DAILY" or rule.interval is not None or rule.bysetpos:
        hint = f"use FREQ={period.upper()}LY, or write its dates as separate events"
    else:
        hint = f"write one event for each time of the day, with `FREQ={period.upper()}LY;{part}`"
    raise _bad(
        f"{part} counts from the end of the {period}, which freezes Thunderbird with FREQ={frequency}", hint, name
    )


def _check_reach(rule: Rule) -> None:
    """Refuse yearly rules for which ical.js finds no date and searches up to the year 20000.

    With BYDAY, it supports BYMONTHDAY only if counted from the beginning of a month. It counts BYSETPOS within each
    month of BYMONTH, not within the year.
    """
    if rule.frequency != "YEARLY" or not rule.byday:
        return
    if rule.bymonthday:
        longest = max(_LONGEST[month - 1] for month in rule.bymonth or (1,))
        if any(0 < day <= longest for day in rule.bymonthday):
            return
        nth = nth_day_rule(rule)
        hint = f"write `{nth.text}`, which means the same" if nth else "write its dates as separate events"
        message = f"BYMONTHDAY={comma_separated(rule.bymonthday)} with BYDAY and FREQ=YEARLY freezes Thunderbird"
        raise _bad(message, hint, "BYMONTHDAY")
    if rule.bymonth and rule.bysetpos:
        most = sum(5 if day.ordinal is None else 1 for day in rule.byday)
        if all(abs(position) > most for position in rule.bysetpos):
            positions = comma_separated(rule.bysetpos)
            message = f"BYSETPOS={positions} exceeds the BYDAY days of a month, which freezes Thunderbird"
            raise _bad(message, "write one event for each month, or write its dates as separate events", "BYSETPOS")
