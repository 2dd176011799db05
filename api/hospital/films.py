"""Pages of film that a hospital printed: sent by its systems, listed until matched, placed by its administrator."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api import bodies
from api.access import address_of, needs
from api.bodies import Field
from api.dicomweb.conditional import respond, sendable
from api.dicomweb.reading import reads
from api.films import PDF, page_at
from api.forms import asked
from api.hospital.saying import DECIDES, SYSTEMS, done, home, json
from api.services import Services
from archive import documents
from core.clock import now
from core.errors import InvalidField, Malformed, TooLarge, UnsupportedMediaType
from infra.audit import by
from infra.settings import MEBIBYTE
from records import exams, filmpages
from records.exams import ExamKey
from records.filmpages import Page, PageSaid
from records.models import FilmArrival
from records.writing import Outcome, Said
from wado.mediatypes import DICOM, MULTIPART, parse_media_type
from wado.multipart import FORM, Limits, boundary_of, form_boundary_of, parts
from wado.ready import About, Ready

routes = Blueprint("films-said", url_prefix="/api/v1/hospital/films")

PAGE_BYTES = 64 * MEBIBYTE  # 14 x 17 inches at 100 micrometres and 16 bit are 29
PICTURES = ("image/jpeg", "image/png", PDF, DICOM, "application/octet-stream", "")
TOLD = ("accession", "campus", "system", "patient_id", "study_uid", "page", "source")
FILE = "file"
MOST_PARTS = 20
TOLD_BYTES = 1024
LONGEST_KEY = 255
PREVIEW_WIDTH = 720
STATES = {"waiting": True, "placed": False, "all": None}
PAGE_OF_LIST, LONGEST_PAGE_OF_LIST = 20, 100

_EXAM = {
    "accession": Field(bodies.filled(64), required=True),
    "campus": Field(bodies.text(32), default=""),
    "system": Field(bodies.text(32), default=""),
}
_short, _number, _cursor = bodies.text(64), bodies.text(9), bodies.text(36)
_NAME = re.compile(r';\s*name="?([^";]*)')
_READ = {"campus": bodies.text(32), "system": bodies.text(32)}


@routes.post("/", stream=True, name="post")
@needs(*SYSTEMS)
async def post(request: Request) -> HTTPResponse:
    """Send a page: JPEG, PNG, a PDF of one page, or a DICOM print page; 201 its exam's film, 202 waiting, 200 known already.

    As the body, with what is known of it in the query, or as `multipart/form-data` with a part `file`.
    """
    services: Services = request.app.ctx.services
    hospital, key = home(request), _idempotency_key(request)
    content, told = await _received(request)
    said = _said({**asked(request, *TOLD), **told})

    async def on_record(said: Said) -> None:
        detail = {"id": said.id, "outcome": said.outcome, "waiting": said.waiting}
        address = address_of(request)
        entry = by(request.ctx.grant, chain=hospital, at=now(), action="put-film", address=address, detail=detail)
        await services.trail.append([entry])

    done = await filmpages.take(
        services.replicas, services.children, hospital, content, said, key=key, now=now(), on_record=on_record
    )
    if done.moved:
        services.sessions_epoch.advance()
    return await _answer(hospital, done)


@routes.get("/", name="list")
@needs(*SYSTEMS)
async def listed(request: Request) -> HTTPResponse:
    """Pages as they came, with the reason why one waits; `state` waiting (the default), placed or all."""
    given = asked(request, "state", "limit", "cursor")
    state = given.get("state", "waiting")
    if state not in STATES:
        raise InvalidField("state", "not-a-choice")
    limit = _limit(given.get("limit", str(PAGE_OF_LIST)))
    after = str(_cursor("cursor", given.get("cursor", "")))
    lines = await filmpages.listed(home(request), waiting=STATES[state], after=after, limit=limit + 1)
    following = lines[limit - 1].id if len(lines) > limit else None
    return json({"items": [_line(line) for line in lines[:limit]], "next": following})


@routes.get("/<page>", name="one")
@needs(*SYSTEMS)
async def one(request: Request, page: str) -> HTTPResponse:
    """One page, and where it belongs."""
    return json(_line(await filmpages.line(home(request), page)))


@reads(routes, "/<page>/preview.jpg")
@needs(*SYSTEMS)
async def preview(request: Request, page: str) -> HTTPResponse:
    """The page as JPEG, small enough for a list."""
    row = await filmpages.get(home(request), page)
    await _record_look(request, row)
    return await page_at(request, row.hospital_id, row.document_id, PREVIEW_WIDTH)


@reads(routes, "/<page>/original")
@needs(*SYSTEMS)
async def original(request: Request, page: str) -> HTTPResponse:
    """The very bytes that were sent."""
    row = await filmpages.get(home(request), page)
    await _record_look(request, row)
    services: Services = request.app.ctx.services
    content = await documents.content(services.replicas, row.document)
    about = About(row.hospital_id, "", None, "film")
    notes = (("Content-Disposition", "attachment"),)  # a stranger's bytes are nothing to be opened on our own pages
    return respond(request, sendable(Ready(about, row.document.media_type, content, f'"{row.document.sha256}"', notes=notes)))


@routes.post("/<page>/choose", name="choose")
@needs(*DECIDES)
async def choose(request: Request, page: str) -> HTTPResponse:
    """The page is of that exam: body `accession`, and `campus` and `system` where numbers repeat."""
    hospital = home(request)
    said = await bodies.body(request, _EXAM)
    exam = await exams.get(ExamKey(hospital, **said))
    work = filmpages.choose(hospital, page, exam, subject=request.ctx.grant.subject, now=now())
    return await _answer(hospital, await done(request, "choose-film", work))


@routes.post("/<page>/rematch", name="rematch")
@needs(*DECIDES)
async def rematch(request: Request, page: str) -> HTTPResponse:
    """Look for the page's exam anew by what it says, whatever was decided."""
    hospital = home(request)
    work = filmpages.rematch(hospital, page, subject=request.ctx.grant.subject, now=now())
    return await _answer(hospital, await done(request, "rematch-film", work))


