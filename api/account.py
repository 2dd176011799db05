"""My account: a copy of what is kept of me, and giving it up."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, Request

from api import wishes
from api.access import address_of, needs
from api.errors import prefers_english
from api.forms import answer
from api.services import Services
from core.clock import now
from core.grants import Role
from identity import account
from identity.persons import require_person
from infra.audit import DEPLOYMENT, by
from notify.channels import acceptances
from share import authorisations

routes = Blueprint("account", url_prefix="/api/v1/me")
KEPT = (
    "登录方式、手机号、绑定、家人授权和写过的反馈已删除。检查、影像和报告属于病历，医院依法须保存（门诊至少15年，住院至少30年），不随账号删除。",
    "Logins, phones, bindings, family permissions and feedback are gone. Exams, images and reports are medical records that the"
    " hospital must keep by law (outpatients 15 years, inpatients 30 years at least); they are not deleted with an account.",
)


@routes.get("/export")
@needs(Role.PATIENT)
async def export(request: Request) -> HTTPResponse:
    """A copy of what is kept of me: phones, logins, bindings, family, feedback, shares, what others may fetch or send me."""
    services: Services = request.app.ctx.services
    person = await require_person(request.ctx.grant.subject)
    copied = await account.export(person.id, services.people.sealer)
    shared = await services.sharing.shares.export(person.id)
    taps = await acceptances.kept(await account.subjects(person.id))
    chosen = await wishes.of_person(person.id, services.people.channels)
    await _record(request, "export-account")
    return answer(
        {
            "id": person.id,
            "since": person.created_at,
            **copied,
            "shares": shared,
            "authorisations": await authorisations.export(person.id),
            "message_taps": taps,
            "message_wishes": chosen,
        }
    )


@routes.delete("/")
@needs(Role.PATIENT)
async def delete(request: Request) -> HTTPResponse:
    """Give my account up; the answer says what stays, and why."""
    services: Services = request.app.ctx.services
    person = await require_person(request.ctx.grant.subject)
    await _record(request, "delete-account")
    subjects = await account.subjects(person.id)
    await services.sharing.shares.revoke_all(person.id, now())
    await authorisations.revoke_all(person.id, now())
    await account.delete(person.id, services.sessions_epoch, now())
    await acceptances.remove(subjects)
    return answer({"kept": KEPT[prefers_english(request.headers.get("accept-language", ""))]})


async def _record(request: Request, action: str) -> None:
    services: Services = request.app.ctx.services
    entry = by(request.ctx.grant, chain=DEPLOYMENT, at=now(), action=action, address=address_of(request))
    await services.trail.record(entry)
