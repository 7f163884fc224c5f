"""calfeed.site: the pages as files. Their behaviour in a browser is in tests/site/test_browser.py."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from urllib.parse import unquote, urldefrag, urlsplit
from xml.etree import ElementTree as ET

import html5lib
import pytest
from support.commands import run
from support.projects import CALENDAR, LATER, NOW, TALK, tree, write_events, write_files, write_site

from calfeed.diagnostics.problem import SourceError
from calfeed.pipeline.build import build
from calfeed.pipeline.render import render
from calfeed.resolve.load import load
from calfeed.site import dates
from calfeed.site.hosting import CONTENT_POLICY
from calfeed.site.pages import MAX_ROWS
from calfeed.values.colors import BACKGROUND, DARK_BACKGROUND, contrast

ROOT = Path(__file__).parents[2]
URL = "https://harbour.example/calendar/"
Files = dict[str, bytes]


def rendered(events: Path, base_url: str | None = None) -> Files:
    """Return the files of a project."""
    return {artifact.path: artifact.data for artifact in render(load(events, base_url=base_url), now=NOW)}


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the full example calendar."""
    return write_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def site(events: Path) -> Files:
    """Return its files."""
    return rendered(events)


@pytest.fixture(scope="module")
def manifest(site: Files) -> dict[str, list[dict[str, object]]]:
    """Return its manifest."""
    return cast("dict[str, list[dict[str, object]]]", json.loads(site["calfeed.json"]))


def pages(files: Files) -> dict[str, ET.Element]:
    """Return every page as a tree; raise `ParseError` for invalid HTML."""
    parser = html5lib.HTMLParser(html5lib.getTreeBuilder("etree"), strict=True, namespaceHTMLElements=False)
    return {path: parser.parse(data.decode()) for path, data in files.items() if path.endswith(".html")}


def links(page: ET.Element) -> Iterator[str]:
    """Yield every address in a page."""
    for element in page.iter():
        for name in ("href", "src"):
            if name in element.attrib:
                yield element.attrib[name]


def text(page: ET.Element) -> str:
    """Return the text of a page's body."""
    body = page.find("body")
    return "" if body is None else " ".join("".join(body.itertext()).split())


# -- the pages as HTML ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("calendar", [None, "events", "examples/chess-club/events"])
def test_html_is_valid(calendar: str | None, site: Files) -> None:
    """Every page is valid HTML without duplicate ids, and every label refers to an existing element."""
    for path, page in pages(site if calendar is None else rendered(ROOT / calendar)).items():
        ids = [element.attrib["id"] for element in page.iter() if "id" in element.attrib]
        assert len(ids) == len(set(ids)), path
        named = [element.attrib.get("aria-labelledby") for element in page.iter()]
        assert {name for name in named if name is not None} <= set(ids), path


@pytest.mark.parametrize("base_url", [None, URL])
def test_internal_links_resolve(base_url: str | None, tmp_path: Path) -> None:
    """Every internal link leads to a file of the site, and every anchor to an element, with and without `url`."""
    files = rendered(without_url(write_site(tmp_path)), base_url)
    trees = pages(files)
    ids = {path: {element.attrib.get("id") for element in page.iter()} for path, page in trees.items()}
    for path, page in trees.items():
        for link in links(page):
            target, anchor = urldefrag(link)
            if urlsplit(target).scheme or (base_url and target.startswith(base_url)):
                continue
            target = target.removeprefix("/calendar/") if path == "404.html" else target
            linked = unquote(resolved(path, target)) if target else path
            assert linked in files, f"{path} links to {link}"
            assert not anchor or anchor in ids[linked], f"{path} links to {link}"


def without_url(events: Path) -> Path:
    """Remove the calendar's address from its file, and return the folder."""
    calendar = events / "calendar.yaml"
    calendar.write_text(re.sub("url: https.*\n", "", calendar.read_text("utf-8"), count=1), encoding="utf-8")
    return events


def resolved(page: str, target: str) -> str:
    """Return the path that a relative link leads to."""
    folder = page.rpartition("/")[0].split("/") if "/" in page else []
    for part in target.split("/"):
        folder = folder[:-1] if part == ".." else [*folder, part]
    return "/".join(folder)


