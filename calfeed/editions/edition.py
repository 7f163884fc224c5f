"""Assemble what a build publishes: the events at their revisions, the tombstones, and every feed address.

A feed is a promise to people who subscribed long ago. A build that would break it without consent is refused: when many
events or a feed's address would vanish at once, or every UID would change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from calfeed.diagnostics.problem import Mark, Problem, PromiseError, SourceError, problem_at
from calfeed.diagnostics.report import plural
from calfeed.editions.compare import Change, Entry, compare
from calfeed.editions.consent import Consent
from calfeed.editions.feed_paths import buried_uids, is_automatic, kept_feeds, lost_feeds, with_aliases
from calfeed.editions.manifest import Manifest, PublishedFeed
from calfeed.editions.reused import reused_ids
from calfeed.editions.zone_law import changed_laws
from calfeed.model import Calendar, Feed, Project, Status
from calfeed.revisions.endings import ending_problem
from calfeed.revisions.holders import forget_past, is_past, notify_holders, remember
from calfeed.revisions.revise import (
    NO_COPIES,
    OldCopies,
    Published,
    Revised,
    Revision,
    bury,
    far_revisions,
    has_passed,
    lost_uids,
    removed_events,
    revise,
    whole_second,
    with_endings,
)
from calfeed.revisions.vanished import with_vanished
from calfeed.series.pieces import pieces_of, shared_uid_problem
from calfeed.source.yaml import dump_mapping
from calfeed.zones.tzdb import TZDB_VERSION

MAX_HISTORY = 100
"""How many changes the manifest and changes.atom keep."""
_MASS_MINIMUM = 3
_MASS_SHARE = 4
_LISTED = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Edition:
    """Everything that is published at once.

    Attributes:
        calendar: the calendar.
        events: all events by start, including tombstones.
        feeds: all feeds, including old addresses, each with its events.
        history: the changes of this build and earlier ones, newest first.
        retired: the last revisions of events that are no longer published, by UID, in case they come back.
        copies: the outdated copies of events that subscribers may still have, by UID.
        problems: warnings and notes.
    """

    calendar: Calendar
    events: tuple[Revised, ...]
    feeds: tuple[Feed, ...]
    history: tuple[Entry, ...] = ()
    retired: Mapping[str, Revision] = field(default_factory=dict)
    copies: Mapping[str, OldCopies] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def prepare(project: Project, baseline: Manifest, now: datetime, consent: Consent) -> Edition:
    """Return the edition to publish after `baseline`.

    Args:
        project: the sources.
        baseline: what is published now.
        now: the build's time.
        consent: which promises may be broken.

    Raises:
        PromiseError: the build would break a promise without consent.
        OutputError: the content of a removed event is unreadable, or a changed event already has the highest number.
        SourceError: an event has the UID of a piece of another event.
    """
    project = replace(project, events=with_endings(project.events, baseline.events, now))
    removed = _removed(project, baseline, now)
    breaches = list(_breaches(project, baseline, removed, now, consent))
    if breaches:
        raise PromiseError(breaches)
    live, problems = revise(project.events, baseline.events, now, baseline.retired)
    tombstones = bury(removed, now)
    _refuse_shared_uids((*live, *tombstones))
    changes = () if baseline.is_none else _compare(live, baseline, now)
    stamps = {item.event.uid: item.revision.last_modified for item in (*live, *tombstones)}
    entries = (Entry(stamps.get(change.uid, whole_second(now)), change) for change in changes)
    events = tuple(sorted((*live, *tombstones), key=lambda item: item.event.sort_key))
    known = {**baseline.events, **{item.uid: item for item in removed}} if removed else baseline.events
    present_feeds = (*project.feeds, *kept_feeds(project, baseline, {item.event.uid for item in tombstones}))
    feeds, copies = notify_holders(present_feeds, events, remember(events, present_feeds, known, now))
    identity = () if consent.new_id else _identity_problems(project, live, changes, baseline, removed, now)
    return Edition(
        calendar=project.calendar,
        events=events,
        feeds=with_aliases(feeds),
        history=(*entries, *baseline.history)[:MAX_HISTORY],
        retired=_retired(baseline, events),
        copies=copies,
        problems=(
            *problems,
            *identity,
            *_law_problems(project, baseline),
            *_ended(live, tombstones, baseline),
            *far_revisions(project.events, now),
        ),
    )


def without_expired(edition: Edition, now: datetime, consent: Consent) -> Edition:
    """Return an edition without the tombstones and outdated copies of events that are over in every time zone.

    Without consent to removals, an automatic feed with nothing else in it keeps them: time alone removes no feed.
    """
    copies = edition.copies
    expired_ids = {
        item.event.id
        for item in edition.events
        if item.removed and is_past(item, copies.get(item.event.uid, NO_COPIES), now)
    }
    if copies:
        feeds, remaining = forget_past(edition.feeds, edition.events, copies, now)
        edition = edition if remaining == copies else replace(edition, feeds=feeds, copies=remaining)
    empty_slugs = {
        feed.slug
        for feed in edition.feeds
        # A feed that is empty because of its window is still a feed of the sources.
        if feed.moved_to is None and is_automatic(feed) and feed.event_ids and expired_ids.issuperset(feed.event_ids)
    }
    if not consent.removals:
        expired_ids -= {event_id for feed in edition.feeds if feed.slug in empty_slugs for event_id in feed.event_ids}
        empty_slugs.clear()
    if not expired_ids:
        return edition
    dropped = {item.event.uid: item.revision for item in edition.events if item.event.id in expired_ids}
    return replace(
        edition,
        events=tuple(item for item in edition.events if item.event.id not in expired_ids),
        retired={**edition.retired, **dropped},
        feeds=tuple(
            replace(feed, event_ids=tuple(event_id for event_id in feed.event_ids if event_id not in expired_ids))
            for feed in edition.feeds
            if feed.slug not in empty_slugs
        ),
    )


def vanished_feeds(project: Project, baseline: Manifest, now: datetime | None) -> tuple[PublishedFeed, ...]:
    """Return the feeds that vanished; an automatic feed whose events were all removed stays for its tombstones.

    Args:
        project: the sources.
        baseline: what is published.
        now: events that end before this time leave no tombstone; None if all leave one.
    """
    return lost_feeds(project, baseline, buried_uids(_removed(project, baseline, now), now))


def ended_series(project: Project, baseline: Manifest, now: datetime) -> tuple[Problem, ...]:
    """Return a note for each running series that a build ends before its last occurrence.

    Args:
        project: the sources; called-off series have their endings.
        baseline: what is published.
        now: the build's time.
    """
    live, _ = revise((event for event in project.events if event.ending), baseline.events, now)
    return tuple(_ended(live, bury(_removed(project, baseline, now), now), baseline))


def _ended(live: Sequence[Revised], tombstones: Sequence[Revised], baseline: Manifest) -> Iterator[Problem]:
    for item in (*live, *tombstones):
        before = baseline.events.get(item.event.uid)
        if item.event.ending is not None and before is not None and before.event.ending is None:
            problem = ending_problem(item.event, item.event.mark)
            if problem is not None:
                yield problem


def _refuse_shared_uids(items: Sequence[Revised]) -> None:
    """Refuse an event that has the UID of a piece of another event.

    Raises:
        SourceError: there is such an event.
    """
    owners = {item.event.uid: item.event for item in items}
    problems = [
        shared_uid_problem(piece.uid, item.event, owners[piece.uid].mark)
        for item in items
        for piece in pieces_of(item.event)
        if owners.get(piece.uid, item.event) is not item.event
    ]
    if problems:
        raise SourceError(problems)


def _removed(project: Project, baseline: Manifest, now: datetime | None) -> tuple[Published, ...]:
    """Return the events that left the sources, except those that only got a new UID with the calendar's new id."""
    renamed = _renamed_uids(project, baseline)
    published = with_vanished(project.events, baseline.events, now)
    return tuple(item for item in removed_events(project.events, published) if item.uid not in renamed)


