"""The film of an exam: its pages as JPEG of any width, as PDF and as DICOM; the same bytes for a phone and a kiosk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sanic import Blueprint, HTTPResponse, Request

from api import keeping
from api.access import address_of, needs
from api.dicomweb.conditional import Sendable, respond, sendable
from api.dicomweb.reading import reads
from api.exams import my_exam
from api.forms import answer, asked
from api.recipients import FilmReceived, Received, film_received, may_see_film, received, require_taking
from api.services import Services
from core.clock import now
from core.errors import InvalidField, NotFound
from core.grants import Grant, Role
from films.pagespdf import pdf as pages_pdf
from infra.audit import by
from records import films
from records.filmcopies import Bytes, Shelf
from records.models import Exam, Film, FilmPage, FilmSource, Hospital
from records.visibility import exam_is_visible, rules_of
from share.parts import Part
from wado.masking.filmpages import MaskedPage
from wado.mediatypes import DICOM
from wado.ready import About, Ready, cost, etag

routes = Blueprint("films", url_prefix="/api/v1/exams")
keeping.allow(routes)
SEES_FILMS = (Role.PATIENT, Role.CLINICIAN, Role.KIOSK, Role.LINK)
WHAT = "film"  # in the audit trail
TRUSTED = timedelta(seconds=1)  # who was let in to a film is not asked about anew for so long, unless anything changed here
OPENED_BYTES = 4096  # what a remembered door costs
JPEG, PDF = "image/jpeg", "application/pdf"
WIDEST = 65_535


P = TypeVar("P", FilmPage, MaskedPage)


@dataclass(frozen=True, slots=True)
class Opened:
    """A film that who asks may see. `film` None: the exam may be seen and has none."""

    hospital: str
    exam_id: str
    film: Film | None
    pages: tuple[FilmPage, ...]
    epoch: int
    until: datetime
    leads: bool = True  # to the images of its cells: a share may be of the film alone
    masked: FilmReceived | None = None  # then its pages are those that leave, and no other

    def page(self, n: str) -> FilmPage:
        """Page n, from 1; raises NotFound."""
        return self._numbered(n, () if self.masked else self.pages)

    def masked_page(self, n: str) -> MaskedPage:
        """Page n of those that leave under the mask, from 1; raises NotFound."""
        return self._numbered(n, self.masked.pages if self.masked else ())

    def _numbered(self, n: str, pages: Sequence[P]) -> P:
        for page in pages:
            if str(page.n) == n:
                return page
        raise NotFound("no such page")


@routes.get("/<exam>/films", name="list")
@needs(*SEES_FILMS)
async def pages(request: Request, exam: str) -> HTTPResponse:
    """The pages of an exam's film, and whose it is: the hospital's own, chosen by its staff, or made by rule."""
    asked(request)
    opened = await _opened(request, exam)
    items = [_masked_item(page) for page in opened.masked.pages] if opened.masked else [_item(page) for page in opened.pages]
    if opened.film is None:
        return answer({"items": items, "film": None})
    film = opened.film
    made = film.source is not FilmSource.HOSPITAL
    said = {"source": film.source.value, "made_by_us": made, "version": film.version, "layout": film.layout or None}
    return answer({"items": items, "film": {**said, "made_at": film.made_at.isoformat()}})


@routes.get("/<exam>/films/<n>", name="page")
@needs(*SEES_FILMS)
async def page(request: Request, exam: str, n: str) -> HTTPResponse:
    """One page, and where on it which image lies: rectangles in pixels of the page at its full size."""
    asked(request)
    opened = await _opened(request, exam)
    if opened.masked:
        shown = opened.masked_page(n)
        return answer({**_masked_item(shown), "cells": list(shown.cells)})
    found = opened.page(n)
    cells = [{**films.CELL_LOOK, **cell} for cell in found.cells] if opened.leads else []
    return answer({**_item(found), "cells": cells})


@reads(routes, "/<exam>/films/<n:ext=jpg|dcm>")
@needs(*SEES_FILMS)
async def file(request: Request, exam: str, n: str, ext: str) -> HTTPResponse:
    """One page: as JPEG, as wide as `width` says and never enlarged; or as DICOM Secondary Capture of patient and study."""
    return await (_dicom(request, exam, n) if ext == "dcm" else _jpeg(request, exam, n))


@reads(routes, "/<exam>/films.pdf")
@needs(*SEES_FILMS)
async def pdf(request: Request, exam: str) -> HTTPResponse:
    """All pages as one PDF."""
    asked(request)
    opened = await _opened(request, exam)
    film = opened.film
    if film is None:
        raise NotFound("no film")
    if opened.masked:
        return await masked_pdf(request, opened.hospital, opened.masked)
    shelf = _shelf(request)
    return await _ready(request, opened.hospital, f"{film.id}/pdf", PDF, lambda: shelf.pdf(film, opened.pages))


async def _jpeg(request: Request, exam: str, n: str) -> HTTPResponse:
    width = _width(asked(request, "width").get("width"))
    opened = await _opened(request, exam)
    if opened.masked:
        return await masked_jpeg(request, opened.hospital, opened.masked, opened.masked_page(n), width)
    shown = opened.page(n)
    if width is not None and width >= shown.width:
        width = None
    return await page_at(request, opened.hospital, shown.document_id, width)


async def _dicom(request: Request, exam: str, n: str) -> HTTPResponse:
    asked(request)
    await require_taking(request.app.ctx.services, request.ctx.grant)
    opened = await _opened(request, exam)
    shown, film = opened.page(n), opened.film
    assert film is not None, "a page is of a film"
    made = await _shelf(request).dicom(film, shown)
    return respond(request, sendable(_finished(opened.hospital, DICOM, made)))


async def masked_jpeg(
    request: Request, hospital: str, seen: FilmReceived, shown: MaskedPage, width: int | None
) -> HTTPResponse:
    """A page under a mask, as JPEG; its tag says mask, version and width."""
    if width is not None and width >= shown.width:
        width = None
    content = await seen.film.jpeg(shown, width)
    tag = f'"{shown.tag}"' if width is None else etag(shown.tag, width)
    return respond(request, sendable(Ready(About(hospital, "", None, WHAT), JPEG, content, tag, ranges=True)))


async def masked_pdf(request: Request, hospital: str, seen: FilmReceived) -> HTTPResponse:
    """All pages that leave under a mask, as one PDF."""
    jpegs = [await seen.film.jpeg(each, None) for each in seen.pages]
    content = await asyncio.to_thread(pages_pdf, jpegs)
    tag = etag("pdf", *(each.tag for each in seen.pages))
    return respond(request, sendable(Ready(About(hospital, "", None, WHAT), PDF, content, tag, ranges=True)))


async def page_at(request: Request, hospital: str, master_id: str, width: int | None) -> HTTPResponse:
    """A page that may be seen, as JPEG. Raises NotFound."""
    shelf = _shelf(request)
    return await _ready(request, hospital, f"{master_id}/{width}", JPEG, lambda: shelf.jpeg(master_id, width))


async def _ready(
    request: Request, hospital: str, name: str, media_type: str, make: Callable[[], Awaitable[Bytes]]
) -> HTTPResponse:
    """From this process' memory, where it lies joined with its header, or made."""
    tiers = request.app.ctx.services.tiers
    key = f"ready-film/{name}"
    known = tiers.peek(key)
    if isinstance(known, Sendable):
        return respond(request, known)
    ready = _finished(hospital, media_type, await make())
    finished = sendable(ready)
    tiers.keep(key, finished, cost=cost(key, ready))
    return respond(request, finished)


