"""calfeed.markdown: what becomes of Markdown where only plain text is shown, and in HTML."""

from __future__ import annotations

import pytest

from calfeed.markdown import to_html, to_page, to_plain


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
    ],
)
def test_plain(text: str, plain: str) -> None:
    """Plain text reads well alone: nothing of the markup is left, and no address is lost."""
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
    """HTML holds what was written, escaped, and only harmless links."""
    assert html == to_html(text)


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
    """On a page headings begin below the page's own, and pictures of other hosts are links."""
    assert html == to_page(text, 3)
