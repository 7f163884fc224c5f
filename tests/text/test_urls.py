"""calfeed.text.urls: every spelling of a web address gets the one form that a browser requests."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.commands import run
from support.projects import CALENDAR, LATER, write_files
from support.refusals import check_refusal, refusal_of

from calfeed.diagnostics.problem import InvalidValue
from calfeed.revisions.content_diff import is_same_content
from calfeed.text import markdown
from calfeed.text.hosts import HostError, ascii_host
from calfeed.text.urls import earlier_spelling, normal_url, read_base_url, read_published_url, read_url

# The results of the URL parser of Node.js 20 (`new URL(…).hostname`).
HOSTS = {
    "straße.de": "xn--strae-oqa.de",
    "κλαρα-σωλις.ευ": "xn----ylba7abgd9bnh0e.xn--qxa6a",
    "www.laße.dk": "www.xn--lae-6ka.dk",
    "📻.fm": "xn--xu8h.fm",
    "I♥NY.example": "xn--iny-zx5a.example",
    "ΣΊΣΥΦΟΣ.gr": "xn--kxa6akbbkh.gr",
    "BÜCHER.example": "xn--bcher-kva.example",
    "b%C3%BCcher.example": "xn--bcher-kva.example",
    "a_b.exämple.org": "a_b.xn--exmple-cua.org",
    "-ä-.example": "xn-----via.example",
    "ｅｘａｍｐｌｅ。ｏｒｇ": "example.org",
    "日本語。JP": "xn--wgv71a119e.jp",
    "a\u00adb.example": "ab.example",
    "ä.example.": "xn--4ca.example.",
    "אבג.example": "xn--4dbcd.example",
    "क्\u200cष.example": "xn--11b2ezcs70k.example",
    "نامه\u200cای.example": "xn--mgba3gch31f060k.example",
    # ASCII stays the same, except for capitals.
    "Example.ORG": "example.org",
    "a_b.example": "a_b.example",
    "xn--strae-oqa.de": "xn--strae-oqa.de",
    "2001:DB8::1": "2001:db8::1",
}
REFUSED = {
    "नी\u200cक.example": "it contains U+200C (zero width non-joiner) where it joins nothing; delete it",
    "👩\u200d💻.example": "it contains U+200D (zero width joiner) where it joins nothing; delete it",
    "\u202eä.example": "it contains U+202E (right-to-left override)",
    "℀.example": "",
    "⒈com.example": "it contains U+2488 (digit one full stop)",
    "\u0300a.example": "a part of it begins with U+0300 (combining grave accent)",
    "אבגa.example": "a part of it mixes left-to-right and right-to-left letters",
    "xn--ü.example": "",
    "exa%20mple.org": "",
    "exa%FFmple.org": "",
    "ä^.example": "",
    "ä..example": "",
    "a..example": "",
    "": "",
    "ä" * 63 + ".example": "a part of it has more than 63 characters",
    "a" * 64 + ".example": "a part of it has more than 63 characters",
    "fe80::1%25eth0": "",
    "2001:db8::1::2": "",
    "v1.a:b": "",
}


@pytest.mark.parametrize(("host", "expected"), HOSTS.items())
def test_hosts_match_browsers(host: str, expected: str) -> None:
    """A host becomes the same ASCII as in browsers, and that ASCII does not change again."""
    assert ascii_host(host) == expected
    assert ascii_host(expected) == expected


@pytest.mark.parametrize(("host", "reason"), REFUSED.items())
def test_hosts_that_browsers_refuse(host: str, reason: str) -> None:
    """Hosts that browsers reject are refused, and the reason names the letter at fault if there is one."""
    with pytest.raises(HostError) as refusal:
        ascii_host(host)
    assert str(refusal.value) == reason


@pytest.mark.parametrize("letter", ["a", "ä", "٠", "・漢", "\u200c", "a\u200c", "xn--", "%C3%A4"])
def test_long_hosts_are_refused_quickly(letter: str) -> None:
    """Conversion takes time at most linear in the length of the host."""
    begin = time.process_time()
    with pytest.raises(HostError):
        ascii_host(letter * 100_000)
    assert time.process_time() - begin < 1


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443/x"),
        ("https://[::1]/", "https://[::1]/"),
        ("http://[2001:DB8::A]/?q=ä#ö", "http://[2001:db8::a]/?q=%C3%A4#%C3%B6"),
        ("https://Bücher.example:8080/ä/[b]?x[]=100%#c", "https://xn--bcher-kva.example:8080/%C3%A4/[b]?x[]=100%#c"),
        ("HTTPS://faß.de", "https://xn--fa-hia.de"),
    ],
)
def test_one_form(text: str, url: str) -> None:
    """All spellings of an address get one form, in texts and in keys, and that form does not change again."""
    assert read_url(text) == normal_url(text) == url
    assert read_url(url) == url


@pytest.mark.parametrize(
    ("text", "proposal"),
    [
        ('https://x.org/a"b"/c', "https://x.org/a%22b%22/c"),
        ('https://x.org/a-"b"', "https://x.org/a-%22b%22"),
        ("https://x.org/?a=b|c", "https://x.org/?a=b%7Cc"),
        ("https://x.org/{id}", "https://x.org/%7Bid%7D"),
        ("https://x.org/a^b", "https://x.org/a%5Eb"),
        ("https://x.org/`a`", "https://x.org/%60a%60"),
        ("https://x.org/<a>", "https://x.org/%3Ca%3E"),
        ("https://x.org/a\\b", "https://x.org/a%5Cb"),
        ("https:\\\\x.org\\a", "https://x.org/a"),
        ("https://x.org/a b?ä=ö ü", "https://x.org/a%20b?ä=ö%20ü"),
        ("https://x.org/a\u00a0b", "https://x.org/a%C2%A0b"),
        ('x.org/"a"', "https://x.org/%22a%22"),
        ('"https://x.org/Zürich_(Stadt)"', "https://x.org/Zürich_(Stadt)"),
        ("https://bücher.example/röom?pwd=a%20b%2Bc|d", "https://bücher.example/röom?pwd=a%20b%2Bc%7Cd"),
    ],
)
def test_unfit_characters_are_encoded_in_the_hint(text: str, proposal: str) -> None:
    """The hint for an address with unfit characters proposes one that calfeed can read."""
    with pytest.raises(InvalidValue) as refusal:
        read_url(text)
    assert refusal.value.hint == f"write `{proposal}`"
    assert read_url(proposal).isascii()
    assert read_base_url(proposal.partition("?")[0])


def test_the_message_names_the_refused_letter() -> None:
    """The message names the letter that browsers reject; the hint says where to get the right address."""
    with pytest.raises(InvalidValue) as refusal:
        read_url("https://नी\u200cक.example/")
    assert "U+200C (zero width non-joiner)" in refusal.value.message
    assert "address bar" in refusal.value.hint


EVERYWHERE = """\
summary: Talk
start: 2027-01-12 12:30
duration: 1h
url: {a}
online: {a}
organizer: {{name: N, url: '{a}'}}
venue: {{name: V, url: '{a}'}}
description: "<{a}> [x]({a}) ![y]({a})"
"""


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *((host, HOSTS[host]) for host in ("straße.de", "📻.fm", "ΣΊΣΥΦΟΣ.gr", "a_b.exämple.org", "BÜCHER.example")),
        ("[2001:DB8::1]", "[2001:db8::1]"),
    ],
)
def test_an_address_is_the_same_everywhere(tmp_path: Path, host: str, expected: str) -> None:
    """Feeds, single files, pages, JSON and sitemap contain one form of a host, whichever key or link it came from."""
    calendar = CALENDAR.replace("https://test.example/", f"https://{host}/cal/")
    event = EVERYWHERE.format(a=f"https://{host}/ä")
    write_files(tmp_path / "events", {"calendar.yaml": calendar, "talk.yaml": event})
    assert run("build", str(tmp_path / "events"), "-o", str(tmp_path / "dist")).exit_code == 0
    for path in ("test.ics", "events/talk.ics", "events/talk.html"):
        text = (tmp_path / "dist" / path).read_text("utf-8").replace("\r\n ", "")
        assert f"https://{expected}/%C3%A4" in text, path
        # Readers see an autolink as written; every address has the one form.
        assert f"https://{host}/ä" not in text.replace(f"https://{host}/ä x", "").replace(f">https://{host}/ä<", "")


# -- addresses published with another spelling ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "before"),
    [
        ("https://xn--strae-oqa.de/a?b", "https://strasse.de/a?b"),
        ("https://xn----ylba7abgd9bnh0e.xn--qxa6a/", "https://xn----ylba7abgd9buc7d.xn--qxa6a/"),
        ("https://xn--11b2ezcs70k.example/", "https://xn--11b2ezc.example/"),
        ("https://[2001:db8::1]:8443/x", "https://2001:db8::1:8443/x"),
        ("https://xn--bcher-kva.example:80/", "https://xn--bcher-kva.example:80/"),
        ("https://xn--xu8h.fm/", "https://xn--xu8h.fm/"),
        ("https://xn--0.example/", "https://xn--0.example/"),
        ("https://example.org/a[b]xn--c", "https://example.org/a[b]xn--c"),
    ],
)
def test_the_earlier_spelling(now: str, before: str) -> None:
    """The spelling that an earlier calfeed gave a host is known, and its addresses can still be read."""
    assert earlier_spelling(now) == before
    assert read_published_url(before)


def test_ipv6_brackets_are_restored() -> None:
    """An IPv6 address that was published without brackets gets them back."""
    assert read_published_url("https://2001:db8::1/x") == "https://[2001:db8::1]/x"
    assert read_published_url("https://2001:db8:0:1:2:3:4:5:8443") == "https://[2001:db8:0:1:2:3:4:5]:8443"
    with pytest.raises(InvalidValue):
        read_published_url("https://a:b:c/")


SERIES = """\
summary: Talk
start: 2027-03-02 12:30
duration: 1h
rrule: {freq: weekly, count: 3}
url: https://straße.de/
organizer: {name: N, url: 'https://großmann.example/'}
overrides:
  - {recurrence_id: 2027-03-09, online: 'https://[2001:db8::1]:8443/x'}
