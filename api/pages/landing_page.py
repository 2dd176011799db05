"""The frame of the pages behind /s/: plain Chinese, no script, kept by nobody on the way, and never a dead end."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

from sanic import HTTPResponse

from api.pages.browser import PAGE_HEADERS
from records.models import Hospital

STYLE = Path(__file__).with_name("landing.css").read_text(encoding="utf-8").strip()
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    **PAGE_HEADERS,
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Vary": "Cookie",
}
HTML = "text/html; charset=utf-8"


def page(
    title: str, *parts: str, hospital: Hospital | None = None, status: int = 200, help_line: str = "", wide: bool = False
) -> HTTPResponse:
    """A page of these parts, which are HTML; at its end, whom one may call, or `help_line` where that is no hospital.

    `wide`: on a desk its pairs stand side by side.
    """
    name = escape(name_of(hospital)) if hospital else "云胶片"
    foot = f"<p>{escape(help_line)}</p>" if help_line else _foot(hospital)
    kind = "wide" if wide else "narrow"
    body = _FRAME.format(title=escape(title), style=STYLE, kind=kind, name=name, main="".join(parts), foot=foot)
    return HTTPResponse(body, status, HEADERS, HTML)


def heading(title: str, text: str = "") -> str:
    """What this page is about, in one line and one sentence."""
    return f"<h1>{escape(title)}</h1>" + (f'<p class="second">{escape(text)}</p>' if text else "")


def card(*parts: str, kind: str = "") -> str:
    """One white box."""
    return f'<section class="card {kind}">{"".join(parts)}</section>'


def wrong(text: str) -> str:
    """What did not work, read out by a screen reader."""
    return f'<p class="wrong" role="alert">{escape(text)}</p>' if text else ""


def call(hospital: Hospital | None) -> str:
    """The hospital's phone, one tap to call; empty where none is known."""
    if hospital is None or not hospital.help_phone:
        return ""
    number = escape(hospital.help_phone)
    return f'<a class="call" href="tel:{number}">致电医院 {number}</a>'


def name_of(hospital: Hospital) -> str:
    """How it is called where a stranger may read it: some names alone say too much."""
    return hospital.alias or hospital.name


def day_and_time(at: datetime, zone: str) -> str:
    """2026年11月1日 上午9:00."""
    local = at.astimezone(ZoneInfo(zone))
    half = "上午" if local.hour < 12 else "下午"
    return f"{local.year}年{local.month}月{local.day}日 {half}{local.hour % 12 or 12}:{local.minute:02}"


def _foot(hospital: Hospital | None) -> str:
    where = "到医院服务台、自助机办理。"
    phone = call(hospital)
    return f"<p>需要帮助？{phone}</p><p>也可以{where}</p>" if phone else f"<p>需要帮助？请{where}</p>"


_FRAME = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow"><meta name="referrer" content="no-referrer">
<meta name="format-detection" content="telephone=no"><title>{title}</title><style>{style}</style></head>
<body class="{kind}"><header><span>{name}</span></header><main>{main}</main><footer>{foot}</footer></body></html>
"""