def test_every_event_and_every_feed_has_its_page(site: Files, manifest: dict[str, list[dict[str, object]]]) -> None:
    """The site has a page for each event, each feed and each month, and every page is linked from the landing page."""
    for event in manifest["events"]:
        assert f"events/{event['id']}.html" in site
    landing = set(links(pages({"index.html": site["index.html"]})["index.html"]))
    for path in site:
        if path.startswith(("categories/", "venues/", "months/", "events/")) and path.endswith(".html"):
            assert path in landing
    assert {f"feeds/{path}.html" for path in ("music",)} <= landing
    assert len(manifest["feeds"]) == 1 + sum(
        path.startswith(("categories/", "venues/", "feeds/")) and path.endswith(".html") for path in site
    )


def test_the_manifest_lists_the_site(site: Files) -> None:
    """The manifest lists every file of the site, so that a later build recognises it."""
    assert set(json.loads(site["calfeed.json"])["files"]) == set(site) - {"calfeed.json"}


def test_pages_fit_the_content_policy(site: Files) -> None:
    """No page has inline styles, scripts or handlers, and each names the policy that forbids them."""
    assert "unsafe-inline" not in CONTENT_POLICY
    assert CONTENT_POLICY.encode() in site["_headers"]
    for path, page in pages(site).items():
        policies = [meta for meta in page.iter("meta") if meta.attrib.get("http-equiv") == "Content-Security-Policy"]
        assert [meta.attrib["content"] for meta in policies] == [CONTENT_POLICY], path
        assert not list(page.iter("style")), path
        for element in page.iter():
            assert not [name for name in element.attrib if name == "style" or name.startswith("on")], path
        for script in page.iter("script"):
            assert script.attrib.get("type") == "application/ld+json" or "src" in script.attrib, path


def test_nothing_is_loaded_from_elsewhere(site: Files) -> None:
    """Pages load only files of the site."""
    for path, page in pages(site).items():
        loaded = [element.attrib["src"] for element in page.iter() if "src" in element.attrib]
        loaded += [
            element.attrib["href"]
            for element in page.iter("link")
            if element.attrib["rel"] in ("stylesheet", "icon", "preload")
        ]
        assert all(not urlsplit(address).scheme and not address.startswith("//") for address in loaded), path
    assert b"url(" not in site["assets/site.css"]
    assert b"@import" not in site["assets/site.css"]


def test_every_page_has_a_heading_a_title_and_a_language(site: Files) -> None:
    """A page has one h1, no skipped heading levels, and a unique title."""
    trees = pages(site)
    titles = [page.findtext("head/title") for page in trees.values()]
    assert len([title for title in titles if title]) == len(trees)
    for path, page in trees.items():
        levels = [int(element.tag[1]) for element in page.iter() if re.fullmatch("h[1-6]", str(element.tag))]
        assert levels.count(1) == 1, path
        assert all(after <= before + 1 for before, after in zip([0, *levels], levels, strict=False)), path
        assert page.attrib["lang"] == "en-GB"


# -- hostile texts ----------------------------------------------------------------------------------------------


def test_hostile_texts_are_texts(site: Files) -> None:
    """Markup in a title, venue, description or category is shown as text and creates no elements."""
    page = pages(site)["events/hostile.html"]
    shown = text(page)
    for written in (
        "<script>alert('summary')</script>",
        "\"><img src=x onerror=alert('venue')>",
        "<script>alert('description')</script> <img src=x onerror=alert(1)>",
        "</script><script>alert('organizer')</script>",
        '<b>bold</b> & "quoted"',
        "{{ 7*7 }}",
    ):
        assert written in shown
    assert len(list(page.iter("script"))) == 2
    assert not list(page.iter("img")) or all(img.attrib["src"].startswith("../images/") for img in page.iter("img"))


def test_links_have_harmless_schemes(site: Files) -> None:
    """No link on any page is a script or data URL."""
    for path, page in pages(site).items():
        assert {urlsplit(link).scheme for link in links(page)} <= {"", "https", "http", "webcal", "mailto"}, path


