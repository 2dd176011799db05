"""A page that a hospital printed, from bytes that nobody has looked at yet to pixels. Runs inside a limited child."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from pydicom import config
from pydicom.dataset import Dataset

from archive import original, pixels
from archive.describe import describe
from archive.prepare import Caller, data_set, decoded
from archive.structure import walk
from core.errors import Unreadable
from films import page, picture
from films.tables import Shades
from records.pdfcheck import harmless

MOST_PIXELS = 1 << 26  # a 14 x 17 inch page at 50 micrometres has 61 million
LONGEST_SIDE = 16_384
PDF_DPI = 300.0  # of laser printers for film
POINTS_PER_INCH = 72.0
TEXT_CHARACTERS = 64
EXIF_ORIENTATION, UPRIGHT = 0x0112, 1
JPEG_END = b"\xff\xd9"
# Secondary captures, and pages as a print composer stores them (PS3.4 B.5 and, retired, PS3.4-2011 B.5)
PAGE_CLASSES = frozenset(
    (
        "1.2.840.10008.5.1.4.1.1.7",
        *(f"1.2.840.10008.5.1.4.1.1.7.{number}" for number in (2, 3, 4)),
        "1.2.840.10008.5.1.1.29",
        "1.2.840.10008.5.1.1.30",
    )
)


@dataclass(frozen=True, slots=True)
class Header:
    """What a DICOM page says of itself; empty for others."""

    accession: str = ""
    patient_id: str = ""
    study_uid: str = ""
    number: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class PageRead:
    """A page at all its widths, smallest first, the last as it is; plain values, so that it can leave a child as a message."""

    media_type: str
    jpegs: tuple[page.Jpeg, ...]
    header: Header = field(default_factory=Header)


async def page_read(children: Caller, content: bytes) -> PageRead:
    """`read`, in a limited child."""
    found = await children.call("records.filmreading:read", content=content)
    jpegs = tuple(page.Jpeg(**jpeg) for jpeg in found["jpegs"])
    return PageRead(found["media_type"], jpegs, Header(**found["header"]))


def read(content: bytes) -> PageRead:
    """The one page in a JPEG, PNG, PDF or DICOM file; raises Unreadable with the reason for everything else."""
    kind = next((kind for begins, kind in _KINDS if begins(content)), None)
    if kind is None:
        raise Unreadable("it is neither JPEG, PNG, PDF nor DICOM")
    media_type, open_page = kind
    shades, full, header = open_page(content)
    return PageRead(media_type, page.tiers(_grey_if_grey(shades), full), header)


Opened = tuple[Shades, bytes | None, Header]  # pixels, its own JPEG when that may go out as it is, header


def _jpeg(content: bytes) -> Opened:
    image = _picture(content, "JPEG")
    upright = image.getexif().get(EXIF_ORIENTATION, UPRIGHT) == UPRIGHT
    plain = image.mode in ("L", "RGB") and upright and content.endswith(JPEG_END)
    return _shades(ImageOps.exif_transpose(image)), content if plain else None, Header()


def _png(content: bytes) -> Opened:
    return _shades(_picture(content, "PNG")), None, Header()


def _picture(content: bytes, kind: str) -> Image.Image:
    Image.MAX_IMAGE_PIXELS = None  # our own limit stands below
    try:
        image = Image.open(io.BytesIO(content), formats=[kind])
        _require_size(*image.size)
        if getattr(image, "n_frames", 1) != 1:
            raise Unreadable("several pictures in one file: send page by page")
        image.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise Unreadable(f"it is not a whole {kind}") from error
    return image


def _shades(image: Image.Image) -> Shades:
    if image.mode.startswith("I"):  # 16 bit grey
        return np.asarray(np.asarray(image, np.int64).clip(0, 65535) >> 8, np.uint8)
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"))
    if "A" in image.getbands() or "transparency" in image.info:
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image.convert("RGBA"))
    return np.asarray(image.convert("RGB"))


def _pdf(content: bytes) -> Opened:
    document = harmless(content)
    if len(document) != 1:
        raise Unreadable(f"the PDF has {len(document)} pages: send page by page")
    return _drawn(document[0]), None, Header()


def _drawn(sheet: Any) -> Shades:
    width_points, height_points = sheet.get_size()
    scale = PDF_DPI / POINTS_PER_INCH
    _require_size(round(width_points * scale), round(height_points * scale))
    bitmap = sheet.render(scale=scale, rev_byteorder=True, may_draw_forms=False)
    return np.ascontiguousarray(bitmap.to_numpy()[..., :3])


def _dicom(content: bytes) -> Opened:
    structure = walk(memoryview(content))
    if structure.sop_class_uid not in PAGE_CLASSES:
        raise Unreadable("it is no page: images of a study go to /dicom-web/studies")
    if structure.syntax.codec == "native" and (structure.syntax.deflated or structure.syntax.big_endian):
        structure = walk(memoryview(original.explicit_le(content)))
    found = pixels.find(structure)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they quote the data set
        config.settings.reading_validation_mode = config.IGNORE
        said = data_set(structure)
        description = describe(said)
        header = _header(said)
    if found is None or description is None or not found.frames:
        raise Unreadable("the DICOM file has no picture")
    if len(found.frames) != 1:
        raise Unreadable("several pictures in one file: send page by page")
    _require_size(description.columns, description.rows)
    shades = picture.draw(decoded(structure, found.frames[0], description), description, 1, size=(None, None))
    return shades, None, header


def _header(said: Dataset) -> Header:
    number = str(said.get("InstanceNumber") or "")
    made_by = (str(said.get(name) or "").strip() for name in ("StationName", "ManufacturerModelName", "Manufacturer"))
    return Header(
        accession=_text(said, "AccessionNumber"),
        patient_id=_text(said, "PatientID"),
        study_uid=_text(said, "StudyInstanceUID"),
        number=int(number) if number.isascii() and number.isdigit() and len(number) < 9 else None,
        source=next(filter(None, made_by), "")[:TEXT_CHARACTERS],
    )


def _text(said: Dataset, keyword: str) -> str:
    """Too long for the number that it should be is as good as not said."""
    text = str(said.get(keyword) or "").strip()
    return text if len(text) <= TEXT_CHARACTERS else ""


def _require_size(width: int, height: int) -> None:
    if not (0 < width <= LONGEST_SIDE and 0 < height <= LONGEST_SIDE and width * height <= MOST_PIXELS):
        raise Unreadable(f"a page of {width} x {height} pixels is not taken: at most {MOST_PIXELS} in all")


def _grey_if_grey(shades: Shades) -> Shades:
    """Three equal colours are one grey: a third of the work, and smaller files."""
    if shades.ndim == 3 and np.array_equal(shades[..., 0], shades[..., 1]) and np.array_equal(shades[..., 1], shades[..., 2]):
        return np.ascontiguousarray(shades[..., 0])
    return np.ascontiguousarray(shades)


Kind = tuple[str, Callable[[bytes], Opened]]
_KINDS: tuple[tuple[Callable[[bytes], bool], Kind], ...] = (
    (lambda content: content[128:132] == b"DICM", ("application/dicom", _dicom)),
    (lambda content: content.startswith(b"\xff\xd8\xff"), ("image/jpeg", _jpeg)),
    (lambda content: content.startswith(b"\x89PNG\r\n\x1a\n"), ("image/png", _png)),
    (lambda content: content.startswith(b"%PDF-"), ("application/pdf", _pdf)),
)
