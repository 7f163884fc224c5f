"""Find countries by code and by name.

Codes and names follow ISO 3166-1, but a common shorter name is preferred for display. Kosovo is not in ISO 3166-1; its
codes, from the user-assigned range, are those that the European Union and others use.

The names are not taken from Babel, where they change with its version (three of them from 2.18 to 2.19). They are part
of published addresses, so subscribers would get revisions of events that nobody changed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from calfeed.diagnostics.spelling import nearest


@dataclass(frozen=True, slots=True)
class Country:
    """A country: its ISO 3166-1 codes and the name to show."""

    alpha_2: str
    alpha_3: str
    name: str


def find_country(text: str) -> Country | None:
    """Return the country with this alpha-2 or alpha-3 code or name, ignoring case; None if it is unknown."""
    return _by_name().get(_fold(text).removeprefix("the "))


def countries_meant(text: str) -> tuple[str, ...]:
    """Return the names of the countries that an ambiguous name such as `Korea` can mean; empty for other names."""
    return _SHARED_NAMES.get(_fold(text).removeprefix("the "), ())


def suggest_country(text: str) -> str | None:
    """Return the country probably meant by a name with a typo, or None; three letters are too few to guess."""
    folded = _fold(text).removeprefix("the ")
    near = nearest(folded, (name for name in _by_name() if len(name) > 3)) if len(folded) > 3 else None
    return _by_name()[near].name if near else None


def country_names() -> Iterator[tuple[str, Country]]:
    """Yield every accepted code and name with its country."""
    by_code: dict[str, Country] = {}
    for entry in _entries(_COUNTRIES):
        country = Country(*entry.split(" ", 2))
        by_code[country.alpha_2] = country
        yield from ((name, country) for name in (country.alpha_2, country.alpha_3, country.name))
    for entry in _entries(_OTHER_NAMES):
        alpha_2, names = entry.split(" ", 1)
        yield from ((name, by_code[alpha_2]) for name in names.split(" | "))


@cache
def _by_name() -> dict[str, Country]:
    return {_fold(name): country for name, country in country_names()}


def _entries(table: str) -> list[str]:
    return table.strip().replace("\n", "; ").split("; ")


def _fold(text: str) -> str:
    """Remove accents, full stops and case, and unify apostrophes and ampersands: "cote d'ivoire" is Côte d’Ivoire."""
    plain = unicodedata.normalize("NFKD", text.replace("’", "'").replace(".", "").replace("&", "and"))
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold().strip()


_SHARED_NAMES = {
    "korea": ("South Korea", "North Korea"),
    "virgin islands": ("British Virgin Islands", "U.S. Virgin Islands"),
    "st martin": ("Saint Martin", "Sint Maarten"),
}
# The alpha-2 and alpha-3 codes of each country, and the name to show.
_COUNTRIES = """\
AD AND Andorra; AE ARE United Arab Emirates; AF AFG Afghanistan; AG ATG Antigua and Barbuda; AI AIA Anguilla
AL ALB Albania; AM ARM Armenia; AO AGO Angola; AQ ATA Antarctica; AR ARG Argentina; AS ASM American Samoa
AT AUT Austria; AU AUS Australia; AW ABW Aruba; AX ALA Åland Islands; AZ AZE Azerbaijan; BA BIH Bosnia and Herzegovina
BB BRB Barbados; BD BGD Bangladesh; BE BEL Belgium; BF BFA Burkina Faso; BG BGR Bulgaria; BH BHR Bahrain
BI BDI Burundi; BJ BEN Benin; BL BLM Saint Barthélemy; BM BMU Bermuda; BN BRN Brunei; BO BOL Bolivia
BQ BES Caribbean Netherlands; BR BRA Brazil; BS BHS Bahamas; BT BTN Bhutan; BV BVT Bouvet Island; BW BWA Botswana
BY BLR Belarus; BZ BLZ Belize; CA CAN Canada; CC CCK Cocos (Keeling) Islands; CD COD Democratic Republic of the Congo
CF CAF Central African Republic; CG COG Republic of the Congo; CH CHE Switzerland; CI CIV Côte d'Ivoire
CK COK Cook Islands; CL CHL Chile; CM CMR Cameroon; CN CHN China; CO COL Colombia; CR CRI Costa Rica; CU CUB Cuba
CV CPV Cabo Verde; CW CUW Curaçao; CX CXR Christmas Island; CY CYP Cyprus; CZ CZE Czechia; DE DEU Germany
DJ DJI Djibouti; DK DNK Denmark; DM DMA Dominica; DO DOM Dominican Republic; DZ DZA Algeria; EC ECU Ecuador
EE EST Estonia; EG EGY Egypt; EH ESH Western Sahara; ER ERI Eritrea; ES ESP Spain; ET ETH Ethiopia; FI FIN Finland
FJ FJI Fiji; FK FLK Falkland Islands; FM FSM Micronesia; FO FRO Faroe Islands; FR FRA France; GA GAB Gabon
GB GBR United Kingdom; GD GRD Grenada; GE GEO Georgia; GF GUF French Guiana; GG GGY Guernsey; GH GHA Ghana
GI GIB Gibraltar; GL GRL Greenland; GM GMB Gambia; GN GIN Guinea; GP GLP Guadeloupe; GQ GNQ Equatorial Guinea
GR GRC Greece; GS SGS South Georgia and the South Sandwich Islands; GT GTM Guatemala; GU GUM Guam
GW GNB Guinea-Bissau; GY GUY Guyana; HK HKG Hong Kong; HM HMD Heard Island and McDonald Islands; HN HND Honduras
HR HRV Croatia; HT HTI Haiti; HU HUN Hungary; ID IDN Indonesia; IE IRL Ireland; IL ISR Israel; IM IMN Isle of Man
IN IND India; IO IOT British Indian Ocean Territory; IQ IRQ Iraq; IR IRN Iran; IS ISL Iceland; IT ITA Italy
JE JEY Jersey; JM JAM Jamaica; JO JOR Jordan; JP JPN Japan; KE KEN Kenya; KG KGZ Kyrgyzstan; KH KHM Cambodia
KI KIR Kiribati; KM COM Comoros; KN KNA Saint Kitts and Nevis; KP PRK North Korea; KR KOR South Korea; KW KWT Kuwait
KY CYM Cayman Islands; KZ KAZ Kazakhstan; LA LAO Laos; LB LBN Lebanon; LC LCA Saint Lucia; LI LIE Liechtenstein
LK LKA Sri Lanka; LR LBR Liberia; LS LSO Lesotho; LT LTU Lithuania; LU LUX Luxembourg; LV LVA Latvia; LY LBY Libya
MA MAR Morocco; MC MCO Monaco; MD MDA Moldova; ME MNE Montenegro; MF MAF Saint Martin; MG MDG Madagascar
MH MHL Marshall Islands; MK MKD North Macedonia; ML MLI Mali; MM MMR Myanmar; MN MNG Mongolia; MO MAC Macao
MP MNP Northern Mariana Islands; MQ MTQ Martinique; MR MRT Mauritania; MS MSR Montserrat; MT MLT Malta
MU MUS Mauritius; MV MDV Maldives; MW MWI Malawi; MX MEX Mexico; MY MYS Malaysia; MZ MOZ Mozambique; NA NAM Namibia
NC NCL New Caledonia; NE NER Niger; NF NFK Norfolk Island; NG NGA Nigeria; NI NIC Nicaragua; NL NLD Netherlands
NO NOR Norway; NP NPL Nepal; NR NRU Nauru; NU NIU Niue; NZ NZL New Zealand; OM OMN Oman; PA PAN Panama; PE PER Peru
PF PYF French Polynesia; PG PNG Papua New Guinea; PH PHL Philippines; PK PAK Pakistan; PL POL Poland
PM SPM Saint Pierre and Miquelon; PN PCN Pitcairn; PR PRI Puerto Rico; PS PSE Palestine; PT PRT Portugal; PW PLW Palau
PY PRY Paraguay; QA QAT Qatar; RE REU Réunion; RO ROU Romania; RS SRB Serbia; RU RUS Russia; RW RWA Rwanda
SA SAU Saudi Arabia; SB SLB Solomon Islands; SC SYC Seychelles; SD SDN Sudan; SE SWE Sweden; SG SGP Singapore
SH SHN Saint Helena; SI SVN Slovenia; SJ SJM Svalbard and Jan Mayen; SK SVK Slovakia; SL SLE Sierra Leone
SM SMR San Marino; SN SEN Senegal; SO SOM Somalia; SR SUR Suriname; SS SSD South Sudan; ST STP Sao Tome and Principe
SV SLV El Salvador; SX SXM Sint Maarten; SY SYR Syria; SZ SWZ Eswatini; TC TCA Turks and Caicos Islands; TD TCD Chad
TF ATF French Southern Territories; TG TGO Togo; TH THA Thailand; TJ TJK Tajikistan; TK TKL Tokelau
TL TLS Timor-Leste; TM TKM Turkmenistan; TN TUN Tunisia; TO TON Tonga; TR TUR Türkiye; TT TTO Trinidad and Tobago
TV TUV Tuvalu; TW TWN Taiwan; TZ TZA Tanzania; UA UKR Ukraine; UG UGA Uganda
UM UMI United States Minor Outlying Islands; US USA United States; UY URY Uruguay; UZ UZB Uzbekistan
VA VAT Vatican City; VC VCT Saint Vincent and the Grenadines; VE VEN Venezuela; VG VGB British Virgin Islands
VI VIR U.S. Virgin Islands; VN VNM Vietnam; VU VUT Vanuatu; WF WLF Wallis and Futuna; WS WSM Samoa; XK XKX Kosovo
YE YEM Yemen; YT MYT Mayotte; ZA ZAF South Africa; ZM ZMB Zambia; ZW ZWE Zimbabwe
"""

# Names that are accepted but not shown: the full names of ISO 3166-1, those of the tz database (`country_names` of
# pytz), short and former English names, and the names that the countries use themselves.
_OTHER_NAMES = """\
AE UAE | Emirates; AL Shqipëria; AM Հայաստան | Hayastan; AS Samoa (American); AT Österreich | Oesterreich
BA Bosnia | Bosna i Hercegovina; BE België | Belgique | Belgien; BG България | Bulgariya; BL St Barthelemy
BN Brunei Darussalam; BO Bolivia, Plurinational State of; BQ Bonaire, Sint Eustatius and Saba | Caribbean NL
BR Brasil; BY Беларусь; CD Congo, The Democratic Republic of the | Congo (Dem. Rep.) | DR Congo | DRC | Congo-Kinshasa
CF Central African Rep.; CG Congo | Congo (Rep.) | Congo-Brazzaville; CH Schweiz | Suisse | Svizzera | Svizra
CI Ivory Coast; CN People's Republic of China | PR China | 中国; CV Cape Verde; CY Κύπρος | Kypros | Kıbrıs
CZ Czech Republic | Česko | Česká republika; DE Deutschland; DK Danmark; EE Eesti; ES España; FI Suomi
FK Falkland Islands (Malvinas); FM Micronesia, Federated States of | Federated States of Micronesia
GB Britain (UK) | UK | Great Britain | Britain | England | Scotland | Wales | Northern Ireland
GE საქართველო | Sakartvelo; GR EL | Ελλάδα | Ellada | Hellas; HR Hrvatska; HU Magyarország
IE Éire | Republic of Ireland; IN Bharat | भारत; IR Iran, Islamic Republic of; IS Ísland; IT Italia
JP 日本 | Nippon | Nihon; KN St Kitts & Nevis; KP Korea, Democratic People's Republic of | Korea (North) | DPRK
KR Korea, Republic of | Korea (South) | Republic of Korea | 대한민국 | 한국; LA Lao People's Democratic Republic
LC St Lucia; LT Lietuva; LU Luxemburg | Lëtzebuerg; LV Latvija; MD Moldova, Republic of | Republic of Moldova
ME Crna Gora; MF Saint Martin (French part) | St Martin (French); MK Macedonia | Severna Makedonija
MM Myanmar (Burma) | Burma; MO Macau; NL Holland | Nederland; NO Norge | Noreg; PL Polska; PM St Pierre & Miquelon
PS Palestine, State of; RS Srbija | Србија; RU Russian Federation | Россия | Rossiya; SE Sverige
SH Saint Helena, Ascension and Tristan da Cunha | St Helena; SI Slovenija; SK Slovensko
SX Sint Maarten (Dutch part) | St Maarten (Dutch); SY Syrian Arab Republic; SZ Eswatini (Swaziland) | Swaziland
TC Turks & Caicos Is; TF French S. Terr.; TL East Timor; TR Turkey; TW Taiwan, Province of China | 臺灣 | 台灣
TZ Tanzania, United Republic of; UA Україна | Ukraina; UM US minor outlying islands; US United States of America
VA Holy See (Vatican City State) | Vatican | Holy See; VC St Vincent; VE Venezuela, Bolivarian Republic of
VG Virgin Islands, British | Virgin Islands (UK); VI Virgin Islands, U.S. | Virgin Islands (US); VN Viet Nam
WS Samoa (western); XK Kosova | Kosovë | Косово
"""
