"""Look up other names that people write for time zones and properties; for hints only."""

from __future__ import annotations

import re
from functools import cache

from calfeed.diagnostics.spelling import fold_name

ANYWHERE_ZONE = "Etc/GMT+12"
"""The zone for times `anywhere on Earth`: no clocks are further behind UTC."""
_ANYWHERE = re.compile(r"\s*[(\[]?\b(?:aoe|anywhere[\s_-]+on[\s_-]+(?:the[\s_-]+)?earth)[)\]]?\.?$", re.IGNORECASE)


def zone_of_place(name: str) -> str | None:
    """Return the zone of a well-known city that no zone is named after, or for a Windows or everyday name of a zone."""
    key = fold_name(name)
    standard = key.replace("daylighttime", "standardtime")
    return next((_places()[k] for k in (key, standard, key.replace("summertime", "time")) if k in _places()), None)


def zones_of_abbreviation(text: str) -> tuple[str, ...]:
    """Return the zones that an abbreviation usually means: several if it is ambiguous, empty if it is unknown."""
    return _abbreviations().get(text.upper(), ())


def before_anywhere(text: str) -> str | None:
    """Return the text before a final `anywhere on Earth` or `AoE`, or None without either."""
    match = _ANYWHERE.search(text)
    return text[: match.start()] if match else None


def key_of_property(name: str) -> str | None:
    """Return the event key for a property (upper case): empty if it has none, None if it is not standard."""
    return dict(_PROPERTIES).get(name)


@cache
def _places() -> dict[str, str]:
    rows = (line.split(": ") for line in _PLACES.splitlines())
    return {fold_name(name): zone for zone, names in rows for name in names.split(", ")}


@cache
def _abbreviations() -> dict[str, tuple[str, ...]]:
    rows = (line.split(": ") for line in _ABBREVIATIONS.splitlines())
    return {name: tuple(zones.split(", ")) for names, zones in rows for name in names.split(", ")}


