"""A file of a SMART Health Link, closed so that only who holds the link's key reads it (RFC 7516, compact form).

As the specification of SMART Health Links asks: the key itself encrypts (`dir`), AES-256 in GCM (`A256GCM`), the content is
made smaller first (`DEF`, raw DEFLATE of RFC 1951), and its media type stands in the header.
"""

from __future__ import annotations

import base64
import json
import zlib

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12  # RFC 7518 section 5.3; never the same twice under one key
TAG_BYTES = 16
MEDIA_TYPE = "application/jose"
_RAW_DEFLATE = -zlib.MAX_WBITS  # without the header and checksum of zlib


def closed(content: bytes, content_type: str, key: bytes, nonce: bytes) -> str:
    """The JWE of `content`; `key` has 32 bytes, `nonce` 12 that were never used with it."""
    header = {"alg": "dir", "enc": "A256GCM", "zip": "DEF", "cty": content_type}
    protected = base64url(json.dumps(header, separators=(",", ":")).encode())
    sealed = AESGCM(key).encrypt(nonce, _deflated(content), protected.encode())
    ciphertext, tag = sealed[:-TAG_BYTES], sealed[-TAG_BYTES:]
    # The second part is empty: with `dir` there is no encrypted key.
    return ".".join((protected, "", base64url(nonce), base64url(ciphertext), base64url(tag)))


def base64url(content: bytes) -> str:
    """Base64 for URLs, without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=_RAW_DEFLATE)
    return packer.compress(content) + packer.flush()
