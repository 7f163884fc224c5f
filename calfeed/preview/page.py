"""What a preview adds to pages: the script that reloads them, and the report when the sources are broken.

A preview build marks two places in every page, by the template `base.html`. Script, style and
the script's requests to the server all have the page's own origin, as its Content-Security-Policy demands.
"""

from __future__ import annotations

from html import escape

PREFIX = ".calfeed/"
"""The folder of a preview's own files; DIST never contains a folder of this name."""
SCRIPT, STYLE, STATE = f"{PREFIX}reload.js", f"{PREFIX}preview.css", f"{PREFIX}state"
HEAD, TOP = "<!-- preview: head -->", "<!-- preview: top -->"
"""The places in a page; texts of events cannot contain them, because they are escaped."""

# Polling, not server-sent events: a browser opens at most six connections to a host, so a seventh tab would hang.
RELOAD = f"""\
"use strict";
{{
  const state = document.currentScript.dataset.state;
  setInterval(async () => {{
    if (document.hidden) return;
    try {{
      const answer = await fetch("/{STATE}", {{ cache: "no-store" }});
      if (answer.ok && (await answer.text()) !== state) location.reload();
    }} catch {{
      // The preview has stopped. The page reloads once it runs again.
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


def fill(page: str, state: str, report: str) -> str:
    """Return a page with the script and the style of previews, and with the report on top if there is one.

    A custom template that does not extend `calfeed/base.html` has no places for them: they are added at its end.

    Args:
        page: HTML.
        state: the state that the page shows; the script reloads the page when the preview's state changes.
        report: HTML of `format_report`, or empty.
    """
    if HEAD not in page:
        return f"{page}{_format_head(state)}{report}"
    return page.replace(HEAD, _format_head(state), 1).replace(TOP, report, 1)


def format_report(headline: str, text: str) -> str:
    """Return a report of problems as HTML."""
    return (
        f'<section class="calfeed-report" role="alert"><h1>{escape(headline)}</h1>'
        f'<pre tabindex="0">{escape(text)}</pre></section>'
    )


def format_page(title: str, body: str, state: str, report: str) -> str:
    """Return a page that the preview itself makes, including the parts that `fill` adds to others."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"{_format_head(state)}</head>\n<body>{report}{body}</body>\n</html>\n"
    )


def _format_head(state: str) -> str:
    return (
        f'<link rel="stylesheet" href="/{STYLE}"><script src="/{SCRIPT}" data-state="{escape(state)}" defer></script>'
    )
