"""SVG as a logo: accept only drawings that run and fetch nothing, and leave out comments and metadata.

Scripts, event handlers and foreign content are refused, and so are references, except to parts of the file and to
pictures embedded in it. An image in a page runs no scripts, but the same file opened at its own address would.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.parsers import expat

from calfeed.pictures.limits import PictureError, broken

_SEPARATOR = "\n"  # between namespace and name; namespaces contain none, because XML turns it into a space
_SVG = "http://www.w3.org/2000/svg"
_XLINK, _XML = "http://www.w3.org/1999/xlink", "http://www.w3.org/XML/1998/namespace"
# Browsers act on elements of these namespaces anywhere in a file.
_ACTIVE_NAMESPACES = frozenset({"http://www.w3.org/1999/xhtml", "http://www.w3.org/1998/Math/MathML"})
_ACTIVE_ATTRIBUTES = "http://www.w3.org/2001/xml-events"
# SVG 2, with filters, masks and animation, but without elements that run or play something or contain another language:
# `script`, `foreignObject`, `handler`, `audio`, `video`, `iframe`, `canvas` and any future ones.
_ELEMENTS = frozenset({
    *("a", "circle", "clipPath", "defs", "desc", "ellipse", "g", "hatch", "hatchpath", "image", "line",
      "linearGradient", "marker", "mask", "mesh", "meshgradient", "meshpatch", "meshrow", "metadata", "path",
      "pattern", "polygon", "polyline", "radialGradient", "rect", "solidcolor", "stop", "style", "svg", "switch",
      "symbol", "use", "view"),
    *("animate", "animateColor", "animateMotion", "animateTransform", "cursor", "color-profile", "discard", "mpath",
      "set"),
    *("feBlend", "feColorMatrix", "feComponentTransfer", "feComposite", "feConvolveMatrix", "feDiffuseLighting",
      "feDisplacementMap", "feDistantLight", "feDropShadow", "feFlood", "feFuncA", "feFuncB", "feFuncG", "feFuncR",
      "feGaussianBlur", "feImage", "feMerge", "feMergeNode", "feMorphology", "feOffset", "fePointLight",
      "feSpecularLighting", "feSpotLight", "feTile", "feTurbulence", "filter"),
    *("flowPara", "flowRegion", "flowRoot", "flowSpan", "font", "font-face", "font-face-name", "font-face-src",
      "glyph", "hkern", "missing-glyph", "text", "textPath", "title", "tref", "tspan", "vkern"),
})  # fmt: skip
_REFERENCES = frozenset({"href", "src", "ping"})
_INERT = ("id", "class", "data-", "aria-")
"""Prefixes of attributes that contain names and texts, never a style."""
_FRAGMENT = re.compile(r"\s*#[\w.:-]+\s*")
_EMBEDDED = re.compile(r"data:image/(png|jpeg|jpg|gif|webp|avif);base64,([A-Za-z0-9+/=\s]*)", re.ASCII | re.IGNORECASE)
_URL = re.compile(r"url\(", re.ASCII | re.IGNORECASE)
_ADDRESS = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([^)]*))""")
# CSS that fetches an address without url(), or can hide one: `\` can spell any letter.
_FETCHING = re.compile(
    r"@import|image-set\(|\bimage\(|\bsrc\(|expression\(|javascript:|behavior:|-moz-binding|\\",
    re.ASCII | re.IGNORECASE,
)
_TAG_NAME = re.compile(rb"<([^\s/>]+)")

EmbeddedCheck = Callable[[str, str], bool]
"""Called with the format and base64 of an embedded picture; returns whether it can be published unchanged."""


def clean_svg(data: bytes, is_clean: EmbeddedCheck) -> bytes:
    """Return an SVG without comments, processing instructions and `metadata`.

    Raises:
        PictureError: it is not an SVG, is not UTF-8, or contains something that a logo must not.
    """
    try:
        data.decode()
    except UnicodeDecodeError as cause:
        raise broken("it is not UTF-8") from cause
    return _Reading(data, is_clean).cleaned()


