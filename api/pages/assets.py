"""Built pages: a folder that infra/deploy/phone.sh made, whose names say what is in the files, sent as small as possible.

A file whose name bears a hash is kept by the browser for a year; the page that names it is kept by nobody, so that it is always
the newest. Beside `app.1f3a….js` lie `app.1f3a….js.br` and `.gz`, made when it was built.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from sanic import HTTPResponse, Request

from core.errors import NotFound, Unavailable

SHARE = Path(__file__).resolve().parents[2] / ".venv" / "share" / "phone"
INDEX = "index.html"
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".wasm": "application/wasm",
    ".txt": "text/plain; charset=utf-8",
}
PACKED = {"br": ".br", "gzip": ".gz"}  # content coding → ending, the better first
FOR_EVER = "public, max-age=31536000, immutable"
HASH_CHARACTERS = 20
_HASHED = re.compile(r"[.-][0-9a-f]{8,64}\.")
_NOTHING_ELSE = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob: data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}


def headers_of(directives: dict[str, str] | None = None) -> dict[str, str]:
    """Headers of a page that takes nothing from elsewhere; `directives` are what its content security policy says besides."""
    policy = {**_NOTHING_ELSE, **(directives or {})}
    return {
        "Content-Security-Policy": "; ".join(f"{name} {sources}" for name, sources in policy.items()),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of one file in one content coding; `coding` is empty for the file as it is."""

    content: bytes
    coding: str
    tag: str


@dataclass(slots=True)
class Built:
    """One built folder. Its names are read once a build, so that a name in a URL never reaches the file system."""

    folder: Path
    headers: dict[str, str] = field(default_factory=headers_of)
    _names: dict[str, Path] = field(default_factory=dict)
    _bodies: dict[tuple[str, str], Body] = field(default_factory=dict)
    _made: tuple[int, int] = (0, 0)

    async def send(self, request: Request, name: str = INDEX) -> HTTPResponse:
        """One file; raises NotFound, and Unavailable before anything was built."""
        path = self._path(name)
        body = await self._body(name, path, _coding(request, path, self._names))
        headers = {**self.headers, "Cache-Control": _kept(name), "ETag": body.tag, "Vary": "Accept-Encoding, Origin"}
        if body.tag in request.headers.get("if-none-match", ""):
            return HTTPResponse(status=304, headers=headers)
        if body.coding:
            headers["Content-Encoding"] = body.coding
        return HTTPResponse(body.content, 200, headers, MEDIA_TYPES[path.suffix])

    def _path(self, name: str) -> Path:
        self._look()
        if not self._names:
            self._names = {str(path.relative_to(self.folder)): path for path in self.folder.rglob("*") if path.is_file()}
        if not self._names:
            raise Unavailable("these pages have not been built: infra/deploy/phone.sh")
        path = self._names.get(name)
        if path is None or path.suffix not in MEDIA_TYPES:
            raise NotFound("no such page")
        return path

    def _look(self) -> None:
        """Forget what was read once the folder is another: a build puts a new one in its place."""
        try:
            found = self.folder.stat()
        except FileNotFoundError:  # just being replaced
            return
        made = found.st_ino, found.st_mtime_ns
        if made != self._made:
            self._names.clear()
            self._bodies.clear()
            self._made = made

    async def _body(self, name: str, path: Path, coding: str) -> Body:
        known = self._bodies.get((name, coding))
        if known is None:
            made = self._made
            content = await self._read(path.with_name(path.name + PACKED.get(coding, "")))
            digest = hashlib.sha256(content).hexdigest()[:HASH_CHARACTERS]
            known = Body(content, coding, f'"{digest}"')
            if made == self._made:  # not built anew while we read
                self._bodies[name, coding] = known
        return known

    async def _read(self, path: Path) -> bytes:
        try:
            return await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError as error:  # built anew while we ran: from now on what was built then
            self._names.clear()
            self._bodies.clear()
            raise NotFound("no such page") from error


def _kept(name: str) -> str:
    """How long a browser keeps a file without asking."""
    if name.endswith(".html"):
        return "no-store"
    return FOR_EVER if _HASHED.search(name) else "no-cache"


def _coding(request: Request, path: Path, names: dict[str, Path]) -> str:
    """The best content coding that the browser takes and that lies ready; empty for none (RFC 9110 section 12.5.3)."""
    taken = _taken(request.headers.get("accept-encoding", ""))
    ready = set(names.values())
    return next(
        (coding for coding, ending in PACKED.items() if coding in taken and path.with_name(path.name + ending) in ready), ""
    )


def _taken(accept_encoding: str) -> set[str]:
    each = (part.replace(" ", "").partition(";") for part in accept_encoding.lower().split(","))
    return {coding for coding, _, weight in each if not re.fullmatch(r"q=0(\.0{0,3})?", weight)}