def _finished(hospital: str, media_type: str, made: Bytes) -> Ready:
    about = About(hospital, "", None, WHAT)
    return Ready(about, media_type, made.content, f'"{made.sha256}"', ranges=True)


async def _opened(request: Request, exam_id: str) -> Opened:
    """The door: whose film it is, and that this look at it is on record. Raises NotFound for what is not theirs."""
    services: Services = request.app.ctx.services
    grant: Grant = request.ctx.grant
    key, at = f"film-door/{grant.session}/{exam_id}", now()
    known = services.tiers.peek(key)
    if isinstance(known, Opened) and known.epoch == services.sessions_epoch.value and at < known.until:
        opened = known
    else:
        opened = await _open(request, exam_id, at)
        if opened.film is not None:
            services.tiers.keep(key, opened, cost=OPENED_BYTES)
    if not services.tally.seen((opened.hospital, grant.session, opened.exam_id, WHAT), at):
        await _record(request, opened.hospital, opened.exam_id, at)
    return opened


async def _open(request: Request, exam_id: str, at: datetime) -> Opened:
    epoch = request.app.ctx.services.sessions_epoch.value  # before the question, so that a change during it is seen
    grant: Grant = request.ctx.grant
    if grant.role is Role.LINK:
        return await opened_by(
            request.app.ctx.services, grant, await received(request.app.ctx.services, grant, exam_id), at, epoch
        )
    exam = await _exam(request, exam_id)
    film = await films.shown(exam.id)
    its_pages = tuple(await films.pages_of(film)) if film else ()
    return Opened(exam.hospital_id, exam.id, film, its_pages, epoch, at + TRUSTED)


