"""The phone pages in a browser (H5): one page at /, whose own addresses stand behind its #, and the files it is made of."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, Request

from api.access import public
from api.dicomweb.reading import reads
from api.pages.assets import SHARE, Built

routes = Blueprint("phone")
PAGES = Built(SHARE / "h5")


@reads(routes, "/")
@public("the page holds no data; what it shows needs a session")
async def index(request: Request) -> HTTPResponse:
    """The phone pages."""
    return await PAGES.send(request)


@reads(routes, "/phone/<name:path>")
@public("parts of the page hold no data")
async def file(request: Request, name: str) -> HTTPResponse:
    """A script, style sheet or picture of the phone pages."""
    return await PAGES.send(request, name)
