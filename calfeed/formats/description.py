"""The description of an event, as text and as HTML: complete in itself, because many clients show nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape as html_escape

from calfeed.model import Event, Status
from calfeed.text.markdown import to_html, to_plain

_NOTES = {
    Status.CANCELLED: "This event is cancelled.",
    Status.POSTPONED: "This event is postponed; it does not take place at the time shown.",
}
_NEWLINE = "\n"


def plain_description(event: Event) -> str:
    """Return the description as text: the note on its status, the organiser's text, and the facts; possibly empty."""
    body = [_NOTES[event.status]] if event.status in _NOTES else []
    if event.description is not None:
        body.append(to_plain(event.description))
    facts = "\n".join(fact.plain for fact in _facts(event))
    return "\n\n".join(part for part in (*body, facts) if part)


def html_description(event: Event) -> str:
    """Return the description as an HTML document, with the same notes and facts; empty if none was written."""
    if event.description is None:
        return ""
    note = [f"<p>{_NOTES[event.status]}</p>"] if event.status in _NOTES else []
    facts = "<br>".join(fact.html for fact in _facts(event))
    parts = [*note, to_html(event.description), *([f"<p>{facts}</p>"] if facts else [])]
    return f"<html><body>{_NEWLINE.join(parts)}</body></html>"


@dataclass(frozen=True, slots=True)
class _Fact:
    """A line of a description: an address, and the text before and after it."""

    before: str = ""
    address: str = ""
    after: str = ""

    @property
    def plain(self) -> str:
        return f"{self.before}{self.address}{self.after}"

    @property
    def html(self) -> str:
        address = html_escape(self.address)
        link = f'<a href="{address}">{address}</a>' if address else ""
        return f"{html_escape(self.before)}{link}{html_escape(self.after)}"


def _facts(event: Event) -> list[_Fact]:
    """Return the facts that a description must repeat because clients do not show their properties."""
    facts = [_Fact(f"{link.label}: ", link.url) for link in event.links]
    if event.organizer is not None:
        name, url, email = event.organizer.name, event.organizer.url, event.organizer.email
        if url:
            facts.append(_Fact(f"Organizer: {name} (", url, ")"))
        else:
            facts.append(_Fact(f"Organizer: {name}{f' ({email})' if email else ''}"))
    if event.online is not None:
        facts.append(_Fact("Online: ", event.online))
    if event.url is not None:
        facts.append(_Fact(address=event.url))
    return facts
