"""What a patient shared, without script: nothing before the passcode, then report, film and images of just those exams.

Looking counts nothing, so that the robots that make previews of links use nothing up; only the form opens the share.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from sanic import HTTPResponse, Request

from api.exams import item_of_link, on_record
from api.pages import landing_take
from api.pages.landing_exam import leave
from api.pages.landing_forms import field, form, holder, said, with_session
from api.pages.landing_page import card, day_and_time, heading, page, wrong
from api.recipients import Received, all_received, patient_of
from api.services import Services
from api.shareopening import LONGEST_HOSPITAL, LONGEST_NAME, opened_by
from core.clock import now
from core.errors import PasscodeWrong, TooManyRequests
from core.grants import Grant, Role
from identity.links import Link
from records.models import PatientRecord, Report, ReportStatus
from share.models import Share
from share.parts import Part
from share.viewing import ShareView, view_of

TITLE = "有人给您分享了检查资料"
WHY = "请输入分享者告诉您的 6 位密码。您填写的信息会显示给分享者。"
WHY_FACE_TO_FACE = "这份分享只能打开一次，请在分享者身边打开。您填写的信息会显示给分享者。"
BUSY = "刚才有人正在打开这份分享，请过一分钟再试。这一次没有算作输错。"
OPEN, LEAVE = "open", "leave"
WIDE, SMALL = 1080, 360  # pixels, on a phone whose points are three of them
MOST_THUMBNAILS = 12
SEXES = {"M": "男", "F": "女"}
MASKED = '<p class="small">姓名等身份信息已隐去。</p>'
WITHHELD = "这份检查的影像上可能写有身份信息，没有随分享发出。"
NOT_NOW = "分享的检查目前没有开放查看，请联系分享给您的人。"


async def opened(request: Request, link: Link) -> HTTPResponse:
    """The question, or what was shared, for who answered it in this browser."""
    services: Services = request.app.ctx.services
    grant = await holder(request)
    inside = grant if grant is not None and grant.role is Role.LINK and grant.subject == link.id else None
    if request.method == "POST":
        return await _submitted(request, link, inside)
    if inside is not None:
        request.ctx.grant = inside
        return await (landing_take.page_of(request) if landing_take.TAKE in request.args else _shown(request, inside))
    _, share = await services.sharing.openings.found(str(request.match_info["token"]), now())
    if grant is not None and grant.role is Role.PATIENT and grant.subject == share.person_id:
        return _own(request)
    return _ask(request, share)


async def _submitted(request: Request, link: Link, inside: Grant | None) -> HTTPResponse:
    services: Services = request.app.ctx.services
    fields, token = said(request), str(request.match_info["token"])
    if fields.get("step") == LEAVE and inside is not None:
        return await leave(request, inside)
    _, share = await services.sharing.openings.found(token, now())
    who = {"hospital": fields.get("hospital", "")[:LONGEST_HOSPITAL], "name": fields.get("name", "")[:LONGEST_NAME]}
    if not who["name"] or not (who["hospital"] or share.mask):
        return _ask(request, share, who, "请写明您是谁，分享者会看到。")
    if share.passcode_hash is not None and not fields.get("passcode"):
        return _ask(request, share, who, "请输入 6 位密码。")
    try:
        result = await opened_by(request, token, fields.get("passcode", ""), who)
    except PasscodeWrong as refused:
        left = f"还可以试 {refused.remaining} 次" if refused.remaining > 1 else "再错一次，这份分享就会锁定"
        return _ask(request, share, who, f"密码不对，{left}。")
    except TooManyRequests:
        return _ask(request, share, who, BUSY, 429)
    return with_session(request, result.token, int(result.expires_in.total_seconds()))


def _ask(
    request: Request, share: Share, who: Mapping[str, str] | None = None, fault: str = "", status: int = 200
) -> HTTPResponse:
    """Says nothing of who shares, of which hospital, or what."""
    known = who or {}
    needed = share.passcode_hash is not None
    passcode = field("passcode", "6 位密码", inputmode="numeric", autocomplete="off", pattern="[0-9０-９ ]{6,11}", autofocus="")
    hospital = field("hospital", "您的医院", known.get("hospital", ""), autocomplete="organization")
    name = field("name", "您的姓名" if not share.mask else "您的称呼", known.get("name", ""), autocomplete="name")
    return page(
        TITLE,
        heading(TITLE, WHY if needed else WHY_FACE_TO_FACE),
        card(
            wrong(fault), form(request, OPEN, passcode if needed else "", "" if share.mask else hospital, name, button="打开")
        ),
        '<p class="small">没有密码？请向分享给您的人询问。密码错 5 次后，这份分享会锁定。</p>' if needed else "",
        help_line="如有疑问，请联系分享给您的人。",
        status=status,
    )


def _own(request: Request) -> HTTPResponse:
    title = "这是您自己的分享"
    return page(
        title,
        heading(title, "请让对方扫码或打开这条链接。您在自己的手机上可以查看谁打开过，也可以随时停止。"),
        '<a class="button" href="/">回到我的检查</a>',
        help_line="在这里打开会占用对方的打开次数，所以没有打开。",
    )


async def _shown(request: Request, grant: Grant) -> HTTPResponse:
    """All that was shared; on record before its first byte."""
    services: Services = request.app.ctx.services
    view = await view_of(grant, now())
    assert view is not None, "the session is of a share"
    seen = await all_received(services, grant)
    title = f"{len(seen)} 份检查" if len(seen) > 1 else "检查资料"
    patients = [await _patient(each) for each in seen]
    shown = patients if len(set(patients)) > 1 else [""] * len(seen)  # a guardian may share of two patients
    until = day_and_time(view.expires_at, seen[0].found.hospital.zone) if seen else ""
    return page(
        title,
        heading(title, f"有效期至 {until}，分享者可以随时停止。" if seen else NOT_NOW),
        card(patients[0], MASKED if view.masked else "") if len(set(patients)) == 1 else "",
        "".join([await _exam(request, view, each, whose, len(seen)) for each, whose in zip(seen, shown, strict=True)]),
        form(request, LEAVE, button="看完了，退出", kind="quiet"),
        help_line="如有疑问，请联系分享给您的人。",
        wide=True,
    )


async def _patient(seen: Received) -> str:
    """Whose exam it is: in full for a doctor, in stars under a mask."""
    record: PatientRecord = await patient_of(seen)
    lines = {"患者": record.name, "性别": SEXES.get(record.sex or "", "")}
    if seen.whose is None and record.birth_date is not None:
        born = record.birth_date
        lines["出生日期"] = f"{born.year}年{born.month}月{born.day}日"
    facts = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in lines.items() if value)
    return f"<dl>{facts}</dl>"


async def _exam(request: Request, view: ShareView, seen: Received, whose: str, exams: int) -> str:
    exam, hospital = seen.told.exam, seen.told.hospital
    await on_record(request, hospital.code, exam.id, "exam")
    report = seen.report(seen.found.report) if seen.found.report is not None else None
    if report is not None:
        await on_record(request, hospital.code, exam.id, "report")
    item = await item_of_link(request, seen)
    name = escape(exam.item or exam.body_part or "检查")
    head = f'<h2>{name}</h2><p class="second">{escape(hospital.name)} · {day_and_time(exam.performed_at, hospital.zone)}</p>'
    missing = item.get("left_out", "")
    told = _report(exam.id, report, alone=exams == 1) if seen.has(Part.REPORT) else ""
    left_out = f'<p class="second">{missing}</p>' if missing else ""
    words = card(head, whose, _banner(view, seen), told, left_out)
    pictures = _film(exam.id, item) + _images(request, seen, item, view)
    return f'<div class="pair">{words}<div class="seen">{pictures}</div></div>' if pictures else words


def _banner(view: ShareView, seen: Received) -> str:
    """What a reader must know of the version: it was replaced, or came after the share."""
    report, newest = seen.found.report, view.found[seen.found.exam.id].report
    if report is None or newest is None:
        return ""
    if report.version != newest.version:
        return '<p class="wrong">医院已有更新的报告；分享者选择只显示分享时的版本。</p>'
    if report.status is ReportStatus.CORRECTED:
        later = report.received_at > view.created_at
        return f'<p class="wrong">这是更正后的报告{"，在分享之后更新" if later else ""}。</p>'
    return ""


def _report(exam_id: str, report: Report | None, *, alone: bool) -> str:
    """In full where there is one exam, behind a tap where there are several."""
    if report is None:
        return '<p class="second">报告目前不能查看，请向医院询问。</p>'
    parts = [
        f'<h2>{title}</h2><p class="text">{escape(text)}</p>'
        for title, text in (("所见", report.findings), ("诊断", report.impression))
        if text
    ]
    doctors = [
        f"{title} {escape(name)}"
        for title, name in (("报告医生", report.reporting_doctor), ("审核医生", report.verifying_doctor))
        if name
    ]
    text = "".join(parts) + (f'<p class="small">{" · ".join(doctors)}</p>' if doctors else "")
    pdf = f'<a class="button quiet" href="/api/v1/exams/{exam_id}/report.pdf">报告 PDF，可打印</a>'
    return f"{text}{pdf}" if alone else f"<details><summary>展开报告</summary>{text}</details>{pdf}"


def _film(exam_id: str, item: Mapping[str, Any]) -> str:
    """The first page as wide as the phone, the others small; each opens at its full size."""
    pages = [f"/api/v1/exams/{exam_id}/films/{n}.jpg" for n in range(1, int(item["films"]) + 1)]
    if not pages:
        return ""
    first, *others = pages
    thumbs = "".join(
        f'<a href="{path}"><img src="{path}?width={SMALL}" alt="胶片第 {n} 页" loading="lazy"></a>'
        for n, path in enumerate(others[:MOST_THUMBNAILS], 2)
    )
    return card(
        f'<h2>胶片</h2><p class="small">{len(pages)} 张，点开看大图</p>',
        f'<a class="sheet" href="{first}"><img src="{first}?width={WIDE}" alt="胶片第 1 页" loading="lazy"></a>',
        f'<div class="thumbs">{thumbs}</div>' if thumbs else "",
        '<p class="small">仅供浏览参考，不作诊断依据</p>',
        kind="film",
    )


def _images(request: Request, seen: Received, item: Mapping[str, Any], view: ShareView) -> str:
    exam_id, studies = seen.found.exam.id, item["studies"]
    files = (
        f'<a class="button quiet" href="{landing_take.way(request, exam_id)}">下载，先看大小</a>' if view.allow_download else ""
    )
    if not studies or not item["images"]:
        withheld = view.masked and seen.found.studies and seen.has(Part.IMAGES)
        why = f'<h2>影像</h2><p class="second">{WITHHELD}</p>' if withheld else ""
        return card(why, files) if why or files else ""
    ways = "".join(
        f'<a class="button" href="/viewer/#study={uid}&amp;exam={exam_id}">打开影像{f" {n}" if len(studies) > 1 else ""}</a>'
        for n, uid in enumerate(studies, 1)
    )
    return card(
        f'<h2>影像</h2><p class="small">共 {item["images"]} 幅</p>',
        ways,
        files,
        '<p class="small">仅供浏览参考，不作诊断依据</p>',
        kind="film first",
    )
