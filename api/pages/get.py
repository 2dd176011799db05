"""取片: where a doctor types the pick-up code that a patient reads out, on a computer that can scan nothing. No script."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, Request

from api.access import address_of, public
from api.dicomweb.reading import reads
from api.pages.landing_forms import FormLost, device, field, form, said, with_device
from api.pages.landing_page import card, heading, page, wrong
from api.services import Services
from core.clock import now
from core.errors import CloudfilmError, NotFound, TooManyRequests
from identity.links import url

routes = Blueprint("get")
PATH = "/get"
TITLE = "取片"
WHY = "请输入患者手机上显示的 8 位取片码。取片码 10 分钟内有效，只能用一次。"
PATTERN = r"[0-9０-９ \-]{8,12}"  # browsers read it with the flag v, where a bare - is an error
WRONG = "取片码不对或已失效，请让患者重新出示。"
TOO_OFTEN = "试得太多了，请过十分钟再试，或请患者出示二维码。"
LOST = "这一页放得太久，请再输一次。"


@routes.post("/get", name="answer")
@reads(routes, "/get")
@public("it asks for the code that the patient shows, and shows nothing by itself")
async def pick_up(request: Request) -> HTTPResponse:
    """The question for the code; the right one leads to the share, which asks for its passcode."""
    answer = await _typed(request) if request.method == "POST" else _ask(request)
    return with_device(request, answer, PATH)


async def _typed(request: Request) -> HTTPResponse:
    services: Services = request.app.ctx.services
    try:
        code = said(request).get("code", "")
        token = await services.sharing.pickup.redeem(code, device(request), address_of(request), now())
    except FormLost:
        return _ask(request, LOST, 403)
    except TooManyRequests as error:
        response = _ask(request, TOO_OFTEN, 429)
        response.headers["Retry-After"] = str(error.retry_after_seconds)
        return response
    except NotFound:
        return _ask(request, WRONG)
    except CloudfilmError:
        return _ask(request, WRONG, 422)
    headers = {"Location": url(services.settings.base_url, token), "Cache-Control": "no-store", "Vary": "Cookie"}
    return HTTPResponse(status=303, headers=headers)


def _ask(request: Request, fault: str = "", status: int = 200) -> HTTPResponse:
    code = field("code", "8 位取片码", inputmode="numeric", autocomplete="off", pattern=PATTERN, autofocus="")
    return page(
        TITLE,
        heading(TITLE, WHY),
        card(wrong(fault), form(request, "code", code, button="打开")),
        help_line="取片码由患者在手机的分享页面上打开。",
        status=status,
    )
