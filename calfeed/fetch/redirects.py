"""Follow redirects to the answer at their end, and keep every answer on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from calfeed.fetch.http import Answer, Fetch, FetchError, Request

_REDIRECTS = (301, 302, 303, 307, 308)


class RedirectError(FetchError):
    """The redirects lead nowhere."""


@dataclass(frozen=True, slots=True)
class Trail:
    """The answer to a request, and the redirects before it."""

    redirects: tuple[Answer, ...]
    answer: Answer

    @property
    def server(self) -> str:
        """The server's name for itself, with that of a CDN in front of it."""
        headers = self.answer.headers
        return f"{headers.get('server', '')} {headers.get('via', '')}"


def follow(fetch: Fetch, request: Request, resolve: Callable[[str, str], str], most: int) -> Trail:
    """Return the answer at the end of the redirects.

    Args:
        fetch: sends one request.
        request: the first request; those after it differ only in their address.
        resolve: returns the next address from the present one and the `Location` of its answer, or raises an error.
        most: the maximum number of redirects.

    Raises:
        FetchError: a request has no usable answer.
        RedirectError: there are too many redirects.
    """
    redirects: list[Answer] = []
    while is_redirect(answer := fetch(request)):
        redirects.append(answer)
        if len(redirects) > most:
            raise RedirectError(f"there are more than {most} redirects")
        request = replace(request, url=resolve(request.url, answer.headers["location"]))
    return Trail(tuple(redirects), answer)


def is_redirect(answer: Answer) -> bool:
    """Return whether an answer leads to another address."""
    return answer.status in _REDIRECTS and "location" in answer.headers
