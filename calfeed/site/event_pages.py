"""The pages of all events: known from an earlier build, or rendered here or in other processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from calfeed.artifact import Artifact
from calfeed.model import Event, page_path
from calfeed.parallel import Executor, Pending, spread
from calfeed.site.page import Frame, render_event, render_events

Known = Callable[[str, str], tuple[int, str] | None]
"""Looks up the size and SHA-256 of an event page rendered before, by the key of its frame and the event's id."""


class EventPages:
    """The pages of all events, in order. Other processes may be rendering some of them; `cancel` stops that.

    Attributes:
        frame_key: a hash of what the pages share; empty if they may differ each time.
    """

    def __init__(
        self, frame: Frame, events: Sequence[tuple[Event, Sequence[Event]]], known: Known, executor: Executor | None
    ) -> None:
        """Start rendering the pages that are not known.

        Args:
            frame: what the pages share.
            events: the events, each with the occurrences to show.
            known: looks up pages rendered before.
            executor: may render pages in other processes.
        """
        self._frame, self._events = frame, events
        self.frame_key = "" if frame.templates else frame.key  # the calendar's own may give other bytes each time
        self._known = [known(self.frame_key, event.id) if self.frame_key else None for event, _ in events]
        unknown = [entry for entry, page in zip(events, self._known, strict=True) if page is None]
        self._pending: Pending[Artifact] | None = spread(executor, render_events, frame, unknown)
        self._unknown = unknown

    def __iter__(self) -> Iterator[Artifact]:
        """Yield the pages once.

        Raises:
            SourceError: a custom template fails.
            OutputError: a process that rendered pages was lost.
        """
        rendered = iter(self._pending or (render_event(self._frame, *entry) for entry in self._unknown))
        for entry, page in zip(self._events, self._known, strict=True):
            if page is None:
                yield next(rendered)
            else:
                size, sha256 = page
                parts = RenderedAgain(partial(render_event, self._frame, *entry), sha256)
                yield Artifact(page_path(entry[0].id), size, sha256, parts)

    def cancel(self) -> None:
        """Cancel the work that other processes have not begun."""
        if self._pending is not None:
            self._pending.cancel()


@dataclass(frozen=True, slots=True)
class RenderedAgain:
    """The bytes of a page whose hash is known from before; it is rendered only if they are needed."""

    render: Callable[[], Artifact]
    sha256: str

    def __iter__(self) -> Iterator[bytes | memoryview]:
        page = self.render()
        if page.sha256 != self.sha256:
            raise ValueError(f"{page.path} differs from its earlier rendering")
        return iter(page.parts)
