"""A sealed value can be kept by a stranger: cut, changed, swapped with another or of an older form, it does not open."""

from __future__ import annotations

import hashlib
import hmac
import struct

_MAGIC = b"cfHT"
_VERSION = 1
_HEADER = struct.Struct(">4sBxxxQ16s")  # magic, version, bytes of the payload, tag
_BOUND = struct.Struct(">BQQ")  # version, bytes of the key, bytes of the payload: what the tag covers before both
_TAG_BYTES = 16  # half of HMAC-SHA256, as RFC 2104 section 5 allows: 2^-128 for a guess


class Seal:
    """Binds a payload to its key by HMAC-SHA256 with a secret of ours. It hides nothing."""

    def __init__(self, secret: bytes) -> None:
        self._hmac = hmac.new(secret, digestmod=hashlib.sha256)

    def close(self, key: str, payload: bytes) -> bytes:
        """The payload behind its header."""
        return _HEADER.pack(_MAGIC, _VERSION, len(payload), self._tag(key, payload)) + payload

    def open(self, key: str, value: object) -> bytes | None:
        """The payload; None when `value` is not exactly what `close` gave for this key."""
        if not isinstance(value, bytes) or len(value) < _HEADER.size:
            return None
        magic, version, length, tag = _HEADER.unpack_from(value)
        if (magic, version, length) != (_MAGIC, _VERSION, len(value) - _HEADER.size):
            return None
        payload = value[_HEADER.size :]
        return payload if hmac.compare_digest(tag, self._tag(key, payload)) else None

    def _tag(self, key: str, payload: bytes) -> bytes:
        name = key.encode()
        tag = self._hmac.copy()
        tag.update(_BOUND.pack(_VERSION, len(name), len(payload)) + name)
        tag.update(payload)
        return tag.digest()[:_TAG_BYTES]
