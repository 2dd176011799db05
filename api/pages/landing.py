"""What opens behind /s/: each kind of link has its page; one that is over says so, and an unknown one is not there.

Looking at a page changes nothing, so that the robots which make previews of links use up nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from html import escape
from urllib.parse import urlsplit

from sanic import Blueprint, HTTPResponse, Request

from api.access import public
from api.dicomweb.reading import reads
from api.errors import STATUS
from api.pages import landing_check, landing_exam, landing_notice, landing_share, verification
from api.pages.landing_forms import FormLost, with_device
from api.pages.landing_page import heading, page
from api.pages.landing_record import REFUSED, recorded
from api.services import Services
from core.clock import now
from core.errors import CloudfilmError, NotFound, RetryLater
from identity.links import Link, LinkEnded, LinkKind, url
from records.models import Hospital

routes = Blueprint("landing")

Handler = Callable[[Request, Link], Awaitable[HTTPResponse]]
# What a kind of link opens; a handler answers GET and POST, and asks for proof before it shows anything.
HANDLERS: Mapping[LinkKind, Handler] = {
    LinkKind.EXAM: landing_exam.opened,
    LinkKind.NOTICE: landing_notice.opened,
    LinkKind.CHECK: landing_check.opened,
    LinkKind.SHARE: landing_share.opened,
}
Words = tuple[str, str]
ENDED: Mapping[tuple[LinkKind, str], Words] = {
    (LinkKind.EXAM, "revoked"): (
        "这个二维码已停用",
        "医院已为这份检查换发新的二维码，请使用最新的报告或胶片袋上的二维码，或向医院询问。",
    ),
    (LinkKind.NOTICE, "locked"): (
        "这条链接已锁定",
        "核对错误次数太多。您的账号不受影响，请联系医院重新发送，或带证件到服务台、自助机办理。",
    ),
    (LinkKind.SHARE, "expired"): ("这份分享已到期", "请联系分享给您的人重新分享。"),
    (LinkKind.SHARE, "revoked"): ("分享者已停止这份分享", "如果还需要查看，请联系分享给您的人。"),
    (LinkKind.SHARE, "used"): ("这份分享的打开次数已用完", "如果还需要查看，请联系分享给您的人重新分享。"),
    (LinkKind.SHARE, "early"): ("这份分享还没有开始", "请在分享者告诉您的时间之后再打开。"),
    (LinkKind.SHARE, "locked"): ("这份分享已锁定", "密码错误次数太多，请联系分享给您的人重新分享。"),
    (LinkKind.CHECK, "revoked"): ("这个核验码已停用", "医院已出具新的报告，请以新报告上的核验码为准，或向医院询问。"),
}
ENDED_OTHERWISE: Mapping[str, Words] = {
    "expired": ("这条链接已到期", "请联系医院重新发送，或带证件到医院服务台、自助机办理。"),
    "revoked": ("这条链接已停用", "请使用医院最近发给您的链接，或向医院询问。"),
    "locked": ("这条链接已锁定", "试错次数太多，请联系医院。"),
}
NOT_THERE = ("没有找到这个页面", "请检查链接是否完整，或重新扫描二维码。")
FORM_LOST = ("请再试一次", "这一页放得太久，或浏览器没有保存 Cookie。请返回重新打开。")


@routes.post("/s/<token>", name="answer")
@reads(routes, "/s/<token>")
@public("a link is for whoever holds it; what it opens asks for proof first")
async def land(request: Request, token: str) -> HTTPResponse:
    """The page that a link opens."""
    services: Services = request.app.ctx.services
    if verification.is_one(token):
        return await _verification_file(services, token)
    if _came_by_a_former_address(request):
        headers = {"Location": url(services.settings.base_url, token), "Cache-Control": "no-store"}
        return HTTPResponse(status=308, headers=headers)
    try:
        link = await services.people.links.find(token, now())
        return with_device(request, await _handler(link)(request, link))
    except LinkEnded as ended:
        return await _ended(request, ended)
    except NotFound:
        return _not_there()
    except FormLost:
        return _again(request)
    except CloudfilmError as error:
        return _failed(error)


async def _ended(request: Request, ended: LinkEnded) -> HTTPResponse:
    """What became of a link that was good; a try at it is on record, a look is not."""
    link = ended.link
    if request.method == "POST" and link.kind is not LinkKind.SHARE:  # whose tries are on record where they are counted
        await recorded(request, link, REFUSED, {"why": ended.why})
    words = ENDED.get((link.kind, ended.why)) or ENDED_OTHERWISE[ended.why]
    if link.kind is LinkKind.SHARE:  # of which hospital it was, is nobody's business before the passcode
        other = '<a class="button quiet" href="/get">输入取片码</a>'
        return page(words[0], heading(*words), other, status=410, help_line="检查资料由医院妥善保存。")
    return page(words[0], heading(*words), hospital=await Hospital.get(code=link.hospital), status=410)


def _not_there() -> HTTPResponse:
    return page(NOT_THERE[0], heading(*NOT_THERE), '<a class="button quiet" href="/get">输入取片码</a>', status=404)


async def _verification_file(services: Services, name: str) -> HTTPResponse:
    try:
        return await verification.file(services.settings.home, name)
    except NotFound:
        return _not_there()


def _handler(link: Link) -> Handler:
    handler = HANDLERS.get(link.kind)
    if handler is None:
        raise NotFound("nothing opens such a link")
    return handler


def _came_by_a_former_address(request: Request) -> bool:
    """True at a host that was our public one before: forms and cookies belong to the present one."""
    services: Services = request.app.ctx.services
    settings, host = services.settings, request.host.lower()
    former = {urlsplit(each).netloc.lower() for each in settings.former_urls}
    return host in former and host != urlsplit(settings.base_url).netloc.lower()


def _again(request: Request) -> HTTPResponse:
    return page(FORM_LOST[0], heading(*FORM_LOST), f'<a class="button" href="{escape(request.path)}">重新打开</a>', status=403)


def _failed(error: CloudfilmError) -> HTTPResponse:
    status, words, _ = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    response = page(words, heading(words, "请稍后再试。"), status=status)
    if isinstance(error, RetryLater):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response
