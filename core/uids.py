"""Unique identifiers: DICOM UIDs (PS3.5 section 9) and our own time-ordered ids (RFC 9562 UUIDv7)."""

from __future__ import annotations

import re
import secrets
import time
import uuid

from core.errors import Malformed

UID_MAX_CHARACTERS = 64  # PS3.5 section 9.1
# PS3.5 asks for no leading zeros in a component, but devices send them; such UIDs are kept as they are.
_UID = re.compile(r"[0-9]+(\.[0-9]+)+", re.ASCII)
_ROW_ID_RANDOM_BITS = 22
_ROW_IDS_BEGIN_MS = 1_577_836_800_000  # 2020-01-01: 41 bits of milliseconds last until 2089
_last_row_id = 0


def is_uid(text: str) -> bool:
    """True when `text` is digits and dots as PS3.5 section 9.1 says, at most 64 characters."""
    return len(text) <= UID_MAX_CHARACTERS and _UID.fullmatch(text) is not None


def require_uid(text: str, name: str) -> str:
    """`text` itself; raises Malformed when it is not a UID."""
    if is_uid(text):
        return text
    raise Malformed(f"{name} is not a UID")


def new_uid() -> str:
    """A fresh UID under 2.25, derived from a random UUID (PS3.5 annex B.2)."""
    return f"2.25.{uuid.uuid4().int}"


def uuid7() -> str:
    """A time-ordered unique id as text (RFC 9562 section 5.7)."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | secrets.randbits(80)
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return str(uuid.UUID(int=value))


def row_id() -> int:
    """A time-ordered 63-bit row id made here, so that rows of one commit can be written in few statements.

    This process never gives one twice; two processes that meet break the primary key, and the commit is tried again.
    """
    global _last_row_id
    fresh = (time.time_ns() // 1_000_000 - _ROW_IDS_BEGIN_MS) << _ROW_ID_RANDOM_BITS
    if fresh >> _ROW_ID_RANDOM_BITS != _last_row_id >> _ROW_ID_RANDOM_BITS:
        fresh |= secrets.randbits(_ROW_ID_RANDOM_BITS)
    _last_row_id = max(_last_row_id + 1, fresh)
    return _last_row_id