def _renamed_uids(project: Project, baseline: Manifest) -> frozenset[str]:
    """Return the published UIDs made from the calendar's old id whose events have new ones now."""
    if baseline.id is None or baseline.id == project.calendar.id:
        return frozenset()
    known = {item.uid for item in baseline.events.values() if item.removed is None}
    old_uids = (f"{event.id}@{baseline.id}" for event in project.events if event.uid not in known)
    return frozenset(uid for uid in old_uids if uid in known)


def _retired(baseline: Manifest, events: Iterable[Revised]) -> dict[str, Revision]:
    """Return the last revision of every event that was once published and is not in `events`."""
    known = {**baseline.retired, **{uid: item.revision for uid, item in baseline.events.items()}}
    for item in events:
        known.pop(item.event.uid, None)
    return known


def refusals(project: Project, baseline: Manifest, now: datetime) -> tuple[Problem, ...]:
    """Return the promises to subscribers that a build would break; without consent, the build is refused."""
    return tuple(_breaches(project, baseline, _removed(project, baseline, now), now, Consent()))


def _compare(live: Sequence[Revised], baseline: Manifest, now: datetime) -> tuple[Change, ...]:
    laws = {law.tzid for law in changed_laws(baseline.zones)}
    return compare(((item.event, item.content) for item in live), baseline.events, laws, now)


