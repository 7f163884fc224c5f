"""Published pictures: only pictures, without metadata, with unchanged pixels, colours and orientation."""

from __future__ import annotations

import base64
import random
import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps, PngImagePlugin
from support.commands import run
from support.projects import CALENDAR, DOT, LATER, NOW, TALK, tree, write_events, write_files

from calfeed.diagnostics.problem import SourceError
from calfeed.pictures.kinds import check_ending, cleaned
from calfeed.pictures.limits import MAX_BYTES, PictureError
from calfeed.pictures.names import trouble_with_name
from calfeed.pipeline.build import build
from calfeed.publish.headers import content_type_of
from calfeed.resolve.load import load

SECRET = "SECRET"  # noqa: S105 - what must not be published
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{}</svg>'
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{SECRET}</x:xmpmeta>".encode()
ORIENTATION, GPS, MAKER, ARTIST = 0x0112, 0x8825, 0x927C, 0x013B


# -- pictures with everything that cameras and programs add -----------------------------------------------------


def gradient(mode: str = "RGB") -> Image.Image:
    """Return a small picture with corners of different colours, so that a wrong orientation is visible."""
    image = Image.new("RGB", (24, 16))
    for x in range(24):
        for y in range(16):
            image.putpixel((x, y), (x * 10, y * 15, (x * y) % 256))
    return image.convert(mode)


def exif(orientation: int = 6) -> Image.Exif:
    """Return the Exif of a phone: its orientation, place and owner."""
    block = Image.Exif()
    block[ORIENTATION] = orientation
    block[ARTIST] = SECRET
    block.get_ifd(GPS)[2] = (59.0, 26.0, 14.0)
    block.get_ifd(GPS)[29] = SECRET
    block.get_ifd(0x8769)[MAKER] = SECRET.encode()
    return block


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    """Return an image as a file."""
    file = BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def png(**options: object) -> bytes:
    """Return a PNG with texts of all three kinds, Exif, a profile, and bytes after its end."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", SECRET)
    texts.add_text("Author", SECRET, zip=True)
    texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
    texts.add(b"tIME", bytes(7))
    texts.add(b"prVt", SECRET.encode())
    given = {"pnginfo": texts, "exif": exif(), "icc_profile": PROFILE, "dpi": (300, 300), **options}
    return saved(gradient(), "PNG", **given) + SECRET.encode()


def jpeg(mode: str = "RGB", **options: object) -> bytes:
    """Return a JPEG with Exif, XMP, a comment, a thumbnail, IPTC, and bytes after its end."""
    given = {"exif": exif(), "icc_profile": PROFILE, "comment": SECRET, "xmp": XMP, "dpi": (300, 300), **options}
    data = saved(gradient(mode), "JPEG", **given)
    thumbnail = segment(0xE0, b"JFXX\0\x10" + SECRET.encode())
    added = [segment(0xED, b"Photoshop 3.0\0" + SECRET.encode())]
    added += [segment(0xEF, SECRET.encode()), segment(0xFE, SECRET.encode()), thumbnail]
    return data[:2] + b"".join(added) + data[2:] + SECRET.encode()


def segment(marker: int, body: bytes) -> bytes:
    """Return a segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def gif() -> bytes:
    """Return an animated GIF with a comment, XMP, a text, application data, and bytes after its end."""
    frames = [gradient("P"), gradient("P").rotate(180)]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], loop=3, duration=[100, 250])
    secret = bytes((len(SECRET),)) + SECRET.encode() + b"\0"
    start = 13 + 3 * 2 ** ((data[10] & 7) + 1)
    added = b"!\xfe" + secret + b"!\xff\x0bXMP DataXMP" + secret + b"!\xff\x0bSECRETSECRE" + secret
    added += b"!\x01\x0c" + bytes(12) + secret + b"!\x99" + secret
    return data[:start] + added + data[start:] + SECRET.encode()