@routes.post("/<page>/undo", name="undo")
@needs(*DECIDES)
async def undo(request: Request, page: str) -> HTTPResponse:
    """Take back the last decision on the page."""
    hospital = home(request)
    return await _answer(hospital, await done(request, "undo-film", filmpages.undo(hospital, page, now=now())))


async def _answer(hospital: str, said: Said) -> HTTPResponse:
    status = 202 if said.waiting else 201 if said.outcome is Outcome.NEW else 200
    line = await filmpages.line(hospital, said.id)
    return json({**_line(line), "outcome": said.outcome, "waiting": said.waiting}, status)


async def _record_look(request: Request, row: FilmArrival) -> None:
    services: Services = request.app.ctx.services
    grant, address = request.ctx.grant, address_of(request)
    subject = row.exam_id or row.id
    entry = by(grant, chain=row.hospital_id, at=now(), action="read", address=address, study_uid=subject, what="film")
    await services.tally.read(entry)


async def _received(request: Request) -> tuple[bytes, dict[str, str]]:
    """The page, and what the fields of a form say; raises Malformed, TooLarge and UnsupportedMediaType."""
    written = request.headers.get("content-type", "")
    media_type = parse_media_type(written).name if written else ""
    chunks = _counted(request)
    if media_type == FORM:
        return await _form(chunks, form_boundary_of(written))
    if media_type == MULTIPART:
        return await _form(chunks, boundary_of(written))
    if media_type not in PICTURES:
        raise UnsupportedMediaType("a page is JPEG, PNG, PDF or DICOM")
    content = b"".join([piece async for piece in chunks])
    if not content:
        raise Malformed("the request holds no page")
    return content, {}


async def _counted(request: Request) -> AsyncIterator[bytes]:
    """The body; Sanic itself does not limit a streamed one."""
    stream: Any = request.stream  # Sanic's own type for it is not the one that it gives
    total = 0
    while stream is not None and (chunk := await stream.read()) is not None:
        total += len(chunk)
        if total > PAGE_BYTES:
            raise TooLarge(f"a page of more than {PAGE_BYTES} bytes")
        yield bytes(chunk)


async def _form(chunks: AsyncIterator[bytes], boundary: str) -> tuple[bytes, dict[str, str]]:
    """One part is the page; the others tell of it by their names."""
    content: bytes | None = None
    told: dict[str, str] = {}
    async for part in parts(chunks, boundary, Limits(parts=MOST_PARTS, part_bytes=PAGE_BYTES)):
        if part.fault:
            raise Malformed(f"part {part.number}: {part.fault}")
        name = _name(part.headers.get("content-disposition", ""))
        data = b"".join([piece async for piece in part])
        if name in TOLD and name not in told:
            told[name] = _text(name, data)
            continue
        if name not in ("", FILE) or content is not None:
            raise InvalidField("form", "unknown")
        content = data
    if not content:
        raise Malformed("the request holds no page")
    return content, told


def _name(disposition: str) -> str:
    """The `name` of a part (RFC 7578 section 4.2); empty for a part without one."""
    found = _NAME.search(disposition)
    return found[1] if found else ""


def _text(name: str, data: bytes) -> str:
    if len(data) > TOLD_BYTES:
        raise InvalidField(name, "too-long")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise InvalidField(name, "not-text") from error


def _said(told: dict[str, str]) -> PageSaid:
    texts = {name: str(_READ.get(name, _short)(name, told.get(name, ""))) for name in TOLD if name != "page"}
    if texts["study_uid"]:
        bodies.uid("study_uid", texts["study_uid"])
    return PageSaid(**texts, number=_page_number(told.get("page", "")))


def _page_number(text: str) -> int | None:
    said = str(_number("page", text))
    if not said:
        return None
    if not (said.isascii() and said.isdigit() and int(said) > 0):
        raise InvalidField("page", "not-a-number")
    return int(said)


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= LONGEST_KEY:
        raise InvalidField("Idempotency-Key", "too-long" if key else "empty")
    return key


def _limit(said: str) -> int:
    if not (said.isascii() and said.isdigit() and 0 < int(said[:9]) <= LONGEST_PAGE_OF_LIST):
        raise InvalidField("limit", "not-a-number")
    return int(said)


def _line(page: Page) -> dict[str, Any]:
    return {
        "id": page.id,
        "received_at": page.received_at.isoformat(),
        "source": page.source,
        "accession": page.accession,
        "campus": page.campus,
        "system": page.system,
        "patient_id": page.patient_id,
        "page": page.number,
        "width": page.width,
        "height": page.height,
        "exam": page.exam_id,
        "how": page.how,
        "reason": page.reason or None,
        "preview": f"/api/v1/hospital/films/{page.id}/preview.jpg",
    }
