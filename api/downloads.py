"""Taking an exam along: how large it is, all of it or one series as a ZIP, and the way to have it on a computer."""

from __future__ import annotations

from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api import maskeddownloads
from api.access import address_of, needs
from api.dicomweb.conditional import send
from api.dicomweb.reading import reads
from api.download.files import entries
from api.download.parts import Download, Part, gathered
from api.download.zipped import WHAT, length_of, zipped
from api.exams import my_exam
from api.forms import answer, asked
from api.recipients import Received, received
from api.services import Services
from core.clock import now
from core.errors import InvalidField, NotFound
from core.grants import Grant, Role
from core.uids import is_uid
from identity.downloadcodes import DownloadCodes
from identity.links import LinkKind, good_link
from identity.links_opened import opened_exam
from infra.audit import by
from records.search import Found
from share.viewing import view_of
from wado.places import Asker

routes = Blueprint("downloads", url_prefix="/api/v1/exams")
TAKES_ALONG = (Role.PATIENT, Role.LINK)
MOST_SERIES = 200  # named in one question


@reads(routes, "/<exam>/download")
@needs(*TAKES_ALONG)
async def manifest(request: Request, exam: str) -> HTTPResponse:
    """What a download of this exam holds and how many bytes it is: the whole, the report, each page of film, each series."""
    asked(request)
    return answer(await inside(request, exam))


async def inside(request: Request, exam: str) -> dict[str, Any]:
    """As `manifest` tells it, for whoever asks; raises NotFound where nothing may be taken along."""
    services: Services = request.app.ctx.services
    seen = await _shared(request, exam)
    if seen is not None and seen.whose is not None:
        return (await maskeddownloads.gathered(services, request.ctx.grant, seen)).listed()
    found = seen.found if seen else await exam_of(request, exam)
    download = await gathered(services, _asker(request), found, seen)
    return _listed(download, length_of(await entries(services, download)))


@reads(routes, "/<exam>/download.zip")
@needs(*TAKES_ALONG)
async def file(request: Request, exam: str) -> HTTPResponse | None:
    """Original files as they were sent with a DICOMDIR, the report, the film and 说明.txt; `series` takes some.

    The same exam gives the same bytes: a broken download goes on with Range.
    """
    services: Services = request.app.ctx.services
    series = _series(request)
    seen = await _shared(request, exam)
    if seen is not None and seen.whose is not None:
        masked = await maskeddownloads.gathered(services, request.ctx.grant, seen)
        found, made = seen.found, zipped(masked.download, masked.entries(series), services.tiers)
    else:
        found = seen.found if seen else await exam_of(request, exam)
        download = await gathered(services, _asker(request), found, seen)
        made = zipped(download, await entries(services, download, series), services.tiers)
    await _record(request, found, {"bytes": made.length, "series": len(series)})
    return await send(request, made)


@routes.post("/<exam>/pc-download", name="pc")
@needs(Role.PATIENT)
async def on_a_computer(request: Request, exam: str) -> HTTPResponse:
    """A short address and a code to type there, once within ten minutes: that computer may then download this exam."""
    services: Services = request.app.ctx.services
    found, grant, at = await my_exam(request, exam), request.ctx.grant, now()
    codes = DownloadCodes(services.people.sealer, services.people.links)
    shown = await codes.show(grant.subject, found.hospital.code, found.exam.id, at)
    entry = by(grant, chain=found.hospital.code, at=at, action="pc-code", address=address_of(request), study_uid=found.exam.id)
    await services.trail.record(entry)
    address = f"{services.settings.base_url}/pc/{shown.handle}"
    return answer({"address": address, "code": shown.code, "expires_at": shown.expires_at.isoformat()}, 201)


async def _shared(request: Request, exam_id: str) -> Received | None:
    """What a share lets its recipient take along; None for everybody else. Raises NotFound where its owner forbids it."""
    grant: Grant = request.ctx.grant
    view = await view_of(grant, now())
    if view is None:
        return None
    if not view.allow_download:
        raise NotFound("nothing that may be taken along")
    return await received(request.app.ctx.services, grant, exam_id)


async def exam_of(request: Request, exam_id: str) -> Found:
    """A patient's own and family's; the one for which a computer's link was made. Raises NotFound for every other."""
    grant: Grant = request.ctx.grant
    if grant.role is Role.PATIENT:
        return await my_exam(request, exam_id)
    link = await good_link(grant.subject, now())
    found = await opened_exam(link, now()) if link.kind is LinkKind.DOWNLOAD and link.subject == exam_id else None
    if found is None:
        raise NotFound("no such exam")
    return found


def _asker(request: Request) -> Asker:
    """Nobody under a mask gets this far."""
    return Asker(request.ctx.grant, now())


def _series(request: Request) -> tuple[str, ...]:
    given = request.get_query_args(keep_blank_values=True)
    if len(given) > MOST_SERIES:
        raise InvalidField("series", "too-long")
    for name, value in given:
        if name != "series":
            raise InvalidField("query", "unknown")
        if not is_uid(value):
            raise InvalidField("series", "not-a-uid")
    return tuple(dict.fromkeys(value for _, value in given))


def _listed(download: Download, size: int) -> dict[str, Any]:
    return {
        "bytes": size,
        "report": {"bytes": download.report.size} if download.report else None,
        "films": [{"n": n, "bytes": page.size} for n, page in enumerate(download.films, 1)],
        "series": [_part(part) for part in download.parts],
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "uid": part.uid,
        "study": part.study,
        "number": part.row.series_number,
        "description": part.row.series_description,
        "modality": part.row.modality,
        "count": len(part.instances),
        "bytes": part.size,
    }


async def _record(request: Request, found: Found, detail: dict[str, Any]) -> None:
    """On record before the first byte."""
    services: Services = request.app.ctx.services
    entry = by(
        request.ctx.grant,
        chain=found.hospital.code,
        at=now(),
        action="read",
        address=address_of(request),
        study_uid=found.exam.id,
        what=WHAT,
        detail=detail,
    )
    await services.tally.read(entry)
