"""Find countries by code and by name.

Codes and English short names are those of ISO 3166-1; if a shorter name is usual, it comes first. The last name of a
row with several is the one in the tz database's `iso3166.tab` (pytz has it as `country_names`). Other names people use,
and many countries' own, are read but never shown. Kosovo is not in ISO 3166-1; its codes are those that the European
Union and others use, from the user-assigned range.
"""

from __future__ import annotations

import unicodedata
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
    """Return the country probably meant by a name with a typo, or None; three letters are too few to tell."""
    folded = _fold(text).removeprefix("the ")
    near = nearest(folded, (name for name in _by_name() if len(name) > 3)) if len(folded) > 3 else None
    return _by_name()[near].name if near else None


@cache
def _by_name() -> dict[str, Country]:
    found: dict[str, Country] = {}
    for line in _TABLE.splitlines():
        alpha_2, alpha_3, names = line.split(" ", 2)
        country = Country(alpha_2, alpha_3, names.split(" | ")[0])
        for key in (alpha_2, alpha_3, *names.split(" | ")):
            found[_fold(key)] = country
    for line in _ALIASES.splitlines():
        alpha_2, names = line.split(" ", 1)
        found.update((_fold(name), found[alpha_2.casefold()]) for name in names.split(" | "))
    return found


def _fold(text: str) -> str:
    """Remove accents, full stops and case, and unify apostrophes, so that "cote d'ivoire" is found."""
    plain = unicodedata.normalize("NFKD", text.replace("’", "'").replace(".", ""))
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold().strip()


