"""The kinds of answer a client says it can read: media types and Accept lists (PS3.18 sections 8.3.3, 8.7.3 and 8.7.7)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import Malformed
from core.uids import is_uid

LIST_MAX_CHARACTERS = 8192  # far above what any known viewer sends; bounds the work of parsing
LIST_MAX_RANGES = 64

DICOM = "application/dicom"
DICOM_JSON = "application/dicom+json"
JSON = "application/json"
DICOM_XML = "application/dicom+xml"
OCTET_STREAM = "application/octet-stream"
ZIP = "application/zip"
MULTIPART = "multipart/related"
ANY = "*/*"

EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
# PS3.18 section 8.7.3: "shall not be used with Web Services".
NEVER_SERVED = frozenset({"1.2.840.10008.1.2", "1.2.840.10008.1.2.2"})

# PS3.18 table 8.7.3-5, for a frame or compressed bulk data: transfer syntaxes of each media type, its default first.
TRANSFER_SYNTAXES: Mapping[str, tuple[str, ...]] = {
    "image/jpeg": (
        "1.2.840.10008.1.2.4.70",
        "1.2.840.10008.1.2.4.50",
        "1.2.840.10008.1.2.4.51",
        "1.2.840.10008.1.2.4.57",
        # Retired processes, still found in old archives: JPEG all the same.
        "1.2.840.10008.1.2.4.53",
        "1.2.840.10008.1.2.4.55",
    ),
    "image/dicom-rle": ("1.2.840.10008.1.2.5",),
    "image/jls": ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"),
    "image/jp2": ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"),
    "image/jpx": ("1.2.840.10008.1.2.4.92", "1.2.840.10008.1.2.4.93"),
    "image/jphc": (
        "1.2.840.10008.1.2.4.201",
        "1.2.840.10008.1.2.4.202",
        "1.2.840.10008.1.2.4.203",
    ),
    "image/jxl": (
        "1.2.840.10008.1.2.4.110",
        "1.2.840.10008.1.2.4.111",
        "1.2.840.10008.1.2.4.112",
    ),
    "video/mpeg": (
        "1.2.840.10008.1.2.4.100",
        "1.2.840.10008.1.2.4.100.1",
        "1.2.840.10008.1.2.4.101",
        "1.2.840.10008.1.2.4.101.1",
    ),
    "video/mp4": (
        "1.2.840.10008.1.2.4.102",
        "1.2.840.10008.1.2.4.102.1",
        "1.2.840.10008.1.2.4.103",
        "1.2.840.10008.1.2.4.103.1",
        "1.2.840.10008.1.2.4.104",
        "1.2.840.10008.1.2.4.104.1",
        "1.2.840.10008.1.2.4.105",
        "1.2.840.10008.1.2.4.105.1",
        "1.2.840.10008.1.2.4.106",
        "1.2.840.10008.1.2.4.106.1",
    ),
    "video/h265": ("1.2.840.10008.1.2.4.107", "1.2.840.10008.1.2.4.108"),
}
# Spellings that viewers in use still send (older standards, the npm dicomweb-client).
ALIASES: Mapping[str, str] = {
    "image/x-jls": "image/jls",
    "image/x-dicom-rle": "image/dicom-rle",
    "image/jhc": "image/jphc",
    "video/mpeg2": "video/mpeg",
}
MEDIA_TYPE_OF: Mapping[str, str] = {uid: media_type for media_type, uids in TRANSFER_SYNTAXES.items() for uid in uids}

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_TYPE = re.compile(rf"\s*({_TOKEN})/({_TOKEN})?\s*", re.ASCII)
_BARE_STAR = re.compile(r"\s*\*\s*(?=[;,]|$)", re.ASCII)  # in Java's default Accept
# Unquoted values are read up to the next separator: Cornerstone sends type=application/octet-stream bare.
_PARAMETER = re.compile(
    rf"\s*;\s*(?:({_TOKEN})\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;,\"]*))\s*)?",
    re.ASCII,
)
_QUALITY = re.compile(r"(?:0?\.[0-9]{1,3}|0\.?|1(?:\.0{0,3})?)", re.ASCII)
_PLUS_LOST = re.compile(r"(application/dicom) (json|xml)\b")


@dataclass(frozen=True, slots=True)
class MediaType:
    """One media type or media range with its parameters; names and type in lower case, values as sent, unquoted."""

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def quality(self) -> float:
        """The weight q, 0 to 1 (RFC 9110 section 12.4.2)."""
        return float(self.parameters.get("q", "1"))

    @property
    def multipart(self) -> bool:
        """True for multipart/related, whose parts have the type `part`."""
        return self.name == MULTIPART

    @property
    def part(self) -> str:
        """The media type of each part, or of the whole when it is not multipart."""
        if not self.multipart:
            return self.name
        part = self.parameters.get("type", ANY).strip().lower()
        return part + "*" if part.endswith("/") else part

    @property
    def transfer_syntax(self) -> str | None:
        """A UID, "*", or None when the client named none."""
        return self.parameters.get("transfer-syntax")

    @property
    def charset_readable(self) -> bool:
        """True when our UTF-8 answers are what the client asked for."""
        return self.parameters.get("charset", "utf-8").lower() in {"utf-8", "utf8", "*"}

    @property
    def wildcard(self) -> bool:
        """True for `*/*`, `image/*` and the like, also as the type of parts."""
        return self.part.endswith("/*")

    def covers(self, name: str) -> bool:
        """True when `name` (type of a part, no wildcard) lies in this range."""
        part = ALIASES.get(self.part, self.part)
        name = ALIASES.get(name, name)
        return part in (ANY, name) or (part.endswith("/*") and name.startswith(part[:-1]))


def parse_media_type(text: str) -> MediaType:
    """The one media type of a Content-Type value; raises Malformed."""
    media_type, end = _media_type(text, 0)
    if end != len(text):
        raise Malformed("a media type is followed by something else")
    return media_type


def parse_accept(text: str) -> tuple[MediaType, ...]:
    """The ranges of an Accept list, in the order sent; raises Malformed when it is not such a list."""
    if len(text) > LIST_MAX_CHARACTERS:
        raise Malformed("the list of acceptable media types is too long")
    ranges: list[MediaType] = []
    at = 0
    while at < len(text):
        at = _after_commas(text, at)
        if at == len(text):
            break
        media_range, at = _media_type(text, at)
        ranges.append(_checked(media_range))
    if len(ranges) > LIST_MAX_RANGES:
        raise Malformed("too many acceptable media types")
    return tuple(ranges)


def parse_accept_parameter(text: str) -> tuple[MediaType, ...]:
    """As parse_accept, for the query parameter, which has no wildcards (PS3.18 section 8.3.3.1); raises Malformed."""
    # A "+" left unescaped in a URL arrives as a space: application/dicom json.
    ranges = parse_accept(_PLUS_LOST.sub(r"\1+\2", text))
    if any(media_range.wildcard for media_range in ranges):
        raise Malformed("the accept query parameter takes no wildcards")
    return ranges


def _after_commas(text: str, at: int) -> int:
    while at < len(text) and text[at] in ", \t":
        at += 1
    return at


def _media_type(text: str, at: int) -> tuple[MediaType, int]:
    name, at = _name(text, at)
    parameters: dict[str, str] = {}
    while at < len(text) and (match := _PARAMETER.match(text, at)):
        at = match.end()
        if match[1] is None:  # a lone ";"
            continue
        key = match[1].lower()
        if key in parameters:
            raise Malformed(f"media type parameter {key} is given twice")
        parameters[key] = _unquoted(match)
    if at < len(text) and text[at] != ",":
        raise Malformed("a media type cannot be understood")
    return MediaType(name, parameters), at


def _name(text: str, at: int) -> tuple[str, int]:
    if match := _TYPE.match(text, at):
        return (
            f"{match[1]}/{match[2] or '*'}".lower(),
            match.end(),
        )  # "image/" is how the Python client says image/*
    if match := _BARE_STAR.match(text, at):
        return ANY, match.end()
    raise Malformed("a media type cannot be understood")


def _unquoted(match: re.Match[str]) -> str:
    if match[2] is None:
        return match[3]
    return re.sub(r"\\(.)", r"\1", match[2])


def _checked(media_range: MediaType) -> MediaType:
    if not _QUALITY.fullmatch(media_range.parameters.get("q", "1")):
        raise Malformed("a weight q is not a number from 0 to 1")
    syntax = media_range.transfer_syntax
    if syntax is not None and syntax != "*" and not is_uid(syntax):
        raise Malformed("a transfer-syntax is neither a UID nor *")
    return media_range
