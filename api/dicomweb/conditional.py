"""Sending a finished answer, or only what the client does not have: not modified, byte ranges (RFC 9110 sections 13 and 14)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from itertools import chain
from typing import AnyStr

from sanic import HTTPResponse, Request
from sanic.headers import format_http1_response

from api.errors import problem
from api.protocol import OneWrite
from core.errors import RangeNotSatisfiable
from wado.ready import Answer, Ready, Streamed

# The browser may keep it, and must ask each time: a share that was withdrawn shows nothing any more.
CACHE_CONTROL = "private, no-cache"
VARY = "Accept, Accept-Encoding, Authorization, Cookie, Origin"
PIECE_BYTES = 1024 * 1024  # sent at once: what a slow client has not taken is held once more
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Part:
    """Bytes first..last of `whole`, both included."""

    first: int
    last: int
    whole: int

    @property
    def content_range(self) -> str:
        return f"bytes {self.first}-{self.last}/{self.whole}"


HeaderLines = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Sendable:
    """A finished answer as it goes over the wire: header and body in one piece, joined once however often it is sent."""

    ready: Ready  # its body is in `wire`
    lines: HeaderLines
    wire: bytes
    body_at: int

    @property
    def body(self) -> memoryview:
        """The bytes after the header."""
        return memoryview(self.wire)[self.body_at :]


class _ReadyResponse(HTTPResponse):
    """Goes out as it is, in one write; with the header lines that only this request needs it is put together anew."""

    __slots__ = ("_sendable",)

    def __init__(self, sendable: Sendable) -> None:
        super().__init__(content_type=sendable.ready.content_type)
        self._sendable = sendable

    @property
    def processed_headers(self) -> Iterator[tuple[bytes, bytes]]:
        """The fixed lines, then what Sanic and CORS add to `headers`."""
        own = ((name.encode("ascii"), self._sanitize_header_value(f"{value}").encode()) for name, value in self.headers.items())
        return chain(self._sendable.lines, own)

    async def send(self, data: AnyStr | None = None, end_stream: bool | None = None) -> None:
        """As Sanic's, which would build the header anew each time."""
        if self.stream is None or data is not None:  # sent already: Sanic ends each answer once more
            await super().send(data, end_stream)
            return
        if not self.headers and isinstance(self.stream, OneWrite) and self.stream.takes_whole():
            await self.stream.send_whole(self._sendable.wire)
            return
        self.body = bytes(self._sendable.body)
        await super().send(data, end_stream)


async def send(request: Request, answer: Answer) -> HTTPResponse | None:
    """The response; None when it was streamed and is sent already."""
    return respond(request, sendable(answer)) if isinstance(answer, Ready) else await _stream(request, answer)