async def opened_by(services: Services, grant: Grant, seen: Received, at: datetime, epoch: int) -> Opened:
    """The film of an exam as the holder of a link sees it: under a mask those pages that leave, if any does."""
    exam, until = seen.found.exam, at + TRUSTED
    if seen.whose is not None:
        masked = await film_received(services, grant, seen, at)
        return Opened(exam.hospital_id, exam.id, masked.of if masked else None, (), epoch, until, masked=masked)
    film = await films.shown(exam.id)
    kept = tuple(await films.pages_of(film)) if film else ()
    if film is None or not may_see_film(grant, seen, film, kept):
        return Opened(exam.hospital_id, exam.id, None, (), epoch, until)
    return Opened(exam.hospital_id, exam.id, film, kept, epoch, until, leads=seen.has(Part.IMAGES))


async def _exam(request: Request, exam_id: str) -> Exam:
    """A patient's own and family's; a doctor any of the hospital; a kiosk what patients may see."""
    grant: Grant = request.ctx.grant
    if grant.role is Role.PATIENT:
        return (await my_exam(request, exam_id)).exam
    exam = await Exam.get_or_none(id=exam_id, hospital_id=grant.home) if grant.home else None
    if exam is None:
        raise NotFound("no such exam")
    if grant.role is Role.KIOSK and not exam_is_visible(exam, rules_of(await Hospital.get(code=exam.hospital_id))):
        raise NotFound("no such exam")
    return exam


async def _record(request: Request, hospital: str, exam_id: str, at: datetime) -> None:
    """An exam stands where a study would: its id is no UID, so they do not mix."""
    services: Services = request.app.ctx.services
    address = address_of(request)
    entry = by(request.ctx.grant, chain=hospital, at=at, action="read", address=address, study_uid=exam_id, what=WHAT)
    await services.tally.read(entry)


def _shelf(request: Request) -> Shelf:
    services: Services = request.app.ctx.services
    return Shelf(services.tiers, services.replicas)


def _item(page: FilmPage) -> dict[str, Any]:
    return {"n": page.n, "width": page.width, "height": page.height, "etag": page.sha256}


def _masked_item(page: MaskedPage) -> dict[str, Any]:
    return {"n": page.n, "width": page.width, "height": page.height, "etag": page.tag}


def _width(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) > 0):
        raise InvalidField("width", "not-a-number")
    return min(int(text), WIDEST)