def test_pictures_of_other_hosts_are_links(site: Files) -> None:
    """A picture from another host in a description becomes a link."""
    page = pages(site)["events/opening.html"]
    assert "https://elsewhere.example/stage.jpg" in links(page)
    assert all("elsewhere" not in img.attrib["src"] for img in page.iter("img"))


def test_the_head_has_no_direction_marks(site: Files) -> None:
    """Direction marks are removed from the title, where nothing would end their effect."""
    title = pages(site)["events/hostile.html"].findtext("head/title") or ""
    assert "desrever" in title
    assert not {"\u2067", "\u2069"} & {*title}


# -- data for programs ------------------------------------------------------------------------------------------


def json_ld(page: ET.Element) -> dict[str, object]:
    """Return the schema.org data in a page."""
    (script,) = (script for script in page.iter("script") if script.attrib.get("type") == "application/ld+json")
    return cast("dict[str, object]", json.loads(script.text or ""))


def test_json_ld_agrees_with_the_manifest(site: Files, manifest: dict[str, list[dict[str, object]]]) -> None:
    """Names, times with offsets, and status agree with the manifest."""
    statuses = {"cancelled": "EventCancelled", "postponed": "EventPostponed"}
    trees = pages(site)
    for event in manifest["events"]:
        data = json_ld(trees[f"events/{event['id']}.html"])
        assert data["@type"] == "Event"
        assert data["name"] == event["summary"]
        assert data["url"] == f"{URL}events/{event['id']}.html"
        assert data["eventStatus"] == f"https://schema.org/{statuses.get(str(event['status']), 'EventScheduled')}"
        for key, name in (("start", "startDate"), ("end", "endDate")):
            if event["all_day"] or event[key] is None:
                assert data.get(name) == event[key]
            else:
                written = str(data[name])
                assert written.startswith(str(event[key]))
                assert re.search(r"[+-]\d\d:\d\d$", written)
                assert as_utc(written) == event[f"{key}_utc"]


def as_utc(written: str) -> str:
    """Return a time with an offset in the manifest's form."""
    from datetime import UTC, datetime

    return datetime.fromisoformat(written).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_json_ld_says_where(site: Files) -> None:
    """Events at a place, online, or both are distinguished."""
    trees = pages(site)
    modes = {
        name: json_ld(trees[f"events/{name}.html"]).get("eventAttendanceMode")
        for name in ("opening", "regatta", "webinar", "picnic")
    }
    schema = "https://schema.org/"
    assert modes == {
        "opening": f"{schema}MixedEventAttendanceMode",
        "regatta": f"{schema}OfflineEventAttendanceMode",
        "webinar": f"{schema}OnlineEventAttendanceMode",
        "picnic": None,
    }
    place, virtual = cast("list[dict[str, object]]", json_ld(trees["events/opening.html"])["location"])
    assert place["geo"] == {"@type": "GeoCoordinates", "latitude": 59.4437, "longitude": 24.7536}
    assert virtual == {"@type": "VirtualLocation", "url": "https://meet.example/opening"}


def test_heads_of_event_pages(site: Files) -> None:
    """The head of an event page has its address, its .ics, its picture and the data for messengers."""
    head = pages(site)["events/opening.html"].find("head")
    assert head is not None
    linked = {(link.attrib["rel"], link.attrib["href"]) for link in head.iter("link")}
    assert ("canonical", f"{URL}events/opening.html") in linked
    assert ("alternate", "../events/opening.ics") in linked
    said = {meta.attrib["property"]: meta.attrib["content"] for meta in head.iter("meta") if "property" in meta.attrib}
    assert said["og:title"] == "Opening concert"
    assert said["og:url"] == f"{URL}events/opening.html"
    assert said["og:image"] == f"{URL}images/pictures/poster.png"
    assert said["og:description"].startswith("Programme - Pärt, Tüür")


# -- what pages say ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "word"), [("storm-talk", "Cancelled"), ("night-sail", "Postponed"), ("lantern-walk", "Tentative")]
)
def test_status_is_said_in_words(event: str, word: str, site: Files) -> None:
    """A status is a word, first on the event's page, in its title, and in agenda and month."""
    trees = pages(site)
    page = trees[f"events/{event}.html"]
    assert (page.findtext("head/title") or "").startswith(f"{word}: ")
    assert text(page).index(word) < text(page).index("When")
    for overview in ("index.html", "months/2027-06.html", "months/2027-07.html"):
        for item in trees[overview].iter("li"):
            if any(link.attrib["href"].endswith(f"/{event}.html") for link in item.iter("a")):
                assert word in "".join(item.itertext())


