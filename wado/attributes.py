"""What an attribute is called and how its value is written (PS3.6 chapter 6)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from pydicom.datadict import get_entry, keyword_dict

_TAG = re.compile(r"[0-9A-Fa-f]{8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Attribute:
    """A data element: tag as 8 upper case hex digits, value representation, keyword (empty for private ones)."""

    tag: str
    vr: str
    keyword: str

    @property
    def private(self) -> bool:
        """True in an odd group (PS3.5 section 7.8)."""
        return int(self.tag[:4], 16) % 2 == 1


def attribute(name: str) -> Attribute | None:
    """The attribute of a keyword (in any case) or of 8 hex digits; None when the standard has none and it is not private."""
    if _TAG.fullmatch(name):
        return _by_tag(name.upper())
    tag = _tags().get(name.lower())
    return None if tag is None else _by_tag(tag)


def keyword_of(tag: str) -> str:
    """The keyword of 8 upper case hex digits; empty when there is none."""
    found = _by_tag(tag)
    return found.keyword if found else ""


@cache
def _tags() -> dict[str, str]:
    return {keyword.lower(): f"{tag:08X}" for keyword, tag in keyword_dict.items() if keyword}


@lru_cache(maxsize=8192)  # the dictionary has 5000 entries; private tags come from outside
def _by_tag(tag: str) -> Attribute | None:
    number = int(tag, 16)
    if (number >> 16) % 2 == 1:
        return Attribute(tag, "LO" if number & 0xFF00 == 0 else "UN", "")
    try:
        vr, _, _, _, keyword = get_entry(number)
    except KeyError:
        return None
    return Attribute(tag, vr[:2], keyword)
