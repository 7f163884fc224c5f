"""Render CommonMark as plain text and as HTML, because calendars show one or the other; raw HTML becomes text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from html import escape
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from calfeed.text import found_urls
from calfeed.text.characters import harmless
from calfeed.text.urls import normal_url

# Anything that CommonMark might not treat as text: its punctuation, entities, the start of a block, and white space
# other than a plain space or a line break.
_MARKUP = re.compile(r"[\\`*_\[\]<>&!~]|[^\S \n]|(?m:^ *(?:[-+#=]|\d+[.)]))|(?m:^ {4})|(?m:  $)")
# What a calendar can open: a complete address.
_LINK = re.compile(r"https?://|mailto:|tel:", re.IGNORECASE)
# References to characters that end a line. They become line breaks, as these characters do in sources.
_BREAK = re.compile(r"&(?:NewLine|#0{0,5}(?:10|133|823[23])|#[xX]0{0,5}(?:[aA]|85|202[89]));")
_MAX_DELIMITERS = 200
"""How many delimiters to search backwards for an emphasis that may end with the address."""
_QUOTE = '"'
# The part of an address before its host, as browsers read it: they treat a backslash as a slash.
_USER = re.compile(r"https?:[/\\]*[^/\\?#]*@", re.IGNORECASE)


def to_html(text: str) -> str:
    """Return a Markdown text as HTML; links with schemes other than http, https, mailto and tel remain text."""
    if _MARKUP.search(text):
        parser = _parser()
        return harmless(str(parser.renderer.render(_parse(text), parser.options, {})).strip())
    lines = ("\n".join(line.strip(" ") for line in paragraph.split("\n")) for paragraph in _paragraphs(text))
    show = _linked if "://" in text else _escaped
    return "\n".join(f"<p>{show(paragraph)}</p>" for paragraph in lines)


def to_page(text: str, level: int) -> str:
    """Return a Markdown text as part of a web page.

    Its headings start at `level`, without gaps. A picture becomes a link: a page loads nothing from other hosts.
    """
    if not _MARKUP.search(text):
        return to_html(text)
    tokens = _parse(text)
    heading_tags = sorted({token.tag for token in tokens if token.type == "heading_open"})
    levels = {tag: f"h{min(6, level + number)}" for number, tag in enumerate(heading_tags)}
    releveled = [token.copy(tag=levels.get(token.tag, token.tag)) for token in tokens]
    parser = _page_parser()
    return harmless(str(parser.renderer.render(releveled, parser.options, {})).strip())


@lru_cache(maxsize=64)  # pages show the plain text of an event in several places
def to_plain(text: str) -> str:
    """Return a Markdown text as plain text: emphasis dropped, links as `label (address)`, lists with hyphens.

    An empty line separates paragraphs; the lines of a paragraph are joined, as in HTML.
    """
    if _MARKUP.search(text):
        return harmless(_blocks(_parse(text)))
    return "\n\n".join(" ".join(line.strip(" ") for line in paragraph.split("\n")) for paragraph in _paragraphs(text))


def find_user_name(text: str) -> str | None:
    """Return the first address in a Markdown text with a user name, which can make it look like a different host."""
    if "@" not in text and "&" not in text:  # a character reference may stand for `@`
        return None
    tokens = (token for block in _parse(text) for token in (block.children or ()))
    addresses = (str(token.attrGet("href") or token.attrGet("src") or "") for token in tokens)
    return next((address for address in addresses if _USER.match(address)), None)


def joined_lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield each line of a paragraph that is joined to the next line, and that next line."""
    if _MARKUP.search(text):
        paragraphs = [token.content for token in _parse(text) if token.type == "inline"]
    else:
        paragraphs = _paragraphs(text)
    for paragraph in paragraphs:
        for line, following in pairwise(paragraph.split("\n")):
            if not line.endswith(("\\", "  ")):
                yield line.strip(), following.strip()


def _escaped(text: str) -> str:
    return escape(text, quote=False).replace(_QUOTE, "&quot;")


def _link_to(address: str) -> str:
    return f'<a href="{_escaped(_parser().normalizeLink(address))}">{_escaped(address)}</a>'


def _linked(text: str) -> str:
    """Return a text without markup as HTML, with its web addresses linked."""
    parts, end = [], 0
    for begin, following in found_urls.find_addresses(text):
        address = text[begin:following]
        if found_urls.is_linkable(address):
            parts += [_escaped(text[end:begin]), _link_to(address)]
            end = following
    return "".join([*parts, _escaped(text[end:])])


