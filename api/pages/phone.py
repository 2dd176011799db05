"""The phone pages in a browser (H5): one page at /, whose own addresses stand behind its #, and the files it is made of."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, Request

from api.access import public
from api.dicomweb.reading import reads
from api.pages.assets import SHARE, Built, headers_of

routes = Blueprint("phone")
OWN_WORKER = {"worker-src": "'self'", "child-src": "'self'"}  # the second for browsers that do not know the first
PAGES = Built(SHARE / "h5", headers_of(OWN_WORKER))


@reads(routes, "/")
@public("the page holds no data; what it shows needs a session")
async def index(request: Request) -> HTTPResponse:
    """The phone pages."""
    return await PAGES.send(request)


@reads(routes, "/sw.js")
@public("it holds no data; what it keeps, it keeps on the phone of who is signed in")
async def worker(request: Request) -> HTTPResponse:
    """What lets a remembered phone show again what it has seen; at the root, since it works on pages below its place."""
    return await PAGES.send(request, "sw.js")


@reads(routes, "/phone/<name:path>")
@public("parts of the page hold no data")
async def file(request: Request, name: str) -> HTTPResponse:
    """A script, style sheet or picture of the phone pages."""
    return await PAGES.send(request, name)
