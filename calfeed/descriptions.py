"""What is said against a Markdown text in the sources: addresses in it that `url:` would refuse, too."""

from __future__ import annotations

from collections.abc import Iterator

from calfeed.entries import Place
from calfeed.errors import Problem, error
from calfeed.markdown import find_user_name


def description_problems(text: str | None, place: Place, key: str = "description") -> Iterator[Problem]:
    """Yield what is wrong with the Markdown text of a key."""
    address = find_user_name(text or "")
    if address is not None:
        message = f"an address in the `{key}` holds a user name"
        hint = "delete it, with the `@` after it: people would take it for the host that the link leads to"
        yield error(place.mark_within(key, address), "bad-url", message, hint)