# Zones with cities and other names that stand for them. The Windows names, "… Standard Time", are the common ones of
# Unicode CLDR (supplemental/windowsZones.xml, territory 001).
_PLACES = """\
Africa/Algiers: Oran
Africa/Cairo: Alexandria, Egypt Standard Time
Africa/Casablanca: Rabat, Marrakesh, Marrakech, Fes, Tangier, Morocco Standard Time
Africa/Dar_es_Salaam: Dodoma, Zanzibar
Africa/Johannesburg: Cape Town, Pretoria, Durban, South Africa Standard Time
Africa/Lagos: Abuja, W. Central Africa Standard Time
Africa/Nairobi: Mombasa, E. Africa Standard Time
America/Anchorage: Alaskan Standard Time, Alaska Standard Time, Alaska Time
America/Argentina/Buenos_Aires: Argentina Standard Time
America/Bogota: Medellin, Cali, SA Pacific Standard Time
America/Chicago: Austin, Dallas, Houston, Kansas City, Memphis, Milwaukee, Minneapolis, Nashville, New Orleans, \
San Antonio, Saint Louis, St. Louis, Texas, Central Standard Time, Central Time, Central, US Central
America/Denver: Albuquerque, Salt Lake City, Mountain Standard Time, Mountain Time, Mountain, US Mountain
America/Edmonton: Calgary
America/Guayaquil: Quito
America/Halifax: Atlantic Standard Time, Atlantic Time
America/Los_Angeles: Hollywood, Las Vegas, Oakland, Palo Alto, Sacramento, San Diego, San Francisco, San Jose, \
Seattle, Silicon Valley, California, Pacific Standard Time, Pacific Time, Pacific, US Pacific
America/Mexico_City: Guadalajara, Central Standard Time (Mexico)
America/New_York: Atlanta, Baltimore, Boston, Charlotte, Cleveland, Columbus, Florida, Miami, New York City, NYC, \
Orlando, Philadelphia, Pittsburgh, Washington, Washington DC, Eastern Standard Time, Eastern Time, Eastern, US Eastern
America/Phoenix: Tucson, US Mountain Standard Time
America/Santiago: Valparaiso, Pacific SA Standard Time
America/Sao_Paulo: Brasilia, Rio, Rio de Janeiro, E. South America Standard Time
America/St_Johns: Newfoundland Standard Time, Newfoundland Time
America/Toronto: Ottawa, Quebec
Asia/Bangkok: Chiang Mai, Phuket, SE Asia Standard Time
Asia/Dubai: Abu Dhabi, Arabian Standard Time
Asia/Ho_Chi_Minh: Hanoi
Asia/Jerusalem: Haifa, Israel Standard Time
Asia/Karachi: Islamabad, Lahore, Pakistan Standard Time
Asia/Kolkata: Ahmedabad, Bangalore, Bengaluru, Bombay, Chennai, Delhi, Goa, Hyderabad, Madras, Mumbai, New Delhi, \
Pune, India Standard Time, Indian Standard Time
Asia/Makassar: Bali, Denpasar
Asia/Manila: Cebu
Asia/Riyadh: Jeddah, Mecca, Medina, Arab Standard Time
Asia/Seoul: Busan, Incheon, Korea Standard Time
Asia/Shanghai: Beijing, Guangzhou, Hangzhou, Nanjing, Peking, Shenzhen, Wuhan, China Standard Time, China Time
Asia/Singapore: Singapore Standard Time
Asia/Taipei: Taipei Standard Time
Asia/Tehran: Iran Standard Time
Asia/Tokyo: Kobe, Kyoto, Nagoya, Osaka, Sapporo, Yokohama, Tokyo Standard Time, Japan Standard Time
Atlantic/Canary: Gran Canaria, Las Palmas, Tenerife
Atlantic/Reykjavik: Greenwich Standard Time
Australia/Adelaide: Cen. Australia Standard Time
Australia/Brisbane: Cairns, Gold Coast, E. Australia Standard Time
Australia/Darwin: AUS Central Standard Time
Australia/Perth: W. Australia Standard Time
Australia/Sydney: AUS Eastern Standard Time
Europe/Athens: Heraklion, Piraeus, Thessaloniki, Athen
Europe/Belgrade: Beograd, Novi Sad
Europe/Berlin: Aachen, Augsburg, Bonn, Bremen, Cologne, Dortmund, Dresden, Duesseldorf, Dusseldorf, Essen, Frankfurt, \
Freiburg, Hamburg, Hannover, Hanover, Heidelberg, Karlsruhe, Kiel, Koln, Leipzig, Mainz, Mannheim, Muenchen, Munchen, \
Munich, Nuremberg, Nurnberg, Potsdam, Rostock, Stuttgart, Weimar, W. Europe Standard Time, Central European Time
Europe/Brussels: Antwerp, Bruges, Brussel, Bruxelles, Gent, Ghent, Leuven, Liege
Europe/Bucharest: Bucuresti, Cluj, Constanta, Timisoara, GTB Standard Time
Europe/Budapest: Debrecen, Szeged, Central Europe Standard Time
Europe/Chisinau: E. Europe Standard Time
Europe/Copenhagen: Aarhus, Kobenhavn, Kopenhagen, Odense
Europe/Dublin: Cork, Galway, Limerick
Europe/Helsinki: Espoo, Helsingfors, Oulu, Tampere, Turku, Eastern European Time
Europe/Istanbul: Ankara, Antalya, Izmir, Turkey Standard Time
Europe/Kyiv: Dnipro, Kharkiv, Kharkov, Lviv, Odesa, Odessa, FLE Standard Time
Europe/Lisbon: Coimbra, Lisboa, Lissabon, Porto, Western European Time
Europe/London: Bath, Birmingham, Brighton, Bristol, Cambridge, Cardiff, Edinburgh, England, Glasgow, Leeds, Liverpool, \
Manchester, Newcastle, Nottingham, Oxford, Scotland, Sheffield, Wales, York, British Summer Time, British Time, \
GMT Standard Time, UK Time
Europe/Luxembourg: Luxemburg
Europe/Madrid: Barcelona, Bilbao, Granada, Malaga, Palma, Sevilla, Seville, Valencia, Zaragoza
Europe/Minsk: Belarus Standard Time
Europe/Moscow: Moskau, Moskva, Saint Petersburg, St. Petersburg, Russian Standard Time, \
Moscow Standard Time, Moscow Time
Europe/Oslo: Bergen, Stavanger, Tromso, Trondheim
Europe/Paris: Bordeaux, Cannes, Grenoble, Lille, Lyon, Marseille, Marseilles, Montpellier, Nantes, Nice, Rennes, \
Strasbourg, Toulouse, Romance Standard Time
Europe/Prague: Brno, Ostrava, Praha, Prag
Europe/Riga: Daugavpils, Liepaja
Europe/Rome: Bologna, Florence, Firenze, Genoa, Milan, Milano, Napoli, Naples, Palermo, Parma, Pisa, Rom, Torino, \
Trieste, Turin, Venezia, Venice, Verona
Europe/Sofia: Plovdiv, Varna
Europe/Stockholm: Goteborg, Gothenburg, Lund, Malmo, Uppsala
Europe/Tallinn: Narva, Parnu, Tartu
Europe/Vienna: Graz, Innsbruck, Linz, Salzburg, Wien
Europe/Vilnius: Kaunas, Klaipeda
Europe/Warsaw: Cracow, Danzig, Gdansk, Katowice, Krakow, Lodz, Lublin, Poznan, Warschau, Warszawa, Wroclaw, \
Central European Standard Time
Europe/Zagreb: Dubrovnik, Rijeka, Split
Europe/Zurich: Basel, Bern, Berne, Davos, Geneva, Geneve, Genf, Lausanne, Lucerne, Lugano, Luzern, St. Gallen, \
Winterthur
Pacific/Auckland: Christchurch, Wellington, New Zealand Standard Time
Pacific/Honolulu: Hawaiian Standard Time, Hawaii Standard Time, Hawaii
"""