def webp(**options: object) -> bytes:
    """Return a WebP with Exif, XMP, a profile, an unknown chunk, and bytes after its end."""
    data = saved(gradient(), "WEBP", **{"exif": exif(), "xmp": XMP, "icc_profile": PROFILE, **options})
    chunk = b"SCRT" + struct.pack("<I", 6) + SECRET.encode()
    return data[:4] + struct.pack("<I", len(data) - 8 + len(chunk)) + data[8:] + chunk + SECRET.encode()


def animated_webp() -> bytes:
    """Return an animated WebP with Exif, and with an unknown chunk inside a frame."""
    frames = [gradient(), gradient().rotate(180)]
    options = {"save_all": True, "append_images": frames[1:], "lossless": True, "loop": 2, "duration": [100, 250]}
    data = saved(frames[0], "WEBP", **options, exif=exif())
    at = data.index(b"ANMF")
    length = struct.unpack_from("<I", data, at + 4)[0]
    chunk = b"SCRT" + struct.pack("<I", 6) + SECRET.encode()
    end = at + 8 + length
    data = data[: at + 4] + struct.pack("<I", length + len(chunk)) + data[at + 8 : end] + chunk + data[end:]
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def apng() -> bytes:
    """Return an animated PNG with a text."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", SECRET)
    frames = [gradient(), gradient().rotate(180)]
    options = {"save_all": True, "append_images": frames[1:], "loop": 2, "duration": [100, 250]}
    return saved(frames[0], "PNG", pnginfo=texts, **options)


def avif(**options: object) -> bytes:
    """Return an AVIF."""
    return saved(gradient(), "AVIF", quality=60, **options)


PICTURES: dict[str, Callable[[], bytes]] = {
    "png": png,
    "png paletted": lambda: saved(gradient("P"), "PNG", exif=exif(3), transparency=0) + SECRET.encode(),
    "png gray": lambda: saved(gradient("LA"), "PNG", exif=exif(8)),
    "png animated": apng,
    "jpeg": jpeg,
    "jpeg progressive": lambda: jpeg(progressive=True),
    "jpeg with restarts": lambda: jpeg(restart_marker_blocks=1),
    "jpeg gray": lambda: jpeg("L", icc_profile=None),
    "jpeg cmyk": lambda: jpeg("CMYK", icc_profile=None),
    "gif": gif,
    "webp": webp,
    "webp lossless": lambda: webp(lossless=True),
    "webp animated": animated_webp,
    "webp simple": lambda: saved(gradient(), "WEBP"),
}
made = {name: make() for name, make in PICTURES.items()} | {"avif": avif(icc_profile=PROFILE), "gif dot": DOT.encode()}


def file_of(name: str) -> str:
    """Return the file name of one of the pictures."""
    return f"x.{name.partition(' ')[0]}"


def published(name: str) -> bytes:
    """Return one of the pictures as published."""
    return cleaned(file_of(name), made[name])


def frames(data: bytes) -> list[bytes]:
    """Return the pixels of each frame, oriented as a viewer shows them."""
    image = Image.open(BytesIO(data))
    pixels = []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        pixels.append(ImageOps.exif_transpose(image).convert("RGBA").tobytes())
    return pixels


@pytest.mark.parametrize("name", made)
def test_visible_parts_are_kept(name: str) -> None:
    """Pixels, orientation, colour profile and animation are exactly those of the file."""
    before, after = made[name], published(name)
    assert frames(after) == frames(before)
    one, other = Image.open(BytesIO(before)), Image.open(BytesIO(after))
    assert (other.size, other.mode, other.format) == (one.size, one.mode, one.format)
    for key in ("icc_profile", "loop", "duration", "transparency", "dpi", "adobe_transform", "background"):
        assert other.info.get(key) == one.info.get(key), key


@pytest.mark.parametrize("name", made)
def test_nothing_else_is_kept(name: str) -> None:
    """No text, place, thumbnail or name that a camera or program added is published."""
    after = published(name)
    assert SECRET.encode() not in after
    image = Image.open(BytesIO(after))
    kept = {"icc_profile", "exif", "loop", "duration", "transparency", "dpi", "gamma", "srgb", "version", "timestamp"}
    kept |= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "adobe", "adobe_transform", "background", "extension"}
    kept |= {"progressive", "progression", "default_image", "disposal", "blend", "bbox"}
    assert set(image.info) <= kept
    assert set(image.getexif()) <= {ORIENTATION}
    assert "xmp" not in image.info


@pytest.mark.parametrize("name", [name for name in made if name != "avif"])
def test_cleaning_twice_changes_nothing(name: str) -> None:
    """A published picture is published again unchanged, and so is any picture without metadata."""
    after = published(name)
    assert cleaned(file_of(name), after) == after


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_every_orientation(form: str, orientation: int) -> None:
    """A picture is shown in the orientation that its Exif gives; an upright picture needs no Exif."""
    before = saved(gradient(), form, exif=exif(orientation))
    after = cleaned(f"x.{form.lower()}", before)
    assert frames(after) == frames(before)
    assert Image.open(BytesIO(after)).getexif().get(ORIENTATION, 1) == orientation
    assert (b"Exif" in after or b"eXIf" in after or b"EXIF" in after) == (orientation != 1)


@pytest.mark.parametrize("endian", ["<", ">"])
@pytest.mark.parametrize(
    ("kind", "count", "value", "expected"),
    [(3, 1, 6, 6), (4, 1, 6, 6), (3, 1, 0, 1), (3, 1, 9, 1), (3, 2, 6, 1), (2, 1, 6, 1)],
)
def test_exif_of_both_kinds(endian: str, kind: int, count: int, value: int, expected: int) -> None:
    """Exif is read in both byte orders; an invalid orientation is left out with the rest."""
    packed = struct.pack(f"{endian}{'I' if kind == 4 else 'H2x'}", value)
    head = struct.pack(f"{endian}2sHI", b"II" if endian == "<" else b"MM", 42, 8)
    block = head + struct.pack(f"{endian}H", 1) + struct.pack(f"{endian}HHI", ORIENTATION, kind, count) + packed
    data = saved(gradient(), "JPEG")
    after = cleaned("x.jpg", data[:2] + segment(0xE1, b"Exif\0\0" + block + bytes(4)) + data[2:])
    assert Image.open(BytesIO(after)).getexif().get(ORIENTATION, 1) == expected


def test_the_first_exif_counts() -> None:
    """If there are several Exif blocks, the first one gives the orientation."""
    data = saved(gradient(), "JPEG", exif=exif(1))
    second = segment(0xE1, b"Exif\0\0" + exif(6).tobytes().removeprefix(b"Exif\0\0"))
    end = data.index(b"\xff\xdb")
    assert b"Exif" not in cleaned("x.jpg", data[:end] + second + data[end:])


def test_a_jpeg_keeps_no_thumbnail() -> None:
    """The thumbnails in JFIF and MPF may show parts that were cropped later; they are left out."""
    data = saved(gradient(), "JPEG")
    thumbnail = b"JFIF\0\x01\x01\x00\x00\x01\x00\x01\x01\x02" + b"SECRET"
    others = segment(0xE2, b"MPF\0" + SECRET.encode())
    changed = data[:2] + segment(0xE0, thumbnail) + others + data[2 + 2 + struct.unpack_from(">H", data, 4)[0] :]
    after = cleaned("x.jpg", changed)
    assert frames(after) == frames(data)
    assert SECRET.encode() not in after


def test_chunks_of_a_wrong_length_are_removed() -> None:
    """A chunk of a PNG that decoders skip because of its length is not published."""
    data = saved(gradient(), "PNG")
    body = b"gAMA" + SECRET.encode()
    chunk = struct.pack(">I", len(SECRET)) + body + struct.pack(">I", zlib.crc32(body))
    assert cleaned("x.png", data[:33] + chunk + data[33:]) == cleaned("x.png", data)


@pytest.mark.parametrize("added", [{"exif": exif()}, {"xmp": XMP}], ids=["exif", "xmp"])
def test_avif_with_metadata(added: dict[str, object]) -> None:
    """An AVIF that contains Exif or XMP is refused: calfeed removes nothing from an AVIF."""
    with pytest.raises(PictureError) as caught:
        cleaned("x.avif", avif(**added))
    assert caught.value.code == "private-image"
    assert "without metadata" in caught.value.hint


@pytest.mark.parametrize("kind", [b"uuid", b"free", b"udta"])
def test_avif_with_other_parts(kind: bytes) -> None:
    """An AVIF with a part that is not a picture is refused, and bytes after its end are left out."""
    data = avif()
    assert cleaned("x.avif", data + b"SECRET") == data
    with pytest.raises(PictureError) as caught:
        cleaned("x.avif", data + struct.pack(">I4s", 14, kind) + SECRET.encode())
    assert caught.value.code == "private-image"


def test_an_animated_avif() -> None:
    """An animated AVIF is accepted, too."""
    data = avif(save_all=True, append_images=[gradient().rotate(180)])
    assert cleaned("x.avif", data) == data


# -- damaged and oversized pictures -----------------------------------------------------------------------------


def accepted(file: str, data: bytes) -> bytes | None:
    """Return a picture as published; None if it is refused with a message."""
    try:
        return cleaned(file, data)
    except PictureError as refusal:
        if not (refusal.code and refusal.message and refusal.hint):
            raise
        return None


@pytest.mark.parametrize("name", made)
def test_truncated(name: str) -> None:
    """A picture truncated at any point is refused, never with a traceback."""
    data = published(name)
    step = max(1, len(data) // 300)
    for length in range(0, len(data), step):
        with pytest.raises(PictureError) as caught:
            cleaned(file_of(name), data[:length])
        assert caught.value.code in ("broken-image", "wrong-image")
        assert caught.value.hint


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(made)), st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=8)), max_size=6))
def test_damaged(name: str, edits: list[tuple[float, bytes]]) -> None:
    """Any bytes are either refused, or the published picture is published again unchanged."""
    data = bytearray(made[name])
    for where, instead in edits:
        at = int(where * len(data))
        data[at : at + len(instead)] = instead
    file = file_of(name)
    after = accepted(file, bytes(data))
    assert after is None or accepted(file, after) == after


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["png", "jpg", "gif", "webp", "avif", "svg"]), st.binary(max_size=200))
def test_any_bytes(ending: str, data: bytes) -> None:
    """Random bytes after the signature of a picture are refused with a message, or are a picture."""
    signatures = {"png": b"\x89PNG\r\n\x1a\n", "jpg": b"\xff\xd8\xff", "gif": b"GIF89a", "svg": b"<svg"}
    signatures |= {"webp": b"RIFF\xff\0\0\0WEBPVP8X", "avif": b"\0\0\0\x14ftypavif\0\0\0\0avif\0\0\0\x40meta"}
    accepted(f"x.{ending}", signatures[ending] + data)


def huge() -> dict[str, bytes]:
    """Return small files of pictures that are too large to show or decode."""
    png_head = b"IHDR" + struct.pack(">II", 30_000, 30_000) + b"\x08\0\0\0\0"
    data = saved(gradient(), "PNG")
    files = {"png": data[:12] + png_head + struct.pack(">I", zlib.crc32(png_head)) + data[33:]}
    data = saved(gradient(), "JPEG")
    at = data.index(b"\xff\xc0")
    files["jpg"] = data[: at + 5] + struct.pack(">HH", 30_000, 30_000) + data[at + 9 :]
    files["gif"] = DOT.encode()[:6] + struct.pack("<HH", 30_000, 30_000) + DOT.encode()[10:]
    frame = DOT.encode().index(b",")
    files["frame.gif"] = DOT.encode()[: frame + 5] + struct.pack("<HH", 30_000, 30_000) + DOT.encode()[frame + 9 :]
    data = saved(gradient(), "WEBP", exif=exif())
    files["webp"] = data[:24] + (29_999).to_bytes(3, "little") + (29_999).to_bytes(3, "little") + data[30:]
    data = avif()
    at = data.index(b"ispe") + 8
    files["avif"] = data[:at] + struct.pack(">II", 30_000, 30_000) + data[at + 8 :]
    return files


@pytest.mark.parametrize(("name", "data"), huge().items(), ids=list(huge()))
def test_too_many_pixels(name: str, data: bytes) -> None:
    """A picture of 900 million pixels is refused because of its header."""
    with pytest.raises(PictureError) as caught:
        cleaned(f"x.{name}", data)
    assert caught.value.code == "large-image"
    assert caught.value.message == "has 30,000 × 30,000 pixels"


# -- drawings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        "<g xmlns:h='http://www.w3.org/1999/xhtml'><h:script>alert(1)</h:script></g>",
        "<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'/></foreignObject>",
        "<handler xmlns:ev='http://www.w3.org/2001/xml-events' ev:event='load'/>",
        "<iframe/>",
        "<circle onload='alert(1)'/>",
        "<circle ONCLICK='alert(1)'/>",
        "<a href='javascript:alert(1)'><circle/></a>",
        "<a href='&#x6a;avascript:alert(1)'><circle/></a>",
        "<a href=' https://evil.example/'><circle/></a>",
        "<a href='/admin'><circle/></a>",
        "<a href='#a' ping='https://evil.example/'><circle/></a>",
        "<image href='https://evil.example/x.png'/>",
        "<image xmlns:x='http://www.w3.org/1999/xlink' x:href='//evil.example/x.png'/>",
        "<image href='data:image/svg+xml;base64,PHN2Zy8+'/>",
        "<image href='data:text/html,x'/>",
        "<use href='data:application/xml,x'/>",
        "<use href='sprites.svg#a'/>",
        "<a><set attributeName='href' to='javascript:alert(1)'/></a>",
        "<a><animate attributeName=' xlink:href ' values='javascript:alert(1)'/></a>",
        "<set attributeName='onclick' to='alert(1)'/>",
        "<rect fill='url(https://evil.example/x.svg#a)'/>",
        "<rect fill='url( &quot;//evil.example/x.svg#a&quot; )'/>",
        "<rect style='background: URL(https://evil.example/x)'/>",
        "<rect style='fill: u\\72l(https://evil.example/x)'/>",
        "<rect style=\"content: &quot;url('#a&quot;; fill: url(https://evil.example/x)/*'*/\"/>",
        "<animate attributeName='fill' values='red;url(https://evil.example/x)'/>",
        "<style>@import 'https://evil.example/x.css';</style>",
        "<style>@im<![CDATA[port 'https://evil.example/x.css';]]></style>",
        "<style>rect { fill: url(https://evil.example/x) }</style>",
        "<style>rect { mask: -webkit-image-set('https://evil.example/x' 1x) }</style>",
        "<style>@font-face { font-family: a; src: url(data:font/woff2;base64,AA==) }</style>",
        "<rect xml:base='https://evil.example/' fill='url(#a)'/>",
    ],
)
def test_drawings_that_do_something(inside: str) -> None:
    """A logo that could run or fetch anything is refused."""
    with pytest.raises(PictureError) as caught:
        cleaned("logo.svg", SVG.format(inside).encode())
    assert caught.value.code == "unsafe-image"


@pytest.mark.parametrize(
    "before",
    [
        "<!DOCTYPE svg>",
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">',
        '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
        "<?xml-stylesheet href='https://evil.example/x.css'?>",
        "<?xml-stylesheet type='text/xsl' href='#x'?>",
    ],
)
def test_drawings_that_begin_with_more(before: str) -> None:
    """A DOCTYPE, which may define entities and name other files, and an external style sheet are refused."""
    with pytest.raises(PictureError) as caught:
        cleaned("logo.svg", (before + SVG.format("<text>x</text>")).encode())
    assert caught.value.code == "unsafe-image"


PIXEL = base64.b64encode(saved(gradient(), "PNG")).decode()


@pytest.mark.parametrize(
    "inside",
    [
        "<defs><linearGradient id='a'/></defs><rect fill='url(#a)'/><use href='#a'/>",
        "<style>/* colours */ rect { fill: url('#a'); stroke: url( &quot;#b&quot; ) }</style><rect class='b'/>",
        f"<image href='data:image/png;base64,{PIXEL}'/>",
        f"<image xmlns:x='http://www.w3.org/1999/xlink' x:href='data:image/png;base64,{PIXEL[:60]}\n {PIXEL[60:]}'/>",
        "<a href='#top'><text aria-label='a \\ b'>onclick=alert(1) &lt;script&gt; javascript:</text></a>",
        "<i:namedview xmlns:i='http://www.inkscape.org/namespaces/inkscape' i:path='C:\\logo.png' i:onload='x'/>",
        "<animateTransform attributeName='transform' from='0' to='360'/>",
    ],
)
def test_drawings(inside: str) -> None:
    """A drawing is published unchanged, with gradients, styles, animations, and embedded pictures."""
    data = SVG.format(inside).encode()
    assert cleaned("logo.svg", data) == data
    assert cleaned("logo.SVG", b"\xef\xbb\xbf<?xml version='1.0' encoding='UTF-8'?>\r\n" + data).endswith(data)


@pytest.mark.parametrize(
    ("inside", "left"),
    [
        ("<!-- SECRET --><g/><!--SECRET-->", "<g/>"),
        ("<g><?SECRET x?></g>", "<g></g>"),
        ("<metadata id='m'><!-- a --><r:RDF xmlns:r='urn:r' r:x='SECRET'/></metadata><g/>", "<metadata/><g/>"),
        ("<metadata SECRET='a>b'/><g/>", "<metadata/><g/>"),
        (
            "<s:metadata xmlns:s='http://www.w3.org/2000/svg'><s:metadata>SECRET</s:metadata></s:metadata >õ",
            "<s:metadata/>õ",
        ),
    ],
)
def test_metadata_of_drawings(inside: str, left: str) -> None:
    """Comments, instructions and `metadata` of a drawing are left out; nothing else changes."""
    before = "<!-- SECRET --><?xpacket SECRET?>"
    assert cleaned("l.svg", (before + SVG.format(inside) + "<!--SECRET-->").encode()) == SVG.format(left).encode()


def test_metadata_of_embedded_pictures() -> None:
    """A picture embedded in a drawing must not have metadata, either."""
    inside = f"<image href='data:image/jpeg;base64,{base64.b64encode(jpeg()).decode()}'/>"
    with pytest.raises(PictureError) as caught:
        cleaned("logo.svg", SVG.format(inside).encode())
    assert caught.value.code == "private-image"


@pytest.mark.parametrize(
    "data",
    [
        b"<svg/>",
        b"<svg xmlns='http://www.w3.org/1999/xhtml'/>",
        b"<html xmlns='http://www.w3.org/1999/xhtml'><svg xmlns='http://www.w3.org/2000/svg'/></html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'>",
        b"<svg xmlns='http://www.w3.org/2000/svg'>&nbsp;</svg>",
        b"<svg xmlns='http://www.w3.org/2000/svg'>\xe4</svg>",
        b"<?xml version='1.0' encoding='utf-7'?><svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<?xml version='1.0' encoding='latin-1'?><svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
)
def test_invalid_drawings_are_refused(data: bytes) -> None:
    """A file without an SVG root, that is not well-formed, or that declares another encoding than UTF-8 is refused."""
    with pytest.raises(PictureError) as caught:
        cleaned("logo.svg", data)
    assert caught.value.code == "broken-image"


# -- publishing pictures ----------------------------------------------------------------------------------------


def refusals(root: Path) -> list[str]:
    """Return the codes of the errors of a folder of events."""
    with pytest.raises(SourceError) as caught:
        load(root)
    assert all(problem.hint and problem.mark.line > 0 for problem in caught.value.problems)
    return [problem.code for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ("x.php", "wrong-image"),
        ("evil.html", "wrong-image"),
        ("x.js", "wrong-image"),
        ("calendar.yaml", "wrong-image"),
        ("x.svg", "wrong-image"),
        ("x.png.php", "wrong-image"),
        ("png", "wrong-image"),
        ("x.png", "wrong-image"),  # a script
        ("page.gif", "wrong-image"),  # a script
        (".htaccess", "bad-path"),
        (".env", "bad-path"),
        (".git/config", "bad-path"),
        (".git/x.gif", "bad-path"),
        ("a/.b/c.gif", "bad-path"),
        ("con.gif", "bad-path"),
        ("COM1.x.gif", "bad-path"),
        ("nul /x.gif", "bad-path"),
        ("lpt³.gif", "bad-path"),
        ("a./x.gif", "bad-path"),
        ("a /x.gif", "bad-path"),
        ("who?.gif", "bad-path"),
        ("a|b.gif", "bad-path"),
        ("x.php.gif", "bad-path"),
        ("x.pHp5.v2.gif", "bad-path"),
        ("x.shtml.gif", "bad-path"),
    ],
)
def test_only_pictures(tmp_path: Path, image: str, code: str) -> None:
    """A file is published only if its name and content are a picture's, and every host can store its name."""
    root = write_events(tmp_path, talk=f"{TALK}image: '{image}'\n")
    text = DOT if image.endswith(".gif") and "page" not in image else "<?php system($_GET['c']); // alert(1)"
    if not (root / image).exists():
        write_files(root, {image: text})
    assert refusals(root) == [code]
    result = run("build", str(root), "-o", str(tmp_path / "dist"))
    assert result.exit_code == 1
    assert f"events/talk.yaml:4:8: error: `{image}` " in result.stderr.replace(str(tmp_path) + "/", "")
    assert not (tmp_path / "dist").exists()


