"""calfeed.preview.page: the parts that a preview adds to pages."""

from __future__ import annotations

from pathlib import Path

from support.projects import NOW, TALK, tree, write_events, write_files

from calfeed.pipeline.build import build
from calfeed.pipeline.options import Options
from calfeed.preview.page import HEAD, TOP, fill, format_page, format_report

SCRIPT = '<script src="/.calfeed/reload.js" data-state="s1" defer></script>'


def test_places_are_filled() -> None:
    """Script and style are added to the head, the report to the top of the body."""
    page = fill(f"<head>\n{HEAD}\n</head><body>\n{TOP}\n<p>Õhtu</p></body>\n", "s1", "REPORT")
    style = '<link rel="stylesheet" href="/.calfeed/preview.css">'
    assert page == f"<head>\n{style}{SCRIPT}\n</head><body>\nREPORT\n<p>Õhtu</p></body>\n"


def test_page_without_places() -> None:
    """A page of a custom template that does not extend the original gets everything at its end."""
    page = fill("<p>x", "s1", "REPORT")
    assert page.startswith("<p>x<link ")
    assert page.endswith(f"{SCRIPT}REPORT")


def test_own_page() -> None:
    """The preview's own pages have the same parts."""
    page = format_page("<a>", "BODY", "s1", "REPORT")
    assert "<title>&lt;a&gt;</title><link " in page
    assert f"{SCRIPT}</head>\n<body>REPORTBODY</body>" in page


def test_every_page_of_a_preview_has_the_places(tmp_path: Path) -> None:
    """Preview pages differ from published ones only in the two places, which no text can imitate."""
    events = write_events(tmp_path, talk=f"{TALK}description: '{HEAD}'\n", tour=TALK.replace("Talk", f"'{TOP}'"))
    build(events, tmp_path / "dist", now=NOW)
    build(events, tmp_path / "preview", now=NOW, options=Options(preview=True))
    published, previewed = tree(tmp_path / "dist"), tree(tmp_path / "preview")
    assert published.keys() == previewed.keys()
    for path in (path for path in published if path.endswith(".html")):
        page = previewed[path].decode()
        assert (page.count(HEAD), page.count(TOP)) == (1, 1)
        assert page.replace(f"{HEAD}\n", "").replace(f"{TOP}\n", "").encode() == published[path]


def test_own_templates_keep_the_places(tmp_path: Path) -> None:
    """Custom templates that extend the originals have the places, whichever block they fill."""
    events = write_events(tmp_path, talk=TALK)
    own = '{% extends "calfeed/base.html" %}{% block head %}HEAD{% endblock %}{% block body %}BODY{% endblock %}'
    write_files(events, {"_templates/base.html": own})
    build(events, tmp_path / "preview", now=NOW, options=Options(preview=True))
    page = (tmp_path / "preview" / "index.html").read_text("utf-8")
    assert HEAD in page
    assert TOP in page


def test_report_is_escaped() -> None:
    """The browser executes nothing from the sources."""
    html = format_report("<b>", "summary: <script>alert(1)</script> & \"'")
    assert "<b>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp;" in html
