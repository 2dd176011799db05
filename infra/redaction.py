"""Takes out of a line of text what must never stand in a log: phone and id numbers, tokens, the secret part of links."""

from __future__ import annotations

import re
from functools import lru_cache

HIDDEN = "[redacted]"

# Digits that belong to a UID (1.2.840…) stand next to a dot that stands next to a digit; those are ours to log.
_NOT_AFTER = r"(?<![0-9A-Za-z_])(?<![0-9]\.)"
_NOT_BEFORE = r"(?![0-9A-Za-z_])(?!\.[0-9])"
_MOBILE = r"(?:\+?(?:00)?86[ -]?)?1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}"
_LONG_NUMBER = r"(?<!-)[0-9]{9,}[Xx]?(?!-)"  # identity and insurance cards, medical record numbers; a UUID keeps its digits

_RULES = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',]+"), rf"\1 {HIDDEN}"),
    (re.compile(r"\beyJ[\w-]{6,}(?:\.[\w-]*){0,2}"), HIDDEN),  # a JWT without its scheme
    (re.compile(r"(/s/|/enter/|/shl/|/callbacks/aliyun/)[^/\s?#\"']+"), rf"\1{HIDDEN}"),
    (re.compile(r"(://[^/\s:@]*:)[^/\s@]+(@)"), rf"\1{HIDDEN}\2"),  # the password of a database or Redis URL
    (re.compile(_NOT_AFTER + _MOBILE + _NOT_BEFORE), HIDDEN),
    (re.compile(_NOT_AFTER + _LONG_NUMBER + _NOT_BEFORE), HIDDEN),
)


@lru_cache(maxsize=4096)  # a viewer asks for the same paths again and again, and the rules cost as much as an answer
def redact(text: str) -> str:
    """`text` with [redacted] in place of what looks personal or secret; a net below callers who do not log such things."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
