"""The site in a real browser: headless Chromium, on this machine only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Dialog, Page
from readers import browser
from support.projects import NOW, write_events, write_site

from calfeed.pipeline.build import build
from calfeed.site.pages import MAX_ROWS

pytestmark = pytest.mark.browser

DURING = "2027-06-10T09:00:00Z"
"""An hour in the midst of the calendar's events, at which the browser's clock stands."""
KINDS = {
    "landing": "index.html",
    "month": "months/2027-06.html",
    "event": "events/opening.html",
    "cancelled": "events/storm-talk.html",
    "postponed": "events/night-sail.html",
    "series": "events/choir.html",
    "whole days": "events/regatta.html",
    "hostile": "events/hostile.html",
    "category": "categories/concert.html",
    "venue": "venues/quay.html",
    "feed": "feeds/music.html",
    "missing": "404.html",
    "embed": "embed.html",
}
kind_of = pytest.mark.parametrize("path", KINDS.values(), ids=KINDS)
Scheme = Literal["light", "dark"]


@dataclass
class Visit:
    """An open page, and what was recorded while it was open."""

    page: Page
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def dismiss(self, dialog: Dialog) -> None:
        """Close a dialog that a page opened; none should open."""
        self.messages.append(dialog.message)
        dialog.dismiss()


@dataclass(frozen=True)
class Reader:
    """A browser, and the address of the site."""

    chromium: Browser
    address: str

    @contextmanager
    def visit(
        self,
        path: str,
        *,
        scheme: Scheme = "light",
        width: int = 1280,
        zone: str = "Europe/Tallinn",
        script: bool = True,
        at: str = DURING,
    ) -> Iterator[Visit]:
        """Open a page in a fresh browser profile with this screen, zone and clock."""
        context = self.chromium.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
            timezone_id=zone,
            java_script_enabled=script,
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
        )
        try:
            page = context.new_page()
            if script:
                page.clock.set_fixed_time(at)
            visit = Visit(page)
            page.on("console", lambda message: visit.messages.append(message.text))
            page.on("pageerror", lambda error: visit.messages.append(str(error)))
            page.on("dialog", visit.dismiss)
            page.on("request", lambda request: visit.requests.append(request.url))
            page.goto(f"{self.address}/{path}")
            yield visit
        finally:
            context.close()


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Callable[[Path], Reader]]:
    """Return a function that opens a folder in the session's browser."""
    with ExitStack() as stack:
        chromium = stack.enter_context(browser.launched())
        yield lambda folder: Reader(chromium, stack.enter_context(browser.served(folder)))


