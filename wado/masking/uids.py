"""UIDs under a mask: another one for each, always the same for one mask, telling nothing of the first (PS3.5 section B.2)."""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache
from typing import Final

ROOT: Final = "2.25."  # UIDs made of a UUID need no registration
_VERSION_4: Final = 0x4 << 76
_VARIANT: Final = 0b10 << 62


@lru_cache(maxsize=65536)
def mapped(key: bytes, uid: str) -> str:
    """The UID that stands for `uid` under the mask of this key: a UUID of 122 keyed bits, as 2.25.<decimal>."""
    digest = int.from_bytes(hmac.digest(key, b"uid" + uid.encode(), hashlib.sha256)[:16], "big")
    number = digest & ~(0xF << 76) & ~(0b11 << 62) | _VERSION_4 | _VARIANT
    return f"{ROOT}{number}"
