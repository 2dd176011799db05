"""The exam's own QR, from paper: opens the exam for who logs in and whose it is, a family member's too."""

from __future__ import annotations

from sanic import HTTPResponse, Request

from api.access import COOKIE, address_of
from api.pages import landing_bind, landing_choice, landing_feedback, landing_login
from api.pages.landing_forms import back, holder, said
from api.pages.landing_view import exam_page, not_here
from api.services import Services
from core.clock import now
from core.grants import Grant, Role
from identity.links import Link
from identity.mine import records_of
from infra.audit import DEPLOYMENT, by
from records import search
from records.models import Exam, Hospital


async def opened(request: Request, link: Link) -> HTTPResponse:
    """The page for who holds this paper: login, proof of who they are, or the exam."""
    hospital = await Hospital.get(code=link.hospital)
    grant = await holder(request)
    if request.method == "POST":
        return await submitted(request, link, hospital, grant, said(request))
    if grant is None or grant.role is not Role.PATIENT:
        return landing_login.ask_phone(request, hospital)
    return await shown_to(request, link, hospital, grant)


async def shown_to(request: Request, link: Link, hospital: Hospital, grant: Grant) -> HTTPResponse:
    """The exam for a patient who is logged in; where it is not theirs, how it may become so."""
    mine = await records_of(grant.subject, now())
    found = await search.get(mine, link.subject, now())
    if found is not None:
        return await exam_page(request, grant, found)
    choice = await landing_choice.may_choose(grant, link)
    if choice is not None:
        return landing_choice.ask(request, choice)
    if await Exam.exists(id=link.subject, record_id__in=list(mine)):
        return await not_here(request, grant, hospital)
    return landing_bind.ask(request, hospital)


async def submitted(
    request: Request, link: Link, hospital: Hospital, grant: Grant | None, fields: dict[str, str]
) -> HTTPResponse:
    """What follows a form of these pages."""
    step = fields.get("step", "")
    if step in landing_login.STEPS:
        return await landing_login.submitted(request, hospital, fields)
    patient = grant if grant is not None and grant.role is Role.PATIENT else None
    if step == "bind" and patient is not None:
        request.ctx.grant = patient
        return await landing_bind.submitted(request, hospital, fields)
    if step == landing_choice.STEP and patient is not None:
        return await landing_choice.submitted(request, link, patient, fields.get("notice_version", ""))
    if step == landing_feedback.STEP and grant is not None:
        return await landing_feedback.submitted(request, link, hospital, grant, fields)
    if step == "leave" and grant is not None:
        return await leave(request, grant)
    return back(request)


async def leave(request: Request, grant: Grant) -> HTTPResponse:
    """End the session, so that the next one at this screen sees nothing."""
    services: Services = request.app.ctx.services
    await services.people.sign_ins.end(grant.session, now())
    entry = by(grant, chain=DEPLOYMENT, at=now(), action="sign-out", address=address_of(request))
    await services.trail.record(entry)
    response = back(request)
    response.delete_cookie(COOKIE)
    return response
