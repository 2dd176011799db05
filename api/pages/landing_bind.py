"""Proving without script that a patient record is mine: a number of the hospital's, and the name that belongs to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sanic import HTTPResponse, Request

from api.me import bound_by
from api.pages.landing_forms import back, field, form
from api.pages.landing_page import card, heading, page, wrong
from core.errors import BindingRefused
from identity.bindings import Claim
from records.models import Hospital
from records.policies import from_json

TITLE = "核对身份"
WHY = "您已登录。这份检查还没有和您的账号关联，请填写就诊时登记的信息。"
KINDS = {
    "id_card": "身份证号",
    "visit_card": "就诊卡号",
    "outpatient": "门诊号",
    "inpatient": "住院号",
    "insurance": "医保卡号",
    "health_card": "电子健康卡号",
    "passport": "护照号",
}


def ask(request: Request, hospital: Hospital, fault: str = "", chosen: str = "id_card") -> HTTPResponse:
    """The question."""
    kinds = "".join(
        f'<option value="{kind}"{" selected" if kind == chosen else ""}>{words}</option>' for kind, words in KINDS.items()
    )
    fields = [
        f'<label>用什么核对<select name="kind">{kinds}</select></label>',
        field("value", "号码", autocomplete="off"),
        field("name", "患者姓名", autocomplete="name"),
    ]
    if any("birth_date" in factors for factors in from_json(hospital.policies).binding_factors.values()):
        fields.append(field("birth_date", "出生日期", type="date"))
    return page(
        TITLE,
        heading(TITLE, WHY),
        card(wrong(fault), form(request, "bind", *fields, button="核对")),
        card(
            "<h2>手机号和登记的不一样？</h2>",
            '<p class="second">只有医院登记的手机号可以在这里核对。请带上证件到医院服务台或自助机办理。</p>',
            "<h2>这是家人的检查？</h2>",
            '<p class="second">请家人用自己的手机扫码，或带上双方证件到服务台办理亲属授权。</p>',
        ),
        form(request, "leave", button="退出登录", kind="plain"),
        hospital=hospital,
    )


async def submitted(request: Request, hospital: Hospital, fields: Mapping[str, str]) -> HTTPResponse:
    """What follows the answer; `request.ctx.grant` is who asks."""
    claim = Claim(
        hospital=hospital.code,
        kind=fields.get("kind", "") if fields.get("kind") in KINDS else "other",
        value=fields.get("value", ""),
        name=fields.get("name", ""),
        birth_date=_day(fields.get("birth_date", "")),
    )
    try:
        await bound_by(request, claim)
    except BindingRefused:
        number = f"，电话 {hospital.help_phone}" if hospital.help_phone else ""
        return ask(request, hospital, f"信息没有核对上。请检查后再试，或到医院服务台、自助机办理{number}。", claim.kind)
    return back(request)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
