"""A link from a message: opens its one exam for who knows the patient; for whoever else got it, there is a way on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from html import escape

from sanic import HTTPResponse, Request

from api.access import address_of
from api.pages import landing_bind, landing_choice, landing_exam, landing_login
from api.pages.landing_forms import device, field, field_hidden, form, holder, said, with_session
from api.pages.landing_page import card, heading, page, wrong
from api.pages.landing_record import DONE, REFUSED, recorded
from api.pages.landing_view import exam_page, not_here
from api.services import Services
from core.clock import now
from core.errors import InvalidField, TooManyRequests
from core.grants import Grant, Role
from identity.links import Link, LinkEnded
from identity.links_opened import opened_exam
from identity.links_proof import Asker, Known
from identity.mine import records_of
from identity.sessions import issue
from records import search
from records.models import Hospital

TITLE = "查看检查资料"
SESSION_LIFE = timedelta(minutes=30)
WAYS = {"self": "我是本人", "family": "我是家属", "doctor": "我是医生"}
WHY = {
    "self": "为保护隐私，请先核对身份。",
    "family": "请填写患者本人的信息。核对后只能查看这一份检查。",
}
PAPER, NAME = "paper", "name"
STEPS = (PAPER, NAME)
INCOMPLETE = {PAPER: "请填写完整，证件号后六位只有数字和字母。", NAME: "请填写姓名和就诊号。"}
TOO_OFTEN = "这部手机今天试得太多了，请明天再试，或联系医院。"
BUSY = "刚才有人正在核对，请过一分钟再试。这一次没有算作答错。"
A_MOMENT_SECONDS = 60
LAST_TRY = "没有核对上。再错一次，这条链接就会锁定，请看清楚证件再填。"


async def opened(request: Request, link: Link) -> HTTPResponse:
    """The page for who got the link: a question, or the exam."""
    hospital = await Hospital.get(code=link.hospital)
    grant = await holder(request)
    if request.method == "POST":
        return await _submitted(request, link, hospital, grant)
    if grant is not None and grant.role is Role.LINK and grant.subject == link.id:
        found = await opened_exam(link, now())
        return await exam_page(request, grant, found) if found else await not_here(request, grant, hospital)
    if grant is not None and grant.role is Role.PATIENT:
        found = await search.get(await records_of(grant.subject, now()), link.subject, now())
        if found is not None:
            return await exam_page(request, grant, found)
        choice = await landing_choice.may_choose(grant, link)
        if choice is not None:
            return landing_choice.ask(request, choice)
    return _asked(request, hospital, grant)


def _asked(request: Request, hospital: Hospital, grant: Grant | None) -> HTTPResponse:
    """The question that the visitor chose; the patient's own first."""
    way = request.args.get("who", "self")
    if way == "doctor":
        return _for_doctors(request, hospital)
    if request.args.get("by") == "login":
        logged_in = grant is not None and grant.role is Role.PATIENT
        return landing_bind.ask(request, hospital) if logged_in else landing_login.ask_phone(request, hospital)
    return _ask(request, hospital, way if way in WHY else "self", NAME if request.args.get("by") == NAME else PAPER)


def _ask(request: Request, hospital: Hospital, way: str, step: str, fault: str = "", status: int = 200) -> HTTPResponse:
    path = f"{escape(request.path)}?who={way}"
    other = (
        f'<a href="{path}&amp;by=name">没有证件号？用姓名和就诊号</a>'
        if step == PAPER
        else f'<a href="{path}">用证件号后六位</a>'
    )
    login = f'<a href="{path}&amp;by=login">用手机号登录</a>'
    return page(
        TITLE,
        heading(TITLE, WHY[way]),
        _ways(request, way),
        card(wrong(fault), form(request, step, field_hidden("who", way), *_fields(step), button="查看")),
        f'<p class="ways">{other}{login}</p>',
        hospital=hospital,
        status=status,
    )


def _fields(step: str) -> tuple[str, ...]:
    if step == NAME:
        return (
            field("name", "患者姓名", autocomplete="off"),
            field("visit", "就诊号（门诊号、住院号或就诊卡号）", autocomplete="off"),
        )
    last_six = field(
        "last_six",
        "患者证件号（如身份证）后六位",
        autocomplete="off",
        autocapitalize="characters",
        pattern=" *[0-9A-Za-z]{6} *",
    )
    return (last_six, '<p class="small">末位是 X 的，请填 X。</p>')


def _ways(request: Request, chosen: str) -> str:
    links = (
        f'<a href="{escape(request.path)}?who={way}"{" aria-current=page" if way == chosen else ""}>{words}</a>'
        for way, words in WAYS.items()
    )
    return f'<nav class="steps">{"".join(links)}</nav>'


def _for_doctors(request: Request, hospital: Hospital) -> HTTPResponse:
    text = (
        "请患者本人在手机上打开这条链接，核对身份后给您看；患者在身边时，也可以由患者在这里核对。本院医生请在医院的系统里查看。"
    )
    return page(
        TITLE,
        heading(TITLE, "这条链接发给了患者本人。"),
        _ways(request, "doctor"),
        card(f"<p>{text}</p>", f'<a class="button" href="{escape(request.path)}?who=self">患者在身边，现在核对</a>'),
        hospital=hospital,
    )


async def _submitted(request: Request, link: Link, hospital: Hospital, grant: Grant | None) -> HTTPResponse:
    fields = said(request)
    if fields.get("step") not in STEPS:
        return await landing_exam.submitted(request, link, hospital, grant, fields)
    services: Services = request.app.ctx.services
    way, step = fields.get("who", "self"), fields["step"]
    way = way if way in WHY else "self"
    tried = {"as": way, "by": step}
    asker, at = Asker(device(request), address_of(request)), now()
    try:
        right = await services.people.proofs.prove(link, _known(fields, step), asker, at)
    except InvalidField:
        return _ask(request, hospital, way, step, INCOMPLETE[step])
    except TooManyRequests as often:
        await recorded(request, link, REFUSED, {**tried, "why": "device"})
        words = TOO_OFTEN if often.retry_after_seconds > A_MOMENT_SECONDS else BUSY
        return _ask(request, hospital, way, step, words, 429)
    if not right:
        await recorded(request, link, REFUSED, {**tried, "why": "answer"})
        return await _wrong(request, link, hospital, way, step)
    await recorded(request, link, DONE, tried)
    token = await issue(services.settings.keys, role=Role.LINK, hospital=None, subject=link.id, life=SESSION_LIFE, now=at)
    return with_session(request, token, int(SESSION_LIFE.total_seconds()))


async def _wrong(request: Request, link: Link, hospital: Hospital, way: str, step: str) -> HTTPResponse:
    services: Services = request.app.ctx.services
    left = await services.people.links.tries_left(link)
    if left == 0:
        raise LinkEnded("locked", link)
    return _ask(request, hospital, way, step, LAST_TRY if left == 1 else f"没有核对上，还可以试 {left} 次。")


def _known(fields: Mapping[str, str], step: str) -> Known:
    if step == NAME:
        return Known(name=fields.get("name", ""), visit=fields.get("visit", ""))
    return Known(last_six=fields.get("last_six", ""))
