"""Forms of the pages behind /s/: sent by a page of ours, short, each field once.

These pages send no Referer, and a browser that sends none calls the origin of a form `null` (Fetch standard, section 3.2). So
a form carries a value that stands in a cookie of the same browser too, which no other site can read; a foreign origin is
refused whatever it carries.
"""

from __future__ import annotations

import hmac
import re
import secrets
from html import escape
from urllib.parse import parse_qsl

from sanic import HTTPResponse, Request

from api import bodies
from api.access import COOKIE
from api.origins import is_ours
from api.services import Services
from core.clock import now
from core.errors import Forbidden, Malformed, TooLarge, Unauthenticated
from core.grants import Grant, Role

FORM_COOKIE = "cloudfilm_form"
FIELD = "form"
IN_LINES = "text"  # the one field that may hold lines
KEY_BYTES = 16
KEPT_SECONDS = 30 * 86_400
MOST_BYTES, MOST_FIELDS, LONGEST = 8192, 16, 128
LONGEST_LINES = 500  # characters of what is written in lines; nine bytes each when a form sends them
FORM_TYPE = "application/x-www-form-urlencoded"
_KEY = re.compile(r"[A-Za-z0-9_-]{22}")
_text, _lines = bodies.text(LONGEST), bodies.text(LONGEST_LINES, lines=True)


class FormLost(Forbidden):
    """The form is not of a page that this browser got from us, or its cookie is gone."""


def form(request: Request, step: str, *parts: str, button: str, kind: str = "") -> str:
    """A form that sends `step` and its fields to the page itself."""
    hidden = field_hidden(FIELD, device(request)) + field_hidden("step", step)
    return f'<form method="post" action="{escape(request.path)}">{hidden}{"".join(parts)}{_button(button, kind)}</form>'


def field_hidden(name: str, value: str) -> str:
    """A field that goes along unseen."""
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def field(name: str, label: str, value: str = "", *, required: bool = True, **attributes: str) -> str:
    """A line to fill in, with what is said of it above."""
    more = " required" * required + "".join(f' {key}="{escape(said)}"' for key, said in attributes.items())
    return f'<label>{escape(label)}<input name="{name}" value="{escape(value)}" maxlength="{LONGEST}"{more}></label>'


def device(request: Request) -> str:
    """What this browser keeps to be known again by; made when it has none."""
    kept = str(request.cookies.get(FORM_COOKIE) or "")
    if _KEY.fullmatch(kept):
        return kept
    if not hasattr(request.ctx, "new_device"):
        request.ctx.new_device = secrets.token_urlsafe(KEY_BYTES)
    return str(request.ctx.new_device)


def with_device(request: Request, response: HTTPResponse, path: str = "/s/") -> HTTPResponse:
    """The answer, with the cookie that its forms need; of pages below that path."""
    made = getattr(request.ctx, "new_device", None)
    if made is not None:
        _add_cookie(request, response, FORM_COOKIE, made, KEPT_SECONDS, path=path)
    return response


def with_session(request: Request, token: str, seconds: int) -> HTTPResponse:
    """Back to the page itself, now with this session."""
    response = back(request)
    _add_cookie(request, response, COOKIE, token, seconds, path="/")
    return response


def back(request: Request) -> HTTPResponse:
    """To the page itself, so that going back in the browser sends nothing twice."""
    return HTTPResponse(status=303, headers={"Location": request.path, "Cache-Control": "no-store", "Vary": "Cookie"})


def said(request: Request) -> dict[str, str]:
    """The fields of a form of ours; raises FormLost, Malformed, TooLarge, InvalidField."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
        raise Malformed("this takes a form")
    if len(request.body) > MOST_BYTES:
        raise TooLarge("the form is too long")
    fields = _parsed(request.body)
    _require_ours(request, fields.pop(FIELD, ""))
    return {name: str((_lines if name == IN_LINES else _text)(name, value)) for name, value in fields.items()}


async def holder(request: Request) -> Grant | None:
    """The patient, or who proved a link, whose session this browser holds; None for nobody and for everybody else."""
    services: Services = request.app.ctx.services
    try:
        grant = await services.sessions.grant(str(request.cookies.get(COOKIE) or ""), now())
    except Unauthenticated:
        return None
    return grant if grant.role in (Role.PATIENT, Role.LINK) else None


def _parsed(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise Malformed("the form cannot be read") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Malformed("a field stands there twice")
    return fields


def _require_ours(request: Request, key: str) -> None:
    services: Services = request.app.ctx.services
    origin = request.headers.get("origin", "null")
    kept = str(request.cookies.get(FORM_COOKIE) or "")
    a_page_of_ours = origin == "null" or is_ours(origin, services.settings)
    if not a_page_of_ours or not _KEY.fullmatch(kept) or not hmac.compare_digest(kept.encode(), key.encode()):
        raise FormLost("not a form of ours")


def _add_cookie(request: Request, response: HTTPResponse, name: str, value: str, seconds: int, *, path: str) -> None:
    services: Services = request.app.ctx.services
    secure = services.settings.base_url.startswith("https:")
    response.add_cookie(name, value, path=path, httponly=True, samesite="Lax", secure=secure, max_age=seconds)


def _button(text: str, kind: str) -> str:
    return f'<button class="{kind}">{escape(text)}</button>'