@pytest.mark.parametrize(
    "names",
    [
        ("A.gif", "a.gif"),
        ("caf\u00e9.gif", "cafe\u0301.gif"),
        ("Stra\u00dfe.gif", "strasse.gif"),
        ("Maps/a.gif", "maps/b.gif"),
        ("x.gif", "X.GIF/y.gif"),
    ],
)
def test_twins(tmp_path: Path, names: tuple[str, str]) -> None:
    """Two pictures with the same name on Windows or a Mac are reported once, at the second."""
    texts = {name: f"{TALK}image: {path}\n" for name, path in zip(("one", "two"), names, strict=True)}
    root = write_events(tmp_path, **texts)
    write_files(root, dict.fromkeys(names, DOT))
    assert refusals(root) == ["twin-images"]


def test_a_picture_of_many_events(tmp_path: Path) -> None:
    """A picture that several events use is published once; a bad one is reported at each event."""
    root = write_events(tmp_path, one=f"{TALK}image: a.gif\n", two=f"{TALK}image: ./a.gif\n")
    write_files(root, {"a.gif": DOT})
    assert [image.path for image in load(root).images] == ["images/a.gif"]
    (root / "a.gif").write_bytes(DOT.encode()[:-1])
    assert refusals(root) == ["broken-image", "broken-image"]


