"""Phone numbers and identifiers at rest: encrypted, and found again by a keyed index that tells a thief nothing."""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import Misconfigured
from infra.keys import Keys

_VERSION = b"\x01"
_KEY_ID_BYTES = 4  # tells which key closed a value, so that a changed secret is named and not guessed
_NONCE_BYTES = 12  # NIST SP 800-38D section 8.2.2: random, below 2^32 values a key
_TAG_BYTES = 16
_HEADER_BYTES = len(_VERSION) + _KEY_ID_BYTES


class Sealer:
    """AES-256-GCM under a key derived from CLOUDFILM_SECRET_FIELDS; the index is keyed by CLOUDFILM_SECRET_INDEX."""

    def __init__(self, keys: Keys) -> None:
        key = keys.derive("sealed-fields")
        self._cipher = AESGCM(key)
        self._header = _VERSION + hashlib.sha256(key).digest()[:_KEY_ID_BYTES]
        self._index_key = keys.index.encode()

    def seal(self, text: str) -> bytes:
        """`text`, encrypted; the same text gives other bytes each time."""
        return self.seal_bytes(text.encode())

    def open(self, sealed: bytes) -> str:
        """The text again; raises Misconfigured when another key closed it, or it was changed."""
        return self.open_bytes(sealed).decode()

    def seal_bytes(self, value: bytes) -> bytes:
        """As `seal`, for bytes."""
        nonce = os.urandom(_NONCE_BYTES)
        return self._header + nonce + self._cipher.encrypt(nonce, value, self._header)

    def open_bytes(self, sealed: bytes) -> bytes:
        """As `open`, for bytes."""
        header, nonce, closed = _parts(sealed)
        if header != self._header:
            raise Misconfigured("a sealed value was closed with another CLOUDFILM_SECRET_FIELDS than today's")
        try:
            return self._cipher.decrypt(nonce, closed, header)
        except InvalidTag as error:
            raise Misconfigured("a sealed value was changed since it was closed") from error

    def index(self, kind: str, normalized: str) -> str:
        """Where a value of that kind is found again: HMAC-SHA256 in hex; `normalized` is the one form it is compared in."""
        return hmac.digest(self._index_key, f"{kind}\0{normalized}".encode(), hashlib.sha256).hex()


def _parts(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    if len(sealed) < _HEADER_BYTES + _NONCE_BYTES + _TAG_BYTES:
        raise Misconfigured("a sealed value is cut off")
    after_nonce = _HEADER_BYTES + _NONCE_BYTES
    return sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES:after_nonce], sealed[after_nonce:]
