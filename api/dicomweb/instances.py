"""Retrieve whole instances and bulk data (PS3.18 section 10.4) over HTTP."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, Request

from api.access import READS_PICTURES, needs
from api.dicomweb.conditional import send
from api.dicomweb.reading import PREFIX, Asked, answered, asked_by, reads, recorded
from api.recipients import require_taking
from archive import locate
from archive.locate import Located
from core.errors import Forbidden, Malformed, NotFound
from core.grants import Grant, Role
from wado import instances
from wado.bulkdata import bulkdata, parse_path
from wado.negotiation import Category
from wado.places import Place, place
from wado.places import instance as instance_at
from wado.places import instances as instances_at
from wado.ready import Answer

routes = Blueprint("instances", url_prefix=PREFIX)
INSTANCE = "/studies/<study>/series/<series>/instances/<instance>"


@reads(routes, "/studies/<study>", "/studies/<study>/series/<series>")
@needs(*READS_PICTURES)
async def of_many(request: Request, study: str, series: str | None = None) -> HTTPResponse | None:
    """All DICOM files of a study or series."""
    await require_taking(request.app.ctx.services, request.ctx.grant)

    async def make(asked: Asked) -> Answer:
        choices = asked.choices(Category.INSTANCES, single=False)
        where = place(study, series)
        return await instances.of_all(asked.reader, await instances_at(asked.asker, where), where, choices)

    return await answered(request, study, make)


@reads(routes, INSTANCE)
@needs(*READS_PICTURES, Role.AUDITOR)
async def of_instance(request: Request, study: str, series: str, instance: str) -> HTTPResponse | None:
    """One DICOM file. For the auditor alone: an older version of it."""
    if request.ctx.grant.role is Role.AUDITOR:
        return await _older_version(request, place(study, series, instance))
    await require_taking(request.app.ctx.services, request.ctx.grant)

    async def make(asked: Asked) -> Answer:
        if asked.version is not None:
            raise Forbidden("older versions are for the auditor")
        choices = asked.choices(Category.INSTANCES)
        at = await instance_at(asked.reader, asked.asker, place(study, series, instance))
        return await instances.of_instance(asked.reader, at, choices)

    return await answered(request, study, make)


@reads(routes, INSTANCE + "/bulkdata/<path:path>")
@needs(*READS_PICTURES)
async def large_value(request: Request, study: str, series: str, instance: str, path: str) -> HTTPResponse | None:
    """One large value of an instance."""

    async def make(asked: Asked) -> Answer:
        at = await instance_at(asked.reader, asked.asker, place(study, series, instance))
        return await bulkdata(asked.reader, at, parse_path(path), asked.accept, asked.accept_parameter)

    return await answered(request, study, make)


async def _older_version(request: Request, where: Place) -> HTTPResponse | None:
    asked = await asked_by(request)
    if asked.version is None:
        raise Malformed("the auditor names the version that is wanted")
    choices = asked.choices(Category.INSTANCES)
    at = await _located(request.ctx.grant, where, asked.version)
    answer = await instances.of_instance(asked.reader, at, choices)
    await recorded(request, answer.about, instance=at.sop_uid, version=at.version)
    return await send(request, answer)


async def _located(grant: Grant, where: Place, version: int) -> Located:
    if grant.home is None or where.sop_uid is None:
        raise NotFound("no such version")
    at = await locate.version(grant.home, where.sop_uid, version)
    if at is None or (at.study_uid, at.series_uid) != (where.study_uid, where.series_uid):
        raise NotFound("no such version")
    return at
