"""The picture on a report: the one that came with it, else the middle image of the exam's film."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from typing import Any

from PIL import Image

from archive import documents
from archive.models import Document
from archive.replicas import Replicas
from films.a4 import Picture
from records import films, reports
from records.models import Exam, FilmPage, FilmSource, Report
from records.report_paper import PICTURE_FIRST

JPEG_BEGINS = b"\xff\xd8"
JPEG_QUALITY = 90
LONGEST_SIDE = 1200  # pixels; 78 mm at 300 dots an inch are 921
OF_FILM = "附图：胶片中的一幅图像，仅供参考"
CHOSEN_OF_FILM = "附图：医院选取的图像，仅供参考"
SENT = "附图：随报告提供的图像"


async def of(replicas: Replicas, report: Report, exam: Exam) -> Picture | None:
    """The picture, or None where there is none."""
    sent = await reports.picture_of(report) if report.picture_size else None
    if sent is not None:
        media_type = "image/jpeg" if sent.startswith(JPEG_BEGINS) else "image/png"
        return Picture(sent, media_type, SENT, SENT, first=exam.category in PICTURE_FIRST)
    return await _of_film(replicas, exam)


async def _of_film(replicas: Replicas, exam: Exam) -> Picture | None:
    film = await films.shown(exam.id)
    pages = [page for page in await films.pages_of(film) if page.cells] if film else []
    if film is None or not pages:
        return None
    page, cell = _middle(pages)
    master = await documents.content(replicas, await Document.get(id=page.document_id))
    content = await asyncio.to_thread(cut, master, cell)
    words = CHOSEN_OF_FILM if film.source is FilmSource.CHOSEN else OF_FILM
    return Picture(content, "image/jpeg", words, words, first=exam.category in PICTURE_FIRST)


def _middle(pages: list[FilmPage]) -> tuple[FilmPage, Mapping[str, Any]]:
    cells = [(page, cell) for page in pages for cell in page.cells]
    return cells[len(cells) // 2]


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
