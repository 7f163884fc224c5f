"""calfeed.preview.inject: what a preview adds to a page, and that a strict policy lets it in and nothing else."""

from __future__ import annotations

import pytest

from calfeed.preview.inject import format_report, inject, widen_policy


@pytest.mark.parametrize(
    ("policy", "widened"),
    [
        pytest.param(
            "default-src 'none'",
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'",
            id="nothing allowed",
        ),
        pytest.param(
            "default-src 'self'",
            "default-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self'",
            id="own origin",
        ),
        pytest.param(
            "default-src 'none'; script-src 'sha256-x'; style-src 'self'; connect-src 'NONE'; img-src 'self' data:",
            "default-src 'none'; script-src 'sha256-x' 'self'; style-src 'self'; connect-src 'self'; "
            "img-src 'self' data:",
            id="each by itself",
        ),
        pytest.param("img-src 'none'", "img-src 'none'", id="nothing said of scripts"),
        pytest.param("script-src-elem 'none'", "script-src-elem 'self'", id="elements"),
        pytest.param("script-src 'none'; script-src *;;", "script-src 'self'", id="the first of two holds"),
    ],
)
def test_policy(policy: str, widened: str) -> None:
    """The policy is widened by the page's own origin for script, style and requests, and by nothing else."""
    assert widen_policy(policy) == widened


def test_page_with_a_policy() -> None:
    """Script and style go into the head, the report to the top of the body, and the policy lets them in."""
    page = (
        "<!doctype html>\n<html lang=en>\n<head>\n"
        '<meta content="default-src &#39;none&#39;" http-equiv=content-security-policy>\n'
        "<title>a page</title></head>\n<body class=x>\n<p>Õhtu</p></body></html>\n"
    )
    assert inject(page, "s1", "REPORT") == (
        "<!doctype html>\n<html lang=en>\n<head>"
        '<link rel="stylesheet" href="/.calfeed/preview.css">'
        '<script src="/.calfeed/reload.js" data-state="s1" defer></script>\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src &#x27;none&#x27;; '
        'script-src &#x27;self&#x27;; style-src &#x27;self&#x27;; connect-src &#x27;self&#x27;">\n'
        "<title>a page</title></head>\n<body class=x>REPORT\n<p>Õhtu</p></body></html>\n"
    )


def test_page_without_head_and_body() -> None:
    """A page that leaves these tags out gets everything at its end."""
    page = inject("<p>x", "s1", "REPORT")
    assert page.startswith("<p>x<link ")
    assert page.endswith("</script>REPORT")


def test_report_is_escaped() -> None:
    """Nothing that stands in the sources is obeyed by the browser."""
    shown = format_report("<b>", "summary: <script>alert(1)</script> & \"'")
    assert "<b>" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp;" in shown
