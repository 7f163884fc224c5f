"""The site's own words, as opposed to the organiser's: all in one place, in English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calfeed.model import Status


@dataclass(frozen=True, slots=True)
class StatusWords:
    """A status that must not be overlooked: its name, a word, and what it means."""

    name: str
    word: str
    note: str


STATUSES: Mapping[Status, StatusWords] = {
    Status.CANCELLED: StatusWords("cancelled", "Cancelled", "This event does not take place."),
    Status.POSTPONED: StatusWords(
        "postponed", "Postponed", "This event does not take place at the time shown. The new time is not known yet."
    ),
    Status.TENTATIVE: StatusWords("tentative", "Tentative", "This event is planned, but not settled yet."),
}

FREQUENCIES: Mapping[str, tuple[str, str]] = {
    "YEARLY": ("Every year", "Every {} years"),
    "MONTHLY": ("Every month", "Every {} months"),
    "WEEKLY": ("Every week", "Every {} weeks"),
    "DAILY": ("Every day", "Every {} days"),
    "HOURLY": ("Every hour", "Every {} hours"),
    "MINUTELY": ("Every minute", "Every {} minutes"),
}


@dataclass(frozen=True, slots=True)
class Words:
    """Words of the pages; `{}` is a placeholder."""

    about: str = "About"
    add: str = "Add to your calendar"
    add_file: str = "Calendar file (.ics)"
    add_file_note: str = "for Apple Calendar, Thunderbird and others"
    add_first_only: str = "first date only"
    add_once: str = "This adds a copy. It does not follow later changes: subscribe if you want them."
    add_without_exceptions: str = "Google gets the dates by the rule, without the changes listed on this page."
    add_yahoo: str = "Yahoo knows no time zones: right only for readers in the zone of the event."
    address: str = "Address of this feed"
    agenda: str = "Agenda"
    all_day: str = "All day"
    also_feeds: str = "More feeds"
    calendar_of: str = "Calendar of {}"
    categories: str = "Categories"
    changes: str = "What changed"
    continues: str = "continues"
    copied: str = "Copied"
    copy: str = "Copy"
    copy_failed: str = "Press Ctrl+C to copy"
    dates: str = "Dates"
    dates_cut: str = "The list ends here; the series has {} dates. The feed has them all."
    dates_earlier: str = "Dates before {} are not listed."
    dates_endless: str = "The series goes on after that."
    earlier_dates: str = "Show earlier dates ({})"
    earlier_events: str = "Show earlier events ({})"
    empty: str = "There are no events here."
    endless_cut: str = "This calendar has very many dates. Those of series without an end are listed from {} to {}."
    file_only: str = "In calendars"
    file_only_note: str = "Subscribers see the change in their calendars by themselves."
    google_shortcut: str = "Or try the shortcut"
    google_shortcut_note: str = "it does not work for everybody"
    large_agenda: str = "This calendar has many events. Choose a month."
    large_feed: str = "There are many events here. Choose a year."
    later_dates: str = "Show later dates ({})"
    later_events: str = "Show later events ({})"
    links: str = "Links"
    main_nav: str = "Main"
    missing: str = "Page not found"
    missing_note: str = "There is no page at this address. The event may have been taken from the calendar."
    month_nav: str = "Other months"
    months: str = "Months"
    moved_from: str = "moved from {}"
    next: str = "Next"
    next_title: str = "What is next"
    nothing_next: str = "Nothing is planned at the moment."
    now: str = "Now"
    offset: str = "{} time, UTC{}"
    offset_only: str = "UTC{}"
    on_map: str = "Show on a map"
    online: str = "Online"
    organizer: str = "Organizer"
    other_apps: str = (
        "Other apps take the address above under “subscribe”, “from URL” or “from the web”. How often they look varies."
    )
    over: str = "This event is over."
    qr: str = "QR code for an iPhone or iPad"
    qr_alt: str = "QR code with the address of this feed"
    qr_note: str = "Point the camera at it: the phone offers to subscribe."
    repeats: str = "Repeats"
    skip: str = "Skip to content"
    skipped: str = "Not on"
    subscribe: str = "Subscribe"
    subscribe_app: str = "Open in calendar app"
    subscribe_intro: str = "The events come into your own calendar, and stay up to date there."
    time_zones: str = "Times are local to each event."
    venue_zone: str = "Show times local to each event"
    venues: str = "Places"
    warning_address: str = (
        "This copy of the site does not know where it is published. Copy the address from here, once it is."
    )
    website: str = "Website"
    when: str = "When"
    where: str = "Where"
    years: str = "Years"
    your_zone: str = "Show times in my zone ({})"
    your_zone_name: str = "{} time, your own"


WORDS = Words()


@dataclass(frozen=True, slots=True)
class AppWords:
    """How to subscribe in an app: what to do, and how long changes take to arrive."""

    name: str
    steps: tuple[str, ...]
    delay: str
    link: str
    """The field of `SubscribeLinks` to link to."""
    label: str


# How long updates take: docs/explanation/compatibility.md.
APPS: tuple[AppWords, ...] = (
    AppWords(
        "Apple Calendar",
        ("Open the link on an iPhone, iPad or Mac and confirm.",),
        "It looks as often as you set it to. A Mac may start with once a week: choose “Every day” or more often.",
        "webcal",
        "Subscribe in Apple Calendar",
    ),
    AppWords(
        "Google Calendar",
        ("Copy the address above.", "Open the page “From URL” on a computer and paste it. Phones follow."),
        "Google looks for changes about every 4 to 24 hours, and nothing makes it look sooner.",
        "google_by_address",
        "Open “From URL”",
    ),
    AppWords(
        "Outlook.com",
        ("Open the link, sign in and confirm.",),
        "Changes take about 3 hours, now and then more than a day.",
        "outlook",
        "Subscribe in Outlook.com",
    ),
    AppWords(
        "Microsoft 365",
        ("Open the link with your work or school account and confirm. New Outlook shows it too.",),
        "Changes take about 3 hours, now and then more than a day.",
        "microsoft",
        "Subscribe in Microsoft 365",
    ),
    AppWords(
        "Thunderbird",
        ("Open the link; or choose New Calendar, On the Network, and paste the address.",),
        "It looks for changes every 30 minutes while it runs.",
        "webcal",
        "Subscribe in Thunderbird",
    ),
)
