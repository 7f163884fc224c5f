"""calfeed.zones.countries: countries by their codes and names."""

from __future__ import annotations

import pytest
import pytz

from calfeed.zones.countries import _ALIASES, _TABLE, _fold, find_country


@pytest.mark.parametrize(
    ("text", "alpha_2"),
    [
        *(("EE", "EE"), ("est", "EE"), ("Estonia", "EE"), ("Eesti", "EE")),
        *(("UK", "GB"), ("U.K.", "GB"), ("England", "GB"), ("Scotland", "GB"), ("Great Britain", "GB")),
        *(("Northern Ireland", "GB"), ("Ireland", "IE"), ("Holland", "NL"), ("The Netherlands", "NL")),
        *(
            ("the gambia", "GM"),
            ("Ivory Coast", "CI"),
            ("cote d'ivoire", "CI"),
            ("Russia", "RU"),
            ("South Korea", "KR"),
        ),
        *(
            ("USA", "US"),
            ("U.S.", "US"),
            ("Deutschland", "DE"),
            ("España", "ES"),
            ("Italia", "IT"),
            ("Österreich", "AT"),
        ),
        *(
            ("osterreich", "AT"),
            ("Schweiz", "CH"),
            ("Suomi", "FI"),
            ("Sverige", "SE"),
            ("Україна", "UA"),
            ("日本", "JP"),
        ),
        *(("Kosovo", "XK"), ("XK", "XK"), ("xkx", "XK"), ("Kosova", "XK"), ("EL", "GR"), ("Greece", "GR")),
        *(("Czech Republic", "CZ"), ("Česko", "CZ"), ("România", "RO"), ("México", "MX"), ("St. Lucia", "LC")),
    ],
)
def test_countries_by_any_name(text: str, alpha_2: str) -> None:
    """A country is found by its codes, its English names and often by its own."""
    assert code_of(text) == alpha_2


def test_no_name_stands_for_two_countries() -> None:
    """Every name and alias leads to one country, and pytz's names to those of pytz."""
    names: dict[str, str] = {}
    for line in _TABLE.splitlines():
        alpha_2, alpha_3, row = line.split(" ", 2)
        for name in (alpha_2, alpha_3, *row.split(" | ")):
            assert names.setdefault(_fold(name), alpha_2) == alpha_2
    for line in _ALIASES.splitlines():
        alpha_2, row = line.split(" ", 1)
        for name in row.split(" | "):
            assert names.setdefault(_fold(name), "") == ""
            assert code_of(name) == alpha_2
    assert all(code_of(name) == code for code, name in pytz.country_names.items())


def code_of(name: str) -> str | None:
    """Return the alpha-2 code of the country with this name."""
    country = find_country(name)
    return country.alpha_2 if country else None
