"""Logging in without script: the phone's number, then the code that was sent to it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from sanic import HTTPResponse, Request

from api.login import code_sent, person_of_code
from api.pages.landing_forms import field, field_hidden, form, with_session
from api.pages.landing_page import card, heading, page, wrong
from api.services import Services
from api.session import where_of
from core.clock import now
from core.errors import InvalidField, TooManyRequests, Unauthenticated, Unavailable
from identity.masking import masked_phone
from identity.signins import PAGE_LIFE
from records import identifiers
from records.models import Hospital

TITLE = "查看检查资料"
WHY = "为保护隐私，请先用手机号登录。没有账号也可以直接登录。"
NOT_A_PHONE = "这不是可以接收短信的手机号，请检查后再试。"
WRONG_CODE = "验证码不对或已失效，请重新获取。"
NO_CHANNEL = "短信暂时发不出去，请稍后再试，或到医院服务台、自助机办理。"
STEPS = ("phone", "code")


def ask_phone(request: Request, hospital: Hospital, fault: str = "", *below: str) -> HTTPResponse:
    """The first question."""
    number = field("phone", "手机号", type="tel", inputmode="tel", autocomplete="tel-national", autofocus="")
    return page(
        TITLE,
        heading(TITLE, WHY),
        card(wrong(fault), form(request, "phone", number, button="获取验证码")),
        *below,
        hospital=hospital,
    )


async def submitted(request: Request, hospital: Hospital, fields: Mapping[str, str]) -> HTTPResponse:
    """What follows the number or the code."""
    if fields["step"] == "phone":
        return await _send(request, hospital, fields.get("phone", ""))
    services: Services = request.app.ctx.services
    at = now()
    try:
        person = await person_of_code(request, fields.get("challenge", ""), fields.get("code", ""), at)
    except Unauthenticated:
        return _ask_code(request, hospital, fields.get("phone", ""), fields.get("challenge", ""), WRONG_CODE)
    token = await services.people.sign_ins.begin_page(person, "sms", at, where=where_of(request))
    return with_session(request, token, int(PAGE_LIFE.total_seconds()))


async def _send(request: Request, hospital: Hospital, phone: str) -> HTTPResponse:
    try:
        challenge = await code_sent(request, phone)
    except InvalidField:
        return ask_phone(request, hospital, NOT_A_PHONE)
    except TooManyRequests as error:
        return ask_phone(request, hospital, f"验证码要得太频繁了，请{_wait(error.retry_after_seconds)}后再试。")
    except Unavailable:
        return ask_phone(request, hospital, NO_CHANNEL)
    return _ask_code(request, hospital, phone, challenge)


def _ask_code(request: Request, hospital: Hospital, phone: str, challenge: str, fault: str = "") -> HTTPResponse:
    services: Services = request.app.ctx.services
    sent_to = masked_phone(identifiers.phone(phone).number)
    hidden = field_hidden("phone", phone) + field_hidden("challenge", challenge)
    code = field("code", "验证码", inputmode="numeric", autocomplete="one-time-code", pattern="[0-9]{6}", autofocus="")
    again = form(request, "phone", field_hidden("phone", phone), button="没收到？重新获取", kind="quiet")
    demo = (
        '<p class="small">演示环境的短信在<a href="/demo/messages" target="_blank">这一页</a>。</p>'
        if services.settings.demo
        else ""
    )
    return page(
        TITLE,
        heading("输入验证码", f"验证码已发送到 {sent_to}，10 分钟内有效。"),
        card(wrong(fault), form(request, "code", hidden, code, button="登录并查看"), again, demo),
        f'<p><a href="{escape(request.path)}">换一个手机号</a></p>',
        hospital=hospital,
    )


def _wait(seconds: int) -> str:
    if seconds <= 90:
        return f" {seconds} 秒"
    return f" {-(-seconds // 60)} 分钟" if seconds <= 5400 else f" {-(-seconds // 3600)} 小时"