def test_a_picture_and_a_logo(tmp_path: Path) -> None:
    """A drawing can be the logo but not the picture of an event, even if it is the same file."""
    root = write_events(tmp_path, talk=f"{TALK}image: a.svg\n")
    write_files(root, {"a.svg": SVG.format(""), "calendar.yaml": f"{CALENDAR}theme: {{logo: a.svg}}\n"})
    assert refusals(root) == ["wrong-image"]
    write_files(root, {"talk.yaml": TALK})
    assert [image.data.decode() for image in load(root).images] == [SVG.format("")]


@pytest.mark.parametrize(("name", "hint"), [("x.jpg", "`x.png`"), ("x.gif", "`x.png`"), ("a.b.webp", "`a.b.png`")])
def test_wrong_extension(name: str, hint: str) -> None:
    """A picture with the extension of another format is refused, and the hint gives the right name."""
    with pytest.raises(PictureError) as caught:
        cleaned(name, png())
    assert caught.value.code == "wrong-image"
    assert hint in caught.value.hint


@pytest.mark.parametrize("name", ["x.PNG", "x.Jpg", "a.b.jpeg", "v1.2.php-talk.gif", "node.js.webp", "x.avif"])
def test_extensions(name: str) -> None:
    """An extension may be in capitals, as cameras write it, and the name may contain other dots."""
    check_ending(name, is_logo=False)
    assert trouble_with_name(f"images/{name}") is None
    assert content_type_of(name).startswith("image/")


