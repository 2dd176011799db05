"""Which form of an object to send to this client (PS3.18 sections 8.7.5 and 8.7.8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from core.errors import Malformed, NotAcceptable
from wado.mediatypes import (
    ALIASES,
    ANY,
    DICOM,
    DICOM_JSON,
    DICOM_XML,
    EXPLICIT_VR_LITTLE_ENDIAN,
    JSON,
    MULTIPART,
    NEVER_SERVED,
    OCTET_STREAM,
    TRANSFER_SYNTAXES,
    ZIP,
    MediaType,
    parse_accept,
    parse_accept_parameter,
)


class Category(StrEnum):
    """What kind of resource is asked for."""

    INSTANCES = "instances"  # whole DICOM files
    METADATA = "metadata"  # DICOM JSON or XML: metadata and search results
    STORED = "stored"  # the answer to a store
    FRAMES = "frames"
    BULKDATA = "bulkdata"
    RENDERED = "rendered"


@dataclass(frozen=True, slots=True)
class Choice:
    """One form that the client takes; `transfer_syntax` is a UID, "*" (any, as archived), or None where there is none."""

    media_type: str
    multipart: bool
    transfer_syntax: str | None = None

    @property
    def content_type(self) -> str:
        """Content-Type of the single part, or of one part; the UID unquoted, as public clients read it."""
        encoded = self.media_type in (DICOM, OCTET_STREAM) or _codec(self.media_type) in TRANSFER_SYNTAXES
        if self.transfer_syntax in (None, "*") or not encoded:
            return self.media_type
        return f"{self.media_type}; transfer-syntax={self.transfer_syntax}"


# What we make, the default first (PS3.18 tables 8.7.3-2 to 8.7.3-5, 8.7.4-1).
OFFERS: Mapping[Category, tuple[str, ...]] = {
    Category.INSTANCES: (DICOM, ZIP),
    Category.METADATA: (DICOM_JSON, JSON, DICOM_XML),
    Category.STORED: (DICOM_JSON, JSON, DICOM_XML),
    Category.FRAMES: (OCTET_STREAM, *TRANSFER_SYNTAXES),
    Category.BULKDATA: (OCTET_STREAM, *TRANSFER_SYNTAXES),
    Category.RENDERED: ("image/jpeg", "image/png", "image/gif"),
}
_SINGLE_ONLY = {DICOM_JSON, JSON, ZIP}  # one document holds any number of instances
_WITH_TRANSFER_SYNTAX = {Category.INSTANCES, Category.FRAMES, Category.BULKDATA}
_PIXEL_CATEGORIES = {Category.FRAMES, Category.BULKDATA}

# For the rule against mixing; image/jpeg and image/jp2 are of both kinds, the resource decides.
_RENDERED_ONLY = {
    "image/png",
    "image/gif",
    "text/html",
    "text/plain",
    "text/xml",
    "text/rtf",
    "application/pdf",
}
_RENDERED_TOO = {"image/jpeg", "image/jp2", "video/mpeg", "video/mp4", "video/h265"}
_DICOM_ONLY = {DICOM, DICOM_JSON, DICOM_XML, OCTET_STREAM}

# Lossless HTJ2K written resolution by resolution is still lossless HTJ2K: the narrower syntax meets who asked for the wider.
_SATISFIED_BY: Mapping[str, tuple[str, ...]] = {
    "1.2.840.10008.1.2.4.201": ("1.2.840.10008.1.2.4.202",),
    "1.2.840.10008.1.2.4.203": ("1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.201"),
}


@lru_cache(maxsize=512)  # viewers repeat themselves, thousands of frames with one Accept
def negotiate(
    category: Category,
    accept: str | None,
    accept_parameter: str | None = None,
    *,
    single: bool = True,
    offers: tuple[str, ...] = (),
) -> tuple[Choice, ...]:
    """Every form that client and server share, the best first.

    `single` says that the resource is one part (one instance, one frame), so that single part answers are possible.
    `offers` are media types that this object has besides (or, for rendered, instead of) the usual ones.
    A missing Accept counts as `*/*`. Raises NotAcceptable, or Malformed for nonsense and for mixing DICOM and rendered types.
    """
    ranges = _acceptable(category, accept, accept_parameter)
    refused = [media_range for media_range in ranges if media_range.quality == 0]
    made = _made(category, offers)
    choices: dict[Choice, None] = {}
    for media_range in sorted(ranges, key=_preference):
        for choice in _choices(category, media_range, made, single):
            if not any(_refuses(other, choice) for other in refused):
                choices.setdefault(choice)
    if not choices:
        raise NotAcceptable("none of the acceptable media types and transfer syntaxes can be made of this resource")
    return tuple(choices)


def pick(choices: Iterable[Choice], available: Sequence[str]) -> Choice:
    """The first choice that one object can meet, with the transfer syntax it will really have; raises NotAcceptable.

    `available` are the transfer syntaxes in which the object can be given, as archived first.
    """
    for choice in choices:
        for syntax in available:
            if syntax not in NEVER_SERVED and _meets(choice, syntax):
                return Choice(choice.media_type, choice.multipart, syntax)
    raise NotAcceptable("this object cannot be given in any of the acceptable transfer syntaxes")


def _acceptable(category: Category, accept: str | None, accept_parameter: str | None) -> tuple[MediaType, ...]:
    header = parse_accept(accept or "") or (MediaType(ANY),)
    if not accept_parameter:  # an empty one asks for nothing
        _refuse_mixture(category, header)
        return header
    ranges = parse_accept_parameter(accept_parameter)
    _refuse_mixture(category, ranges)
    compatible = tuple(each for each in ranges if any(_compatible(other, each) for other in header))
    if not compatible:
        raise NotAcceptable("the accept query parameter asks for what the Accept header excludes")
    return compatible


def _compatible(header: MediaType, parameter: MediaType) -> bool:
    if header.quality == 0:
        return False
    if header.name in (ANY, "multipart/*") and parameter.multipart:
        return True
    return header.multipart == parameter.multipart and header.covers(parameter.part)


def _refuse_mixture(category: Category, ranges: Sequence[MediaType]) -> None:
    kinds = {_kind(category, media_range) for media_range in ranges if media_range.quality}
    if {"dicom", "rendered"} <= kinds:
        raise Malformed("DICOM and rendered media types are mixed (PS3.18 section 8.7.5)")


def _kind(category: Category, media_range: MediaType) -> str:
    name = media_range.part
    if name in _DICOM_ONLY:
        return "dicom"
    if name in _RENDERED_ONLY:
        return "" if category is Category.BULKDATA else "rendered"  # an encapsulated PDF is bulk data as it is
    if name in _RENDERED_TOO and category not in _PIXEL_CATEGORIES and not media_range.multipart:
        return "rendered"
    return ""


def _preference(media_range: MediaType) -> tuple[float, bool, bool]:
    return -media_range.quality, media_range.name == ANY, media_range.wildcard


def _made(category: Category, offers: Sequence[str]) -> tuple[str, ...]:
    if category is Category.RENDERED and offers:
        return tuple(offers)
    return (*OFFERS[category], *offers)


def _choices(category: Category, media_range: MediaType, made: Sequence[str], single: bool) -> Iterable[Choice]:
    if media_range.quality == 0 or not media_range.charset_readable or media_range.transfer_syntax in NEVER_SERVED:
        return
    media_range = _plain(category, media_range, single)
    for offer in made:
        if media_range.covers(offer) and _fits(category, media_range, offer, single):
            yield from _in_syntaxes(
                category,
                media_range,
                offer if media_range.wildcard else media_range.part,
            )


def _plain(category: Category, media_range: MediaType, single: bool) -> MediaType:
    """`*/*` put into the form that is usual for the resource, whose default comes first (PS3.18 section 8.7.7)."""
    multipart = category in _WITH_TRANSFER_SYNTAX or (category is Category.RENDERED and not single)
    if media_range.name == "multipart/*" or (media_range.name == ANY and multipart):
        return MediaType(MULTIPART, {**media_range.parameters, "type": ANY})
    return media_range


def _fits(category: Category, media_range: MediaType, offer: str, single: bool) -> bool:
    if media_range.multipart:
        return offer not in _SINGLE_ONLY and category is not Category.STORED
    return single or offer in _SINGLE_ONLY or category is Category.STORED


def _in_syntaxes(category: Category, media_range: MediaType, name: str) -> Iterable[Choice]:
    multipart = media_range.multipart
    if category not in _WITH_TRANSFER_SYNTAX:
        yield Choice(name, multipart)
        return
    if media_range.transfer_syntax is not None:
        yield Choice(name, multipart, media_range.transfer_syntax)
        return
    if _codec(name) in TRANSFER_SYNTAXES:
        yield Choice(name, multipart, "*")  # any of that codec, the table's default or not: the part names it
        return
    yield Choice(name, multipart, EXPLICIT_VR_LITTLE_ENDIAN)
    if name in (DICOM, ZIP):
        # PS3.18 section 8.7.3 allows the stored form where Explicit VR Little Endian cannot be made of it (video).
        yield Choice(name, multipart, "*")


def _refuses(media_range: MediaType, choice: Choice) -> bool:
    if media_range.wildcard or media_range.multipart != choice.multipart:
        return False
    return media_range.part == choice.media_type and media_range.transfer_syntax in (
        None,
        choice.transfer_syntax,
    )


def _meets(choice: Choice, syntax: str) -> bool:
    asked = choice.transfer_syntax or "*"
    if asked not in ("*", syntax) and syntax not in _SATISFIED_BY.get(asked, ()):
        return False
    codec = _codec(choice.media_type)
    return codec not in TRANSFER_SYNTAXES or syntax in TRANSFER_SYNTAXES[codec]


def _codec(media_type: str) -> str:
    return ALIASES.get(media_type, media_type)
