"""Where providers of messages call us. Each call is proved by its provider's own means."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, Request

from api.access import public
from api.callbacks.taking import take
from core.errors import NotFound, Unauthenticated

routes = Blueprint("callbacks", url_prefix="/api/v1/callbacks")


@routes.post("/aliyun/<secret>", name="aliyun")
@public("Aliyun signs nothing: the last part of the path is secret, and the addresses may be limited")
async def aliyun(request: Request, secret: str) -> HTTPResponse:
    """Receipts of SMS, many at once."""
    try:
        return await take(request, "aliyun", secret)
    except Unauthenticated as error:  # a guess at the path finds nothing
        raise NotFound("no such path") from error


@routes.get("/wechat", name="wechat_check")
@public("signed with the token of WeChat's message push")
async def wechat_check(request: Request) -> HTTPResponse:
    """WeChat's check of this address: its echo comes back."""
    return await take(request, "wechat")


@routes.post("/wechat", name="wechat")
@public("signed with the token of WeChat's message push, and encrypted")
async def wechat(request: Request) -> HTTPResponse:
    """WeChat's message push: results of subscribe messages, and who takes no more."""
    return await take(request, "wechat")


@routes.post("/alipay", name="alipay")
@public("signed with Alipay's key")
async def alipay(request: Request) -> HTTPResponse:
    """Messages of Alipay to the application's gateway."""
    return await take(request, "alipay")


@routes.post("/gateway/<hospital>", name="gateway")
@public("signed with the secret that we share with the hospital's gateway")
async def gateway(request: Request, hospital: str) -> HTTPResponse:
    """Receipts of a hospital's own message gateway."""
    return await take(request, "gateway", hospital)
