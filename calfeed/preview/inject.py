"""Adds to a page of a preview the script that reloads it, and the report when the sources are broken.

A page's Content-Security-Policy may allow none of this. So the script, the style and the script's requests to the
server all have the page's own origin, and the policy is widened by `'self'` for these three and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser
from itertools import accumulate

PREFIX = ".calfeed/"
"""The folder of a preview's own files: DIST never holds one of this name."""
SCRIPT, STYLE, STATE = f"{PREFIX}reload.js", f"{PREFIX}preview.css", f"{PREFIX}state"

# Polling, not server-sent events: a browser opens at most six connections to a host, so a seventh tab would hang.
RELOAD = f"""\
"use strict";
{{
  const shown = document.currentScript.dataset.state;
  setInterval(async () => {{
    if (document.hidden) return;
    try {{
      const answer = await fetch("/{STATE}", {{ cache: "no-store" }});
      if (answer.ok && (await answer.text()) !== shown) location.reload();
    }} catch {{
      // The preview was ended. If it begins again, so does the page.
    }}
  }}, 1000);
}}
"""
LOOK = """\
.calfeed-report { margin: 0; padding: 1rem; border-bottom: 4px solid #b00020; background: #fff; color: #1a1a1a; }
.calfeed-report h1 { margin: 0 0 0.5rem; font: bold 1.1rem system-ui, sans-serif; color: #b00020; }
.calfeed-report pre { margin: 0; overflow-x: auto; font: 0.9rem/1.4 ui-monospace, monospace; }
.calfeed-files { padding: 1rem; font: 1rem/1.6 system-ui, sans-serif; }
"""
# If a page has script-src-elem or style-src-elem, they take precedence over script-src and style-src.
_WIDENED = ("script-src", "style-src", "connect-src")
_WIDENED_IF_THERE = ("script-src-elem", "style-src-elem")


def inject(page: str, state: str, report: str) -> str:
    """Return a page with the script and the style of previews, and with the report on top if there is one.

    Args:
        page: HTML.
        state: the state that the page shows; the script reloads the page when the preview's state changes.
        report: HTML of `format_report`, or empty.
    """
    places = _Places(page)
    head = (
        f'<link rel="stylesheet" href="/{STYLE}"><script src="/{SCRIPT}" data-state="{escape(state)}" defer></script>'
    )
    inserted = [
        *places.policies,
        (places.body_end, places.body_end, report),
        (places.head_end, places.head_end, head),
    ]
    for begin, end, text in sorted(inserted, key=lambda item: item[0], reverse=True):
        page = page[:begin] + text + page[end:]
    return page


def format_report(headline: str, text: str) -> str:
    """Return a report of problems as HTML."""
    return (
        f'<section class="calfeed-report" role="alert"><h1>{escape(headline)}</h1>'
        f'<pre tabindex="0">{escape(text)}</pre></section>'
    )


def format_page(title: str, body: str) -> str:
    """Return a page of the preview's own."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{escape(title)}</title></head>\n'
        f"<body>{body}</body>\n</html>\n"
    )


def widen_policy(policy: str) -> str:
    """Return a Content-Security-Policy that also allows scripts, styles and requests of the page's own origin.

    Source: https://www.w3.org/TR/CSP3/#directive-fallbacks
    """
    directives: dict[str, list[str]] = {}
    for part in policy.split(";"):
        name, *sources = part.split() or [""]
        if name:
            directives.setdefault(name.lower(), sources)  # of duplicates the first counts
    for name in (*_WIDENED, *(name for name in _WIDENED_IF_THERE if name in directives)):
        allowed = directives.get(name, directives.get("default-src"))
        if allowed is not None:
            kept = [source for source in allowed if source.lower() not in ("'none'", "'self'")]
            directives[name] = [*kept, "'self'"]
    return "; ".join(" ".join([name, *sources]) for name, sources in directives.items())


class _Places(HTMLParser):
    """Where to insert into a page: after `<head>` and `<body>`, or at the end of a page without them."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self._line_starts = [0, *accumulate(len(line) + 1 for line in page.split("\n"))]
        self.policies: list[tuple[int, int, str]] = []
        self.head_end = self.body_end = len(page)
        self._seen: set[str] = set()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that matters; of `<head>` and `<body>` only the first."""
        line, column = self.getpos()
        begin = self._line_starts[line - 1] + column
        end = begin + len(self.get_starttag_text() or "")
        if tag == "meta":
            self.policies += [(begin, end, widened) for widened in _widen_meta(dict(attrs))]
        elif tag == "head" and tag not in self._seen:
            self.head_end = end
        elif tag == "body" and tag not in self._seen:
            self.body_end = end
        self._seen.add(tag)


def _widen_meta(attributes: dict[str, str | None]) -> Iterator[str]:
    if (attributes.get("http-equiv") or "").lower() == "content-security-policy":
        policy = widen_policy(attributes.get("content") or "")
        yield f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">'
