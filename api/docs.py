"""The interface, described: as OpenAPI for programs, as a page for people."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson
from sanic import Blueprint, HTTPResponse, Request

from api.access import public
from api.openapi import Json, document
from api.pages.browser import PAGE_HEADERS
from api.services import Services

routes = Blueprint("docs")
STYLE = Path(__file__).with_name("docs.css")
HEADERS = {**PAGE_HEADERS, "Cache-Control": "no-cache"}


@routes.get("/api/v1/openapi.json", name="openapi")
@public("says how to ask, and holds no data")
async def openapi(request: Request) -> HTTPResponse:
    """This interface as OpenAPI 3.1."""
    return HTTPResponse(orjson.dumps(_document(request)), headers=HEADERS, content_type="application/json")


@routes.get("/api/docs", name="page")
@public("says how to ask, and holds no data")
async def page(request: Request) -> HTTPResponse:
    """This interface as a page to read."""
    return HTTPResponse(html(_document(request)), headers=HEADERS, content_type="text/html; charset=utf-8")


@routes.get("/api/docs.css", name="style")
@public("holds no data")
async def style(_request: Request) -> HTTPResponse:
    """The style sheet of that page."""
    return HTTPResponse(STYLE.read_bytes(), headers=HEADERS, content_type="text/css; charset=utf-8")


def _document(request: Request) -> Json:
    services: Services = request.app.ctx.services
    return document(request.app, services.settings.base_url)


def html(described: Json) -> str:
    """The page of an OpenAPI document: operations by group, each with who may call it and what it gives."""
    found = [(path, method, each) for path, methods in described["paths"].items() for method, each in methods.items()]
    found.sort(key=lambda one: (one[2]["tags"][0], one[0], one[1]))
    groups = [(tag, list(ones)) for tag, ones in groupby(found, key=lambda one: one[2]["tags"][0])]
    return _PAGE.format(
        server=escape(described["servers"][0]["url"]),
        menu="".join(f'<a href="#{escape(tag)}">{escape(tag)}</a>' for tag, _ in groups),
        groups="".join(_group(tag, ones) for tag, ones in groups),
    )


def _group(tag: str, found: Iterable[tuple[str, str, Json]]) -> str:
    rows = "".join(_operation(path, method, each) for path, method, each in found if method != "head")
    return f'<section id="{escape(tag)}"><h2>{escape(tag)}</h2>{rows}</section>'


def _operation(path: str, method: str, described: Json) -> str:
    facts = [("who", _who(described)), ("query", _query(described)), ("body", _kinds(described.get("requestBody")))]
    facts += [(status, _gives(answer)) for status, answer in described["responses"].items() if status != "default"]
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{text}</dd>" for name, text in facts if text)
    return (
        f'<article><h3><span class="method">{method.upper()}</span> <code>{escape(path)}</code></h3>'
        f"<p>{escape(described['summary'])}</p><dl>{lines}</dl></article>"
    )


def _who(described: Json) -> str:
    if "x-public" in described:
        return "anybody: " + escape(described["x-public"])
    return escape(", ".join(described["x-roles"]))


def _query(described: Json) -> str:
    asked = [each for each in described["parameters"] if each["in"] == "query"]
    lines = [f"<code>{escape(each['name'])}</code> {escape(each.get('description', ''))}" for each in asked]
    return "<br>".join(lines)


def _gives(answer: dict[str, Any]) -> str:
    return "<br>".join(part for part in (escape(answer["description"]), _kinds(answer)) if part)


def _kinds(body: dict[str, Any] | None) -> str:
    return " ".join(f"<code>{escape(kind)}</code>" for kind in (body or {}).get("content", {}))


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>cloudfilm: the interface</title><link rel="stylesheet" href="/api/docs.css"></head>
<body><header><h1>The interface of cloudfilm</h1>
<p>At <code>{server}</code>. Send <code>Authorization: Bearer …</code>; a token comes from
<code>python -m api token --role hospital --hospital demo</code>. GET also takes the cookie <code>cloudfilm_session</code>.
Every failure is <code>application/problem+json</code> (RFC 9457), in Chinese unless <code>Accept-Language</code>
prefers English.
For programs: <a href="/api/v1/openapi.json">openapi.json</a>.</p><nav>{menu}</nav></header>
<main>{groups}</main></body></html>
"""
