"""Retrieve Rendered (PS3.18 section 10.4, rendered resources): pictures that any browser shows, and PDF documents."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress

from archive.locate import Located
from archive.read import Reader
from core.errors import CloudfilmError, NotAcceptable, NotFound
from wado import documents, multipart
from wado.cine import cine
from wado.inorder import in_order
from wado.negotiation import Category, Choice, negotiate
from wado.pictures import DRAWING_VERSION, GIF, Look, described, look, picture
from wado.places import Place, about, about_all
from wado.ready import Answer, Ready, Streamed, boundary_for, etag, weak_etag
from wado.renderparams import RenderParameters

AGENT = "cloudfilm"
PICTURE_BYTES = 100_000  # about what a drawn one takes while it waits to be sent


async def rendered(
    reader: Reader,
    at: Located,
    numbers: Sequence[int],
    how: RenderParameters,
    accept: str | None,
    accept_parameter: str | None = None,
) -> Answer:
    """An instance, or these frames of it (1-based), as the client likes best.

    Without frames: a GIF moves when there are several frames, everything else is the first frame; a document is given as it
    is. Several frames are several parts, or one GIF. Raises NotAcceptable and NotFound.
    """
    if not numbers and documents.media_type(at) == documents.PDF:
        return await _document(reader, at, negotiate(Category.RENDERED, accept, accept_parameter, offers=(documents.PDF,))[0])
    for number in numbers:
        reader.frame_extent(at, number)
    described(at)
    choice = _choice(len(numbers) > 1, accept, accept_parameter)
    wanted = look(how, choice.media_type)
    if len(numbers) > 1 and choice.media_type != GIF:
        return _several(reader, at, numbers, wanted, how)
    if choice.media_type == GIF and (len(numbers) > 1 or not numbers):
        body = await cine(reader, at, numbers or range(1, described(at).frames + 1), wanted)
    else:
        body = await picture(reader, at, numbers[0] if numbers else 1, wanted)
    return answer(at, "rendered", body, choice, notes(how), tuple(numbers), wanted, DRAWING_VERSION)


def of_all(
    reader: Reader,
    found: Sequence[Located],
    where: Place,
    how: RenderParameters,
    accept: str | None,
    accept_parameter: str | None = None,
) -> Streamed:
    """Every frame of every picture of a study or series, each a part that says by its Content-Location what it shows.

    The locations are relative to the asked URL. What is no picture or cannot be drawn is left out. Raises NotAcceptable when
    nothing is a picture.
    """
    choice = next((each for each in negotiate(Category.RENDERED, accept, accept_parameter) if each.multipart), None)
    shown = [(at, number) for at in found if at.description and at.decodable for number in range(1, at.description.frames + 1)]
    if choice is None or not shown:
        raise NotAcceptable("there are no pictures that can be given as multipart/related")
    wanted = look(how, choice.media_type)
    boundary = multipart.new_boundary()
    return Streamed(
        about_all(list(found), where, "rendered"),
        multipart.content_type(boundary, wanted.media_type),
        lambda: _parts(reader, shown, where, wanted, boundary),
        weak_etag(*(at.sha256 for at in found), "rendered", wanted, DRAWING_VERSION),
        max(at.received_at for at in found),
        notes=notes(how),
    )


async def _parts(
    reader: Reader, shown: Sequence[tuple[Located, int]], where: Place, wanted: Look, boundary: str
) -> AsyncGenerator[bytes, None]:
    """Each picture with its head, drawn side by side and sent in their order; one that cannot be drawn is nothing."""

    async def part(one: tuple[Located, int]) -> bytes:
        try:
            drawn = await picture(reader, *one, wanted)
        except CloudfilmError:
            return b""
        head = multipart.part_head(boundary, wanted.media_type, first=one == shown[0], location=_location(*one, where))
        return head + drawn

    async with aclosing(in_order(shown, part, lambda _: PICTURE_BYTES)) as parts:
        async for each in parts:
            yield each
    yield multipart.tail(boundary)


def _location(at: Located, number: int, where: Place) -> str:
    """Where that frame alone is drawn, seen from the place's own rendered resource."""
    below = f"instances/{at.sop_uid}/frames/{number}/rendered"
    return below if where.series_uid else f"series/{at.series_uid}/{below}"


def takes_parts(accept: str | None, accept_parameter: str | None = None) -> bool:
    """True when the client likes best to have many pictures in one message."""
    with suppress(NotAcceptable):
        return negotiate(Category.RENDERED, accept, accept_parameter)[0].multipart
    return False  # a document perhaps, which is of one part


def answer(
    at: Located, what: str, body: bytes, choice: Choice, notes: tuple[tuple[str, str], ...], *determined_by: object
) -> Ready:
    """A picture or document as an answer of one part; `determined_by` is all that its bytes depend on beside the object."""
    tag = etag(at.sha256, what, choice, *determined_by)
    if not choice.multipart:
        return Ready(about(at, what), choice.media_type, body, tag, at.received_at, ranges=True, notes=notes)
    boundary = boundary_for(tag, body)
    whole = multipart.whole(boundary, [(choice.media_type, body)])
    kind = multipart.content_type(boundary, choice.media_type)
    return Ready(about(at, what), kind, whole, tag, at.received_at, notes=notes)


def notes(how: RenderParameters) -> tuple[tuple[str, str], ...]:
    """Tells the client what we left out (PS3.18 section 8.3.3: parameters that are understood and not supported)."""
    left_out = ["annotation"] if how.annotation else []
    if how.icc_profile not in (None, "no"):
        left_out.append("iccprofile")
    if not left_out:
        return ()
    return (("Warning", f'299 {AGENT} "not supported and left out: {", ".join(left_out)}"'),)


def _choice(several: bool, accept: str | None, accept_parameter: str | None) -> Choice:
    choices = negotiate(Category.RENDERED, accept, accept_parameter)
    fitting = (choice for choice in choices if not several or choice.multipart or choice.media_type == GIF)
    try:
        return next(fitting)
    except StopIteration:
        raise NotAcceptable("several frames are given as image/gif or as multipart/related") from None


async def _document(reader: Reader, at: Located, choice: Choice) -> Ready:
    try:
        _, body = await reader.bulkdata(at, documents.ENCAPSULATED_DOCUMENT)
    except NotFound as error:
        raise NotFound("the document is empty") from error
    return answer(at, "rendered", body, choice, ())


def _several(reader: Reader, at: Located, numbers: Sequence[int], wanted: Look, how: RenderParameters) -> Streamed:
    boundary = multipart.new_boundary()

    async def pieces() -> AsyncGenerator[bytes, None]:
        for place, number in enumerate(numbers):
            yield multipart.part_head(boundary, wanted.media_type, first=place == 0)
            yield await picture(reader, at, number, wanted)
        yield multipart.tail(boundary)

    return Streamed(
        about(at, "rendered"),
        multipart.content_type(boundary, wanted.media_type),
        pieces,
        weak_etag(at.sha256, "rendered", numbers, wanted, DRAWING_VERSION),
        at.received_at,
        notes=notes(how),
    )
