"""Thumbnails (PS3.18 section 10.4, thumbnail resources): the small picture made when the instance arrived, or another size."""

from __future__ import annotations

from archive.locate import Located
from archive.read import Reader
from films.picture import THUMBNAIL_PIXELS
from wado.negotiation import Category, negotiate
from wado.pictures import DRAWING_VERSION, JPEG, Look, described, look, picture
from wado.ready import Ready
from wado.rendered import answer, notes
from wado.renderparams import RenderParameters


async def thumbnail(
    reader: Reader,
    at: Located,
    number: int | None,
    how: RenderParameters,
    accept: str | None,
    accept_parameter: str | None = None,
) -> Ready:
    """A small picture of an instance, or of one frame of it (1-based); raises NotAcceptable and NotFound."""
    description = described(at)
    if number is not None:
        reader.frame_extent(at, number)
    choice = negotiate(Category.RENDERED, accept, accept_parameter)[0]
    ready_made = choice.media_type == JPEG and how == RenderParameters() and (number is None or description.frames == 1)
    if ready_made:
        return answer(at, "thumbnail", await reader.thumbnail(at), choice, (), "made at ingest")
    number = number or description.frames // 2 + 1
    wanted = _small(look(how, choice.media_type), max(description.rows, description.columns))
    body = await picture(reader, at, number, wanted)
    return answer(at, "thumbnail", body, choice, notes(how), number, wanted, DRAWING_VERSION)


def _small(asked: Look, longest_side: int) -> Look:
    """The asked size, else that of a thumbnail; a smaller image is not enlarged."""
    if asked.size is not None:
        return asked
    side = min(THUMBNAIL_PIXELS, longest_side)
    return Look(asked.media_type, asked.window, asked.region, (side, side), asked.quality)