@pytest.mark.parametrize("size", [MAX_BYTES + 1, 17 * 1024 * 1024])
def test_too_many_bytes(tmp_path: Path, size: int) -> None:
    """A picture of more than 10 MB is refused where it is used, before it is read."""
    root = write_events(tmp_path, talk=f"{TALK}image: a.gif\n")
    with (root / "a.gif").open("wb") as file:
        file.write(DOT.encode())
        file.truncate(size)
    assert refusals(root) == ["large-image"]
    assert "events/talk.yaml:4:8" in run("check", str(root)).stdout


def test_the_largest_file(tmp_path: Path) -> None:
    """A picture of 10 MB is published, without the bytes after its end."""
    root = write_events(tmp_path, talk=f"{TALK}image: a.gif\n")
    (root / "a.gif").write_bytes(DOT.encode().ljust(MAX_BYTES, b"x"))
    assert [image.data for image in load(root).images] == [DOT.encode()]


def test_an_edited_picture(tmp_path: Path) -> None:
    """The cache keeps pictures as published: an edit of the metadata alone changes no file in DIST."""
    root = write_events(tmp_path, talk=f"{TALK}image: a.jpg\n")
    (root / "a.jpg").write_bytes(jpeg())
    build(root, tmp_path / "dist", now=NOW)
    first = tree(tmp_path / "dist")
    assert first["images/a.jpg"] == published("jpeg")
    (root / "a.jpg").write_bytes(jpeg(comment="OTHER"))
    assert build(root, tmp_path / "dist", now=LATER).changes.written == ()
    assert tree(tmp_path / "dist") == first
    (root / "a.jpg").write_bytes(jpeg(quality=20))
    changes = build(root, tmp_path / "dist", now=LATER).changes
    assert changes.written == ("calfeed.json", "images/a.jpg")
    assert run("build", str(root), "-o", str(tmp_path / "dist"), "--check").exit_code == 0


def test_large_pictures_are_quick() -> None:
    """A noisy JPEG of several megabytes is cleaned quickly, without a Python loop over every byte."""
    noise = Image.frombytes("RGB", (1500, 1000), random.Random(1).randbytes(4_500_000))  # noqa: S311
    data = saved(noise, "JPEG", quality=95, exif=exif())
    after = cleaned("x.jpg", data)
    assert len(data) - 600 < len(after) < len(data)