# -- promises ---------------------------------------------------------------------------------------------------


def _breaches(
    project: Project, baseline: Manifest, removed: Sequence[Published], now: datetime, consent: Consent
) -> Iterator[Problem]:
    if not consent.new_id:
        yield from _new_id(project, baseline)
    if not consent.removals:
        yield from _vanished_events(project, baseline, removed, now)
        yield from _trimmed_events(project, baseline, now)
        yield from _feed_problems(project, baseline, buried_uids(removed, now))


def _new_id(project: Project, baseline: Manifest) -> Iterator[Problem]:
    old, new, lost = baseline.id, project.calendar.id, _renamed_uids(project, baseline)
    if old is None or old == new:
        return
    if lost:
        events = plural(len(lost), "event")
        message = f"the calendar's id changed from `{old}` to `{new}`, which would change the UID of {events}"
        hint = f"write `id: {old}` so that subscribers keep their events, or build with --allow-new-id"
    else:
        # The other calendar's events would be published in this one as cancelled.
        message = f"the published calendar is `{old}`, but this one is `{new}`"
        hint = f"give the baseline of `{new}`; if this is the same calendar with a new id, build with --allow-new-id"
    yield problem_at(project.calendar.mark, "new-calendar-id", message, hint)


def _vanished_events(
    project: Project, baseline: Manifest, removed: Sequence[Published], now: datetime
) -> Iterator[Problem]:
    lost = [baseline.events[item.uid] for item in removed if item.uid in baseline.events and _is_ahead(item, now)]
    # For subscribers who know the old UID, an event with a new UID is gone, too.
    has_new_uid = not {event.id for event in project.events}.isdisjoint(item.id for item in lost)
    how, what = ("gone or have a different UID", "them and their UIDs") if has_new_uid else ("gone", "them")
    hint = f"restore {what}, or build with --allow-removals: subscribers will see them as cancelled"
    yield from _mass_removal(lost, baseline, now, how, hint)


def _trimmed_events(project: Project, baseline: Manifest, now: datetime) -> Iterator[Problem]:
    main = project.feeds[0]
    main_ids, slugs = set(main.event_ids), {main.slug, *main.aliases}
    outside = (baseline.events.get(event.uid) for event in project.events if event.id not in main_ids)
    # Check the feeds first: it is quick and excludes most events; computing when an event ends is slow.
    once_inside = (item for item in outside if item is not None and not slugs.isdisjoint(item.feeds))
    lost = [item for item in once_inside if _is_ahead(item, now)]
    hint = "widen the `window` of the calendar, or build with --allow-removals: subscribers will lose them"
    yield from _mass_removal(lost, baseline, now, "no longer in the main feed", hint)