def sendable(ready: Ready) -> Sendable:
    """A finished answer with the header of a 200 on a connection that stays open."""
    headers = {"Content-Type": ready.content_type, **_headers(ready)}
    lines = tuple((name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items())
    header = format_http1_response(200, (*lines, (b"content-length", b"%d" % len(ready.body)), (b"connection", b"keep-alive")))
    return Sendable(replace(ready, body=b""), lines, header + ready.body, len(header))


def respond(request: Request, finished: Sendable) -> HTTPResponse:
    """A finished answer, or 304, 206 or 416."""
    ready, asked = finished.ready, request.headers
    if ("if-none-match" in asked or "if-modified-since" in asked) and _unchanged(request, ready):
        return HTTPResponse(status=304, headers=_headers(ready))
    if ready.ranges and "range" in asked:
        return _partial(request, finished)
    return _ReadyResponse(finished)


def _partial(request: Request, finished: Sendable) -> HTTPResponse:
    ready = finished.ready
    try:
        part = _asked_part(request, ready, len(finished.body))
    except RangeNotSatisfiable as error:
        return _not_satisfiable(request, error, len(finished.body))
    if part is None:
        return _ReadyResponse(finished)
    headers = _headers(ready) | {"Content-Range": part.content_range}
    return HTTPResponse(bytes(finished.body[part.first : part.last + 1]), 206, headers, ready.content_type)


async def _stream(request: Request, streamed: Streamed) -> HTTPResponse | None:
    headers = _headers(streamed)
    if _unchanged(request, streamed):
        return HTTPResponse(status=304, headers=headers)
    part = None
    if streamed.ranges and streamed.length is not None:
        try:
            part = _asked_part(request, streamed, streamed.length)
        except RangeNotSatisfiable as error:
            return _not_satisfiable(request, error, streamed.length)
    if part is not None:
        headers["Content-Range"] = part.content_range
    length = part.last - part.first + 1 if part else streamed.length
    if length is not None:
        headers["Content-Length"] = str(length)
    await _send_pieces(request, streamed, part, headers)
    return None


async def _send_pieces(request: Request, streamed: Streamed, part: _Part | None, headers: dict[str, str]) -> None:
    status = 206 if part else 200
    if request.method == "HEAD":
        response = await request.respond(status=status, headers=headers, content_type=streamed.content_type)
        await response.send(b"", False)
        await response.eof()
        return
    begin, made = streamed.later(part.first) if part and streamed.later else (0, streamed.pieces())
    async with aclosing(made) as pieces:
        first = await anext(pieces, b"")  # what cannot be read at all still becomes an error answer
        response = await request.respond(status=status, headers=headers, content_type=streamed.content_type)
        at = await _send_piece(response, first, begin, part)
        async for piece in pieces:
            at = await _send_piece(response, piece, at, part)
            if part is not None and at > part.last:
                break
    await response.eof()


async def _send_piece(response: HTTPResponse, piece: bytes, at: int, part: _Part | None) -> int:
    """Send what of a piece that begins at byte `at` is asked for; where the next one begins."""
    end = at + len(piece)
    if part is not None:
        piece = piece[max(part.first - at, 0) : max(part.last + 1 - at, 0)]
    for start in range(0, len(piece), PIECE_BYTES):
        await response.send(piece[start : start + PIECE_BYTES] if len(piece) > PIECE_BYTES else piece, False)
    return end


def _headers(answer: Answer) -> dict[str, str]:
    headers = {"Cache-Control": CACHE_CONTROL, "Vary": VARY, "X-Content-Type-Options": "nosniff"}
    if answer.etag:
        headers["ETag"] = answer.etag
    if answer.modified_at is not None:
        headers["Last-Modified"] = _http_date(answer.modified_at)
    if answer.ranges:
        headers["Accept-Ranges"] = "bytes"
    if isinstance(answer, Ready) and answer.content_encoding:
        headers["Content-Encoding"] = answer.content_encoding
    if answer.notes:
        headers.update(answer.notes)
    return headers


@lru_cache(maxsize=4096)
def _http_date(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC).replace(microsecond=0), usegmt=True)


def _unchanged(request: Request, answer: Answer) -> bool:
    """True when the client has this very answer already; the entity tag counts more than the date."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        known = [tag.strip().removeprefix("W/") for tag in tags.split(",")]
        return bool(answer.etag) and ("*" in known or answer.etag.removeprefix("W/") in known)
    since = _parsed_date(request.headers.get("if-modified-since"))
    return since is not None and answer.modified_at is not None and answer.modified_at.replace(microsecond=0) <= since


def _parsed_date(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None  # RFC 9110 section 13.1.3: such a header is ignored
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _asked_part(request: Request, answer: Answer, length: int) -> _Part | None:
    """The one range that is asked for; None for the whole, also when several are asked for. Raises RangeNotSatisfiable."""
    match = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if match is None or request.method != "GET" or not (match[1] or match[2]) or not _still_fits(request, answer):
        return None
    if not match[1]:  # the last so many bytes
        first, last = max(0, length - int(match[2])), length - 1
    else:
        first, last = int(match[1]), min(int(match[2] or length - 1), length - 1)
        if match[2] and int(match[2]) < first:
            return None  # not a range at all
    if first >= length or first > last:
        raise RangeNotSatisfiable(f"the answer has {length} bytes")
    return _Part(first, last, length)


def _still_fits(request: Request, answer: Answer) -> bool:
    """If-Range (RFC 9110 section 13.1.5): what the client has is a part of this very answer."""
    condition = request.headers.get("if-range", "").strip()
    if not condition:
        return True
    if condition.startswith(('"', "W/")):
        return condition == answer.etag
    return answer.modified_at is not None and condition == _http_date(answer.modified_at)


def _not_satisfiable(request: Request, error: RangeNotSatisfiable, length: int) -> HTTPResponse:
    response = problem(request, error)
    response.headers["Content-Range"] = f"bytes */{length}"
    return response