def test_cancelled_events_have_no_add_links(site: Files) -> None:
    """Cancelled and postponed events have no links that add them to a calendar."""
    for event, offered in (("opening", True), ("storm-talk", False), ("night-sail", False)):
        assert ("calendar.google.com" in site[f"events/{event}.html"].decode()) is offered


def test_a_series_shows_its_dates_and_exceptions(site: Files) -> None:
    """A series lists its dates in order, and says which are moved, cancelled or left out."""
    shown = text(pages(site)["events/choir.html"])
    assert "Every week" in shown
    assert "Wed 9 Jun, 19:00 – 20:30 moved from Tue 8 Jun, 18:30" in shown
    assert "Tue 15 Jun, 18:30 – 20:00 Cancelled" in shown
    assert "Tue 29 Jun, 18:30 – 20:00 Choir practice by the water, Old Quay" in shown
    assert "Thu 1 Jul, 18:30 – 20:00" in shown
    assert "Not on Tue 22 Jun" in shown
    assert "first date only" in shown


def test_a_series_is_in_the_months_on_each_of_its_dates(site: Files) -> None:
    """The month view shows every occurrence on its own day."""
    cells = {cell.attrib.get("data-day"): cell for cell in pages(site)["months/2027-06.html"].iter("td")}
    days = [day for day, cell in cells.items() if day and "Choir practice" in "".join(cell.itertext())]
    assert days == ["2027-06-01", "2027-06-09", "2027-06-15", "2027-06-29"]


def test_an_endless_series_is_shown_for_two_years(site: Files) -> None:
    """A series without an end is shown until the end of the second year after the latest date."""
    assert "months/2029-12.html" in site
    assert not [path for path in site if path.startswith("months/203")]
    assert "The series goes on after that." in text(pages(site)["events/market.html"])


def test_whole_days_are_on_all_of_their_days(site: Files) -> None:
    """An event of several days appears on each of them; the later ones say that it continues."""
    cells = {
        cell.attrib.get("data-day"): "".join(cell.itertext()) for cell in pages(site)["months/2027-06.html"].iter("td")
    }
    on = [day for day, shown in cells.items() if "Regatta" in shown]
    assert on == ["2027-06-05", "2027-06-06", "2027-06-07"]
    assert "continues" in cells["2027-06-06"]


def test_two_zones_are_both_named(site: Files) -> None:
    """An event that ends in another zone names both."""
    assert "Tallinn time, UTC+3 – Stockholm time, UTC+2" in text(pages(site)["events/ferry.html"])


@pytest.mark.parametrize(
    ("language", "day", "clock"),
    [
        ("en", "Tuesday, May 18, 2027, 6:00\u202fPM", "8:00\u202fPM"),
        ("et", "teisipäev, 18. mai 2027 18:00", "20:00"),
        ("de-AT", "Dienstag, 18. Mai 2027, 18:00", "20:00"),
        ("en-XX", "Tuesday, May 18, 2027, 6:00\u202fPM", "8:00\u202fPM"),
        ("qqq", "Tuesday, May 18, 2027, 6:00\u202fPM", "8:00\u202fPM"),
    ],
)
def test_dates_are_in_the_language_of_the_calendar(language: str, day: str, clock: str, tmp_path: Path) -> None:
    """Dates and times are formatted in the calendar's language, and in English if it is unknown."""
    events = write_events(tmp_path, talk=TALK)
    (events / "calendar.yaml").write_text(f"{CALENDAR}language: {language}\n", encoding="utf-8")
    page = pages(rendered(events))["events/talk.html"]
    when = next(element for element in page.iter("span") if element.attrib.get("class") == "when")
    assert [day, clock] == [time.text for time in when.iter("time")]


