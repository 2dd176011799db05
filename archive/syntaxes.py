"""Transfer syntaxes (PS3.5 section 10, PS3.6 table A-1): how the bytes of a DICOM file are to be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Codec = Literal["native", "jpeg", "jpeg-ls", "jpeg2000", "rle", "video", "referenced", "unknown"]

IMPLICIT_LE = "1.2.840.10008.1.2"
EXPLICIT_LE = "1.2.840.10008.1.2.1"
DEFLATED_LE = "1.2.840.10008.1.2.1.99"
EXPLICIT_BE = "1.2.840.10008.1.2.2"
HTJ2K_LOSSLESS_RPCL = "1.2.840.10008.1.2.4.202"


@dataclass(frozen=True, slots=True)
class Syntax:
    """What a transfer syntax says of element headers, byte order and pixel data."""

    uid: str
    codec: Codec = "native"
    implicit: bool = False
    big_endian: bool = False
    deflated: bool = False

    @property
    def encapsulated(self) -> bool:
        """True when Pixel Data holds fragments (PS3.5 annex A.4)."""
        return self.codec not in ("native", "referenced")


_FAMILIES: dict[Codec, tuple[str, ...]] = {
    "jpeg": tuple(str(number) for number in (*range(50, 67), 70)),
    "jpeg-ls": ("80", "81"),
    "jpeg2000": ("90", "91", "92", "93", "201", "202", "203"),
    "video": (*(f"{number}{part}" for number in range(100, 107) for part in ("", ".1")), "107", "108"),
}

_TABLE: dict[str, Syntax] = {
    IMPLICIT_LE: Syntax(IMPLICIT_LE, implicit=True),
    EXPLICIT_LE: Syntax(EXPLICIT_LE),
    DEFLATED_LE: Syntax(DEFLATED_LE, deflated=True),
    EXPLICIT_BE: Syntax(EXPLICIT_BE, big_endian=True),
    "1.2.840.10008.1.2.5": Syntax("1.2.840.10008.1.2.5", "rle"),
    "1.2.840.10008.1.2.4.94": Syntax("1.2.840.10008.1.2.4.94", "referenced"),
    "1.2.840.10008.1.2.4.95": Syntax("1.2.840.10008.1.2.4.95", "referenced", deflated=True),
    "1.2.840.10008.1.2.4.204": Syntax("1.2.840.10008.1.2.4.204", "referenced"),
    "1.2.840.10008.1.2.4.205": Syntax("1.2.840.10008.1.2.4.205", "referenced", deflated=True),
} | {
    uid: Syntax(uid, codec)
    for codec, numbers in _FAMILIES.items()
    for uid in (f"1.2.840.10008.1.2.4.{number}" for number in numbers)
}


def syntax(uid: str) -> Syntax:
    """The transfer syntax of that UID; one we do not know is read as Explicit VR Little Endian with fragments (PS3.5 A.4)."""
    return _TABLE.get(uid) or Syntax(uid, "unknown")
