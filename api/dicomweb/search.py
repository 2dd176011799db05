"""Search (QIDO-RS, PS3.18 section 10.6) over HTTP."""

from __future__ import annotations

from functools import partial

import orjson
from sanic import Blueprint, HTTPResponse, Request

from api.access import READS_PICTURES, address_of, needs
from api.dicomweb.reading import PREFIX, asker_of, reads
from api.services import Services
from core.clock import now
from core.grants import Grant
from core.uids import require_uid
from infra.audit import DEPLOYMENT, by
from wado.masking.search import masked_search
from wado.mediatypes import DICOM_XML
from wado.multipart import content_type, new_boundary, whole
from wado.nativexml import to_xml
from wado.negotiation import Category, Choice, negotiate
from wado.query import Level, Query, parse_query
from wado.search import Found, Scope, search

LONGEST_NAME = 2000  # characters; a longer search is not asked twice

routes = Blueprint("search", url_prefix=PREFIX)
MORE = "There are more results than were given; use offset and limit"
IGNORED = "A parameter that means nothing here was ignored"


@reads(routes, "/studies")
@needs(*READS_PICTURES)
async def studies(request: Request) -> HTTPResponse:
    """Search for studies."""
    return await _search(request, Level.STUDY)


@reads(routes, "/series", "/studies/<study>/series")
@needs(*READS_PICTURES)
async def series(request: Request, study: str | None = None) -> HTTPResponse:
    """Search for series, everywhere or in one study."""
    return await _search(request, Level.SERIES, study)


@reads(routes, "/instances", "/studies/<study>/instances", "/studies/<study>/series/<series>/instances")
@needs(*READS_PICTURES)
async def instances(request: Request, study: str | None = None, series: str | None = None) -> HTTPResponse:
    """Search for instances, everywhere, in one study or in one series."""
    return await _search(request, Level.INSTANCE, study, series)


async def _search(request: Request, level: Level, study: str | None = None, series: str | None = None) -> HTTPResponse:
    services: Services = request.app.ctx.services
    grant: Grant = request.ctx.grant
    choice = negotiate(Category.METADATA, request.headers.get("accept"), request.args.get("accept"))[0]
    scope = Scope(study and require_uid(study, "StudyInstanceUID"), series and require_uid(series, "SeriesInstanceUID"))
    parameters = request.get_query_args(keep_blank_values=True)
    if grant.masked:
        url = services.settings.base_url + PREFIX
        found, ignored = await masked_search(services.reader, await asker_of(request), level, scope, parameters, url)
    else:
        query = parse_query(level, parameters)
        found, ignored = await _found(services, grant, scope, query), query.ignored
    own_uid = "" if grant.masked else scope.study_uid or ""
    for hospital in _hospitals(grant):
        at, address = now(), address_of(request)
        entry = by(grant, chain=hospital, at=at, action="read", address=address, study_uid=own_uid, what="search")
        await services.tally.read(entry)
    return _answer(found, choice, ignored=ignored)


async def _found(services: Services, grant: Grant, scope: Scope, query: Query) -> Found:
    """What the index says now. Who may see whole hospitals gets what another of them was just told, until something arrives."""
    ask = partial(search, grant, scope, query, services.settings.base_url + PREFIX)
    name = f"search/{','.join(sorted(grant.hospitals))}/{scope}/{query}"
    if grant.studies or grant.series or len(name) > LONGEST_NAME:
        return await ask()
    return await services.reader.current(name, now(), ask, cost=_held_bytes)


def _held_bytes(found: Found) -> int:
    return sum(map(len, found.rows)) + 100 * len(found.rows) + LONGEST_NAME


def _hospitals(grant: Grant) -> list[str]:
    """In whose chains the search is on record: of all that were searched."""
    searched = grant.hospitals | {hospital for hospital, *_ in (*grant.studies, *grant.series)}
    return sorted(searched) or [grant.home or DEPLOYMENT]


def _answer(found: Found, choice: Choice, *, ignored: bool) -> HTTPResponse:
    headers = {"Cache-Control": "private, no-cache", "Vary": "Accept, Authorization, Cookie, Origin"}
    said = [each for each, is_so in ((MORE, found.more), (IGNORED, ignored)) if is_so]
    if said:
        headers["Warning"] = ", ".join(f'299 cloudfilm "{each}"' for each in said)
    if choice.media_type == DICOM_XML:
        return _xml(found, headers)
    body = b"[" + b",".join(found.rows) + b"]"
    return HTTPResponse(body, 200, headers, choice.media_type)


def _xml(found: Found, headers: dict[str, str]) -> HTTPResponse:
    if not found.rows:
        return HTTPResponse(status=204, headers=headers)
    boundary = new_boundary()
    body = whole(boundary, [(DICOM_XML, to_xml(orjson.loads(row))) for row in found.rows])
    return HTTPResponse(body, 200, headers, content_type(boundary, DICOM_XML))