def test_right_to_left_languages(tmp_path: Path) -> None:
    """A page in Arabic or Hebrew reads from right to left."""
    events = write_events(tmp_path, talk=TALK)
    (events / "calendar.yaml").write_text(f"{CALENDAR}language: he\n", encoding="utf-8")
    assert pages(rendered(events))["index.html"].attrib["dir"] == "rtl"
    assert not dates.is_right_to_left("et")


def test_without_an_address(tmp_path: Path) -> None:
    """Without `url` there is no canonical link, no sitemap and no link that needs one, and the panel says why."""
    files = rendered(without_url(write_events(tmp_path, talk=TALK)))
    assert not [path for path in files if path.startswith("qr/") or path == "sitemap.xml"]
    assert "does not know where it is published" in text(pages(files)["index.html"])
    for path, page in pages(files).items():
        assert "canonical" not in [link.attrib["rel"] for link in page.iter("link")], path
        assert "webcal" not in files[path].decode()


# -- files for the host -----------------------------------------------------------------------------------------


def test_files_for_the_host(site: Files) -> None:
    """The host gets headers, a robots.txt that forbids nothing, and a sitemap of every page."""
    assert site[".nojekyll"] == b""
    assert b"ErrorDocument 404 /calendar/404.html" in site[".htaccess"]
    assert b"/*.ics\n  Content-Type: text/calendar; charset=utf-8\n" in site["_headers"]
    assert site["robots.txt"].decode().splitlines()[:2] == ["User-agent: *", "Disallow:"]
    assert f"Sitemap: {URL}sitemap.xml" in site["robots.txt"].decode()
    name = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    listed = ET.fromstring(site["sitemap.xml"])  # noqa: S314 - of our own making
    entries = {entry.findtext(f"{name}loc"): entry.findtext(f"{name}lastmod") for entry in listed}
    expected = {URL + ("" if path == "index.html" else path) for path in site if path.endswith(".html")}
    assert set(entries) == expected - {f"{URL}404.html", f"{URL}embed.html"}
    assert entries[f"{URL}events/opening.html"] == NOW.date().isoformat()


def test_pictures_are_published_as_they_are(events: Path, site: Files) -> None:
    """The site contains the pictures of events and the logo once, byte for byte."""
    for name in ("poster.png", "logo.svg"):
        assert site[f"images/pictures/{name}"] == (events / "pictures" / name).read_bytes()


def test_every_feed_has_a_qr_code(site: Files) -> None:
    """Every feed has its own QR code, without styles."""
    codes = [path for path in site if path.startswith("qr/")]
    assert len(codes) == len(json.loads(site["calfeed.json"])["feeds"])
    assert "qr/venue/quay.svg" in codes
    assert len({site[path] for path in codes}) == len(codes)
    assert all(b"style=" not in site[path] for path in codes)


# -- the look ---------------------------------------------------------------------------------------------------


def colors_of(style: str, name: str) -> list[str]:
    """Return the values a custom property has in a style sheet: the light one, then the dark one."""
    return re.findall(rf"--{name}: (#[0-9a-f]+);", style)


def test_colors_of_the_style_sheet_can_be_read(site: Files) -> None:
    """Every text colour has enough contrast on all its backgrounds, light and dark."""
    style = site["assets/site.css"].decode()
    full = {"#fff": "#ffffff", "#000": "#000000"}

    def value(name: str, *, is_dark: bool) -> str:
        color = colors_of(style, name)[1 if is_dark else 0]
        return full.get(color, color)

    for is_dark, background in ((False, BACKGROUND), (True, DARK_BACKGROUND)):
        assert value("soft", is_dark=is_dark) == background
        pairs = [(ink, paper) for ink in ("ink", "muted", "accent") for paper in ("page", "soft")]
        pairs += [("bad", "bad-soft"), ("warn", "warn-soft"), ("info", "info-soft"), ("on-accent", "accent")]
        for ink, paper in pairs:
            assert contrast(value(ink, is_dark=is_dark), value(paper, is_dark=is_dark)) >= 4.5, (ink, paper, is_dark)


