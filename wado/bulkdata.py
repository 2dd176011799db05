"""Retrieve Bulkdata (PS3.18 section 10.4): one large value of an instance, such as its pixels, a waveform or a PDF."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from archive.locate import Located
from archive.read import Reader
from archive.syntaxes import EXPLICIT_LE, syntax
from core.errors import Malformed, NotFound
from wado import documents, frames, multipart, syntaxes
from wado.mediatypes import OCTET_STREAM
from wado.negotiation import Category, Choice, negotiate, pick
from wado.places import about
from wado.ready import Answer, Ready, Streamed, boundary_for, etag, weak_etag

PIXELS = frozenset({"7FE00010", "7FE00008", "7FE00009"})  # pixel data, integer, float and double
WHOLE_MAX_BYTES = 64 * 1024 * 1024  # native pixels up to here are gathered, so that byte ranges of them can be asked for
_PATH = re.compile(r"[0-9A-F]{8}(/[0-9]{1,6}/[0-9A-F]{8}){0,32}", re.ASCII)


def parse_path(text: str) -> str:
    """TAG, or TAG/item/TAG with items counted from 0, as our BulkDataURIs say; raises Malformed."""
    path = text.strip("/").upper()
    if not _PATH.fullmatch(path):
        raise Malformed("a bulk data path is TAG or TAG/item/TAG")
    return path


async def bulkdata(reader: Reader, at: Located, path: str, accept: str | None, accept_parameter: str | None = None) -> Answer:
    """The value at `path`; raises NotFound when the instance has none there, and NotAcceptable."""
    if path in PIXELS and at.extents.frames:
        return await _pixels(reader, at, path, negotiate(Category.BULKDATA, accept, accept_parameter))
    bulk, value = await reader.bulkdata(at, path)
    document = documents.media_type(at) if path == documents.ENCAPSULATED_DOCUMENT else None
    choices = negotiate(Category.BULKDATA, accept, accept_parameter, offers=(document,) if document else ())
    choice = _of_value(choices, document)
    return _ready(at, value, choice, path, bulk.vr)


def _of_value(choices: Sequence[Choice], document: str | None) -> Choice:
    named = next((choice for choice in choices if choice.media_type == document), None)
    return named or pick((choice for choice in choices if choice.media_type == OCTET_STREAM), (EXPLICIT_LE,))


def _ready(at: Located, value: bytes, choice: Choice, *determined_by: object) -> Ready:
    tag = etag(at.sha256, "bulkdata", choice, *determined_by)
    if not choice.multipart:
        return Ready(about(at, "bulkdata"), choice.content_type, value, tag, at.received_at, ranges=True)
    boundary = boundary_for(tag, value)
    body = multipart.whole(boundary, [(choice.content_type, value)])
    return Ready(about(at, "bulkdata"), multipart.content_type(boundary, choice.media_type), body, tag, at.received_at)


async def _pixels(reader: Reader, at: Located, path: str, choices: Sequence[Choice]) -> Answer:
    """Native pixels are one value; compressed ones are one part a frame (PS3.18 section 8.7.3.3)."""
    if path != _pixel_tag(at):
        raise NotFound("no such bulk data")
    choice = pick(choices, syntaxes.of_frames(at))
    numbers = range(1, len(at.extents.frames) + 1)
    if syntax(choice.transfer_syntax or EXPLICIT_LE).encapsulated:
        return await frames.frames(reader, at, numbers, choices)
    if _native_bytes(at) <= WHOLE_MAX_BYTES:
        return _ready(at, await _whole(reader, at, numbers), choice, path)
    return _streamed(reader, at, numbers, choice)


def _pixel_tag(at: Located) -> str:
    sample = at.description.sample if at.description else ""
    return {"float": "7FE00008", "double": "7FE00009"}.get(sample, "7FE00010")


def _native_bytes(at: Located) -> int:
    description = at.description
    if description is None:
        return sum(frame.length for frame in at.extents.frames)
    samples = description.rows * description.columns * description.samples_per_pixel * len(at.extents.frames)
    return samples * description.bits_allocated // 8


async def _whole(reader: Reader, at: Located, numbers: Sequence[int]) -> bytes:
    if at.description is not None and at.description.sample == "bit":  # such frames share bytes
        first, last = at.extents.frames[0], at.extents.frames[-1]
        holder = await (reader.explicit_le(at) if at.extents.of_explicit_le else reader.object(at))
        return holder[first.offset : last.offset + last.length]
    return b"".join([await frames.frame_in(reader, at, number, EXPLICIT_LE) for number in numbers])


def _streamed(reader: Reader, at: Located, numbers: Sequence[int], choice: Choice) -> Streamed:
    boundary = multipart.new_boundary() if choice.multipart else ""

    async def pieces() -> AsyncGenerator[bytes, None]:
        if boundary:
            yield multipart.part_head(boundary, choice.content_type, first=True)
        async with aclosing(frames.contents(reader, at, numbers, EXPLICIT_LE)) as contents:
            async for frame in contents:
                yield frame
        if boundary:
            yield multipart.tail(boundary)

    kind = multipart.content_type(boundary, choice.media_type) if boundary else choice.content_type
    return Streamed(about(at, "bulkdata"), kind, pieces, weak_etag(at.sha256, "bulkdata", choice), at.received_at)
