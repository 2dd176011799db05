"""The viewer of DICOM images: one page at /viewer/, which reads behind its # what to show, and the files it is made of."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, Request

from api.access import public
from api.dicomweb.reading import reads
from api.pages.assets import SHARE, Built, headers_of

routes = Blueprint("viewer", url_prefix="/viewer")
# The decoder of HTJ2K is WebAssembly in a worker; blob: and data: are pictures that were fetched with the session's cookie.
PAGES = Built(SHARE / "viewer", headers_of({"script-src": "'self' 'wasm-unsafe-eval'", "worker-src": "'self'"}))


@reads(routes, "/")
@public("the page holds no data; what it shows needs a session")
async def index(request: Request) -> HTTPResponse:
    """The viewer."""
    return await PAGES.send(request)


@reads(routes, "/<name>")
@public("parts of the page hold no data")
async def file(request: Request, name: str) -> HTTPResponse:
    """A script, style sheet or decoder of the viewer."""
    return await PAGES.send(request, name)