def _paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text without markup."""
    return [part for part in re.split(r"\n *\n[ \n]*", text.strip(" \n")) if part]


@lru_cache(maxsize=4096)  # an event's file and page use the same text
def _parse(text: str) -> list[Token]:
    return _parser().parse(text)


@cache
def _parser() -> MarkdownIt:
    return _new_parser()


def _new_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False})
    default = parser.normalizeLink
    # An address has the same form wherever it is written; other links keep the library's form.
    parser.normalizeLink = lambda url: normal_url(url) or default(url)  # type: ignore[method-assign]
    parser.validateLink = lambda url: _LINK.match(url) is not None  # type: ignore[method-assign]
    # Show an address as written: decoded, it could contain anything.
    parser.normalizeLinkText = lambda link: link  # type: ignore[method-assign]
    parser.inline.ruler.after("text", "web_address", _web_address)
    parser.inline.ruler.before("entity", "break_reference", _break_reference)
    return parser


def _web_address(state: StateInline, silent: bool) -> bool:
    """Parse a web address verbatim, before the rules for its characters; in the label of a link it stays text."""
    if found_urls.is_behind_backslash(state.src, state.pos):
        state.pending += "" if silent else "\\"
        state.pos += 1
        return True
    begin = found_urls.begin_at_colon(state.src, state.pos)
    if begin is None:
        return False
    end = found_urls.end_of(state.src, begin, state.posMax)
    if not silent:
        scheme = state.src[begin : state.pos]
        if not state.pending.endswith(scheme):
            return False  # it is part of something else
        end = _before_emphasis_ends(state, begin, end)
        address = state.src[begin:end]
        state.pending = state.pending.removesuffix(scheme)
        if found_urls.is_linkable(address) and not state.linkLevel:
            opened = state.push("link_open", "a", 1)
            opened.attrs = {"href": state.md.normalizeLink(address)}
            opened.info = "auto"
            state.push("text", "", 0).content = address
            state.push("link_close", "a", -1).info = "auto"
        else:
            state.pending += address
    state.pos = end
    return True


def _before_emphasis_ends(state: StateInline, begin: int, end: int) -> int:
    """Return the end of an address, excluding trailing marks that close an emphasis opened before it."""
    opened = {"*": 0, "_": 0}
    if state.src[end - 1] not in opened:
        return end
    for delimiter in state.delimiters[-_MAX_DELIMITERS:]:
        mark = chr(delimiter.marker)
        if mark in opened:
            is_end = delimiter.close and opened[mark]
            opened[mark] += -1 if is_end else int(delimiter.open)
    trimmed = end
    while trimmed > begin and opened.get(state.src[trimmed - 1], 0):
        opened[state.src[trimmed - 1]] -= 1
        trimmed -= 1
    return end if trimmed == end else found_urls.trim(state.src, begin, trimmed)


def _break_reference(state: StateInline, silent: bool) -> bool:
    """Parse a character reference to a line break as a line break."""
    match = _BREAK.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        state.push("hardbreak", "br", 0)
    state.pos = match.end()
    return True


@cache
def _page_parser() -> MarkdownIt:
    parser = _new_parser()
    parser.add_render_rule("image", _image_as_link)
    return parser


def _image_as_link(
    _renderer: RendererProtocol, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    image = tokens[index]
    label, address = escape(image.content or str(image.attrGet("src"))), escape(str(image.attrGet("src")))
    opened = sum(token.nesting for token in tokens[:index] if token.type in ("link_open", "link_close"))
    return label if opened else f'<a href="{address}">{label}</a>'


def _blocks(tokens: Sequence[Token]) -> str:
    """Return the text of each block on separate lines; list items have a marker and an indentation."""
    lines: list[str] = []
    marks: list[str] = []  # of the open items: "- " or "3. ", outermost first
    counters: list[int | None] = []
    fresh_item = False
    for token in tokens:
        kind = token.type
        if kind in ("bullet_list_open", "ordered_list_open"):
            counters.append(int(token.attrGet("start") or 1) if kind == "ordered_list_open" else None)
        elif kind in ("bullet_list_close", "ordered_list_close"):
            counters.pop()
        elif kind == "list_item_open":
            number = counters[-1]
            marks.append("- " if number is None else f"{number}. ")
            counters[-1] = None if number is None else number + 1
            fresh_item = True
        elif kind == "list_item_close":
            marks.pop()
        elif kind in ("inline", "fence", "code_block", "hr"):
            body = _inline(token.children or []) if kind == "inline" else token.content.rstrip("\n")
            indent = "".join(" " * len(outer) for outer in marks[:-1])
            mark = marks[-1] if marks else ""
            if lines and not (fresh_item and _continues_list(lines[-1])):
                lines.append("")
            first = f"{indent}{mark if fresh_item else ' ' * len(mark)}"
            rest = f"{indent}{' ' * len(mark)}"
            body_lines = ("—" if kind == "hr" else body).split("\n")
            lines += [f"{first}{body_lines[0]}", *(f"{rest}{line}" for line in body_lines[1:])]
            fresh_item = False
    return "\n".join(lines)


def _continues_list(line: str) -> bool:
    return re.match(r"\s*(?:- |\d+\. )", line) is not None


def _inline(tokens: Sequence[Token]) -> str:
    parts: list[str] = []
    links: list[tuple[str, int]] = []  # address, and where its label begins in `parts`
    for token in tokens:
        if token.type == "link_open":
            links.append((str(token.attrGet("href") or ""), len(parts)))
        elif token.type == "link_close":
            address, begin = links.pop()
            label = "".join(parts[begin:])
            if token.info == "auto" or label == address or _parser().normalizeLink(label) == address:
                parts[begin:] = [label.removeprefix("mailto:")]
            elif address != f"mailto:{label}":
                parts.append(f" ({address})")
        elif token.type == "softbreak":
            parts.append(" ")
        elif token.type == "hardbreak":
            parts.append("\n")
        else:
            parts.append(token.content)
    return "".join(parts)
