"""The study browser: a plain page to look at what the archive holds; it asks for everything over DICOMweb."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sanic import Blueprint, HTTPResponse, Request

from api.access import public
from api.dicomweb.reading import reads
from core.errors import NotFound

routes = Blueprint("browser")

FOLDER = Path(__file__).resolve().parents[2] / "miniprogram" / "browser"
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# Nothing from elsewhere, nothing inline; blob: is how a picture that was fetched with a token gets drawn.
CONTENT_SECURITY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
HASH_CHARACTERS = 20


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file of the page, ready to send plain or compressed."""

    content_type: str
    body: bytes
    zipped: bytes
    digest: str


@reads(routes, "/browser/")
@public("the page holds no data; what it shows needs a session")
async def index(request: Request) -> HTTPResponse:
    """The study browser."""
    return _answer(request, "index.html")


@reads(routes, "/browser/<name>")
@public("parts of the page hold no data")
async def file(request: Request, name: str) -> HTTPResponse:
    """A style sheet, script or picture of the study browser."""
    return _answer(request, name)


def _answer(request: Request, name: str) -> HTTPResponse:
    found = static_files().get(name)
    if found is None:
        raise NotFound("no such page")
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    tag = f'"{found.digest}{"-gz" if zipped else ""}"'
    headers = {**PAGE_HEADERS, "Cache-Control": "no-cache", "ETag": tag, "Vary": "Accept-Encoding, Origin"}
    if tag in request.headers.get("if-none-match", ""):
        return HTTPResponse(status=304, headers=headers)
    if zipped:
        headers["Content-Encoding"] = "gzip"
    return HTTPResponse(found.zipped if zipped else found.body, 200, headers, found.content_type)


@cache
def static_files() -> dict[str, StaticFile]:
    """Every file of the page by name; read once, so that a name in a URL never reaches the file system."""
    return {path.name: _read(path) for path in sorted(FOLDER.iterdir()) if path.suffix in MEDIA_TYPES}


def _read(path: Path) -> StaticFile:
    body = path.read_bytes()
    digest = hashlib.sha256(body).hexdigest()[:HASH_CHARACTERS]
    return StaticFile(MEDIA_TYPES[path.suffix], body, gzip.compress(body, mtime=0), digest)
