"""Store Instances (PS3.18 section 10.5): files stream in, each is examined while the next arrives; answered when safe."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from sanic import Blueprint, HTTPResponse, Request

from api.access import address_of, needs
from api.services import Services
from archive.ingest import Batch, Outcome, Refusal, Status
from core.clock import now
from core.errors import Forbidden, Malformed, TooLarge, Unavailable, UnsupportedMediaType
from core.grants import Grant, Role
from core.uids import require_uid
from infra.audit import by
from infra.settings import MEBIBYTE
from wado import stow
from wado.mediatypes import DICOM, DICOM_XML
from wado.multipart import Limits, boundary_of, parts
from wado.nativexml import to_xml
from wado.negotiation import Category, negotiate
from wado.stow import Failed, FailureReason, Stored

routes = Blueprint("store", url_prefix="/dicom-web")
WRITE_BYTES = MEBIBYTE  # gathered before a thread writes them
FULL_RETRY_SECONDS = 60
MAY_STORE = (Role.HOSPITAL, Role.ADMIN)

_REASONS = {
    Refusal.UNREADABLE: FailureReason.CANNOT_UNDERSTAND,
    Refusal.DIFFERENT: FailureReason.DUPLICATE_INSTANCE,
    Refusal.OTHER_STUDY: FailureReason.DATA_SET_DOES_NOT_MATCH,
    Refusal.UNAVAILABLE: FailureReason.OUT_OF_RESOURCES,
}


@routes.post("/studies", stream=True, name="post")
@routes.post("/studies/<study>", stream=True, name="post_study")
@needs(*MAY_STORE)
async def store_new(request: Request, study: str | None = None) -> HTTPResponse:
    """Store instances; one that is here with other bytes is refused."""
    return await _store(request, study, replacing=False)


@routes.put("/studies", stream=True, name="put")
@routes.put("/studies/<study>", stream=True, name="put_study")
@needs(*MAY_STORE)
async def store_version(request: Request, study: str | None = None) -> HTTPResponse:
    """Store instances; one that is here with other bytes becomes a new version, the old one is kept."""
    return await _store(request, study, replacing=True)


async def _store(request: Request, study: str | None, *, replacing: bool) -> HTTPResponse:
    services: Services = request.app.ctx.services
    grant: Grant = request.ctx.grant
    if grant.home is None:
        raise Forbidden("this token belongs to no hospital")
    _refuse_encoded(request.headers.get("content-encoding", ""))
    choice = negotiate(Category.STORED, request.headers.get("accept"))[0]
    entry = by(grant, chain=grant.home, at=now(), action="store", address=address_of(request))
    study_uid = require_uid(study, "StudyInstanceUID") if study else None
    with _no_room_told():
        batch = services.ingest.batch(grant.home, entry, replacing=replacing, study_uid=study_uid)
    async with batch:
        await _receive(request, batch, services)
        outcomes = await batch.commit()
    return _answer(outcomes, services.settings.base_url + "/dicom-web", choice.media_type)


def _refuse_encoded(content_encoding: str) -> None:
    if content_encoding.strip().lower() not in ("", "identity"):
        raise UnsupportedMediaType("send it without Content-Encoding: DICOM files hardly shrink")


async def _receive(request: Request, batch: Batch, services: Services) -> None:
    settings = services.settings
    chunks = _counted(request, settings.stow_max_mib * MEBIBYTE)
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() == DICOM:
        await _spool(chunks, batch, "part 1")
        return
    limits = Limits(part_bytes=settings.instance_max_mib * MEBIBYTE)
    received = 0
    try:
        async for part in parts(chunks, boundary_of(content_type), limits):
            name = f"part {part.number}"
            received += 1
            if part.fault or part.media_type not in ("", DICOM):
                batch.refuse(name, part.fault or "it is not application/dicom")
                continue
            await _spool(part, batch, name)
    except (Malformed, TooLarge) as error:
        if not received:  # nothing of it can be kept
            raise
        batch.refuse("the rest", str(error))  # what came whole before the fault is stored


async def _spool(pieces: AsyncIterable[bytes], batch: Batch, name: str) -> None:
    path = batch.spool()
    with _no_room_told():
        await _write(pieces, path)
    batch.examine(name, path)


@contextmanager
def _no_room_told() -> Iterator[None]:
    """A disk that does not take the arriving file is our want, not the sender's fault."""
    try:
        yield
    except OSError as error:
        raise Unavailable("no room on the disk for arriving files", retry_after_seconds=FULL_RETRY_SECONDS) from error


async def _write(pieces: AsyncIterable[bytes], path: Path) -> None:
    waiting: list[bytes] = []
    size = 0
    async for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= WRITE_BYTES:
            await asyncio.to_thread(_append, path, waiting)
            waiting, size = [], 0
    await asyncio.to_thread(_append, path, waiting)


def _append(path: Path, pieces: Iterable[bytes]) -> None:
    """In a thread: also making the file may have to wait for the flushes of others."""
    rest = memoryview(b"".join(pieces))
    with path.open("ab", buffering=0) as file:
        while rest:  # one write may take only a part of it, as when the disk is nearly full
            rest = rest[file.write(rest) :]


async def _counted(request: Request, most: int) -> AsyncIterator[bytes]:
    """The body, up to `most` bytes; Sanic itself does not limit a streamed one."""
    stream: Any = request.stream  # Sanic's own type for it is not the one that it gives
    total = 0
    while stream is not None and (chunk := await stream.read()) is not None:
        total += len(chunk)
        if total > most:
            raise TooLarge(f"more than {most} bytes in one request")
        yield bytes(chunk)


def _answer(outcomes: Sequence[Outcome], base_url: str, media_type: str) -> HTTPResponse:
    stored = [_stored(each) for each in outcomes if each.status is not Status.REFUSED]
    failed = [_failed(each) for each in outcomes if each.status is Status.REFUSED]
    if not outcomes:
        raise Malformed("the request holds no part")
    if not stored and all(each.reason is FailureReason.OUT_OF_RESOURCES for each in failed):
        raise Unavailable(outcomes[0].reason)
    document = stow.store_response(stored, failed, base_url)
    status = stow.status_code(stored, failed)
    headers = {"Cache-Control": "no-store"}
    if media_type == DICOM_XML:
        return HTTPResponse(to_xml(document), status, headers, DICOM_XML)
    return HTTPResponse(orjson.dumps(document), status, headers, media_type)


def _stored(outcome: Outcome) -> Stored:
    return Stored(outcome.study_uid, outcome.series_uid, outcome.sop_class_uid, outcome.sop_instance_uid)


def _failed(outcome: Outcome) -> Failed:
    assert outcome.refusal is not None, "a refused outcome says why"
    return Failed(_REASONS[outcome.refusal], outcome.sop_class_uid, outcome.sop_instance_uid, outcome.reason)
