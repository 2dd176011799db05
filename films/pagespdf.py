"""Pages of film as one PDF: each JPEG goes in as it is, so that print and screen show the same bytes (ISO 32000-1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import Unreadable

WIDTH_POINTS = 1008.0  # 14 inches, the width of a sheet of film; the height follows the page
_FRAME_HEADERS = frozenset(
    (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0))
)  # ITU T.81 table B.1
_BASELINE = 0xC0


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """What the frame header of a JPEG says. `components`: 1 grey, 3 colour."""

    width: int
    height: int
    components: int
    baseline: bool


def pdf(jpegs: Sequence[bytes]) -> bytes:
    """A PDF with one page a JPEG; no name, date or other metadata. The same pages always give the same bytes."""
    kids = " ".join(f"{3 + 3 * place} 0 R" for place in range(len(jpegs)))
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Kids[{kids}]/Count {len(jpegs)}>>".encode()]
    for place, jpeg in enumerate(jpegs):
        objects += _page(jpeg, 3 + 3 * place)
    return _file(objects)


def jpeg_header(jpeg: bytes) -> JpegHeader:
    """Size and form of a JPEG; raises Unreadable when there is no frame header (ITU T.81 section B.2.2)."""
    at = 2
    while at + 10 <= len(jpeg) and jpeg[at] == 0xFF:
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4])
        if marker in _FRAME_HEADERS:
            height, width = int.from_bytes(jpeg[at + 5 : at + 7]), int.from_bytes(jpeg[at + 7 : at + 9])
            return JpegHeader(width, height, jpeg[at + 9], marker == _BASELINE)
        at += 1 if marker == 0xFF else 2 + length  # a fill byte before the marker
    raise Unreadable("a JPEG without a frame header")


def _page(jpeg: bytes, number: int) -> list[bytes]:
    """The objects of one page from that number on: the page, what it draws, and the picture."""
    header = jpeg_header(jpeg)
    height = WIDTH_POINTS * header.height / header.width
    drawn = f"q {WIDTH_POINTS:.2f} 0 0 {height:.2f} 0 0 cm /P Do Q".encode()
    page = (
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {WIDTH_POINTS:.2f} {height:.2f}]"
        f"/Resources<</XObject<</P {number + 2} 0 R>>>>/Contents {number + 1} 0 R>>"
    )
    colours = "DeviceGray" if header.components == 1 else "DeviceRGB"
    picture = (
        f"<</Type/XObject/Subtype/Image/Width {header.width}/Height {header.height}/ColorSpace/{colours}"
        f"/BitsPerComponent 8/Filter/DCTDecode/Length {len(jpeg)}>>"
    )
    return [page.encode(), _stream(f"<</Length {len(drawn)}>>".encode(), drawn), _stream(picture.encode(), jpeg)]


def _stream(head: bytes, body: bytes) -> bytes:
    return b"%s\nstream\n%s\nendstream" % (head, body)


def _file(objects: Sequence[bytes]) -> bytes:
    pieces = [b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"]
    length, offsets = len(pieces[0]), []
    for number, each in enumerate(objects, 1):
        piece = b"%d 0 obj\n%s\nendobj\n" % (number, each)
        offsets.append(length)
        length += len(piece)
        pieces.append(piece)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    pieces.append(b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table))
    pieces.append(b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, length))
    return b"".join(pieces)
