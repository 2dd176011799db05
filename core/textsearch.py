"""How a text is searched for somebody: letter for letter without case and width, whatever stands between two letters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

GONE: Final = "***"
MOST_BETWEEN = 3  # blanks, dots and what is not seen, between two characters of one name or number

# Blanks, what joins the parts of a name, and what takes no room at all.
_JOINT: Final = r"[\s\u00a0\u00ad\u00b7\u0387\u2022\u2027\u30fb\u22c5\uff65\u200b-\u200f\u2060\ufeff.,^_\-‐–]"
BETWEEN: Final = f"{_JOINT}{{0,{MOST_BETWEEN}}}"
BETWEEN_MUST: Final = f"{_JOINT}{{1,{MOST_BETWEEN}}}"

Shown = Callable[[re.Match[str]], str | None]  # what stands instead; None: it stays
Search = tuple[re.Pattern[str], Shown]  # what is hidden is the group `it`


def folded(text: str) -> str:
    """Letter for letter without case and width, so that places in it are places in the text."""
    return "".join(_one(letter) for letter in text)


def _one(letter: str) -> str:
    if letter.isascii():
        return letter.lower()
    plain = unicodedata.normalize("NFKC", letter).lower()
    return plain if len(plain) == 1 and (plain.isalnum() or plain in "-+/.@_()") else letter