# Abbreviations and the zones that they usually mean: one, or all likely ones if ambiguous. Some are also names of the
# tz database in upper case; those are looked up here only in lower case.
_ABBREVIATIONS = """\
ACDT, ACST: Australia/Adelaide
ADT: America/Halifax
AEDT, AEST: Australia/Sydney
AKDT, AKST: America/Anchorage
AST: America/Halifax, Asia/Riyadh
AWST: Australia/Perth
BRT: America/Sao_Paulo
BST: Europe/London, Asia/Dhaka
CAT: Africa/Harare
CDT: America/Chicago, America/Havana
CEST, CET, MESZ, MET, MEZ: Europe/Berlin
CST: America/Chicago, Asia/Shanghai
CT: America/Chicago
EAT: Africa/Nairobi
EDT, EST, ET: America/New_York
EEST, EET: Europe/Helsinki
GMT: Europe/London
GST: Asia/Dubai
HKT: Asia/Hong_Kong
HST: Pacific/Honolulu
ICT: Asia/Bangkok
IDT: Asia/Jerusalem
IST: Asia/Kolkata, Europe/Dublin, Asia/Jerusalem
JST: Asia/Tokyo
KST: Asia/Seoul
MDT, MST, MT: America/Denver
MSK: Europe/Moscow
NDT, NST: America/St_Johns
NZDT, NZST: Pacific/Auckland
PDT, PST, PT: America/Los_Angeles
PHT: Asia/Manila
PKT: Asia/Karachi
SAST: Africa/Johannesburg
SGT: Asia/Singapore
TRT: Europe/Istanbul
WAT: Africa/Lagos
WEST, WET: Europe/Lisbon
WIB: Asia/Jakarta
"""

# The properties that RFC 5545 §3.6.1, RFC 7986 and RFC 9073 allow in an event, and the key for each, or "" without one.
_PROPERTIES = (
    *((name, name.lower()) for name in ("CATEGORIES", "DESCRIPTION", "DURATION", "IMAGE", "ORGANIZER", "RRULE")),
    *((name, name.lower()) for name in ("SEQUENCE", "STATUS", "SUMMARY", "UID", "URL", "CREATED")),
    *(("CONFERENCE", "online"), ("DTSTART", "start"), ("DTEND", "end"), ("EXDATE", "exdates"), ("RDATE", "rdates")),
    *(("GEO", "venue"), ("LOCATION", "venue"), ("LAST-MODIFIED", "last_modified"), ("TRANSP", "busy")),
    *(("RECURRENCE-ID", "overrides"), ("VALARM", "reminders"), ("TZID", "timezone")),
    *((name, "") for name in ("ATTACH", "ATTENDEE", "CLASS", "COLOR", "COMMENT", "CONTACT", "DTSTAMP", "PRIORITY")),
    *((name, "") for name in ("RELATED-TO", "REQUEST-STATUS", "RESOURCES", "STRUCTURED-DATA", "STYLED-DESCRIPTION")),
)
