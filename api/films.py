"""The film of an exam: its pages as JPEG of any width, as PDF and as DICOM; the same bytes for a phone and a kiosk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api.access import address_of, needs
from api.dicomweb.conditional import Sendable, respond, sendable
from api.dicomweb.reading import reads
from api.exams import my_exam
from api.forms import answer, asked
from api.services import Services
from core.clock import now
from core.errors import Forbidden, InvalidField, NotFound
from core.grants import Grant, Role
from identity.links import good_link
from identity.links_opened import opened_exam
from infra.audit import by
from records import films
from records.filmcopies import Bytes, Shelf
from records.models import Exam, Film, FilmPage, FilmSource, Hospital
from records.visibility import exam_is_visible, rules_of
from wado.mediatypes import DICOM
from wado.ready import About, Ready, cost

routes = Blueprint("films", url_prefix="/api/v1/exams")
SEES_FILMS = (Role.PATIENT, Role.CLINICIAN, Role.KIOSK, Role.LINK)
WHAT = "film"  # in the audit trail
TRUSTED = timedelta(seconds=1)  # who was let in to a film is not asked about anew for so long, unless anything changed here
OPENED_BYTES = 4096  # what a remembered door costs
JPEG, PDF = "image/jpeg", "application/pdf"
WIDEST = 65_535


@dataclass(frozen=True, slots=True)
class Opened:
    """A film that who asks may see. `film` None: the exam may be seen and has none."""

    hospital: str
    exam_id: str
    film: Film | None
    pages: tuple[FilmPage, ...]
    epoch: int
    until: datetime

    def page(self, n: str) -> FilmPage:
        """Page n, from 1; raises NotFound."""
        for page in self.pages:
            if str(page.n) == n:
                return page
        raise NotFound("no such page")


@routes.get("/<exam>/films", name="list")
@needs(*SEES_FILMS)
async def pages(request: Request, exam: str) -> HTTPResponse:
    """The pages of an exam's film, and whose it is: the hospital's own, chosen by its staff, or made by rule."""
    asked(request)
    opened = await _opened(request, exam)
    items = [_item(page) for page in opened.pages]
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
    found = (await _opened(request, exam)).page(n)
    return answer({**_item(found), "cells": found.cells})


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
    shelf = _shelf(request)
    return await _ready(request, opened.hospital, f"{film.id}/pdf", PDF, lambda: shelf.pdf(film, opened.pages))


async def _jpeg(request: Request, exam: str, n: str) -> HTTPResponse:
    width = _width(asked(request, "width").get("width"))
    opened = await _opened(request, exam)
    shown = opened.page(n)
    if width is not None and width >= shown.width:
        width = None
    return await page_at(request, opened.hospital, shown.document_id, width)


async def _dicom(request: Request, exam: str, n: str) -> HTTPResponse:
    asked(request)
    opened = await _opened(request, exam)
    shown, film = opened.page(n), opened.film
    assert film is not None, "a page is of a film"
    made = await _shelf(request).dicom(film, shown)
    return respond(request, sendable(_finished(opened.hospital, DICOM, made)))


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
    if grant.masked:
        raise Forbidden("a page of film names the person")
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
    exam = await _exam(request, exam_id)
    film = await films.shown(exam.id)
    its_pages = tuple(await films.pages_of(film)) if film else ()
    return Opened(exam.hospital_id, exam.id, film, its_pages, epoch, at + TRUSTED)


async def _exam(request: Request, exam_id: str) -> Exam:
    """A patient's own and family's; the one that a link opens; a doctor any of the hospital; a kiosk what patients may see."""
    grant: Grant = request.ctx.grant
    if grant.role is Role.PATIENT:
        return (await my_exam(request, exam_id)).exam
    if grant.role is Role.LINK:
        return await _linked(grant.subject, exam_id)
    exam = await Exam.get_or_none(id=exam_id, hospital_id=grant.home) if grant.home else None
    if exam is None:
        raise NotFound("no such exam")
    if grant.role is Role.KIOSK and not exam_is_visible(exam, rules_of(await Hospital.get(code=exam.hospital_id))):
        raise NotFound("no such exam")
    return exam


async def _linked(link_id: str, exam_id: str) -> Exam:
    link = await good_link(link_id, now())
    found = await opened_exam(link, now()) if link.subject == exam_id else None
    if found is None:
        raise NotFound("no such exam")
    return found.exam


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


def _width(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) > 0):
        raise InvalidField("width", "not-a-number")
    return min(int(text), WIDEST)
