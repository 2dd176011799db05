"""Deleting a study, which the law forbids for many years: refused before its day (the standard has no such transaction)."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from sanic import Blueprint, HTTPResponse, Request

from api.access import address_of, needs
from api.services import Services
from archive.retention import delete_study
from core.clock import now
from core.errors import Forbidden, RetentionNotOver
from core.grants import Grant, Role
from core.uids import require_uid
from infra.audit import Entry, by
from infra.database import transaction
from records.filmdeletion import study_deleted
from records.models import Hospital

routes = Blueprint("deletion", url_prefix="/dicom-web")


@routes.delete("/studies/<study>")
@needs(Role.HOSPITAL, Role.ADMIN)
async def delete(request: Request, study: str) -> HTTPResponse:
    """Delete a study whose time is over, on record; 409 before."""
    services: Services = request.app.ctx.services
    entry = _entry(request, require_uid(study, "StudyInstanceUID"))
    try:
        await _delete(services, entry)
    except RetentionNotOver:
        await services.trail.record(replace(entry, outcome="refused", detail={"why": "retention"}))
        raise
    return HTTPResponse(status=204)


async def _delete(services: Services, entry: Entry) -> None:
    hospital = await Hospital.get(code=entry.chain)
    async with transaction():
        await study_deleted(hospital.code, entry.study_uid, entry.at)
        deleted = await delete_study(hospital.code, entry.study_uid, entry.at, ZoneInfo(hospital.zone))
        await services.trail.append([replace(entry, detail={"instances": deleted.instances, "objects": deleted.objects})])
    services.archive_epoch.advance()
    services.arrivals_epoch.advance()


def _entry(request: Request, study_uid: str) -> Entry:
    grant: Grant = request.ctx.grant
    if grant.home is None:
        raise Forbidden("this token belongs to no hospital")
    return by(grant, chain=grant.home, at=now(), action="delete", address=address_of(request), study_uid=study_uid)
