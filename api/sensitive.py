"""My own mark: this exam is in no share unless I ask for it by itself."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, Request

from api.access import address_of, needs
from api.bodies import Field, body, flag
from api.exams import my_exam
from api.forms import answer
from api.services import Services
from core.clock import now
from core.errors import OnlyLooking
from core.grants import Role
from identity.mine import records_to_choose_for
from infra.audit import by
from records.search import Found
from share import sensitive

routes = Blueprint("sensitive", url_prefix="/api/v1/exams")
MARK = {"sensitive": Field(flag, required=True)}


@routes.get("/<exam>/sensitive", name="one")
@needs(Role.PATIENT)
async def one(request: Request, exam: str) -> HTTPResponse:
    """Whether the exam is sensitive, and by whose word: the hospital's rule, or my own mark."""
    return await _told(await my_exam(request, exam))


@routes.put("/<exam>/sensitive", name="mark")
@needs(Role.PATIENT)
async def mark(request: Request, exam: str) -> HTTPResponse:
    """Mark it, or take my mark away. Shares that did not ask for it by itself stop showing it at once."""
    services: Services = request.app.ctx.services
    said = await body(request, MARK)
    found, grant = await my_exam(request, exam), request.ctx.grant
    if found.exam.record_id not in await records_to_choose_for(grant.subject, now()):
        raise OnlyLooking("a family member who may look may not decide this")
    if said["sensitive"]:
        await sensitive.mark(found.exam.id, grant.subject, now())
    else:
        await sensitive.unmark(found.exam.id)
    services.sessions_epoch.advance()
    action = "mark-sensitive" if said["sensitive"] else "unmark-sensitive"
    entry = by(grant, chain=found.hospital.code, at=now(), action=action, address=address_of(request), study_uid=found.exam.id)
    await services.trail.record(entry)
    return await _told(found)


async def _told(found: Found) -> HTTPResponse:
    marked = bool(await sensitive.marked_among([found.exam.id]))
    named = sensitive.named_sensitive(found)
    return answer({"sensitive": marked or named, "by_hospital": named, "by_me": marked})
