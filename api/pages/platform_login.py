"""Signing in inside WeChat's and Alipay's browsers: to the platform, which knows who it is, and back with a code of one use.

The code comes in an address, as both platforms do it; it is worth nothing without our secret and is used up at once. What went
out must come back (`state`), to the same browser, so that nobody can be signed in as somebody else by a link.
"""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlencode

from sanic import Blueprint, HTTPResponse, Request

from api.access import public
from api.login import offered, person_of_alipay, person_of_wechat
from api.services import Services
from api.session import with_cookie
from core.clock import now
from core.errors import NotFound, RetryLater, Unauthenticated
from infra.settings import Settings

routes = Blueprint("platform-login", url_prefix="/login")
STATE_COOKIE, STATE_BYTES, STATE_SECONDS = "cloudfilm_login", 24, 600
LONGEST_CODE = 512
FAILED = "/#/login?failed=1"
CODE_NAMES = {"wechat": "code", "alipay": "auth_code"}  # platform → what it calls its code


@routes.get("/<platform>", name="go")
@public("who logs in has no session yet; it only leads to the platform")
async def go(request: Request, platform: str) -> HTTPResponse:
    """To WeChat or Alipay, which ask who it is where they must; 404 where a platform is not set up."""
    services: Services = request.app.ctx.services
    state = secrets.token_urlsafe(STATE_BYTES)
    response = _to(_address(services.settings, platform, state))
    response.add_cookie(
        STATE_COOKIE,
        state,
        path=routes.url_prefix or "/",
        httponly=True,
        samesite="Lax",
        secure=services.settings.base_url.startswith("https:"),
        max_age=STATE_SECONDS,
    )
    return response


@routes.get("/<platform>/back", name="back")
@public("who logs in has no session yet; the platform takes its code once, and only this browser has the state")
async def back(request: Request, platform: str) -> HTTPResponse:
    """Back from there: a session of 30 days and the list of exams, or the login page, which says that it failed."""
    services: Services = request.app.ctx.services
    if platform not in offered(services.settings):
        raise NotFound("no such page")
    code, at = str(request.args.get(CODE_NAMES[platform], "")), now()
    if not code or len(code) > LONGEST_CODE or not _is_ours(request):
        return _forgetting(_to(FAILED))
    try:
        person = await (
            person_of_wechat(request, code, "oauth", at) if platform == "wechat" else person_of_alipay(request, code, at)
        )
    except (Unauthenticated, RetryLater):
        return _forgetting(_to(FAILED))
    return _forgetting(await with_cookie(request, _to("/"), person, platform, True, at))


def _address(settings: Settings, platform: str, state: str) -> str:
    if platform not in offered(settings):
        raise NotFound("no such page")
    home = {"redirect_uri": f"{settings.base_url}/login/{platform}/back"}
    if platform == "wechat":
        said = {"appid": settings.wechat_oauth_app_id, **home, "response_type": "code", "scope": "snsapi_base", "state": state}
        return f"{settings.wechat_open_url}/connect/oauth2/authorize?{urlencode(said)}#wechat_redirect"
    said = {"app_id": settings.alipay_app_id, "scope": "auth_base", **home, "state": state}
    return f"{settings.alipay_open_url}/oauth2/publicAppAuthorize.htm?{urlencode(said)}"


def _is_ours(request: Request) -> bool:
    kept, came = str(request.cookies.get(STATE_COOKIE) or ""), str(request.args.get("state", ""))
    return bool(kept) and hmac.compare_digest(kept.encode(), came.encode("utf-8", "replace"))


def _to(address: str) -> HTTPResponse:
    headers = {"Location": address, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return HTTPResponse(status=303, headers=headers)


def _forgetting(response: HTTPResponse) -> HTTPResponse:
    """The state is good once."""
    response.delete_cookie(STATE_COOKIE, path=routes.url_prefix or "/")
    return response
