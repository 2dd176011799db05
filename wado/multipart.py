"""Several files in one message: writing and reading multipart/related bodies as streams (PS3.18 section 8.6.1, RFC 2046)."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field

from core.errors import Malformed, TooLarge, UnsupportedMediaType
from wado.mediatypes import DICOM, MULTIPART, MediaType, parse_media_type

FORM = "multipart/form-data"
BOUNDARY_RANDOM_BYTES = 16  # 128 bits: no pixel data contains it by chance
BOUNDARY_MAX_CHARACTERS = 70  # RFC 2046 section 5.1.1
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]", re.ASCII)
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", re.DOTALL)
_END_OF_HEADERS = b"\r\n\r\n"


def new_boundary() -> str:
    """A fresh random boundary, for one response only."""
    return secrets.token_hex(BOUNDARY_RANDOM_BYTES)


def content_type(boundary: str, media_type: str) -> str:
    """Content-Type of the whole message, whose parts are of `media_type` (without parameters)."""
    return f'{MULTIPART}; type="{media_type}"; boundary={boundary}'


def part_head(boundary: str, part_type: str, *, first: bool, location: str | None = None) -> bytes:
    """What stands before a part's bytes. Public clients want the very first boundary at the first byte of the body."""
    lead = "" if first else "\r\n"
    where = f"Content-Location: {location}\r\n" if location else ""
    return f"{lead}--{boundary}\r\nContent-Type: {part_type}\r\n{where}\r\n".encode("ascii")


def tail(boundary: str) -> bytes:
    """What stands after the last part."""
    return f"\r\n--{boundary}--\r\n".encode("ascii")


def body_length(boundary: str, parts: Iterable[tuple[str, int]]) -> int:
    """Bytes of a whole message whose parts have these types and lengths, for Content-Length."""
    total = len(tail(boundary))
    for number, (part_type, length) in enumerate(parts):
        total += len(part_head(boundary, part_type, first=number == 0)) + length
    return total


def whole(boundary: str, parts: Iterable[tuple[str, bytes]]) -> bytes:
    """A whole message in one piece, for small answers: (type, bytes) of each part."""
    pieces: list[bytes] = []
    for number, (part_type, content) in enumerate(parts):
        pieces += (part_head(boundary, part_type, first=number == 0), content)
    return b"".join((*pieces, tail(boundary)))


def boundary_of(request_content_type: str | None, part_type: str = DICOM) -> str:
    """The boundary that a request names; raises UnsupportedMediaType unless it is multipart/related of `part_type`."""
    media_type = _request_type(request_content_type)
    if not media_type.multipart or media_type.parameters.get("type", part_type).lower() != part_type:
        raise UnsupportedMediaType(f'the body must be {MULTIPART}; type="{part_type}"')
    return _boundary(media_type)


def form_boundary_of(request_content_type: str | None) -> str:
    """As `boundary_of`, of a multipart/form-data body (RFC 7578)."""
    media_type = _request_type(request_content_type)
    if media_type.name != FORM:
        raise UnsupportedMediaType(f"the body must be {FORM}")
    return _boundary(media_type)


def _boundary(media_type: MediaType) -> str:
    boundary = media_type.parameters.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise Malformed("the Content-Type has no valid boundary")
    return boundary