_SHARED_NAMES = {
    "korea": ("South Korea", "North Korea"),
    "virgin islands": ("British Virgin Islands", "U.S. Virgin Islands"),
    "st martin": ("Saint Martin", "Sint Maarten"),
}
# alpha-2, alpha-3, names
_TABLE = """\
AD AND Andorra
AE ARE United Arab Emirates
AF AFG Afghanistan
AG ATG Antigua and Barbuda | Antigua & Barbuda
AI AIA Anguilla
AL ALB Albania
AM ARM Armenia
AO AGO Angola
AQ ATA Antarctica
AR ARG Argentina
AS ASM American Samoa | Samoa (American)
AT AUT Austria
AU AUS Australia
AW ABW Aruba
AX ALA Åland Islands
AZ AZE Azerbaijan
BA BIH Bosnia and Herzegovina | Bosnia & Herzegovina
BB BRB Barbados
BD BGD Bangladesh
BE BEL Belgium
BF BFA Burkina Faso
BG BGR Bulgaria
BH BHR Bahrain
BI BDI Burundi
BJ BEN Benin
BL BLM Saint Barthélemy | St Barthelemy
BM BMU Bermuda
BN BRN Brunei | Brunei Darussalam
BO BOL Bolivia | Bolivia, Plurinational State of
BQ BES Caribbean Netherlands | Bonaire, Sint Eustatius and Saba | Caribbean NL
BR BRA Brazil
BS BHS Bahamas
BT BTN Bhutan
BV BVT Bouvet Island
BW BWA Botswana
BY BLR Belarus
BZ BLZ Belize
CA CAN Canada
CC CCK Cocos (Keeling) Islands
CD COD Democratic Republic of the Congo | Congo, The Democratic Republic of the | Congo (Dem. Rep.)
CF CAF Central African Republic | Central African Rep.
CG COG Republic of the Congo | Congo | Congo (Rep.)
CH CHE Switzerland
CI CIV Côte d'Ivoire | Côte d’Ivoire
CK COK Cook Islands
CL CHL Chile
CM CMR Cameroon
CN CHN China
CO COL Colombia
CR CRI Costa Rica
CU CUB Cuba
CV CPV Cabo Verde | Cape Verde
CW CUW Curaçao
CX CXR Christmas Island
CY CYP Cyprus
CZ CZE Czechia | Czech Republic
DE DEU Germany
DJ DJI Djibouti
DK DNK Denmark
DM DMA Dominica
DO DOM Dominican Republic
DZ DZA Algeria
EC ECU Ecuador
EE EST Estonia
EG EGY Egypt
EH ESH Western Sahara
ER ERI Eritrea
ES ESP Spain
ET ETH Ethiopia
FI FIN Finland
FJ FJI Fiji
FK FLK Falkland Islands | Falkland Islands (Malvinas)
FM FSM Micronesia | Micronesia, Federated States of
FO FRO Faroe Islands
FR FRA France
GA GAB Gabon
GB GBR United Kingdom | Britain (UK)
GD GRD Grenada
GE GEO Georgia
GF GUF French Guiana
GG GGY Guernsey
GH GHA Ghana
GI GIB Gibraltar
GL GRL Greenland
GM GMB Gambia
GN GIN Guinea
GP GLP Guadeloupe
GQ GNQ Equatorial Guinea
GR GRC Greece
GS SGS South Georgia and the South Sandwich Islands | South Georgia & the South Sandwich Islands
GT GTM Guatemala
GU GUM Guam
GW GNB Guinea-Bissau
GY GUY Guyana
HK HKG Hong Kong
HM HMD Heard Island and McDonald Islands | Heard Island & McDonald Islands
HN HND Honduras
HR HRV Croatia
HT HTI Haiti
HU HUN Hungary
ID IDN Indonesia
IE IRL Ireland
IL ISR Israel
IM IMN Isle of Man
IN IND India
IO IOT British Indian Ocean Territory
IQ IRQ Iraq
IR IRN Iran | Iran, Islamic Republic of
IS ISL Iceland
IT ITA Italy
JE JEY Jersey
JM JAM Jamaica
JO JOR Jordan
JP JPN Japan
KE KEN Kenya
KG KGZ Kyrgyzstan
KH KHM Cambodia
KI KIR Kiribati
KM COM Comoros
KN KNA Saint Kitts and Nevis | St Kitts & Nevis
KP PRK North Korea | Korea, Democratic People's Republic of | Korea (North)
KR KOR South Korea | Korea, Republic of | Korea (South)
KW KWT Kuwait
KY CYM Cayman Islands
KZ KAZ Kazakhstan
LA LAO Laos | Lao People's Democratic Republic
LB LBN Lebanon
LC LCA Saint Lucia | St Lucia
LI LIE Liechtenstein
LK LKA Sri Lanka
LR LBR Liberia
LS LSO Lesotho
LT LTU Lithuania
LU LUX Luxembourg
LV LVA Latvia
LY LBY Libya
MA MAR Morocco
MC MCO Monaco
MD MDA Moldova | Moldova, Republic of
ME MNE Montenegro
MF MAF Saint Martin | Saint Martin (French part) | St Martin (French)
MG MDG Madagascar
MH MHL Marshall Islands
MK MKD North Macedonia
ML MLI Mali
MM MMR Myanmar | Myanmar (Burma)
MN MNG Mongolia
MO MAC Macao | Macau
MP MNP Northern Mariana Islands
MQ MTQ Martinique
MR MRT Mauritania
MS MSR Montserrat
MT MLT Malta
MU MUS Mauritius
MV MDV Maldives
MW MWI Malawi
MX MEX Mexico
MY MYS Malaysia
MZ MOZ Mozambique
NA NAM Namibia
NC NCL New Caledonia
NE NER Niger
NF NFK Norfolk Island
NG NGA Nigeria
NI NIC Nicaragua
NL NLD Netherlands
NO NOR Norway
NP NPL Nepal
NR NRU Nauru
NU NIU Niue
NZ NZL New Zealand
OM OMN Oman
PA PAN Panama
PE PER Peru
PF PYF French Polynesia
PG PNG Papua New Guinea
PH PHL Philippines
PK PAK Pakistan
PL POL Poland
PM SPM Saint Pierre and Miquelon | St Pierre & Miquelon
PN PCN Pitcairn
PR PRI Puerto Rico
PS PSE Palestine | Palestine, State of
PT PRT Portugal
PW PLW Palau
PY PRY Paraguay
QA QAT Qatar
RE REU Réunion
RO ROU Romania
RS SRB Serbia
RU RUS Russia | Russian Federation
RW RWA Rwanda
SA SAU Saudi Arabia
SB SLB Solomon Islands
SC SYC Seychelles
SD SDN Sudan
SE SWE Sweden
SG SGP Singapore
SH SHN Saint Helena | Saint Helena, Ascension and Tristan da Cunha | St Helena
SI SVN Slovenia
SJ SJM Svalbard and Jan Mayen | Svalbard & Jan Mayen
SK SVK Slovakia
SL SLE Sierra Leone
SM SMR San Marino
SN SEN Senegal
SO SOM Somalia
SR SUR Suriname
SS SSD South Sudan
ST STP Sao Tome and Principe | Sao Tome & Principe
SV SLV El Salvador
SX SXM Sint Maarten | Sint Maarten (Dutch part) | St Maarten (Dutch)
SY SYR Syria | Syrian Arab Republic
SZ SWZ Eswatini | Eswatini (Swaziland)
TC TCA Turks and Caicos Islands | Turks & Caicos Is
TD TCD Chad
TF ATF French Southern Territories | French S. Terr.
TG TGO Togo
TH THA Thailand
TJ TJK Tajikistan
TK TKL Tokelau
TL TLS Timor-Leste | East Timor
TM TKM Turkmenistan
TN TUN Tunisia
TO TON Tonga
TR TUR Türkiye | Turkey
TT TTO Trinidad and Tobago | Trinidad & Tobago
TV TUV Tuvalu
TW TWN Taiwan | Taiwan, Province of China
TZ TZA Tanzania | Tanzania, United Republic of
UA UKR Ukraine
UG UGA Uganda
UM UMI United States Minor Outlying Islands | US minor outlying islands
US USA United States
UY URY Uruguay
UZ UZB Uzbekistan
VA VAT Vatican City | Holy See (Vatican City State)
VC VCT Saint Vincent and the Grenadines | St Vincent
VE VEN Venezuela | Venezuela, Bolivarian Republic of
VG VGB British Virgin Islands | Virgin Islands, British | Virgin Islands (UK)
VI VIR U.S. Virgin Islands | Virgin Islands, U.S. | Virgin Islands (US)
VN VNM Vietnam | Viet Nam
VU VUT Vanuatu
WF WLF Wallis and Futuna | Wallis & Futuna
WS WSM Samoa | Samoa (western)
XK XKX Kosovo
YE YEM Yemen
YT MYT Mayotte
ZA ZAF South Africa
ZM ZMB Zambia
ZW ZWE Zimbabwe
"""

