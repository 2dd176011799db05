"""Feedback on a page behind /s/, for who proved who they are: a form without script, and what the hospital answered."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from html import escape

from sanic import HTTPResponse, Request

from api.bodies import values
from api.feedback import NEW, author_of, kept
from api.pages.landing_forms import LONGEST_LINES, back, field, field_hidden, form
from api.pages.landing_page import card, day_and_time, heading, page
from api.services import Services
from core.clock import now
from core.errors import InvalidField, TooManyRequests
from core.grants import Grant, Role
from identity.feedback import Feedbacks, Letter, State, Words
from identity.links import Link
from identity.mine import records_of
from records import search
from records.models import Hospital

STEP = "feedback"
KINDS = {
    "cannot-see": "看不到影像或报告",
    "wrong-data": "信息有误",
    "complaint": "投诉",
    "praise": "表扬",
    "other": "其他",
}
STATES = {
    State.RECEIVED: "已收到",
    State.HANDLING: "处理中",
    State.ANSWERED: "已回复",
    State.CLOSED: "已办结",
}
LATEST = 3  # of one's own that the page shows
DONE = ("已收到您的反馈", "医院服务台会处理。回复后，再次打开这一页就能看到；着急时请直接致电医院。")
WRONG = ("没有发送", "请写下要反馈的内容（最多 500 字），电话只填数字，然后再试一次。")
TOO_OFTEN = ("没有发送", "您刚才已反馈多次，医院正在处理。请稍后再试，或直接致电医院。")


async def answers(request: Request, grant: Grant, hospital: Hospital) -> str:
    """What the visitor wrote to this hospital before, and what it answered."""
    services: Services = request.app.ctx.services
    letters = await Feedbacks(services.people.sealer).owns(author_of(grant), "", LATEST)
    mine = [each for each in letters if each.row.hospital_id == hospital.code and each.row.state in STATES]
    return _letters(mine, hospital.zone)


async def submitted(request: Request, link: Link, hospital: Hospital, grant: Grant, fields: Mapping[str, str]) -> HTTPResponse:
    """Keep it; `grant` is a patient's, or of who proved a link."""
    if grant.role is Role.LINK and grant.subject != link.id:
        return back(request)  # this link was not proved: its page asks
    said = {name: fields[name] for name in ("kind", "text", "contact") if fields.get(name)}
    try:
        read = values({"hospital": hospital.code, "page": "landing", **said}, NEW)
        words = Words(**{**read, "exam": await _exam(link, grant)})
        await kept(request, grant, words, fields.get("once") or None)
    except InvalidField:
        return _told(request, hospital, WRONG, 422)
    except TooManyRequests:
        return _told(request, hospital, TOO_OFTEN, 429)
    return _told(request, hospital, DONE)


async def _exam(link: Link, grant: Grant) -> str | None:
    """The exam of the link, where who writes may see it."""
    if grant.role is Role.LINK:
        return link.subject
    found = await search.get(await records_of(grant.subject, now()), link.subject, now())
    return found.exam.id if found else None


def ask(request: Request) -> str:
    """The form, closed until it is wanted."""
    choices = "".join(f'<option value="{kind}">{words}</option>' for kind, words in KINDS.items())
    kind = f'<label>关于什么<select name="kind">{choices}</select></label>'
    text = f'<label>要告诉医院的话<textarea name="text" rows="4" maxlength="{LONGEST_LINES}" required></textarea></label>'
    phone = field("contact", "电话（可不填，方便医院联系您）", type="tel", autocomplete="tel", required=False)
    once = field_hidden("once", secrets.token_urlsafe(16))  # sent twice by going back and forth, it is one
    sent = form(request, STEP, once, kind, text, phone, button="发送", kind="quiet")
    return f'<details class="card"><summary>看不到、信息不对，或有话对医院说？</summary>{sent}</details>'


def _letters(letters: Sequence[Letter], zone: str) -> str:
    return "".join(card(*_letter(each, zone)) for each in letters)


def _letter(letter: Letter, zone: str) -> list[str]:
    state = State(letter.row.state)
    kind = "open" if state in (State.RECEIVED, State.HANDLING) else ""
    said = [
        f'<p class="small">{"医院" if each.by_hospital else "您"} · {day_and_time(each.at, zone)}</p>'
        f'<p class="text">{escape(each.text)}</p>'
        for each in letter.entries
    ]
    return ["<h2>您的反馈</h2>", f'<p><span class="state {kind}">{STATES[state]}</span></p>', *said]


def _told(request: Request, hospital: Hospital, words: tuple[str, str], status: int = 200) -> HTTPResponse:
    again = f'<a class="button" href="{escape(request.path)}">返回</a>'
    return page(words[0], heading(*words), again, hospital=hospital, status=status)