def _mass_removal(
    lost: Sequence[Published], baseline: Manifest, now: datetime, how: str, hint: str
) -> Iterator[Problem]:
    """Refuse a build that would lose so many upcoming events that it may be a mistake; `how` says how they are lost."""
    if len(lost) < _MASS_MINIMUM:
        return
    ahead = sum(_is_ahead(item, now) for item in baseline.events.values())
    if len(lost) * _MASS_SHARE > ahead:
        listed = ", ".join(f"`{item.id}`" for item in lost[:_LISTED]) + (", …" if len(lost) > _LISTED else "")
        message = f"{len(lost)} of {ahead} upcoming events are {how}: {listed}"
        yield problem_at(Mark(path=baseline.path), "mass-removal", message, hint)


def _feed_problems(project: Project, baseline: Manifest, buried: set[str]) -> Iterator[Problem]:
    for feed in lost_feeds(project, baseline, buried):
        message = f"the feed `{feed.slug}` is gone; people may have subscribed to {feed.path}"
        hint = f"add `aliases: {feed.slug}` to the feed that replaces it, or build with --allow-removals"
        if is_automatic(feed):
            hint = f"add a feed with `aliases: {feed.slug}` under `feeds:`, or build with --allow-removals"
        yield problem_at(Mark(path=baseline.path), "vanished-feed", message, hint)


def _is_ahead(item: Published, now: datetime) -> bool:
    """Return whether an event was published as taking place and has not passed."""
    return item.removed is None and item.event.status is not Status.CANCELLED and not has_passed(item, now)


def _identity_problems(
    project: Project,
    live: Sequence[Revised],
    changes: Sequence[Change],
    baseline: Manifest,
    removed: Sequence[Published],
    now: datetime,
) -> Iterator[Problem]:
    """Warn about published events that subscribers will see as new or different events."""
    changed_uids = {change.uid for change in changes}
    yield from reused_ids([item.event for item in live], changed_uids, baseline, project.calendar.id, now)
    by_content = {item.fingerprint: item for item in removed if item.removed is None}
    ids = {item.event.id for item in live}
    by_id = lost_uids({item.event.uid for item in live}, baseline.events)
    for item in live:
        event = item.event
        if event.uid in baseline.events:
            continue
        same_id = by_id.get(event.id)
        if same_id is not None:
            message = f"the UID of `{event.id}` was `{same_id.uid}`: subscribers see two different events"
            hint = f"if it is the same event, write `{_uid_line(same_id.uid)}`"
            yield problem_at(event.mark, "changed-uid", message, hint)
            continue
        twin = by_content.get(item.fingerprint)
        if twin is not None and twin.uid in baseline.events:
            old_id = baseline.events[twin.uid].id
            message = f"this looks like `{old_id}` with a new id: subscribers see one event cancelled and a new one"
            wanted = _keys_of_identity(twin.uid, old_id, project.calendar.id, is_free=old_id not in ids)
            yield problem_at(event.mark, "renamed-id", message, f"if it is the same event, write {wanted}")


def _keys_of_identity(uid: str, event_id: str, calendar_id: str, *, is_free: bool) -> str:
    """Return what to write so that an event keeps its UID and, if no other event has taken its id, its address."""
    if not is_free:
        return f"`{_uid_line(uid)}`"
    if uid == f"{event_id}@{calendar_id}":
        return f"`id: {event_id}`, which also keeps its links"
    return f"`id: {event_id}` and `{_uid_line(uid)}`"


def _uid_line(uid: str) -> str:
    """Return the YAML line for a UID, which may contain any printable character."""
    return dump_mapping({"uid": uid}).rstrip("\n")


def _law_problems(project: Project, baseline: Manifest) -> Iterator[Problem]:
    if baseline.tzdb is not None and baseline.tzdb > TZDB_VERSION:
        message = f"published with tz database {baseline.tzdb}, but the installed {TZDB_VERSION} is older"
        hint = "update pytz: `pip install --upgrade pytz`; otherwise times may follow an outdated law"
        yield problem_at(project.calendar.mark, "older-tzdb", message, hint)