@pytest.fixture(scope="session")
def reader(open_folder: Callable[[Path], Reader], tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """Return a reader of the full example calendar, published in a sub-folder."""
    root = tmp_path_factory.mktemp("site")
    build(write_site(root), root / "calendar", now=NOW)
    served = open_folder(root)
    return Reader(served.chromium, f"{served.address}/calendar")


def open_all(visit: Visit) -> None:
    """Open every expandable part of a page."""
    visit.page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")


# -- for everybody ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@kind_of
def test_accessibility(path: str, scheme: Scheme, reader: Reader) -> None:
    """Axe finds nothing (WCAG 2.1 A and AA, best practices) on a light screen and a dark phone, all parts opened."""
    with reader.visit(path, scheme=scheme, width=1280 if scheme == "light" else 375) as visit:
        open_all(visit)
        assert browser.violations(visit.page) == []


@kind_of
def test_quiet_and_narrow(path: str, reader: Reader) -> None:
    """Pages cause no errors, run nothing hostile, contact no other host, and fit into narrow windows."""
    with reader.visit(path) as visit:
        open_all(visit)
        for width in (1280, 768, 375, 320):
            visit.page.set_viewport_size({"width": width, "height": 800})
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
        assert visit.messages == []
        assert [url for url in visit.requests if not url.startswith(reader.address)] == []


def test_the_policy_holds(reader: Reader) -> None:
    """A script that is injected into a page does not run."""
    with reader.visit(KINDS["event"]) as visit:
        visit.page.evaluate(
            "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.broken = true\">')"
        )
        visit.page.evaluate(
            "document.head.append(Object.assign(document.createElement('script'), { text: 'window.broken = true' }))"
        )
        assert visit.page.evaluate("window.broken") is None
        assert any("Content Security Policy" in message for message in visit.messages)


@pytest.mark.parametrize("path", [KINDS[kind] for kind in ("landing", "month", "event", "series", "venue", "embed")])
def test_readable_without_script(path: str, reader: Reader) -> None:
    """Without the script, all content is visible, and there are no buttons that do nothing."""
    with reader.visit(path, script=False) as visit:
        assert visit.page.locator("h1").is_visible()
        assert visit.page.locator("button:visible").count() == 0
        assert visit.page.locator(".rows > li, .dates > li, td li").filter(visible=False).count() == 0


@pytest.mark.parametrize("path", [KINDS[kind] for kind in ("landing", "month", "event", "series", "venue")])
def test_the_keyboard_reaches_everything(path: str, reader: Reader) -> None:
    """Tab reaches every link and button in order, the focus is visible, and it leaves the page again."""
    with reader.visit(path) as visit:
        page = visit.page
        wanted = page.evaluate(
            """() => [...document.querySelectorAll("a[href], button, summary")]
                .filter((element) => element.checkVisibility()).length"""
        )
        reached: list[str] = []
        for _ in range(wanted):
            page.keyboard.press("Tab")
            reached.append(
                page.evaluate(
                    """() => {
                        const element = document.activeElement;
                        const shown = [getComputedStyle(element), getComputedStyle(element, "::after")];
                        const isSeen = shown.some((style) => style.outlineStyle !== "none") || element.matches(".skip");
                        return isSeen ? element.tagName : `unseen: ${element.outerHTML}`;
                    }"""
                )
            )
        assert set(reached) <= {"A", "BUTTON", "SUMMARY"}
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.tagName") in ("BODY", "HTML")


def test_skipping_to_the_content(reader: Reader) -> None:
    """The first Tab stop skips the head of the page."""
    with reader.visit(KINDS["landing"]) as visit:
        visit.page.keyboard.press("Tab")
        assert visit.page.locator(".skip").bounding_box() is not None
        visit.page.keyboard.press("Enter")
        visit.page.keyboard.press("Tab")
        assert visit.page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_a_page_from_the_disk(tmp_path: Path, reader: Reader) -> None:
    """A page opened from disk has its styles and its script."""
    build(write_site(tmp_path), tmp_path / "dist", now=NOW)
    opened = Reader(reader.chromium, (tmp_path / "dist").as_uri())
    with opened.visit(KINDS["event"], zone="America/New_York") as visit:
        assert visit.messages == []
        assert visit.page.locator("[data-zone]").is_visible()
        assert visit.page.evaluate("getComputedStyle(document.body).margin") == "0px"


# -- times ------------------------------------------------------------------------------------------------------


def when(visit: Visit) -> str:
    """Return when an event is, as its page says."""
    return " ".join(visit.page.locator(".facts .when").inner_text().split())


def test_the_zone_of_the_reader(reader: Reader) -> None:
    """A button switches a reader in New York to New York time, and back to Tallinn time."""
    with reader.visit(KINDS["event"], zone="America/New_York") as visit:
        button = visit.page.locator("[data-zone]")
        assert when(visit) == "Friday, 4 June 2027, 19:00 – 22:30"
        assert visit.page.locator(".zone-name").inner_text() == "Tallinn time, UTC+3"
        assert button.inner_text() == "Show times in my zone (New York)"
        button.click()
        assert re.fullmatch(r"Friday,? 4 June 2027, 12:00 – 15:30", when(visit))
        assert visit.page.locator(".zone-name").inner_text() == "New York time, your own"
        button.click()
        assert when(visit) == "Friday, 4 June 2027, 19:00 – 22:30"


def test_the_choice_is_remembered(reader: Reader) -> None:
    """The choice holds on the next page, also in agenda and month, where a different day is named."""
    with reader.visit(KINDS["event"], zone="Pacific/Auckland") as visit:
        visit.page.locator("[data-zone]").click()
        visit.page.goto(f"{reader.address}/{KINDS['landing']}")
        row = visit.page.locator(".rows li", has=visit.page.locator("a[href='events/opening.html']"))
        assert re.search(r"Sat,? 5 June?,? 04:00 – 07:30", row.text_content() or "")
        visit.page.goto(f"{reader.address}/{KINDS['month']}")
        assert re.search(r"Sat,? 5 June?,? 04:00", visit.page.locator("[data-day='2027-06-04']").inner_text())


def test_whole_days_do_not_move(reader: Reader) -> None:
    """All-day events are the same everywhere: their pages offer nothing and do not change."""
    with reader.visit(KINDS["whole days"], zone="Pacific/Kiritimati") as visit:
        assert not visit.page.locator("[data-zone]").is_visible()
        before = when(visit)
        assert before == "Saturday, 5 June 2027 – Monday, 7 June 2027"
        visit.page.goto(f"{reader.address}/{KINDS['landing']}")
        visit.page.locator("[data-zone]").click()
        row = visit.page.locator(".rows li", has=visit.page.locator("a[href='events/regatta.html']"))
        assert "Sat 5 Jun – Mon 7 Jun" in " ".join((row.text_content() or "").split())
        visit.page.goto(f"{reader.address}/{KINDS['whole days']}")
        assert before == when(visit)


def test_nothing_to_choose_where_times_agree(reader: Reader) -> None:
    """Readers whose clocks show the same time are offered nothing."""
    with reader.visit(KINDS["event"], zone="Europe/Helsinki") as visit:
        assert not visit.page.locator("[data-zone]").is_visible()


def test_a_browser_that_remembers_nothing(reader: Reader) -> None:
    """The button works even if the browser stores nothing."""
    with reader.visit(KINDS["event"], zone="America/New_York") as visit:
        visit.page.add_init_script(
            "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no'); } })"
        )
        visit.page.reload()
        visit.page.locator("[data-zone]").click()
        assert "12:00" in when(visit)
        assert visit.messages == []


# -- what is over, what is next ---------------------------------------------------------------------------------


def marked(visit: Visit, word: str) -> list[str]:
    """Return the titles of the rows with a badge."""
    rows = visit.page.locator(".rows li", has=visit.page.locator(f".badge:text-is('{word}')"))
    return [row.locator("a").inner_text() for row in rows.all()]


def test_what_is_over_is_folded(reader: Reader) -> None:
    """The agenda begins with what is next; a button shows past events."""
    with reader.visit(KINDS["landing"]) as visit:
        opening = visit.page.locator(".rows li", has=visit.page.locator("a[href='events/opening.html']"))
        button = visit.page.locator(".fold button").first
        assert not opening.is_visible()
        assert marked(visit, "Next") == ["Picnic on the pier"]
        assert button.get_attribute("aria-expanded") == "false"
        assert re.fullmatch(r"Show earlier events \(\d\)", button.inner_text())
        button.click()
        assert opening.is_visible()
        assert button.get_attribute("aria-expanded") == "true"


def test_what_is_far_ahead_is_folded(reader: Reader) -> None:
    """The agenda shows the next fifty events; a button shows later ones, such as the years of a series."""
    with reader.visit(KINDS["landing"]) as visit:
        rows = visit.page.locator(".rows li:visible")
        button = visit.page.locator(".fold button").last
        assert rows.count() == 50
        assert re.fullmatch(r"Show later events \(\d+\)", button.inner_text())
        button.click()
        assert rows.count() > 50
        assert "December 2029" in visit.page.locator(".agenda h2:visible").last.inner_text()


def test_what_goes_on_is_marked(reader: Reader) -> None:
    """Events that have begun and are not over are marked; all-day events by the reader's own day."""
    with reader.visit(KINDS["landing"], at="2027-06-05T07:00:00Z") as visit:
        assert marked(visit, "Now") == ["Regatta of the small boats", "Market of the fishers"]
    with reader.visit(KINDS["landing"], at="2027-06-07T20:59:00Z") as visit:
        assert marked(visit, "Now") == ["Regatta of the small boats"]
    with reader.visit(KINDS["landing"], at="2027-06-07T21:01:00Z") as visit:
        assert marked(visit, "Now") == []


def test_when_all_is_over(reader: Reader) -> None:
    """A calendar with only past events says that nothing is planned, and shows them."""
    with reader.visit(KINDS["category"], at="2040-01-01T00:00:00Z") as visit:
        assert visit.page.locator(".none-next").inner_text() == "Nothing is planned at the moment."
        assert visit.page.locator(".rows li").first.is_visible()


def test_an_event_that_is_over_says_so(reader: Reader) -> None:
    """The page of an event says that it is over, but not before it is."""
    for at, is_over in (("2027-06-04T19:29:00Z", False), ("2027-06-04T19:31:00Z", True)):
        with reader.visit(KINDS["event"], at=at) as visit:
            assert visit.page.locator("[data-over]").is_visible() is is_over


def test_the_next_date_of_a_series(reader: Reader) -> None:
    """A series shows its next date that is not cancelled; earlier dates are folded."""
    with reader.visit(KINDS["series"]) as visit:
        item = visit.page.locator(".dates li", has=visit.page.locator(".badge"))
        assert "29 Jun" in item.inner_text()
        assert visit.page.locator(".dates li", has_text="1 Jun,").first.is_hidden()


def test_today_in_the_month(reader: Reader) -> None:
    """The month marks the reader's today."""
    with reader.visit(KINDS["month"], zone="Pacific/Kiritimati", at="2027-06-10T12:00:00Z") as visit:
        assert visit.page.locator("[aria-current=date]").get_attribute("data-day") == "2027-06-11"


@pytest.mark.parametrize("path", ["index.html", "venues/hub.html"])
def test_many_events(path: str, open_folder: Callable[[Path], Reader], tmp_path: Path) -> None:
    """A page without an agenda takes what is next from the pages of the months, or of the feed's years."""
    events = "".join(
        f"- {{id: e{i}, summary: Event {i}, venue: hub, start: 2027-{i % 12 + 1:02}-{i % 28 + 1:02} 18:00}}\n"
        for i in range(MAX_ROWS + 1)
    )
    folder = write_events(tmp_path, many=events)
    calendar = folder / "calendar.yaml"
    calendar.write_text(calendar.read_text("utf-8").replace("automatic_feeds: []\n", ""), encoding="utf-8")
    build(folder, tmp_path / "dist", now=NOW)
    with open_folder(tmp_path / "dist").visit(path, at="2027-06-26T00:00:00Z") as visit:
        rows = visit.page.locator(".rows li")
        rows.first.wait_for()
        assert rows.count() == 8
        assert "26" in rows.first.inner_text()
        assert browser.violations(visit.page) == []
        rows.first.locator("a").click()
        assert "/events/e" in visit.page.url
        assert visit.messages == []


# -- subscribing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "feed"), [("landing", "harbour.ics"), ("venue", "feeds/venue/quay.ics"), ("feed", "feeds/music.ics")]
)
def test_copying_the_address(kind: str, feed: str, reader: Reader) -> None:
    """The button copies the feed's address, and says so."""
    with reader.visit(KINDS[kind]) as visit:
        visit.page.locator("[data-copy]").click()
        visit.page.locator(".said", has_text="Copied").wait_for()
        copied = visit.page.evaluate("navigator.clipboard.readText()")
        assert copied == f"https://harbour.example/calendar/{feed}"


