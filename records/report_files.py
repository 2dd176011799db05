"""The files that come with a report: a PDF that shows pages and does nothing else, or one picture that can be drawn."""

from __future__ import annotations

import io

from PIL import Image, UnidentifiedImageError

from archive.prepare import Caller
from core.errors import InvalidField, Unreadable
from records.pdfcheck import harmless

MOST_PAGES = 100
MOST_PIXELS = 1 << 25  # an A4 page at 300 dots an inch has 9 million
FORMATS = ("JPEG", "PNG")


async def require_good(children: Caller, pdf: bytes | None, picture: bytes | None) -> None:
    """Looks at both in a limited child; raises InvalidField."""
    for name, content, fault in (("pdf", pdf, "bad-pdf"), ("picture", picture, "bad-picture")):
        if content is None:
            continue
        try:
            await children.call(f"records.report_files:require_{name}", content=content)
        except Unreadable as error:
            raise InvalidField(name, fault) from error


def require_pdf(content: bytes) -> None:
    """Runs inside a limited child; raises Unreadable."""
    document = harmless(content)
    if not 0 < len(document) <= MOST_PAGES:
        raise Unreadable(f"a PDF of {len(document)} pages")


def require_picture(content: bytes) -> None:
    """Runs inside a limited child; raises Unreadable."""
    Image.MAX_IMAGE_PIXELS = None  # our own limit stands below
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS or getattr(image, "n_frames", 1) != 1:
                raise Unreadable("a picture that is too large, or several in one")
            image.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise Unreadable("it is not a whole JPEG or PNG") from error
