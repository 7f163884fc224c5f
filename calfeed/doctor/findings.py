"""The findings at a published calendar: their levels, and what to do about each kind at each host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is: a fault loses somebody's events, a warning may."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """The outcome of one check at one or more files; `mend` says what to do, if anything."""

    level: Level
    check: str
    message: str
    where: tuple[str, ...] = ()
    mend: str = ""


# A part of the Server header, in lower case, and the name of the host.
_SERVERS = {
    "github.com": "GitHub Pages",
    "netlify": "Netlify",
    "cloudflare": "Cloudflare",
    "amazons3": "S3",
    "cloudfront": "S3",
    "nginx": "nginx",
    "apache": "Apache",
    "caddy": "Caddy",
}
_HEADERS_FILE = "in the uploaded file `_headers`: `/*.ics`, and indented below it "
_TYPE = "text/calendar; charset=utf-8"
# What to do, by check: in general, and for particular hosts.
_MENDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "manifest": (
        "upload the whole output folder, calfeed.json last, and give the address of that folder",
        {},
    ),
    "answer": (
        "check that the address is right, the host is up, and its certificate is trusted",
        {},
    ),
    "status": ("upload the file, and let everyone read it: no login, no challenge, no blocked countries", {}),
    "head": ("make the host answer HEAD like GET, without the body: Thunderbird sends HEAD first", {}),
    "content-type": (
        f"make the host send `Content-Type: {_TYPE}` for .ics",
        {
            "nginx": "for .ics `types { text/calendar ics; } charset utf-8; charset_types text/calendar;`",
            "Apache": "`AddType text/calendar .ics` and `AddCharset utf-8 .ics` in .htaccess",
            "Caddy": f'`@feeds path *.ics` and `header @feeds Content-Type "{_TYPE}"`',
            "Netlify": f"{_HEADERS_FILE}`Content-Type: {_TYPE}`",
            "Cloudflare": f"{_HEADERS_FILE}`Content-Type: {_TYPE}`",
            "S3": f'upload with `--content-type "{_TYPE}"`, and invalidate the CloudFront cache',
            "GitHub Pages": "GitHub derives the type from the file's ending: the feed's address must end in .ics",
        },
    ),
    "validators": (
        "make the host send an ETag: without one, every client downloads everything every time",
        {
            "nginx": "`etag on;` is the default: look for `etag off`, and for a proxy or `add_header` that drops it",
            "Apache": "`FileETag MTime Size`, and no `Header unset ETag`",
            "S3": "S3 sends an ETag: find out what in front of it drops the header",
        },
    ),
    "conditional": (
        "make the host answer 304 to its own ETag or Last-Modified",
        {
            "Apache": "`DeflateAlterETag NoChange`: otherwise compression makes Apache forget its own ETag",
            "nginx": "look for `if_modified_since off`, and for a program behind nginx that never answers 304",
        },
    ),
    "compression": (
        "make the host compress only on request, and declare it; or switch compression off for .ics",
        {
            "nginx": "`gzip_static` needs .gz files made from the same bytes; never upload a compressed file as .ics",
            "S3": "do not upload compressed files as .ics; let CloudFront compress",
        },
    ),
    "redirects": ("publish the final address, with https: several clients follow no redirects", {}),
    "https": (
        "get a certificate, and publish the address with https: iPhones refuse plain http",
        {"GitHub Pages": "tick `Enforce HTTPS` in the repository's settings, under Pages"},
    ),
    "http": (
        "redirect http to https at the same path: Thunderbird requests webcal:// addresses over http",
        {
            "GitHub Pages": "tick `Enforce HTTPS` in the repository's settings, under Pages",
            "Cloudflare": "switch on `Always Use HTTPS`, under SSL/TLS",
            "S3": "set the viewer protocol policy of CloudFront to `Redirect HTTP to HTTPS`",
            "nginx": "a `server` on port 80 with `return 301 https://$host$request_uri;`",
        },
    ),
    "robots": ("remove the rule from robots.txt: Google has applied it to calendars", {}),
    "user-agents": (
        "let every program in: do not block robots, data centres or programs without JavaScript",
        {"Cloudflare": "switch off Bot Fight Mode, and skip all challenges where the path ends in .ics"},
    ),
    "bytes": (
        "upload everything again, calfeed.json last, and clear the caches in front of the host",
        {
            "Cloudflare": "upload everything again, then purge the cache",
            "S3": "upload everything again, then `aws cloudfront create-invalidation --paths '/*'`",
        },
    ),
    "size": ("offer smaller feeds under `feeds:` of calendar.yaml, by `categories` or with `from` and `to`", {}),
    "not-found": (
        "answer 404 for missing files; otherwise programs take a web page, or nothing, for your calendar",
        {
            "nginx": "`try_files $uri $uri/ =404;`, not a page at the end",
            "Apache": "remove the rewrite rule that sends everything to one page, or exempt .ics from it",
            "Caddy": "remove `try_files … /index.html`",
            "Netlify": "remove `/* /index.html 200` from `_redirects`",
            "Cloudflare": "upload a 404.html: without it, every address returns the first page",
            "S3": "let CloudFront list the bucket (s3:ListBucket), so that S3 says 404; "
            "no error page with status 200 in CloudFront",
        },
    ),
    "calendar": ("build and upload again; if that does not help, something changes the file in transit", {}),
    "times": ("build and upload again; if that does not help, something changes the file in transit", {}),
}


def ok(check: str, message: str, *where: str) -> Finding:
    """Return the finding that a check passed."""
    return Finding(level=Level.OK, check=check, message=message, where=where)


def risk(check: str, message: str, server: str, *where: str) -> Finding:
    """Return a warning, with what to do about it at this server."""
    return Finding(level=Level.WARNING, check=check, message=message, where=where, mend=_mend(check, server))


def fault(check: str, message: str, server: str, *where: str) -> Finding:
    """Return a fault, with what to do about it at this server."""
    return Finding(level=Level.FAULT, check=check, message=message, where=where, mend=_mend(check, server))


def merge(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings in order, merging equal ones for several files."""
    merged: dict[tuple[Level, str, str, str], tuple[str, ...]] = {}
    for finding in findings:
        key = (finding.level, finding.check, finding.message, finding.mend)
        merged[key] = (*merged.get(key, ()), *finding.where)
    return tuple(
        Finding(level=level, check=check, message=message, where=tuple(dict.fromkeys(where)), mend=mend)
        for (level, check, message, mend), where in merged.items()
    )


def _mend(check: str, server: str) -> str:
    general, by_host = _MENDS[check]
    for part, name in _SERVERS.items():
        if part in server.lower() and name in by_host:
            return f"{name}: {by_host[name]}"
    return general
