"""Where a patient downloads on a computer: an address of four letters, a code from the phone, and then the files. No script."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

from sanic import Blueprint, HTTPResponse, Request

from api.access import COOKIE, address_of, public
from api.download.files import entries
from api.download.parts import Download, gathered
from api.download.readme import size_words
from api.download.zipped import length_of
from api.errors import STATUS
from api.pages.landing_forms import FormLost, back, device, field, form, holder, said, with_device, with_session
from api.pages.landing_page import card, day_and_time, heading, page, wrong
from api.pages.landing_record import DONE, recorded
from api.services import Services
from core.clock import now
from core.errors import CloudfilmError, NotFound, RetryLater, TooManyRequests
from core.grants import Grant, Role
from identity.downloadcodes import OPEN_FOR, DownloadCodes
from identity.links import Link, LinkEnded, good_link
from identity.links_opened import opened_exam
from identity.links_proof import Asker
from identity.sessions import issue, revoke
from infra.audit import DEPLOYMENT, Entry
from records.search import Found
from wado.places import Asker as PictureAsker

routes = Blueprint("pc", url_prefix="/pc")
PATH = "/pc/"
WRONG = "下载码不对，或已过期。请在手机上重新点“电脑下载”获取。"
TOO_OFTEN = "试得太多了，请过十分钟再试。"


@routes.get("/<handle>", name="page")
@public("it asks for the code that the patient's phone shows, and shows nothing before")
async def show(request: Request, handle: str) -> HTTPResponse:
    """The files of the exam in a browser that typed the code; in any other the question for it, whatever the address."""
    opened = await _opened(request, handle)
    response = _ask(request) if opened is None else await _files(request, *opened)
    return with_device(request, response, PATH)


@routes.post("/<handle>", name="answer")
@public("the code is the proof")
async def type_in(request: Request, handle: str) -> HTTPResponse:
    """The code that was typed, or the end of it all."""
    try:
        fields = said(request)
        opened = await _opened(request, handle)
        if fields.get("step") == "leave" and opened is not None:
            return await _leave(request, opened[0])
        return with_device(request, await _typed(request, handle, fields.get("code", "")), PATH)
    except FormLost:
        return with_device(request, _ask(request, "这一页放得太久，请再试一次。", 403), PATH)
    except CloudfilmError as error:
        return _failed(error)


async def _opened(request: Request, handle: str) -> tuple[Grant, Link, Found] | None:
    """Whose browser typed the code of this address, as long as that link lives and the exam may be seen."""
    grant = await holder(request)
    if grant is None or grant.role is not Role.LINK or not await _codes(request).is_of(handle, grant.subject):
        return None
    try:
        link = await good_link(grant.subject, now())
    except (LinkEnded, NotFound):
        return None
    found = await opened_exam(link, now())
    return (grant, link, found) if found else None


async def _typed(request: Request, handle: str, code: str) -> HTTPResponse:
    services: Services = request.app.ctx.services
    asker, at = Asker(device(request), address_of(request)), now()
    try:
        link = await _codes(request).open(handle, code, asker, at)
    except TooManyRequests as error:
        await _refused(request, "limit")
        response = _ask(request, TOO_OFTEN, 429)
        response.headers["Retry-After"] = str(error.retry_after_seconds)
        return response
    except NotFound:
        await _refused(request, "code")
        return _ask(request, WRONG, 403)
    await recorded(request, link, DONE, {"by": "pc-code"})
    token = await issue(services.settings.keys, role=Role.LINK, hospital=None, subject=link.id, life=OPEN_FOR, now=at)
    return with_session(request, token, int(OPEN_FOR.total_seconds()))


async def _leave(request: Request, grant: Grant) -> HTTPResponse:
    services: Services = request.app.ctx.services
    await services.people.links.revoke_one(grant.subject, now())
    await revoke(grant.session, services.sessions_epoch, now())
    response = back(request)
    response.delete_cookie(COOKIE)
    return response


def _ask(request: Request, error: str = "", status: int = 200) -> HTTPResponse:
    code = field("code", "8 位下载码", inputmode="numeric", autocomplete="one-time-code", autofocus="")
    return page(
        "在电脑上下载",
        heading("在电脑上下载检查影像", "请输入手机上“电脑下载”显示的 8 位下载码。下载码 10 分钟内有效，只能用一次。"),
        wrong(error),
        card(form(request, "code", code, button="打开")),
        status=status,
    )


async def _files(request: Request, grant: Grant, link: Link, found: Found) -> HTTPResponse:
    services: Services = request.app.ctx.services
    download = await gathered(services, PictureAsker(grant, now()), found)
    size = length_of(await entries(services, download))
    address, exam = f"/api/v1/exams/{found.exam.id}/download.zip", found.exam
    until = link.expires_at or grant.until
    return page(
        "下载检查影像",
        heading(exam.item or "检查", f"{found.hospital.name} · {day_and_time(exam.performed_at, found.hospital.zone)}"),
        card(
            f'<a class="button" href="{address}" download>全部下载（{escape(size_words(size))}）</a>',
            f'<p class="small">{escape(_inside(download))}。下载中断了可以继续。</p>',
        ),
        _series(download, address),
        card(
            f"<p>这一页到 {escape(day_and_time(until, found.hospital.zone))} 为止有效。</p>",
            "<p>如果是公共电脑，下载后请点退出，并删除文件。</p>",
            form(request, "leave", button="退出", kind="quiet"),
        ),
        hospital=found.hospital,
    )


def _inside(download: Download) -> str:
    images = sum(len(part.instances) for part in download.parts)
    inside = ["检查报告"] if download.report else []
    inside += [f"胶片 {len(download.films)} 页"] if download.films else []
    inside += [f"原始影像 {images} 个文件"] if images else []
    return "压缩包里有" + "、".join([*inside, "打开方法"])


def _series(download: Download, address: str) -> str:
    """One by one, where there are several."""
    if len(download.parts) < 2:
        return ""
    lines = [
        f"<div><span>{escape(' '.join(filter(None, (part.row.modality, part.row.series_description))) or '未命名序列')}<br>"
        f'<span class="small">{len(part.instances)} 个文件 · {escape(size_words(part.size))}</span></span>'
        f'<a href="{address}?{escape(urlencode({"series": part.uid}))}" download>下载</a></div>'
        for part in download.parts
    ]
    return card("<h2>只下载一个序列</h2>", f'<div class="lines">{"".join(lines)}</div>')


def _codes(request: Request) -> DownloadCodes:
    services: Services = request.app.ctx.services
    return DownloadCodes(services.people.sealer, services.people.links)


async def _refused(request: Request, why: str) -> None:
    services: Services = request.app.ctx.services
    entry = Entry(
        chain=DEPLOYMENT,
        at=now(),
        action="open-link",
        outcome="refused",
        address=address_of(request),
        detail={"kind": "download", "why": why},
    )
    await services.trail.record(entry)


def _failed(error: CloudfilmError) -> HTTPResponse:
    status, words, _ = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    response = page(words, heading(words, "请稍后再试。"), status=status)
    if isinstance(error, RetryLater):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response