# alpha-2, other names: short and former ones in English, then the country's own
_ALIASES = """\
AE UAE | Emirates
AL Shqipëria
AM Հայաստան | Hayastan
AT Österreich | Oesterreich
BA Bosnia | Bosna i Hercegovina
BE België | Belgique | Belgien
BG България | Bulgariya
BR Brasil
BY Беларусь
CD DR Congo | DRC | Congo-Kinshasa
CG Congo-Brazzaville
CH Schweiz | Suisse | Svizzera | Svizra
CI Ivory Coast
CN People's Republic of China | PR China | 中国
CY Κύπρος | Kypros | Kıbrıs
CZ Česko | Česká republika
DE Deutschland
DK Danmark
EE Eesti
ES España
FI Suomi
FM Federated States of Micronesia
GB UK | Great Britain | Britain | England | Scotland | Wales | Northern Ireland
GE საქართველო | Sakartvelo
GR EL | Ελλάδα | Ellada | Hellas
HR Hrvatska
HU Magyarország
IE Éire | Republic of Ireland
IN Bharat | भारत
IS Ísland
IT Italia
JP 日本 | Nippon | Nihon
KP DPRK
KR Republic of Korea | 대한민국 | 한국
LT Lietuva
LU Luxemburg | Lëtzebuerg
LV Latvija
MD Republic of Moldova
ME Crna Gora
MK Macedonia | Severna Makedonija
MM Burma
NL Holland | Nederland
NO Norge | Noreg
PL Polska
RS Srbija | Србија
RU Россия | Rossiya
SE Sverige
SI Slovenija
SK Slovensko
SZ Swaziland
TW 臺灣 | 台灣
UA Україна | Ukraina
US United States of America
VA Vatican | Holy See
XK Kosova | Kosovë | Косово
"""
