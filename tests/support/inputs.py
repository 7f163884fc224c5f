"""Inputs for the fuzzer's targets: what people write, and malicious variants of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st

from calfeed.editions.manifest import MANIFEST
from calfeed.pipeline.build import build
from calfeed.source.schema import CalendarEntry, DefaultsEntry, EventEntry, FeedEntry, VenueEntry
from support.projects import NOW, TALK, write_events

DATA = Path(__file__).parents[1] / "data"
TRAPS = (
    *(
        "",
        " ",
        "\u202eevil",
        "a\u0000b",
        "\x1b[31m",
        "\u009b31m",
        "\ud83d\ude00",
        "\ufeff",
        "\u2028",
        "\r\nX-EVIL:1",
        "\\n",
        "\\",
    ),
    *(
        "'",
        '"',
        ";",
        ",",
        ":",
        "^n",
        "<script>alert(1)</script>",
        "[a](javascript:alert(1))",
        "![x](https://x.example)",
    ),
    *("a END:VEVENT", "&#13;X-EVIL:1", "&#x2028;END:VEVENT&NewLine;", "`&#13;`", "&#x202e;"),
    *("\u202bמ\u202c", "\u202b", "\u202c", "\u2029BEGIN:VEVENT", "X-A:1\x85"),
    *("https://x.example/_a_*b*&copy;(c)", "[a https://x.example/](https://y.example)", "At: x\nhttps://x.example\ny"),
    *("..", "../x", "/etc/passwd", "con", "nul.ics", "a" * 300, "õ" * 80, "😀" * 40, "-1", "1e999", "2**31", "٣"),
    *("*bold* _it_ `code`", "> " * 30 + "x", "- " * 30 + "x", "[" * 40, "*" * 40, "1. a\n2. b", "a\n\nb", "http://a b"),
)
MOMENTS = (
    *("2027-05-18", "2027-05-18 18:00", "2027-05-18T18:00:00", "2027-05-18 18:00Z", "2027-05-18 18:00+03:00"),
    *("2027-03-28 03:30", "2027-10-31 03:30", "2027-10-31 03:30+02:00", "1900-01-01", "2200-12-31 23:59", "20:00"),
    *(
        "24:00",
        "0001-01-01",
        "9999-12-31",
        "2027-02-30",
        "2026-10-25 02:30",
        "2027-10-31 00:30Z",
        "1916-05-01 00:00",
        "18.05.2027",
        "tomorrow",
    ),
)
RULES = (
    *("FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=TU;COUNT=5", "FREQ=DAILY;UNTIL=20270601", "FREQ=MONTHLY;BYDAY=-1FR"),
    *("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "FREQ=HOURLY;COUNT=30", "FREQ=MINUTELY;INTERVAL=7;COUNT=99"),
    *("FREQ=MINUTELY", "FREQ=MINUTELY;BYMONTH=3", "FREQ=MINUTELY;COUNT=19999", "FREQ=MINUTELY;BYSETPOS=2;BYDAY=SU"),
    *("FREQ=HOURLY", "FREQ=MINUTELY;INTERVAL=60;BYMINUTE=30", "FREQ=YEARLY;BYMONTHDAY=1;BYHOUR=1,2,3;BYSETPOS=366"),
    *("FREQ=DAILY;COUNT=400", "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO", "FREQ=MONTHLY;BYMONTHDAY=31;BYSETPOS=-1"),
)
ZONES = (
    "Europe/Tallinn",
    "Africa/Casablanca",
    "Asia/Jerusalem",
    "America/Nuuk",
    "Pacific/Apia",
    "UTC",
    "EST",
    "Etc/GMT+5",
)
_PARTS = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY", "BYHOUR",
          "BYMINUTE", "BYSECOND", "BYSETPOS", "WKST")  # fmt: skip
_TEXTS = st.sampled_from(TRAPS) | st.text(max_size=60)
_LIKELY = {
    **dict.fromkeys(("start", "end", "created", "last_modified", "recurrence_id", "from", "to"), MOMENTS),
    **dict.fromkeys(("timezone", "end_timezone"), ZONES),
    **dict.fromkeys(
        ("duration", "default_duration", "refresh", "reminders"), ("90m", "3d", "PT1H", "1h30m", "0m", "99w")
    ),
    **dict.fromkeys(("url", "online"), ("https://a.example/x?y=1;2", "http://ä.example", "https://u:p@a.example")),
    "rrule": RULES,
    "status": ("confirmed", "tentative", "cancelled", "postponed"),
    "busy": ("true", "no"),
    "venue": ("hub", "nowhere"),
    "sequence": ("0", "7", "2147483647"),
    "id": ("talk", "a", "con", "x-1"),
    "image": ("x.png", "../x.png", "/x"),
}


def inputs_of(target: str) -> st.SearchStrategy[bytes]:
    """Return the strategy that generates inputs for a target."""
    return {
        "document": _documents(),
        "sources": _sources(),
        "values": _TEXTS.map(_encode) | st.sampled_from(MOMENTS).flatmap(_edited),
        "rule": _rules().map(str.encode) | st.sampled_from(RULES).flatmap(_edited),
        "manifest": _mutated(json.loads(_published())),
        "journal": _journals(),
        "markdown": st.lists(_TEXTS | st.text("*_[]()<>`!#-+> \n\\&;1.ab~|:/", max_size=40), max_size=8).map(
            lambda parts: _encode("".join(parts))
        ),
    }[target]


def seeds_of(target: str) -> Iterator[bytes]:
    """Yield inputs to start from: the golden cases, and inputs known to be interesting."""
    yield from (path.read_bytes() for path in sorted((DATA / "fuzz" / target).glob("*")))
    match target:
        case "document" | "sources":
            yield from (path.read_bytes() for path in sorted((DATA / "err").glob("*.yaml")))
            yield from (path.read_bytes() for path in sorted((DATA / "ok").rglob("*.yaml")))
        case "manifest":
            yield _published()
        case "journal":
            yield b'{"written": ["a.ics", "calfeed.json"], "deleted": ["events/talk.ics"]}'
        case "rule":
            yield from (rule.encode() for rule in RULES)
        case _:
            yield from (_encode(text) for text in (*TRAPS, *MOMENTS, *ZONES))


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _edited(text: str) -> st.SearchStrategy[bytes]:
    """Change one place in a text."""
    return st.builds(
        lambda at, cut, new: _encode(text[:at] + new + text[at + cut :]),
        st.integers(0, len(text)),
        st.integers(0, 3),
        _TEXTS | st.text("0123456789:-+TZ;,=", max_size=4),
    )


@st.composite
def _rules(draw: st.DrawFn) -> str:
    names = draw(st.lists(st.sampled_from(_PARTS), max_size=6, unique=True))
    number = st.integers(-400, 400).map(str)
    word = st.sampled_from(("MO", "SU", "1TU", "-1FR", "53WE", "DAILY", "MINUTELY", "20271231", "99999", "1"))
    parts = [f"{name}={','.join(draw(st.lists(number | word, min_size=1, max_size=4)))}" for name in names]
    frequency = draw(st.sampled_from(("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY")))
    return ";".join([f"FREQ={frequency}", *(part for part in parts if not part.startswith("FREQ"))])


def _value_of(key: str) -> st.SearchStrategy[object]:
    likely = st.sampled_from(_LIKELY[key]) if key in _LIKELY else _TEXTS
    nested = {"overrides": EventEntry, "venue": VenueEntry, "feeds": FeedEntry}
    options: list[st.SearchStrategy[object]] = [likely, likely, _TEXTS, st.lists(likely, max_size=3)]
    if key == "overrides":
        options = [st.lists(_mapping(("recurrence_id", "start", "end", "summary", "status", "venue")), max_size=3)]
    elif key in nested:
        options.append(_mapping(("name", "timezone", "geo", "url", "address", "slug")))
    elif key in ("exdates", "rdates"):
        options = [st.lists(st.sampled_from(MOMENTS), max_size=4)]
    elif key == "geo":
        options.append(st.lists(st.floats(-200, 200).map(lambda n: f"{n:.4f}"), min_size=2, max_size=2))
    elif key == "properties":
        options = [st.dictionaries(st.sampled_from(("X-A", "x-b", "X-WR-CALNAME", "DTSTART")), _TEXTS, max_size=3)]
    return st.one_of(options)


def _mapping(keys: tuple[str, ...]) -> st.SearchStrategy[dict[str, object]]:
    subsets = st.lists(st.sampled_from(keys), unique=True, max_size=8)
    return subsets.flatmap(lambda subset: st.fixed_dictionaries({key: _value_of(key) for key in subset}))


def _events() -> st.SearchStrategy[dict[str, object]]:
    base = st.fixed_dictionaries(
        {"summary": _TEXTS | st.just("Talk"), "start": _value_of("start") | st.just(MOMENTS[1])}
    )
    return st.builds(lambda a, b: {**a, **b}, base, _mapping(tuple(EventEntry.model_fields)))


def _yaml(value: object) -> bytes:
    """Write a value as YAML in flow style, which JSON is."""
    return json.dumps(value, ensure_ascii=True).encode()


@st.composite
def _sources(draw: st.DrawFn) -> bytes:
    parts = [_yaml(draw(_events() | st.lists(_events(), max_size=3)))]
    if draw(st.integers(0, 3)) == 0:
        parts.append(_yaml(draw(_mapping(tuple(DefaultsEntry.model_fields)))))
        venues = st.dictionaries(
            st.sampled_from(("hub", "con", "x", "A b")), _mapping(tuple(VenueEntry.model_fields)), max_size=3
        )
        parts.append(_yaml(draw(venues)))
        lines = draw(
            _mapping(tuple(key for key in CalendarEntry.model_fields if key not in ("name", "id", "timezone")))
        )
        parts.append("".join(f"{key}: {json.dumps(value)}\n" for key, value in lines.items()).encode())
    return b"\0".join(part.replace(b"\0", b"") for part in parts)


@st.composite
def _documents(draw: st.DrawFn) -> bytes:
    marks = "- |? |: |a: |&a |*a |<<: |!!int |>\n|\n|  |{|}|[|]|,|'|\"|#|%|---\n|...\n|\t|\ufeff|\x85|\u2028|\r|x"
    piece = st.sampled_from((*marks.split("|"), "|\n"))
    text = "".join(draw(st.lists(piece | _TEXTS, max_size=40)))
    data = _encode(text)
    return data + draw(st.binary(max_size=4)) if draw(st.integers(0, 9)) == 0 else data


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | _TEXTS | st.sampled_from(MOMENTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=6,
)
_STAMPS = st.sampled_from(("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "2026-11-23T12:00:00", "x", 10**20))


def _published() -> bytes:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        write_events(root, talk=TALK, tour="summary: Tour\nstart: 2027-06-05\nvenue: hub\nrrule: FREQ=DAILY;COUNT=3\n")
        build(root / "events", root / "dist", now=NOW)
        return (root / "dist" / MANIFEST).read_bytes()


@st.composite
def _mutated(draw: st.DrawFn, whole: object) -> bytes:
    """Replace or drop a few values of a JSON document, or truncate its text."""
    content = json.loads(json.dumps(whole))
    for _ in range(draw(st.integers(1, 3))):
        at = content
        while True:
            keys = list(at) if isinstance(at, dict) else list(range(len(at)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(at[key], dict | list) and at[key] and draw(st.integers(0, 5)):
                at = at[key]
                continue
            match draw(st.integers(0, 3)):
                case 0:
                    del at[key]
                case 1:
                    at[key] = draw(_STAMPS)
                case 2 if isinstance(at, dict):
                    at[draw(_TEXTS)] = at.pop(key)
                case _:
                    at[key] = draw(_JSON)
            break
    data = json.dumps(content).encode()
    return data[: draw(st.integers(0, len(data)))] if draw(st.integers(0, 9)) == 0 else data


@st.composite
def _journals(draw: st.DrawFn) -> bytes:
    paths = (
        st.sampled_from(
            ("a.ics", "events/talk.ics", "calfeed.json", "../precious/x", "../evil/x", "/x", "a/../../x", "", ".")
        )
        | _TEXTS
    )
    journal = {"written": draw(st.lists(paths, max_size=4)), "deleted": draw(st.lists(paths, max_size=4))}
    return draw(_mutated(journal)) if draw(st.integers(0, 2)) == 0 else json.dumps(journal).encode()
