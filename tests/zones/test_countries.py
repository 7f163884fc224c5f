"""calfeed.zones.countries: countries by their codes and names."""

from __future__ import annotations

import pytest
import pytz
from babel.core import get_global

from calfeed.zones.countries import _fold, countries_meant, country_names, find_country


@pytest.mark.parametrize(
    ("text", "alpha_2"),
    [
        ("EE", "EE"),
        ("est", "EE"),
        ("Estonia", "EE"),
        ("Eesti", "EE"),
        ("UK", "GB"),
        ("U.K.", "GB"),
        ("England", "GB"),
        ("Scotland", "GB"),
        ("Great Britain", "GB"),
        ("Northern Ireland", "GB"),
        ("Ireland", "IE"),
        ("Holland", "NL"),
        ("The Netherlands", "NL"),
        ("the gambia", "GM"),
        ("Ivory Coast", "CI"),
        ("cote d'ivoire", "CI"),
        ("Russia", "RU"),
        ("South Korea", "KR"),
        ("USA", "US"),
        ("U.S.", "US"),
        ("Deutschland", "DE"),
        ("España", "ES"),
        ("Italia", "IT"),
        ("Österreich", "AT"),
        ("osterreich", "AT"),
        ("Schweiz", "CH"),
        ("Suomi", "FI"),
        ("Sverige", "SE"),
        ("Україна", "UA"),
        ("日本", "JP"),
        ("Kosovo", "XK"),
        ("XK", "XK"),
        ("xkx", "XK"),
        ("Kosova", "XK"),
        ("EL", "GR"),
        ("Greece", "GR"),
        ("Czech Republic", "CZ"),
        ("Česko", "CZ"),
        ("România", "RO"),
        ("México", "MX"),
        ("St. Lucia", "LC"),
    ],
)
def test_countries_by_any_name(text: str, alpha_2: str) -> None:
    """A country is found by its codes, its English names and often its native names."""
    assert code_of(text) == alpha_2


def test_no_name_stands_for_two_countries() -> None:
    """Every code and name is listed once, and gives its country."""
    spellings = [_fold(name) for name, _ in country_names()]
    assert len(spellings) == len(set(spellings))
    assert all(find_country(name) == country for name, country in country_names())


def test_an_ambiguous_name_gives_no_country() -> None:
    """A name that several countries share gives none of them; each name that it can mean gives one."""
    for name in ("Korea", "Virgin Islands", "St. Martin"):
        assert find_country(name) is None
        assert all(find_country(meant) for meant in countries_meant(name))
    assert countries_meant("Estonia") == ()


def test_the_names_of_the_tz_database_are_read() -> None:
    """Every country with zones is found by its code and name in the tz database."""
    assert all(code_of(code) == code_of(name) == code for code, name in pytz.country_names.items())


def test_codes_are_those_of_unicode() -> None:
    """The codes agree with Babel, where each alpha-3 code is an alias of the alpha-2 code."""
    aliases = get_global("territory_aliases")
    countries = {country for _, country in country_names()} - {find_country("Kosovo")}
    assert len(countries) == 249
    assert [country for country in countries if list(aliases[country.alpha_3]) != [country.alpha_2]] == []


def code_of(name: str) -> str | None:
    """Return the alpha-2 code of the country with this name."""
    country = find_country(name)
    return country.alpha_2 if country else None
