"""Retrieve Frames (PS3.18 section 10.4): the pictures of one instance, as stored or as native pixels."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial

from archive.decode import decode_frame, native_frame, stored_frame
from archive.locate import Located
from archive.models import Form
from archive.read import INLINE_DECODE_PIXELS, Reader
from archive.syntaxes import EXPLICIT_LE, syntax
from core.errors import Malformed, NotAcceptable, NotFound
from wado import multipart, syntaxes
from wado.inorder import in_order
from wado.negotiation import Choice, pick
from wado.places import about
from wado.ready import Answer, Ready, Streamed, boundary_for, etag, weak_etag

NUMBERS_MAX = 10_000  # in one list; a URL is hardly longer
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


def parse_frame_numbers(text: str) -> tuple[int, ...]:
    """The list of a URL, each number once, in the order asked; raises Malformed, or NotFound for frame 0."""
    fields = [field.strip() for field in text.replace("%2C", ",").replace("%2c", ",").split(",")]
    if len(fields) > NUMBERS_MAX or not all(_NUMBER.fullmatch(field) for field in fields):
        raise Malformed("frames are numbers from 1 up, separated by commas")
    numbers = tuple(dict.fromkeys(map(int, fields)))
    if 0 in numbers:
        raise NotFound("frames are counted from 1")
    return numbers


async def frames(reader: Reader, at: Located, numbers: Sequence[int], choices: Sequence[Choice]) -> Answer:
    """These frames in the form that the client likes best; raises NotFound for one beyond the last, and NotAcceptable."""
    require(reader, at, numbers)
    choice = pick(choices, syntaxes.of_frames(at))
    if len(numbers) == 1:
        return await _one(reader, at, numbers[0], choice)
    return _several(reader, at, numbers, choice)


def require(reader: Reader, at: Located, numbers: Sequence[int]) -> None:
    """Raises NotFound unless the instance has all of these frames."""
    for number in numbers:
        reader.frame_extent(at, number)


async def frame_in(reader: Reader, at: Located, number: int, transfer_syntax_uid: str | None) -> bytes:
    """One frame in a transfer syntax of `syntaxes.of_frames`."""
    coded = await reader.frame(at, number)
    if transfer_syntax_uid != EXPLICIT_LE or not syntax(at.frame_syntax_uid).encapsulated:
        return coded
    description = at.description
    if description is None or not at.decodable:
        raise NotAcceptable("its pixels cannot be decoded here")
    work = partial(_native, coded, at)
    small = description.rows * description.columns <= INLINE_DECODE_PIXELS
    return work() if small else await asyncio.to_thread(work)


def contents(
    reader: Reader, at: Located, numbers: Sequence[int], transfer_syntax_uid: str | None
) -> AsyncGenerator[bytes, None]:
    """These frames in order, the next read ahead; to be closed by whoever stops early."""
    read = partial(frame_in, reader, at, transfer_syntax_uid=transfer_syntax_uid)
    return in_order(numbers, read, partial(_expected_bytes, reader, at))


def _native(coded: bytes, at: Located) -> bytes:
    description = at.description
    assert description is not None, "decodable, so it was described"
    # Ours came native: its samples go back as they were. What came compressed becomes RGB, as in the file we make of it.
    decode = stored_frame if at.form is Form.HTJ2K else decode_frame
    return native_frame(decode(coded, at.frame_syntax_uid, description), description)


async def _one(reader: Reader, at: Located, number: int, choice: Choice) -> Ready:
    frame = await frame_in(reader, at, number, choice.transfer_syntax)
    tag = etag(at.sha256, "frame", number, choice)
    if not choice.multipart:
        return Ready(about(at, "frames"), choice.content_type, frame, tag, at.received_at, ranges=True)
    boundary = boundary_for(tag, frame)
    body = multipart.whole(boundary, [(choice.content_type, frame)])
    return Ready(about(at, "frames"), multipart.content_type(boundary, choice.media_type), body, tag, at.received_at)


def _several(reader: Reader, at: Located, numbers: Sequence[int], choice: Choice) -> Streamed:
    boundary = multipart.new_boundary()

    async def pieces() -> AsyncGenerator[bytes, None]:
        first = True
        async with aclosing(contents(reader, at, numbers, choice.transfer_syntax)) as found:
            async for frame in found:
                yield multipart.part_head(boundary, choice.content_type, first=first)
                yield frame
                first = False
        yield multipart.tail(boundary)

    return Streamed(
        about(at, "frames"),
        multipart.content_type(boundary, choice.media_type),
        pieces,
        weak_etag(at.sha256, "frames", numbers, choice),
        at.received_at,
    )


def _expected_bytes(reader: Reader, at: Located, number: int) -> int:
    """About what it takes to hold one frame."""
    description = at.description
    native = description.rows * description.columns * description.samples_per_pixel * 2 if description else 0
    return max(native, reader.frame_extent(at, number).length)
