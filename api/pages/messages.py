"""The message page of a demo: what would have gone to phones, newest first."""

from __future__ import annotations

from datetime import UTC
from html import escape
from zoneinfo import ZoneInfo

from sanic import Blueprint, HTTPResponse, Request

from api.access import public
from api.forms import answer
from api.pages.browser import PAGE_HEADERS
from api.services import Services
from core.errors import NotFound
from notify.sandbox import Sent

routes = Blueprint("messages")
ZONE = ZoneInfo("Asia/Shanghai")  # of whoever reads the page of a demo


@routes.get("/demo/messages")
@public("only in a demo, where no message is about a real person")
async def messages(request: Request) -> HTTPResponse:
    """Messages that were sent, as a page or as JSON."""
    services: Services = request.app.ctx.services
    if services.people.sandbox is None:
        raise NotFound("no such page")
    sent = await services.people.sandbox.newest()
    if "application/json" in request.headers.get("accept", ""):
        return answer({"items": [_item(each) for each in sent]})
    body = _PAGE.format(messages="".join(_article(each) for each in sent) or _NONE)
    headers = {**PAGE_HEADERS, "Cache-Control": "no-store", "Vary": "Accept"}
    return HTTPResponse(body, headers=headers, content_type="text/html; charset=utf-8")


def _item(sent: Sent) -> dict[str, str | None]:
    message = sent.message
    return {
        "at": sent.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "channel": message.channel,
        "to": message.to,
        "kind": message.kind,
        "text": message.text,
        "code": message.code,
        "url": message.url,
    }


def _article(sent: Sent) -> str:
    message = sent.message
    link = f'<p><a href="{escape(message.url)}">{escape(message.url)}</a></p>' if message.url else ""
    at = sent.at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")
    return f"<article><h3>{escape(message.to)} · {at}</h3><p>{escape(message.text)}</p>{link}</article>"


_NONE = "<p>还没有短信。登录时填手机号，验证码会出现在这里。</p>"
_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5"><title>短信 · 演示</title><link rel="stylesheet" href="/api/docs.css"></head>
<body><header><h1>短信（演示）</h1><p>演示环境不会真的发送短信，都显示在这里，最新的在最上面。</p></header>
<main>{messages}</main></body></html>
"""
