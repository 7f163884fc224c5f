"""calfeed.text.markdown: Markdown as plain text and as HTML."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.projects import NOW, load_event

from calfeed.formats.ics import render_event
from calfeed.revisions.revise import revise
from calfeed.text.markdown import joined_lines, to_html, to_page, to_plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        pytest.param("One line", "One line", id="text"),
        pytest.param("Two\nlines", "Two lines", id="soft break"),
        pytest.param("Two  \nlines", "Two\nlines", id="hard break"),
        pytest.param("One\n\n\nTwo", "One\n\nTwo", id="paragraphs"),
        pytest.param("*a* **b** `c*`", "a b c*", id="emphasis"),
        pytest.param("[label](https://x.example/)", "label (https://x.example/)", id="link"),
        pytest.param("<https://x.example/>", "https://x.example/", id="autolink"),
        pytest.param("[https://x.example/](https://x.example/)", "https://x.example/", id="link to itself"),
        pytest.param("<a@x.example>", "a@x.example", id="mail"),
        pytest.param("# Title\nText", "Title\n\nText", id="heading"),
        pytest.param("- a\n- b\n  - c", "- a\n- b\n  - c", id="list"),
        pytest.param("3. a\n4. b", "3. a\n4. b", id="numbers"),
        pytest.param("- a\n\n  more\n- b", "- a\n\n  more\n\n- b", id="paragraph in a list"),
        pytest.param("a\n\n- b\n\nc", "a\n\n- b\n\nc", id="list between paragraphs"),
        pytest.param("```\nx = 1\n  y\n```", "x = 1\n  y", id="code"),
        pytest.param("![a map](https://x.example/map.png)", "a map", id="image"),
        pytest.param("[x](/there) [y](foo:bar)", "[x](/there) [y](foo:bar)", id="addresses that lead nowhere are text"),
        pytest.param("<mailto:a@x.example>", "a@x.example", id="mail with its scheme"),
        pytest.param("> quoted", "quoted", id="quotation"),
        pytest.param("<b>bold</b> & <script>x</script>", "<b>bold</b> & <script>x</script>", id="HTML is text"),
        pytest.param("[x](javascript:alert(1))", "[x](javascript:alert(1))", id="script is no link"),
        pytest.param("5 < 6 &amp; 7", "5 < 6 & 7", id="entity"),
        pytest.param(
            "<https://x.example/%0D%0AEND:VEVENT>", "https://x.example/%0D%0AEND:VEVENT", id="encoded autolink"
        ),
        pytest.param(
            "[a https://x.example/_b_](https://y.example)",
            "a https://x.example/_b_ (https://y.example)",
            id="in a label",
        ),
        pytest.param("[https://x.example/õ](https://x.example/õ)", "https://x.example/õ", id="link to itself, encoded"),
    ],
)
def test_plain(text: str, plain: str) -> None:
    """Plain text has no markup left, and loses no address."""
    assert plain == to_plain(text)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        pytest.param("One\n\nTwo & *three*", "<p>One</p>\n<p>Two &amp; <em>three</em></p>", id="text"),
        pytest.param("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>", id="HTML is escaped"),
        pytest.param("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>", id="script is no link"),
        pytest.param("a \"b\" 'c'", "<p>a &quot;b&quot; 'c'</p>", id="quotes"),
    ],
)
def test_html(text: str, html: str) -> None:
    """HTML contains the text as written, escaped, and only harmless links."""
    assert html == to_html(text)


ADDRESSES = [
    "https://docs.google.com/document/d/1aB-_cDeFg_/edit",
    "https://youtu.be/_abc-def_",
    "https://x.example/*/b*",
    "https://x.example/~~u~~",
    "https://x.example/?a=1&copy;=2&lt=3&amp;b",
    r"https://x.example/a\_b\.c",
    "https://x.example/a*b*c",
    "https://x.example/__init__.py",
    "https://x.example/?q[a](b)",
    "https://en.wikipedia.org/wiki/Tallinn_(city)",
    "https://x.example/**a**/`"[:-1],
    "https://x.example/?filter[]=_a_&filter[]=_b_",
    "https://[2001:db8::1]:8080/_a_",
    "http://x.example",
    "HTTPS://X.Example/_A_",
    "https://x.example/õ_õ_/日本_語_",
    "https://x.example/#:~:text=_a_,*b*",
    "https://x.example/!important_!_a",
    "https://user_name_.x.example/%20_%2A_",
]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(
    ("form", "plain"),
    [
        pytest.param("{}", "{}", id="alone"),
        pytest.param("See {} there.", "See {} there.", id="in a sentence"),
        pytest.param("See {}.", "See {}.", id="at its end"),
        pytest.param("({}), or", "({}), or", id="in brackets"),
        pytest.param("see **{}** a", "see {} a", id="in emphasis"),
        pytest.param("- {}\n- b", "- {}\n- b", id="in a list"),
        pytest.param('> {} "x"', '{} "x"', id="in a quotation"),
        pytest.param("# {}", "{}", id="in a heading"),
        pytest.param("\\{}", "\\{}", id="behind a backslash"),
        pytest.param("“{}”", "“{}”", id="in quotation marks"),
        pytest.param("{}\\\nb", "{}\nb", id="before a hard break"),
        pytest.param("看{}。看", "看{}。看", id="in Chinese"),
        pytest.param("*a* {} *b*", "a {} b", id="between emphases"),
    ],
)
def test_addresses_keep_their_letters(address: str, form: str, plain: str) -> None:
    """A web address is label character by character and linked, even if it contains Markdown syntax."""
    text = form.format(address)
    assert to_plain(text) == plain.format(address)
    for html in (to_html(text), to_page(text, 2)):
        label = address.replace("&", "&amp;")
        assert re.search(rf'<a href="[^"]+">{re.escape(label)}</a>', html)


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("https://x.example/a.", "https://x.example/a"),
        ("https://x.example/a?!", "https://x.example/a"),
        ("(https://x.example/a)", "https://x.example/a"),
        ("(see https://x.example/a_(b)).", "https://x.example/a_(b)"),
        ("[see https://x.example/a]", "https://x.example/a"),
        ("*https://x.example/a*", "https://x.example/a"),
        ("**see (https://x.example/a).**", "https://x.example/a"),
        ("_https://x.example/a_b_", "https://x.example/a_b"),
        ("<b>https://x.example/a</b>", "https://x.example/a"),
        ('"https://x.example/a"', "https://x.example/a"),
        ("https://x.example/a`b`", "https://x.example/a"),
        ("https://x.example/a;", "https://x.example/a"),
        ("https://x.example/a\\", "https://x.example/a"),
        ("git+https://x.example/a", "https://x.example/a"),
    ],
)
def test_where_an_address_ends(text: str, linked: str) -> None:
    """Punctuation, brackets and emphasis around an address are not part of it."""
    assert re.findall('href="([^"]+)"', to_html(text)) == [linked]


@pytest.mark.parametrize(
    "text",
    ["https://", "https://…", "xhttps://x.example", "`https://x.example/_a_`", "    https://x.example",
     "ftp://x.example", "https:/x", "https://*.example.org/*"],
)  # fmt: skip
def test_texts_that_are_not_linked(text: str) -> None:
    """Addresses in code, without a host or with another scheme are not linked."""
    assert "<a" not in to_html(f"x\n\n{text}")


def test_an_address_in_a_label_is_text() -> None:
    """Links do not nest: an address in the label of a link is not linked."""
    assert to_html("[see https://a.example/_x_](https://b.example/)") == (
        '<p><a href="https://b.example/">see https://a.example/_x_</a></p>'
    )


PIECES = [*"/ab.,()=?é';… \n", "https://", "http://", "x.example", "b c", "\n\n", '"']


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_texts_with_and_without_markup_are_alike(text: str) -> None:
    """Text without markup, which skips the parser, gives the same result as the parser, addresses included."""
    with_markup = f"{text}\n\n*end*"
    html = to_html(text)
    assert to_html(with_markup) == f"{html}\n<p><em>end</em></p>".lstrip("\n")
    assert to_plain(with_markup) == f"{to_plain(text)}\n\nend".lstrip("\n")


@pytest.mark.parametrize("key", ["url", "online", "organizer"])
def test_addresses_of_keys_are_linked_whole(tmp_path: Path, key: str) -> None:
    """An event's HTML links the whole address of the event, of its organizer, and to join it."""
    address = "https://en.wikipedia.org/wiki/Tallinn_(city);a,b)?c=(d."
    value = f"{{name: Museum, url: '{address}'}}" if key == "organizer" else f"'{address}'"
    event = load_event(tmp_path, f"summary: T\nstart: 2027-05-18\ndescription: x\n{key}: {value}\n")
    ((revised,), _) = revise([event], {}, NOW)
    vevent = render_event(revised).own_lines.replace(b"\r\n ", b"").replace(b"\\;", b";").replace(b"\\,", b",").decode()
    assert f'<a href="{address}">{address}</a>' in vevent


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("a\nb", [("a", "b")]),
        ("a\nb\n\nc", [("a", "b")]),
        ("a\\\nb", []),
        ("a  \nb", []),
        ("- a\n- b\n  c", [("b", "c")]),
        ("*a*\nb", [("*a*", "b")]),
        ("```\na\nb\n```", []),
    ],
)
def test_joined_lines(text: str, joined: list[tuple[str, str]]) -> None:
    """The lines of a paragraph are joined, except at a marked break."""
    assert list(joined_lines(text)) == joined


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Plain & simple", "<p>Plain &amp; simple</p>"),
        ("# One\n\n### Three", "<h3>One</h3>\n<h4>Three</h4>"),
        ("## Two\n\ntext", "<h3>Two</h3>\n<p>text</p>"),
        ("![A *map*](https://a.example/x.png)", '<p><a href="https://a.example/x.png">A *map*</a></p>'),
        ("![](https://a.example/x.png)", '<p><a href="https://a.example/x.png">https://a.example/x.png</a></p>'),
        (
            "[![Map](https://a.example/x.png)](https://b.example)",
            '<p><a href="https://b.example">Map</a></p>',
        ),
        ("![x](javascript:alert(1))", "<p>![x](javascript:alert(1))</p>"),
        ("<img src=x onerror=alert(1)>", "<p>&lt;img src=x onerror=alert(1)&gt;</p>"),
    ],
)
def test_to_page(text: str, html: str) -> None:
    """On a page, headings begin below those of the page, and pictures from other hosts become links."""
    assert html == to_page(text, 3)