class _Reading:
    """One pass over an SVG: refuses unsafe content, and records the byte ranges to leave out."""

    def __init__(self, data: bytes, is_clean: EmbeddedCheck) -> None:
        self._data = data
        self._is_clean = is_clean
        self._elements: list[str] = []
        self._metadata: tuple[int, int] | None = None
        """The offset of the outermost `metadata`, and the number of elements that enclose it."""
        self._style: list[str] = []
        self._left_out: list[tuple[int, int, bytes]] = []
        # The encoding is fixed, so that the file is read as by a browser that gets the encoding from the host.
        self._parser = parser = expat.ParserCreate("utf-8", _SEPARATOR)
        parser.buffer_text = True
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.CommentHandler = self._comment
        parser.ProcessingInstructionHandler = self._instruction

    def cleaned(self) -> bytes:
        """Return the SVG as published.

        Raises:
            PictureError: it must not be published.
        """
        try:
            self._parser.Parse(self._data, True)
        except expat.ExpatError as cause:
            raise broken(f"line {cause.lineno} is not XML ({expat.ErrorString(cause.code)})") from cause
        parts, at = [], 0
        for begin, end, instead in self._left_out:
            parts += [self._data[at:begin], instead]
            at = end
        return b"".join((*parts, self._data[at:]))

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in ("utf-8", "us-ascii"):
            raise broken(f"it declares the encoding {encoding} instead of UTF-8")

    def _doctype(self, *_parts: object) -> None:
        raise _unsafe("a DOCTYPE", "delete the line that begins with `<!DOCTYPE`, or save it as plain SVG")

    def _start(self, full_name: str, attributes: dict[str, str]) -> None:
        namespace, name = _split(full_name)
        if not self._elements and (namespace, name) != (_SVG, "svg"):
            raise broken(f'it does not begin with `<svg xmlns="{_SVG}">`')
        if self._metadata is None and self._elements and (namespace, name) == (_SVG, "metadata"):
            self._metadata = self._parser.CurrentByteIndex, len(self._elements)
        if self._metadata is None:
            if namespace in _ACTIVE_NAMESPACES or (namespace == _SVG and name not in _ELEMENTS):
                raise _unsafe(f"`<{name}>`")
            for full, value in attributes.items():
                self._check_attribute(namespace, *_split(full), value)
        self._elements.append(full_name)

    def _check_attribute(self, owner: str, namespace: str, name: str, value: str) -> None:
        if namespace == _ACTIVE_ATTRIBUTES or (not namespace and _is_handler(name)):
            raise _unsafe(f"the event handler `{name}`")
        if (namespace, name) == (_XML, "base"):
            raise _unsafe("`xml:base`")
        if namespace in ("", _XLINK) and name.lower() in _REFERENCES:
            self._check_reference(value)
        elif not namespace and owner == _SVG:
            if name == "attributeName" and _is_active(value.rpartition(":")[2].strip()):
                raise _unsafe(f"an animation of `{value.strip()}`")
            if not name.startswith(_INERT):
                self._check_css(value)

    def _check_reference(self, value: str) -> None:
        if _FRAGMENT.fullmatch(value):
            return
        embedded = _EMBEDDED.fullmatch(value.strip())
        if embedded is None:
            raise _unsafe(f"a reference to `{value.strip()[:60]}`", "embed the picture, or draw it in the file itself")
        if not self._is_clean(embedded[1].lower(), embedded[2]):
            hint = "remove the metadata from the embedded picture, and embed it again"
            raise PictureError(
                "private-image", "embeds a picture with metadata, which may reveal places and people", hint
            )

    def _check_css(self, text: str) -> None:
        match = _FETCHING.search(text)
        if match is not None:
            raise _unsafe(f"`{match[0]}` in a style")
        for match in _URL.finditer(text):  # each separately: one that seems to be inside another may not be
            address = _ADDRESS.match(text, match.end())
            self._check_reference(address[address.lastindex or 0] if address else "")

    def _text(self, text: str) -> None:
        if self._elements and self._elements[-1] == f"{_SVG}{_SEPARATOR}style":
            self._style.append(text)

    def _end(self, full_name: str) -> None:
        self._elements.pop()
        if full_name == f"{_SVG}{_SEPARATOR}style":
            self._check_css("".join(self._style))
            self._style.clear()
        if self._metadata is not None and self._metadata[1] == len(self._elements):
            begin = self._metadata[0]
            at = self._parser.CurrentByteIndex
            # The parser gives the end of an empty element, but the start of the end tag of any other.
            end = self._data.index(b">", at) + 1 if self._data.startswith(b"</", at) else at
            tag = _TAG_NAME.match(self._data, begin)
            self._leave_out(begin, end, b"<%s/>" % tag[1] if tag else b"")
            self._metadata = None

    def _comment(self, _text: str) -> None:
        begin = self._parser.CurrentByteIndex
        self._leave_out(begin, self._data.index(b"-->", begin) + 3, b"")

    def _instruction(self, target: str, _data: str) -> None:
        if target.lower() == "xml-stylesheet":
            raise _unsafe("a reference to a style sheet", "put the styles into the file itself")
        begin = self._parser.CurrentByteIndex
        self._leave_out(begin, self._data.index(b"?>", begin) + 2, b"")

    def _leave_out(self, begin: int, end: int, instead: bytes) -> None:
        """Record a byte range to leave out, replacing any ranges recorded within it."""
        self._left_out = [left_out for left_out in self._left_out if left_out[0] < begin]
        self._left_out.append((begin, end, instead))


def _split(full: str) -> tuple[str, str]:
    """Return the namespace (empty if there is none) and the name."""
    namespace, _, name = full.rpartition(_SEPARATOR)
    return namespace, name


def _is_handler(name: str) -> bool:
    return name.lower().startswith("on")


def _is_active(name: str) -> bool:
    """Return whether an animation of this attribute could run or fetch something."""
    return _is_handler(name) or name.lower() in _REFERENCES


def _unsafe(what: str, hint: str = "remove it, or save the drawing as plain SVG or as PNG") -> PictureError:
    return PictureError("unsafe-image", f"contains {what}, but a logo must only be a drawing", hint)