def test_copying_where_the_address_is_not_known(open_folder: Callable[[Path], Reader], tmp_path: Path) -> None:
    """Without `url`, the button copies the current address of the feed."""
    events = write_events(tmp_path, talk="summary: Talk\nstart: 2027-06-20\n")
    calendar = events / "calendar.yaml"
    calendar.write_text(calendar.read_text("utf-8").replace("url: https://test.example/\n", ""), encoding="utf-8")
    build(events, tmp_path / "dist", now=NOW)
    here = open_folder(tmp_path / "dist")
    with here.visit("index.html") as visit:
        visit.page.locator("[data-copy-link]").click()
        visit.page.locator(".said", has_text="Copied").wait_for()
        assert visit.page.evaluate("navigator.clipboard.readText()") == f"{here.address}/test.ics"
        assert browser.violations(visit.page) == []


def test_the_embedded_agenda(reader: Reader) -> None:
    """The page for an iframe displays in one, and its links open in the whole window."""
    with reader.visit(KINDS["missing"]) as visit:
        visit.page.goto(f"{reader.address}/{KINDS['embed']}")
        targets = visit.page.locator("a").evaluate_all("(links) => links.map((link) => link.target)")
        assert set(targets) == {"_top"}
        assert marked(visit, "Next") == ["Picnic on the pier"]
