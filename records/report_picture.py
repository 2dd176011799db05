"""The picture on a report: the one that came with it, else the middle image of the exam's film.

For somebody who does not get all pictures of the exam it is the middle one of those on the film that they get, or none.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image

from archive import documents
from archive.models import Document
from archive.replicas import Replicas
from films.a4 import Picture
from records import films, reports
from records.models import Exam, Film, FilmPage, FilmSource, Report
from records.report_paper import PICTURE_FIRST

JPEG_BEGINS = b"\xff\xd8"
JPEG_QUALITY = 90
LONGEST_SIDE = 1200  # pixels; 78 mm at 300 dots an inch are 921
OF_FILM = "附图：胶片中的一幅图像，仅供参考"
CHOSEN_OF_FILM = "附图：医院选取的图像，仅供参考"
SENT = "附图：随报告提供的图像"
NOT_SHARED = "这份报告的原件或附图由医院制作，可能含有没有分享的图像，没有随分享提供。"


@dataclass(frozen=True, slots=True)
class Only:
    """What of an exam's pictures somebody gets who does not get all of them."""

    series: frozenset[tuple[str, str]]  # study and series UID
    as_sent: bool  # the PDF and the picture that the hospital made itself: nobody knows which series they show

    def has(self, cell: Mapping[str, Any]) -> bool:
        """True when the image in a cell of a film is among them."""
        return (str(cell["study"]), str(cell["series"])) in self.series


@dataclass(frozen=True, slots=True)
class Place:
    """A cell of a page of film."""

    film: Film
    page: FilmPage
    cell: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The same place of the same page, the same picture."""
        return f"{self.page.sha256}/{self.cell['x']}/{self.cell['y']}"


async def sent(report: Report, exam: Exam) -> Picture | None:
    """The picture that came with a report."""
    content = await reports.picture_of(report)
    if content is None:
        return None
    media_type = "image/jpeg" if content.startswith(JPEG_BEGINS) else "image/png"
    return Picture(content, media_type, SENT, SENT, first=exam.category in PICTURE_FIRST)


async def place(exam: Exam, only: Only | None) -> Place | None:
    """Where on the exam's film the picture lies, or None where there is none."""
    if only is None:
        film = await films.shown(exam.id)
        return await _middle(film, None) if film else None
    for film in await films.standing(exam.id) if only.series else []:
        if (found := await _middle(film, only)) is not None:
            return found
    return None


async def cut_out(replicas: Replicas, at: Place, exam: Exam) -> Picture:
    """The picture at that place."""
    master = await documents.content(replicas, await Document.get(id=at.page.document_id))
    content = await asyncio.to_thread(cut, master, at.cell)
    words = CHOSEN_OF_FILM if at.film.source is FilmSource.CHOSEN else OF_FILM
    return Picture(content, "image/jpeg", words, words, first=exam.category in PICTURE_FIRST)


async def _middle(film: Film, only: Only | None) -> Place | None:
    pages = await films.pages_of(film)
    cells = [Place(film, page, cell) for page in pages for cell in page.cells if only is None or only.has(cell)]
    return cells[len(cells) // 2] if cells else None


def of_cell(page: bytes, cell: Mapping[str, Any], exam: Exam) -> Picture:
    """The picture in one cell of a page that was made, as it stands on a report."""
    return Picture(cut(page, cell), "image/jpeg", OF_FILM, OF_FILM, first=exam.category in PICTURE_FIRST)


def cut(master: bytes, cell: Mapping[str, Any]) -> bytes:
    """A cell of a page (PNG or JPEG) as JPEG."""
    box = (cell["x"], cell["y"], cell["x"] + cell["width"], cell["y"] + cell["height"])
    with Image.open(io.BytesIO(master), formats=["PNG", "JPEG"]) as page:
        part = page.crop(box)
    part.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    buffer = io.BytesIO()
    part.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()