"""


def test_a_new_spelling_of_a_host_is_not_a_revision(tmp_path: Path) -> None:
    """An event published with an earlier spelling of hosts keeps its revision, and `diff` reports nothing."""
    events = write_files(tmp_path / "events", {"calendar.yaml": CALENDAR, "talk.yaml": SERIES})
    out = tmp_path / "dist"
    assert run("build", str(events), "-o", str(out)).exit_code == 0
    feed = (out / "test.ics").read_bytes()
    manifest = tmp_path / "earlier.json"
    text = (out / "calfeed.json").read_text("utf-8")
    for spelled in ("https://xn--strae-oqa.de/", "https://xn--gromann-2va.example/", "https://[2001:db8::1]:8443/x"):
        text = text.replace(spelled, earlier_spelling(spelled))
    assert "https://strasse.de/" in text
    manifest.write_text(text.replace('"fingerprint": "1:', '"fingerprint": "1:0'), encoding="utf-8")

    arguments = ("--baseline", str(manifest), "-o", str(out))
    assert run("diff", str(events), *arguments, now=LATER).stdout == ""
    assert run("build", str(events), *arguments, now=LATER).exit_code == 0
    assert (out / "test.ics").read_bytes() == feed

    write_files(events, {"talk.yaml": SERIES.replace("straße", "strasse.www")})
    assert "url: https://strasse.de/ → https://strasse.www.de/" in run("diff", str(events), *arguments).stdout
    (events / "talk.yaml").unlink()
    assert "STATUS:CANCELLED" in _rebuilt(events, out, manifest)


def _rebuilt(events: Path, out: Path, manifest: Path) -> str:
    write_files(events, {"other.yaml": "summary: Other\nstart: 2027-05-05\n"})
    arguments = ("--baseline", str(manifest), "-o", str(out), "--allow-removals")
    result = run("build", str(events), *arguments, now=LATER)
    assert result.exit_code == 0, result.stderr
    return (out / "test.ics").read_text("utf-8")


def test_other_addresses_are_revisions() -> None:
    """Only the spelling of the host is ignored: a different path or host is a change of content."""
    before = {"url": "https://strasse.de/"}
    assert is_same_content({**before}, {"url": "https://xn--strae-oqa.de/"})
    assert not is_same_content({**before}, {"url": "https://xn--strae-oqa.de/a"})
    assert not is_same_content({**before}, {"url": "https://xn--bcher-kva.de/"})
    assert not is_same_content({"url": "https://xn--strae-oqa.de/"}, {"url": "https://strasse.de/"})


def test_invalid_links_are_left_to_markdown() -> None:
    """A link with an invalid host, a user name or another scheme keeps the encoding of the Markdown library."""
    assert normal_url("https://a@b.example/") is None
    assert normal_url("https://नी\u200cक.example/") is None
    assert normal_url("mailto:a@straße.de") is None
    assert '"mailto:a@b.example"' in markdown.to_html("[a](mailto:a@b.example)")
    assert 'href="https://xn--fa-hia.de/a%22b"' in markdown.to_html('[a](<https://faß.de/a"b>)')


WRONG_URLS = {
    "www.x.org": "write `https://www.x.org`",
    "x.org/page?a=b": "write `https://x.org/page?a=b`",
    "<https://x.org/>": "write `https://x.org/`",
    "“https://x.org/”": "write `https://x.org/`",
    "https://x.org/a b": "write `https://x.org/a%20b`",
    "mailto:a@x.org": "write the full address, such as `https://example.org/page`",
    "a@x.org": "write the full address, such as `https://example.org/page`",
    "zoom": "write the full address, such as `https://example.org/page`",
    "javascript:alert(1)": "write the full address, such as `https://example.org/page`",
    "https://[::1": "write the full address, such as `https://example.org/page`",
    "": "write the full address",
    "https://me:secret@x.org": "anyone can read a feed",
}


@pytest.mark.parametrize(("text", "hint"), WRONG_URLS.items())
def test_wrong_urls_get_a_hint(text: str, hint: str) -> None:
    """The hint for an invalid web address proposes the address to write."""
    check_refusal(read_url, text, "bad-url", hint)


@pytest.mark.parametrize(
    ("text", "proposal"),
    [
        ("http://x.org", "https://x.org/"),
        ("http://x", "https://x/"),
        ("http://x.org/a/?b=c#d", "https://x.org/a/"),
        ("https://x.org/a?b", "https://x.org/a/"),
        ("https://x.org/#a", "https://x.org/"),
        ("x.org", "https://x.org/"),
        ("<www.x.org/a?b>", "https://www.x.org/a/"),
    ],
)
def test_the_base_url_is_an_https_folder(text: str, proposal: str) -> None:
    """The address of DIST is https, without query and fragment; the hint corrects one that is close."""
    refusal = refusal_of(read_base_url, text)
    assert refusal.code == "bad-url"
    assert f"write `{proposal}`" in refusal.hint
    assert read_base_url(proposal) == f"{proposal.rstrip('/')}/"


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_url, "a." * 50_000),
        (read_url, "<" * 100_000),
    ],
    ids=["dots", "brackets"],
)
def test_long_values_are_refused_quickly(read: Callable[[str], object], text: str) -> None:
    """Reading takes time at most linear in the length of the value."""
    begin = time.perf_counter()
    assert refusal_of(read, text).hint
    assert time.perf_counter() - begin < 1