@pytest.mark.parametrize("color", ["gold", "navy", "white", "black", "lime", "gray", "'#0b7285'", "'#abc'"])
def test_any_color_of_the_calendar_can_be_read(color: str, tmp_path: Path) -> None:
    """Missing theme colours are derived from the other one so that they are readable."""
    events = write_events(tmp_path, talk=TALK)
    (events / "calendar.yaml").write_text(f"{CALENDAR}theme: {{accent_dark: {color}}}\n", encoding="utf-8")
    theme = load(events).theme
    assert contrast(theme.accent, BACKGROUND) >= 4.5
    (events / "calendar.yaml").write_text(f"{CALENDAR}theme: {{accent: {color}}}\n", encoding="utf-8")
    assert contrast(load(events).theme.accent_dark, DARK_BACKGROUND) >= 4.5


def test_the_color_of_the_calendar_is_that_of_the_site(tmp_path: Path) -> None:
    """Without a theme, the site uses the calendar's `color`."""
    events = write_events(tmp_path, talk=TALK)
    (events / "calendar.yaml").write_text(f"{CALENDAR}color: navy\n", encoding="utf-8")
    assert colors_of(rendered(events)["assets/site.css"].decode(), "accent")[0] == "#000080"


def test_templates_of_the_calendar_come_first(site: Files) -> None:
    """A custom template replaces the built-in one, and can extend it."""
    shown = text(pages(site)["404.html"])
    assert "Lost at sea? Write to us." in shown
    assert "Page not found" in shown
    assert "Lost at sea" not in text(pages(site)["index.html"])


def test_templates_can_have_parts(tmp_path: Path) -> None:
    """A template can include parts, also from a folder; a custom base applies to every page but embed.html."""
    events = write_events(tmp_path, talk=TALK)
    base = '{% extends "calfeed/base.html" %}{% block footer %}{% include "_parts/hours.html" %}{% endblock %}'
    write_files(
        events, {"_templates/base.html": base, "_templates/_parts/hours.html": "<p>Open at {{ site.name }}</p>"}
    )
    project = load(events)
    assert project.problems == ()
    assert all("Open at Test" in text(page) for path, page in pages(rendered(events)).items() if path != "embed.html")


@pytest.mark.parametrize(
    ("template", "line", "said"),
    [
        ("<p>\n{{ evnt.summary }}", 2, "'evnt' is undefined"),
        ("<p>\n\n{{ event.sumary }}", 3, "has no attribute 'sumary'"),
        ("{{ 1 / 0 }}", 1, "division by zero"),
        ("{% include '_none.html' %}", 1, "_none.html"),
        ("\n{{ ''.__class__.__mro__ }}", 2, "unsafe"),
        ("{{ '%d' % 'x' }}", 1, "%d format"),
        ('{% extends "event.html" %}', 1, "recursion"),
        ("{{ [1, 2]|random }}", 1, "no filter named 'random'"),
        ("{{ lipsum() }}", 1, "'lipsum' is undefined"),
    ],
)
def test_a_template_that_fails_is_named(template: str, line: int, said: str, tmp_path: Path) -> None:
    """What goes wrong in a template of the calendar has its file and line, and DIST is not touched.

    Jinja's chance is not there: a build of the same sources gives the same bytes.
    """
    events = write_events(tmp_path, talk=TALK)
    write_files(events, {"_templates/event.html": template})
    with pytest.raises(SourceError) as failure:
        build(events, tmp_path / "dist", now=NOW)
    (problem,) = failure.value.problems
    assert problem.code == "bad-template"
    assert problem.mark.path.endswith("_templates/event.html")
    assert line == problem.mark.line
    assert said in problem.message
    assert not (tmp_path / "dist" / "calfeed.json").exists()


# -- without a clock --------------------------------------------------------------------------------------------


def test_a_rebuild_changes_no_byte(events: Path, tmp_path: Path) -> None:
    """A build at another time writes nothing: pages do not depend on the day of the build."""
    build(events, tmp_path / "dist", now=NOW)
    assert not build(events, tmp_path / "dist", now=LATER).changes


def test_a_site_in_a_subfolder_has_the_same_pages(events: Path, site: Files) -> None:
    """The address of the site changes only what must name it."""
    other = rendered(events, "https://other.example/")
    for path, page in pages(other).items():
        if path != "404.html":
            here = [link for link in links(page) if not urlsplit(link).scheme]
            assert here == [link for link in links(pages({path: site[path]})[path]) if not urlsplit(link).scheme]


