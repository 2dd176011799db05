"""A share as a SMART Health Link: one text that any health app can open (HL7 SMART Health Cards and Links, STU 1).

    shlink:/BASE64URL of {"url", "key", "exp", "flag", "label", "v"}

Address and key come from one secret of 256 bits, of which only a keyed hash is kept: who has our database, and not the link,
can neither ask for the files nor read them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime

from core.errors import Misconfigured
from share.shl_file import base64url

SECRET_BYTES = 32
SECRET_CHARACTERS = 43  # of 32 bytes in base64url
LONGEST_URL, LONGEST_LABEL = 128, 80  # characters, as the specification says
PREFIX = "shlink:/"
PATH = "/api/v1/shl/"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Link:
    """What the link says of itself to whoever holds it. `label` must tell nothing of a person."""

    url: str
    key: bytes
    label: str
    expires_at: datetime
    asks_passcode: bool
    changes: bool  # what stands behind it may become newer: it can be asked again

    @property
    def flags(self) -> str:
        """Letters in the order of the alphabet."""
        return ("L" if self.changes else "") + ("P" if self.asks_passcode else "")

    @property
    def text(self) -> str:
        """The link as it is shown or sent; raises Misconfigured when our own public address is too long for it."""
        if len(self.url) > LONGEST_URL:
            raise Misconfigured(f"CLOUDFILM_PUBLIC_URL is too long for a SMART Health Link: {len(self.url)} characters in all")
        said = {
            "url": self.url,
            "key": base64url(self.key),
            "exp": int(self.expires_at.timestamp()),
            "flag": self.flags,
            "label": self.label[:LONGEST_LABEL],
            "v": _VERSION,
        }
        minified = json.dumps(
            {name: value for name, value in said.items() if value != ""}, ensure_ascii=False, separators=(",", ":")
        )
        return PREFIX + base64url(minified.encode())


class Secrets:
    """What is derived from the secret of a link, each for one purpose."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def kept(self, secret: str) -> str:
        """By which we know the secret again: hex, 64 digits."""
        return self._derived(b"kept", secret).hex()

    def file_key(self, secret: str) -> bytes:
        """The 32 bytes that close the link's files."""
        return self._derived(b"files", secret)

    def ticket(self, secret: str, text: str) -> str:
        """The proof that we handed out `text` to who opened the link: 43 characters."""
        return base64url(self._derived(b"ticket\0" + text.encode(), secret))

    def _derived(self, purpose: bytes, secret: str) -> bytes:
        return hmac.digest(self._key, purpose + b"\0" + secret.encode(), hashlib.sha256)
