"""One object as WADO-URI asks for it (PS3.18 section 9.4): a picture, a document, or the DICOM file."""

from __future__ import annotations

from archive.locate import Located
from archive.read import Reader
from films import encode
from films.picture import Region
from wado import documents, instances, wadouri
from wado.cine import cine
from wado.mediatypes import DICOM
from wado.negotiation import Choice
from wado.pictures import DRAWING_VERSION, GIF, MEDIA_TYPES, Look, described, picture
from wado.ready import Answer
from wado.rendered import answer, notes
from wado.renderparams import RenderParameters
from wado.wadouri import UriRequest


async def retrieve(reader: Reader, at: Located, wanted: UriRequest, accept: str | None) -> Answer:
    """The object in the form that was asked for; raises NotAcceptable, and NotFound for a frame beyond the last."""
    choice = wadouri.choose(wanted, accept, _forms(at))
    if choice.media_type == DICOM:
        either = (choice, Choice(DICOM, False, "*"))  # video and the like have no other form
        return await instances.of_instance(reader, at, either if wanted.transfer_syntax is None else (choice,))
    if choice.media_type == documents.PDF:
        _, body = await reader.bulkdata(at, documents.ENCAPSULATED_DOCUMENT)
        return answer(at, "rendered", body, choice, ())
    look = _look(at, wanted, choice.media_type)
    number = wanted.frame_number
    if choice.media_type == GIF and number is None and described(at).frames > 1:
        body = await cine(reader, at, range(1, described(at).frames + 1), look)
    else:
        body = await picture(reader, at, number or 1, look)
    left_out = notes(RenderParameters(annotation=wanted.annotation))
    return answer(at, "rendered", body, choice, left_out, number, look, DRAWING_VERSION)


def _forms(at: Located) -> tuple[str, ...]:
    """What it can be shown as, the usual first."""
    if documents.media_type(at) == documents.PDF:
        return (documents.PDF,)
    return MEDIA_TYPES if at.description is not None and at.decodable else ()


def _look(at: Located, wanted: UriRequest, media_type: str) -> Look:
    size = (wanted.columns, wanted.rows) if wanted.columns or wanted.rows else None
    return Look(media_type, wanted.window, _region(at, wanted), size, wanted.image_quality or encode.DEFAULT_QUALITY)


def _region(at: Located, wanted: UriRequest) -> Region | None:
    """Shares of the picture in its pixels."""
    share, description = wanted.region, described(at)
    if share is None:
        return None
    width, height = description.columns, description.rows
    left, top = share.left * width, share.top * height
    return Region(left, top, (share.right - share.left) * width, (share.bottom - share.top) * height)
