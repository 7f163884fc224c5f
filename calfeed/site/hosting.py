"""Files for the host: headers for hosts that read them from a file, and what search engines request."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from calfeed.artifact import Artifact
from calfeed.model import Project
from calfeed.text.characters import encode_harmless, harmless_line

CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)
"""What a page may load: nothing from other origins, and nothing inline."""

# For Netlify and Cloudflare Pages. The type names the charset: without it Google garbled non-ASCII characters.
_HEADERS = f"""\
/*
  Content-Security-Policy: {CONTENT_POLICY}
  Referrer-Policy: strict-origin-when-cross-origin
  X-Content-Type-Options: nosniff
/*.ics
  Content-Type: text/calendar; charset=utf-8
  Cache-Control: public, max-age=900, must-revalidate
  Access-Control-Allow-Origin: *
  X-Robots-Tag: noindex
/calfeed.json
  Access-Control-Allow-Origin: *
"""
_HTACCESS = f"""\
AddType text/calendar .ics
AddCharset utf-8 .ics .html .css .js
AddType image/svg+xml .svg
ErrorDocument 404 $root404.html
<IfModule mod_headers.c>
  Header set Content-Security-Policy "{CONTENT_POLICY}"
  Header set Referrer-Policy "strict-origin-when-cross-origin"
  Header set X-Content-Type-Options "nosniff"
  <FilesMatch "\\.ics$">
    Header set Cache-Control "public, max-age=900, must-revalidate"
    Header set Access-Control-Allow-Origin "*"
    Header set X-Robots-Tag "noindex"
  </FilesMatch>
</IfModule>
"""


def host_files(listed: Iterable[tuple[str, str | None]], project: Project) -> tuple[Artifact, ...]:
    """Return the files for the host.

    Args:
        listed: the address of every page for search engines, and the day it last changed if that is known.
        project: the project.
    """
    url = None if project.calendar.url is None else harmless_line(project.calendar.url)
    root = "/" if url is None else urlsplit(url).path
    texts = {
        ".htaccess": _HTACCESS.replace("$root", root),
        ".nojekyll": "",
        "_headers": _HEADERS,
        "robots.txt": "User-agent: *\nDisallow:\n" + ("" if url is None else f"\nSitemap: {url}sitemap.xml\n"),
    }
    if url is not None:
        texts["sitemap.xml"] = _sitemap(listed)
    return tuple(Artifact.of(path, encode_harmless(text)) for path, text in texts.items())


def _sitemap(listed: Iterable[tuple[str, str | None]]) -> str:
    """Return a sitemap of the pages: https://www.sitemaps.org/protocol.html."""
    entries = "".join(
        f"<url><loc>{escape(address)}</loc>{'' if changed is None else f'<lastmod>{changed}</lastmod>'}</url>\n"
        for address, changed in ((harmless_line(address), changed) for address, changed in listed)
    )
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    return f"{head}{entries}</urlset>\n"
