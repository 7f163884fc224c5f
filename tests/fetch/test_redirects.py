"""calfeed.fetch.redirects: the answer at the end of redirects, and the answers on the way."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urljoin

import pytest

from calfeed.fetch.http import Answer, Fetch, Request
from calfeed.fetch.redirects import RedirectError, follow

URL = "https://host.example/a"


def web(pages: Mapping[str, tuple[int, dict[str, str]]]) -> Fetch:
    """Return a web of answers by address."""

    def fetch(request: Request) -> Answer:
        status, headers = pages[request.url]
        return Answer(url=request.url, status=status, headers=headers, body=request.method.encode())

    return fetch


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(status: int) -> None:
    """Every redirect is followed with the same method, and kept."""
    fetch = web({URL: (status, {"location": "b"}), "https://host.example/b": (200, {})})
    trail = follow(fetch, Request(url=URL, method="HEAD"), urljoin, 1)
    assert (trail.answer.url, trail.answer.body) == ("https://host.example/b", b"HEAD")
    assert [answer.url for answer in trail.redirects] == [URL]


@pytest.mark.parametrize(("status", "headers"), [(200, {"location": "b"}), (302, {}), (304, {"location": "b"})])
def test_other_answers_are_the_end(status: int, headers: dict[str, str]) -> None:
    """Only a redirect status with a `Location` is followed."""
    trail = follow(web({URL: (status, headers)}), Request(url=URL), urljoin, 1)
    assert (trail.answer.status, trail.redirects) == (status, ())


def test_circles_end() -> None:
    """A loop of redirects ends after the maximum."""
    with pytest.raises(RedirectError, match="more than 3 redirects"):
        follow(web({URL: (302, {"location": URL})}), Request(url=URL), urljoin, 3)