def test_no_site(tmp_path: Path) -> None:
    """`--no-site` writes no pages, and deletes those of an earlier build."""
    events = write_events(tmp_path, talk=TALK)
    dist = tmp_path / "dist"
    run("build", str(events), "-o", str(dist))
    assert (dist / "index.html").exists()
    run("build", str(events), "-o", str(dist), "--no-site")
    assert set(tree(dist)) == {"calfeed.json", "changes.atom", "events/talk.ics", "test.ics"}


@pytest.mark.parametrize("command", [["--version"], ["check"], ["build", "--no-site"]])
def test_templates_are_loaded_only_for_a_site(command: list[str], tmp_path: Path) -> None:
    """Without a site, jinja2, babel and segno are not imported."""
    write_events(tmp_path, talk=TALK)
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom calfeed.cli.main import main\n"
        f"result = CliRunner().invoke(main, {command!r})\n"
        "print(result.exit_code, [name for name in ('jinja2', 'babel', 'segno') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0 []"


# -- many events ------------------------------------------------------------------------------------------------


def many(n: int) -> str:
    """Return `n` events with long titles, some on the same day."""
    title = "A rather long title of an event, as they are " * 2
    return "".join(
        f"- {{id: e{i}, summary: '{title}{i}', start: 2027-{i % 12 + 1:02}-{i % 28 + 1:02}}}\n" for i in range(n)
    )


def test_the_landing_page_stays_small(tmp_path: Path) -> None:
    """The landing page is below 200 kB for any number of events, and leads to all of them."""
    few = rendered(write_events(tmp_path / "few", many=many(MAX_ROWS)))
    lots = rendered(write_events(tmp_path / "lots", many=many(MAX_ROWS + 1)))
    for files in (few, lots):
        assert len(files["index.html"]) < 200_000
        assert len(files["embed.html"]) < 200_000
    assert "events/e0.html" in links(pages(few)["index.html"])
    assert "events/e0.html" not in links(pages(lots)["index.html"])
    months = [page for path, page in pages(lots).items() if path.startswith("months/")]
    reached = {link for page in months for link in links(page)}
    assert {f"../events/e{i}.html" for i in range(MAX_ROWS + 1)} <= reached


def test_a_long_agenda_of_a_feed_has_a_page_for_each_year(tmp_path: Path) -> None:
    """The page of a category with many events links to one page per year, which have them all."""
    lots = "".join(
        f"- {{id: e{i}, summary: Event, categories: [talk], start: {2026 + i % 3}-{i % 12 + 1:02}-01}}\n"
        for i in range(MAX_ROWS + 1)
    )
    events = write_events(tmp_path, lots=lots)
    calendar = CALENDAR.replace("automatic_feeds: []\n", "")
    (events / "calendar.yaml").write_text(calendar, encoding="utf-8")
    trees = pages(rendered(events))
    assert "Choose a year." in text(trees["categories/talk.html"])
    years = [f"categories/talk/{year}.html" for year in (2026, 2027, 2028)]
    assert [link.removeprefix("../") for link in links(trees["categories/talk.html"]) if "talk/" in link] == years
    shown = [link for year in years for link in links(trees[year]) if link.startswith("../../events/")]
    assert sorted(f"../../events/e{i}.html" for i in range(MAX_ROWS + 1)) == sorted(shown)


def test_an_event_that_was_deleted_is_shown_as_cancelled(tmp_path: Path) -> None:
    """A deleted event keeps its page until it is over, marked as cancelled."""
    events = write_events(tmp_path, talk=TALK, other=TALK, third=TALK, fourth=TALK)
    build(events, tmp_path / "dist", now=NOW)
    (events / "other.yaml").unlink()
    build(events, tmp_path / "dist", now=LATER)
    trees = pages(tree(tmp_path / "dist"))
    assert "This event does not take place." in text(trees["events/other.html"])
    assert "events/other.html" in links(trees["index.html"])


def test_a_calendar_without_events(tmp_path: Path) -> None:
    """A calendar without events has a page that says so."""
    files = rendered(write_files(tmp_path, {"calendar.yaml": CALENDAR}))
    assert "There are no events here." in text(pages(files)["index.html"])
