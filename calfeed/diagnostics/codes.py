"""The codes of problems: for each its severity and one sentence on what is wrong.

A code is public: people look it up, filter reports by it, and link to its section of docs/reference/errors.md, which
has an example of each. A code therefore never changes its meaning, and always has the same severity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a problem is: an error stops the build, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Code:
    """What a code stands for."""

    severity: Severity
    sentence: str


def _error(sentence: str) -> Code:
    return Code(Severity.ERROR, sentence)


def _warning(sentence: str) -> Code:
    return Code(Severity.WARNING, sentence)


CODES: Mapping[str, Code] = {
    # Files and YAML
    "missing-calendar": _error("The folder has no calendar.yaml."),
    "wrong-name": _error("A file has a name that calfeed does not read, or that is not allowed."),
    "no-events": _warning("The folder contains a calendar but no events."),
    "unreadable-file": _error("A file cannot be opened, or is not a regular file."),
    "outside-folder": _error("A link leads out of the folder of events."),
    "file-too-large": _error("A file is larger than 16 MiB."),
    "not-utf8": _error("A file is not encoded in UTF-8."),
    "control-character": _error("A text contains a character that no calendar can show or that hides what follows."),
    "empty-file": _error("A file contains nothing but comments, or an empty list."),
    "yaml-syntax": _error("A file is not valid YAML."),
    "duplicate-key": _error("A key appears twice in one mapping."),
    "bad-key": _error("A key is not text."),
    "bad-merge": _error("A merge key (<<) names something that is not a mapping."),
    "yaml-tag": _error("A value has a YAML tag."),
    "recursive-alias": _error("An anchor contains an alias to itself."),
    "alias-expansion": _error("Aliases expand to far more values than the file contains."),
    "too-deep": _error("Lists, mappings or folders are nested too deeply."),
    "empty-value": _error("A key has no value."),
    "comment-in-text": _warning("A # starts a comment, so the rest of the text is lost."),
    # Keys and values
    "missing-key": _error("A required key is missing."),
    "unknown-key": _error("calfeed does not know the key."),
    "misplaced-key": _error("A _defaults.yaml sets a key that each event must set itself."),
    "wrong-type": _error("A value is text where a list or mapping is expected, or vice versa."),
    "bad-date": _error("A date or time cannot be read, or does not exist."),
    "bad-duration": _error("A duration cannot be read, is zero, or is too long."),
    "bad-timezone": _error("The tz database has no such time zone."),
    "bad-country": _error("ISO 3166 has no such country, by code or by English name."),
    "bad-geo": _error("The coordinates are not a latitude and a longitude in decimal degrees."),
    "bad-url": _error("A web address cannot be published: its scheme, host or characters are wrong."),
    "bad-email": _error("An e-mail address is not valid."),
    "bad-id": _error("An id contains characters other than a-z, 0-9 and hyphens."),
    "bad-path": _error("The path of a picture leads out of the folder, or cannot be published."),
    "bad-rel": _error("The kind of a link is not one that calfeed knows."),
    "bad-status": _error("The status is not one that an event can have."),
    "bad-boolean": _error("A value is neither true nor false."),
    "bad-number": _error("A number is not a whole number in its range."),
    "bad-color": _error("A colour is not a CSS colour name."),
    "bad-language": _error("A language is not a BCP 47 tag."),
    "bad-feed": _error("The calendar asks for a kind of automatic feed that does not exist."),
    "bad-property": _error("A custom property has a name that is not allowed."),
    "html-in-description": _warning("A description contains HTML, which readers see as plain text."),
    "joined-lines": _warning("Markdown joins two lines that were probably meant to be separate."),
    # Times and zones
    "nonexistent-time": _error("The clocks skip this time."),
    "ambiguous-time": _error("This time occurs twice, because the clocks are put back."),
    "wrong-offset": _error("The zone does not have the written offset at that time."),
    "end-before-start": _error("The end is not after the start."),
    "mixed-end": _error("The start and end mix a date with a time, or a UTC time with a local one."),
    "end-and-duration": _error("An event has both an end and a duration."),
    "missing-end": _warning("An event with a time has neither an end nor a duration."),
    "missing-timezone": _error("Nothing says which time zone an event is in."),
    "ambiguous-zone": _error("The location of a venue allows several time zones."),
    "timezone-mismatch": _warning("The written zone and the location of the venue have different clocks at that time."),
    "fixed-zone": _warning("The zone is a fixed offset from UTC, without summer time."),
    "fixed-zone-series": _error("A series cannot be written in this fixed zone without changing its dates."),
    "unused-key": _warning("A key has no effect here."),
    "geo-mismatch": _warning("The coordinates of a venue are not in its country."),
    # Series
    "bad-rrule": _error("A recurrence rule is not valid, or gives too many dates."),
    "start-not-in-rule": _error("The start of the event is not one of the rule's dates."),
    "no-series": _error("A key for series is used without a rule."),
    "no-occurrence": _error("The series does not occur on that date or at that time."),
    "duplicate-override": _error("Two overrides are for the same occurrence."),
    "override-collides": _warning("An override moves an occurrence onto another one."),
    "rdate-before-start": _error("An extra date is before the first occurrence."),
    "rdate-occurs": _warning("The series occurs on an extra date anyway."),
    "series-zones": _error("A series starts in one time zone and ends in another."),
    "unsettled-start": _error("The clocks change during the first occurrence of a series."),
    "unsettled-occurrence": _warning("The clocks change during occurrences, and calendars show these differently."),
    "misread-rule": _warning("Some calendars are known or likely to get the dates of the rule wrong."),
    "outlook-rule": _warning("Outlook and Exchange cannot keep the series as it is."),
    "irregular-zone": _warning("The clocks of the zone change on dates that no yearly rule gives."),
    "unsupported-zone": _error("The clocks of the zone change in a way that no calendar file can describe."),
    # The site
    "low-contrast": _warning("Text in a colour of the theme is hard to read."),
    "bad-template": _error("A template cannot be read, or fails when a page is rendered."),
    "unknown-template": _warning("A template does not replace any of calfeed's."),
    # References
    "unknown-venue": _error("venues.yaml has no such venue."),
    "venue-conflict": _warning("Two events are at the same venue at the same time."),
    "missing-id": _error("An event in a list has no id."),
    "duplicate-id": _error("Two events have the same id."),
    "duplicate-uid": _error("Two events have the same UID."),
    "long-uid": _error("The UID leaves no room for the suffix that parts of the series need."),
    "duplicate-slug": _error("Two feeds have the same slug, and so the same address."),
    "empty-feed": _warning("A feed has no events."),
    "similar-categories": _warning("Two spellings of a category share one feed."),
    "missing-image": _error("The file of a picture does not exist."),
    "wrong-image": _error("A file is not a picture of a kind that calfeed publishes."),
    "broken-image": _error("A picture is damaged."),
    "unsafe-image": _error("An SVG logo contains more than a drawing."),
    "large-image": _error("A picture is too large for a web page."),
    "private-image": _error("A picture contains private data that calfeed cannot remove."),
    "twin-images": _error("The paths of two pictures differ only in case or in the coding of accents."),
    # Promises to subscribers
    "calendar-id": _warning("The calendar has neither an id nor a url, so UIDs depend on its name."),
    "missing-url": _warning("Without a url, feeds cannot say where they are published."),
    "mass-removal": _error("Many published events are missing from the sources."),
    "vanished-feed": _error("A published feed would no longer be written."),
    "new-calendar-id": _error("The calendar's id differs from the published one."),
    "changed-uid": _warning("A published event now has a different UID."),
    "renamed-id": _warning("A new event has the content of one that left the sources."),
    "reused-id": _warning("An event has the UID under which a different event was published."),
    "ended-series": _warning("A running series was deleted, cancelled or postponed; its past dates stay."),
    "older-tzdb": _warning("The installed tz database is older than the one of the last build."),
    "missing-baseline": _error("There is nothing at --baseline."),
    "unreadable-baseline": _error("The baseline cannot be fetched or read."),
    "stale-revision": _warning("A revision in the sources is behind the published one."),
    "far-revision": _warning("A revision in the sources is so high or so late that later changes may not count."),
    # While building
    "left-file": _warning("A file is no longer published, but somebody has changed it, so it stays."),
    "highest-sequence": _error("The SEQUENCE of an event cannot be raised any further."),
    "large-feed": _warning("A feed is so large that some calendars lose some of its events."),
    "long-feed-url": _warning("The address of a feed is longer than some calendars allow."),
    "foreign-folder": _error("The output folder contains the sources, or files that calfeed did not write."),
    "foreign-file": _error("A file that calfeed did not write is where one of its files belongs."),
    "not-a-folder": _error("The output folder is a file."),
    "bad-manifest": _error("calfeed.json is not a valid manifest."),
    "newer-manifest": _error("A newer version of calfeed wrote calfeed.json."),
    "bad-journal": _error("The journal of an interrupted build or publication cannot be read."),
    "locked": _error("Another build is writing to the same output folder."),
    "lost-process": _error("A worker process of the build ended early."),
    "output-failed": _error("The operating system refused to write the output folder."),
    "missing-manifest": _error("The folder to publish has no calfeed.json."),
    "changed-output": _error("A file in the folder to publish is missing, or differs from the one that was built."),
    "stale-output": _warning("The sources were edited after the last build."),
    "other-calendar": _error("A different calendar is published there."),
    "newer-published": _error("What is published is newer than what was built."),
    "publish-failed": _error("The place to publish to cannot be reached, read or written."),
    "publish-crossed": _error("Another publication to the same place ran at the same time."),
    "unwritable-file": _error("A file cannot be written."),
    "already-there": _error("A file of that name already exists."),
}
"""Every code, in the order of docs/reference/errors.md."""
