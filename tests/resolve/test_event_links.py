"""The `links` of events: in the feed, on the page, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.commands import run
from support.projects import NOW, TALK, load_event, tree, write_events

from calfeed.model import EventLink, Rel
from calfeed.pipeline.build import build

LINKS = """\
links:
  - {rel: programme, url: https://x.example/programme}
  - {rel: register, url: https://x.example/register}
  - {rel: tickets, url: https://x.example/tickets, name: "<Seats>"}
"""


def test_links_are_read_in_order(tmp_path: Path) -> None:
    """Links keep their order; `more` is the usual kind, kinds are read in any case, and twins count once."""
    text = f"{TALK}links: [{{url: https://x.example/b}}, {{rel: MAP, url: https://x.example/a}}, {{url: https://x.example/b}}]\n"
    assert load_event(tmp_path, text).links == (
        EventLink(url="https://x.example/b"),
        EventLink(url="https://x.example/a", rel=Rel.MAP),
    )


@pytest.mark.parametrize("rel", Rel)
def test_every_kind_has_a_label(rel: Rel) -> None:
    """Each kind of link has words for people, which a name replaces."""
    assert EventLink(url="https://x.example/", rel=rel).label[0].isupper()
    assert EventLink(url="https://x.example/", rel=rel, name="Here").label == "Here"


@pytest.mark.parametrize(
    ("status", "call"), [("confirmed", "Register"), ("tentative", "Register"), ("cancelled", None), ("postponed", None)]
)
def test_the_page_calls_to_register(tmp_path: Path, status: str, call: str | None) -> None:
    """The first link to register or to buy tickets is a button, if the event takes place; the others are a list."""
    root = write_events(tmp_path, talk=f"{TALK}status: {status}\n{LINKS}")
    build(root, tmp_path / "dist", now=NOW)
    page = tree(tmp_path / "dist")["events/talk.html"].decode()
    button = '<a class="button" href="https://x.example/register"><bdi>Register</bdi></a>'
    assert (button in page) is (call is not None)
    assert page.count("https://x.example/register") >= 1
    assert '<li><a href="https://x.example/tickets"><bdi>&lt;Seats&gt;</bdi></a></li>' in page


def test_a_changed_link_is_a_revision(tmp_path: Path) -> None:
    """Subscribers see links, so a change of one raises SEQUENCE, and `diff` shows it."""
    root = write_events(tmp_path, talk=TALK + LINKS)
    build(root, tmp_path / "dist", now=NOW)
    (root / "talk.yaml").write_text(TALK + LINKS.replace("/register", "/sign-up"), encoding="utf-8")
    shown = run("diff", str(root), "-o", str(tmp_path / "dist")).stdout
    assert "https://x.example/sign-up" in shown
    build(root, tmp_path / "dist", now=NOW)
    assert b"\r\nSEQUENCE:1\r\n" in tree(tmp_path / "dist")["events/talk.ics"]


def test_show_lists_links(tmp_path: Path) -> None:
    """`calfeed show` prints each link with its kind or name."""
    root = write_events(tmp_path, talk=TALK + LINKS)
    shown = run("show", "talk", str(root)).stdout
    assert "register https://x.example/register, <Seats> https://x.example/tickets" in shown


@pytest.mark.parametrize(
    ("links", "code"),
    [
        ("[{rel: slides}]", "missing-key"),
        ("[{url: ftp://x.example/}]", "bad-url"),
        ("[{url: https://x.example/, rel: photo}]", "bad-rel"),
        ("[{url: https://x.example/, title: X}]", "unknown-key"),
        ("https://x.example/", "wrong-type"),
        ("[https://x.example/]", "wrong-type"),
    ],
)
def test_wrong_links_are_errors(tmp_path: Path, links: str, code: str) -> None:
    """What is wrong with a link is an error at its line, with a hint."""
    root = write_events(tmp_path, talk=f"{TALK}links: {links}\n")
    checked = run("check", str(root))
    assert checked.exit_code == 1
    assert f"[{code}]" in checked.stdout
    assert "talk.yaml:" in checked.stdout
