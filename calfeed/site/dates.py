"""Formats dates and times in the calendar's language; the only module that uses babel."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time, get_day_names

_MONDAY = date(2024, 1, 1)


@lru_cache(maxsize=4096)
def full_date(day: date, language: str) -> str:
    """Return a date with its weekday: `Thursday, 31 August 2017`."""
    return format_date(day, "full", locale=_locale(language))


@lru_cache(maxsize=4096)
def short_date(day: date, language: str) -> str:
    """Return a date without its year: `Thu 31 Aug`."""
    return format_skeleton("MMMEd", day, locale=_locale(language))


@lru_cache(maxsize=4096)
def month(first: date, language: str) -> str:
    """Return a month and its year: `August 2017`."""
    return format_skeleton("yMMMM", first, locale=_locale(language))


@lru_cache(maxsize=4096)
def month_name(first: date, language: str) -> str:
    """Return the short name of a month in its standalone form."""
    return format_date(first, "LLL", locale=_locale(language))


@lru_cache(maxsize=2048)
def clock(moment: time, language: str) -> str:
    """Return a time of day: `17:30`, `5:30 PM`."""
    return format_time(moment, "short", locale=_locale(language))


def date_and_time(wall: datetime, language: str) -> str:
    """Return a full date and a time."""
    return _joined(full_date(wall.date(), language), wall, language)


def short_date_and_time(wall: datetime, language: str) -> str:
    """Return a short date and a time."""
    return _joined(short_date(wall.date(), language), wall, language)


def _joined(date_text: str, wall: datetime, language: str) -> str:
    pattern = str(_locale(language).datetime_formats["medium"])
    return pattern.replace("{1}", date_text).replace("{0}", clock(wall.time(), language))


@lru_cache(maxsize=1024)
def weekday(day: date, language: str) -> str:
    """Return the short name of a day's weekday."""
    return str(get_day_names("abbreviated", "stand-alone", _locale(language))[day.weekday()])


@cache
def weekdays(language: str) -> tuple[tuple[str, str], ...]:
    """Return the weekdays, short and in full, in the order of the language's week."""
    locale = _locale(language)
    days = [_MONDAY + timedelta(days=locale.first_week_day + number) for number in range(7)]
    names = get_day_names("wide", "stand-alone", locale)
    return tuple((weekday(day, language), names[day.weekday()]) for day in days)


@cache
def first_weekday(language: str) -> int:
    """Return the first day of the language's week: 0 is Monday."""
    return _locale(language).first_week_day


def is_right_to_left(language: str) -> bool:
    """Return whether the language is written from right to left."""
    return _locale(language).text_direction == "rtl"


@cache
def _locale(language: str) -> Locale:
    """Return the locale of a language: `en-XX` falls back to `en`, an unknown language to English."""
    subtags = language.split("-")
    for length in range(len(subtags), 0, -1):
        try:
            return Locale.parse("-".join(subtags[:length]), sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")