def _request_type(request_content_type: str | None) -> MediaType:
    if not request_content_type:
        raise UnsupportedMediaType("the request names no Content-Type")
    return parse_media_type(request_content_type)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much we read before we refuse."""

    parts: int = 100_000
    part_bytes: int = 16 * 2**30
    header_bytes: int = 16 * 2**10
    headers: int = 32
    margin_bytes: int = 64 * 2**10  # preamble and epilogue, each


@dataclass(slots=True)
class Part:
    """One part: headers (names in lower case), and its bytes when iterated, once.

    `fault` says in what way its headers break the grammar; the parts around it are not harmed.
    """

    number: int
    headers: Mapping[str, str]
    fault: str
    _scan: _Scan = field(repr=False)
    _limit: int = field(repr=False)

    @property
    def media_type(self) -> str:
        """Its Content-Type without parameters, lower case; empty when it has none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The bytes of this part; raises Malformed when the body ends before it does, TooLarge above the limit."""
        total = 0
        async for piece in self._scan.content():
            total += len(piece)
            if total > self._limit:
                raise TooLarge(f"part {self.number} is larger than {self._limit} bytes")
            yield piece


async def parts(chunks: AsyncIterator[bytes], boundary: str, limits: Limits = Limits()) -> AsyncIterator[Part]:
    """The parts of a message, one after another; what the caller leaves unread of a part is skipped.

    Raises Malformed where the message breaks the grammar or ends early (parts already given were complete), and TooLarge.
    """
    scan = _Scan(chunks, boundary)
    await scan.preamble(limits.margin_bytes)
    number = 0
    while await scan.another():
        number += 1
        if number > limits.parts:
            raise TooLarge(f"more than {limits.parts} parts")
        headers, fault = _headers(await scan.header_block(limits.header_bytes), limits.headers)
        part = Part(number, headers, fault, scan, limits.part_bytes)
        yield part
        async for _ in part:
            pass
    await scan.epilogue(limits.margin_bytes)


def _headers(block: bytes | None, most: int) -> tuple[dict[str, str], str]:
    if block is None:
        return {}, "its headers do not end"
    lines = [line for line in block.split(b"\r\n") if line]
    if len(lines) > most:
        return {}, "it has too many headers"
    headers: dict[str, str] = {}
    for line in lines:
        match = _HEADER.fullmatch(line)
        if match is None:
            return {}, "a header of it cannot be understood"
        name = match[1].decode("ascii").lower()
        if name in headers:
            return {}, "a header of it is given twice"
        headers[name] = match[2].decode("latin-1")
    return headers, ""


class _Scan:
    """The place in the message. Data is searched as whole chunks and handed on without copying what need not be cut."""

    def __init__(self, chunks: AsyncIterator[bytes], boundary: str) -> None:
        self._chunks = chunks
        self._delimiter = b"\r\n--" + boundary.encode("ascii")
        self._buffer = b"\r\n"  # so that a boundary at the first byte of the body also follows a line end
        self._at = 0
        self._inside = False  # in the content of a part, whose delimiter is still ahead

    async def preamble(self, most: int) -> None:
        """Skip what stands before the first boundary."""
        self._inside = True
        skipped = 0
        async for piece in self.content():
            skipped += len(piece)
            if skipped > most:
                raise Malformed("the body does not begin with the boundary that Content-Type names")

    async def another(self) -> bool:
        """After a delimiter: True when a part follows, False at the end mark."""
        await self._need(2)
        while self._buffer[self._at : self._at + 1] in (
            b" ",
            b"\t",
        ):  # transport padding, RFC 2046 section 5.1.1
            self._at += 1
            await self._need(2)
        mark = self._buffer[self._at : self._at + 2]
        if mark not in (b"\r\n", b"--"):
            raise Malformed("a boundary is followed by neither a line end nor the end mark")
        return mark == b"\r\n"

    async def header_block(self, most: int) -> bytes | None:
        """The header lines, from the line end after the boundary on; None when they do not end within `most` bytes."""
        self._inside = True
        start = self._at
        while (end := self._buffer.find(_END_OF_HEADERS, start)) < 0:
            if len(self._buffer) - self._at > most or not await self._more():
                return None
            start = self._at
        if end - self._at > most or self._buffer.find(self._delimiter, self._at, end) >= 0:
            return None  # a part without headers, or garbage; the next boundary ends it
        block = self._buffer[self._at : end]
        self._at = end + 2
        await self._need(len(self._delimiter))
        if not self._buffer.startswith(self._delimiter, self._at):  # else the part is empty: this line end is the delimiter's
            self._at += 2
        return block

    async def content(self) -> AsyncIterator[bytes]:
        """The bytes up to the next delimiter, which is skipped; nothing when it was reached before."""
        while self._inside:
            found = self._buffer.find(self._delimiter, self._at)
            end = found if found >= 0 else self._safe_end()
            piece = self._buffer[self._at : end]  # the whole chunk, uncopied, when nothing is cut off
            self._at = end
            if found >= 0:
                self._at += len(self._delimiter)
                self._inside = False
            if piece:
                yield piece
            if found < 0 and not await self._more():
                raise Malformed("the body ends inside a part")

    async def epilogue(self, most: int) -> None:
        """Read what stands after the end mark, so that the connection can be used again."""
        total = 0
        while await self._more():
            total += len(self._buffer) - self._at
            self._at = len(self._buffer)
            if total > most:
                raise Malformed("the body goes on after its end")

    def _safe_end(self) -> int:
        """Up to where the buffer cannot be the beginning of a delimiter; that has its only CR at its start."""
        at = self._buffer.find(b"\r", max(self._at, len(self._buffer) - len(self._delimiter) + 1))
        while at >= 0 and not self._delimiter.startswith(self._buffer[at:]):
            at = self._buffer.find(b"\r", at + 1)
        return at if at >= 0 else len(self._buffer)

    async def _need(self, count: int) -> None:
        while len(self._buffer) - self._at < count:
            if not await self._more():
                raise Malformed("the body ends after a boundary")

    async def _more(self) -> bool:
        """Append the next chunk to what is left; False at the end of the body."""
        chunk = await anext(self._chunks, None)
        if chunk is None:
            return False
        self._buffer = self._buffer[self._at :] + chunk if self._at < len(self._buffer) else chunk
        self._at = 0
        return True
