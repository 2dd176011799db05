"""The old way to ask for one object, `?requestType=WADO` (PS3.18 chapter 9, WADO-URI)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.errors import Malformed, NotAcceptable
from core.uids import is_uid, require_uid
from films.image import Window
from wado.mediatypes import (
    ANY,
    DICOM,
    EXPLICIT_VR_LITTLE_ENDIAN,
    NEVER_SERVED,
    parse_accept,
    parse_accept_parameter,
)
from wado.negotiation import Choice
from wado.renderparams import (
    checked_window,
    parse_annotation,
    parse_decimal,
    parse_quality,
    parse_size,
)

_UIDS = ("studyUID", "seriesUID", "objectUID")
# PS3.18 section 9.4.1.2: these describe a picture, and a DICOM object is none.
_RENDERING = {
    "annotation",
    "rows",
    "columns",
    "region",
    "windowCenter",
    "windowWidth",
    "frameNumber",
    "imageQuality",
}
_REFUSED = {"anonymize", "presentationUID", "presentationSeriesUID"}
_KNOWN = {
    "requestType",
    *_UIDS,
    "contentType",
    "charset",
    "transferSyntax",
    *_RENDERING,
    *_REFUSED,
}


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the picture, as shares of its width and height, 0 to 1 from the top left corner."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class UriRequest:
    """One object, and how to show it. `content_types` is empty when the client leaves the choice to us."""

    study_uid: str
    series_uid: str
    object_uid: str
    content_types: tuple[str, ...] = ()
    transfer_syntax: str | None = None  # a UID, "*", or None
    rows: int | None = None
    columns: int | None = None
    region: Region | None = None
    window: Window | None = None
    frame_number: int | None = None  # 1-based
    image_quality: int | None = None
    annotation: frozenset[str] = frozenset()


def parse_uri_request(parameters: Iterable[tuple[str, str]]) -> UriRequest:
    """The request that these query parameters make; unknown ones are ignored. Raises Malformed or NotAcceptable."""
    asked = _asked(parameters)
    if asked.get("requestType") != "WADO":
        raise Malformed("requestType is not WADO")
    study, series, instance = (require_uid(asked.get(name, ""), name) for name in _UIDS)
    content_types = _content_types(asked)
    columns, rows = parse_size("rows or columns", asked.get("columns", ""), asked.get("rows", ""))
    return UriRequest(
        study_uid=study,
        series_uid=series,
        object_uid=instance,
        content_types=content_types,
        transfer_syntax=_transfer_syntax(asked, content_types),
        rows=rows,
        columns=columns,
        region=_region(asked["region"]) if "region" in asked else None,
        window=_window(asked),
        frame_number=_frame_number(asked["frameNumber"]) if "frameNumber" in asked else None,
        image_quality=parse_quality("imageQuality", asked["imageQuality"]) if "imageQuality" in asked else None,
        annotation=parse_annotation(asked.get("annotation", "")),
    )


def choose(request: UriRequest, accept: str | None, rendered: tuple[str, ...]) -> Choice:
    """The form of the answer: application/dicom, or one of `rendered`, the types this object can be drawn as, default first.

    Raises NotAcceptable. A DICOM object still has to be matched with what it can be given in (wado.negotiation.pick).
    """
    offers = (*rendered, DICOM)
    header = parse_accept(accept or "") or parse_accept(ANY)
    # Left to us: a picture, where there is one and Accept takes it (PS3.18 section 9.1.2.2).
    for name in request.content_types or offers:
        if name in offers and any(each.quality and each.covers(name) and not each.multipart for each in header):
            syntax = request.transfer_syntax or EXPLICIT_VR_LITTLE_ENDIAN
            return Choice(name, False, syntax if name == DICOM else None)
    raise NotAcceptable("this object cannot be given as the contentType and Accept that were asked for")


def _asked(parameters: Iterable[tuple[str, str]]) -> dict[str, str]:
    asked: dict[str, str] = {}
    for name, value in parameters:
        if name in asked:
            raise Malformed(f"{name} is given twice")
        if name in _REFUSED:
            raise Malformed(f"{name} is not offered here")
        if name in _KNOWN and value:
            asked[name] = value.replace("%2C", ",").replace("%2c", ",")
    return asked


def _content_types(asked: Mapping[str, str]) -> tuple[str, ...]:
    ranges = sorted(
        parse_accept_parameter(asked.get("contentType", "")),
        key=lambda each: -each.quality,
    )
    if any(each.multipart or each.transfer_syntax for each in ranges):
        raise Malformed("contentType takes single part types without transfer syntax")
    types = tuple(each.name for each in ranges if each.quality)
    if DICOM in types and len(set(types)) > 1:
        raise Malformed("contentType mixes DICOM and rendered media types")
    if DICOM in types and not _RENDERING.isdisjoint(asked):
        raise Malformed("rendering parameters do not go with contentType=application/dicom")
    return types


def _transfer_syntax(asked: Mapping[str, str], content_types: tuple[str, ...]) -> str | None:
    syntax = asked.get("transferSyntax")
    if syntax is None or syntax == "*":  # the npm dicomweb-client sends * with every contentType
        return syntax
    if not is_uid(syntax):
        raise Malformed("transferSyntax is not a UID")
    if DICOM not in content_types:
        raise Malformed("transferSyntax goes only with contentType=application/dicom")
    if syntax in NEVER_SERVED:
        raise NotAcceptable("Implicit VR and Big Endian are not used with web services")
    return syntax


def _region(value: str) -> Region:
    fields = value.split(",")
    if len(fields) != 4:
        raise Malformed("region is not xmin,ymin,xmax,ymax")
    left, top, right, bottom = (parse_decimal("region", field.strip()) for field in fields)
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise Malformed("region is not inside 0 to 1, or empty")
    return Region(left, top, right, bottom)


def _window(asked: Mapping[str, str]) -> Window | None:
    names = ("windowCenter", "windowWidth")
    if not any(name in asked for name in names):
        return None
    if not all(name in asked for name in names):
        raise Malformed("windowCenter and windowWidth go together")
    center, width = (parse_decimal(name, asked[name]) for name in names)
    return checked_window(Window(center, width))


def _frame_number(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 10 and int(value) > 0):
        raise Malformed("frameNumber is not a whole number from 1 up")
    return int(value)
