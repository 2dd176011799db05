"""Opening the digital service without script: the notice is shown whole, and answered by the patient (contract 3.10.2)."""

from __future__ import annotations

from html import escape

from sanic import HTTPResponse, Request

from api.activations import record_answer
from api.pages.landing_forms import back, field_hidden, form
from api.pages.landing_page import card, day_and_time, heading, page
from core.clock import now
from core.errors import Conflict
from core.grants import Grant, Role
from identity import activations
from identity.activations import Kind, Witness
from identity.links import Link, LinkKind
from identity.mine import records_to_choose_for
from records import choices
from records.choices import Choice

TITLE = "开通数字影像服务"
WHY = "这份检查还没有开通数字影像服务。影像已由医院保存，您可以随时开通。"
STEP = "open"
WAYS = {LinkKind.EXAM: "qr", LinkKind.NOTICE: "sms_link"}


async def may_choose(grant: Grant, link: Link) -> Choice | None:
    """The exam of a link, where its digital service is not open and who asks may open it."""
    found = await choices.get(await records_to_choose_for(grant.subject, now()), link.subject)
    return found if found is not None and not found.open else None


def ask(request: Request, found: Choice) -> HTTPResponse:
    """The notice, and one button."""
    notice, exam = activations.notice_of(found.hospital), found.exam
    when = day_and_time(exam.performed_at, found.hospital.zone)
    version = field_hidden("notice_version", notice.version)
    return page(
        TITLE,
        heading(TITLE, WHY),
        card(f"<h2>{escape(exam.item or exam.body_part or '检查')}</h2>", f'<p class="second">{when}</p>'),
        card(f'<p class="text">{escape(notice.text)}</p>', form(request, STEP, version, button="我已阅读并同意，开通")),
        form(request, "leave", button="暂不开通，退出", kind="quiet"),
        hospital=found.hospital,
    )


async def submitted(request: Request, link: Link, grant: Grant, notice_version: str) -> HTTPResponse:
    """Keep the answer; `grant` is a patient's. A notice that changed meanwhile is shown anew."""
    found = await may_choose(grant, link)
    if found is not None:
        request.ctx.grant = grant
        witness = Witness(WAYS[link.kind], Role.PATIENT, grant.subject, grant.subject)
        try:
            await record_answer(request, found, Kind.OPENED, witness, notice_version)
        except Conflict:
            return ask(request, found)
    return back(request)
