"""The passcode of a share: six digits, kept only as a slow hash under a key that is not in the database.

A million values are soon tried, so what protects them is the count of tries, and for a thief of the database the key.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Callable

from core.errors import InvalidField
from infra.keys import Keys

DIGITS = 6
_MANY = 1_000_000  # of them
LONGEST = 32  # characters that are looked at: what is typed may have blanks, or be wrong
# scrypt (RFC 7914): 4 MiB and about 10 ms a try. A thousand recipients at once must get in, and only five may err.
N, R, P = 1 << 12, 8, 1
_SALT_BYTES, _HASH_BYTES = 16, 32


class Passcodes:
    """Makes and compares passcodes."""

    def __init__(self, keys: Keys) -> None:
        self._pepper = keys.derive("share-passcode")
        self._repeated = keys.derive("share-passcode-repeated")

    def made(self, repeated_by: str = "") -> str:
        """New digits; for a request that may be repeated, the same each time its key comes."""
        if not repeated_by:
            return _untrivial(lambda _: secrets.randbelow(_MANY))
        return _untrivial(lambda turn: self._number(f"{repeated_by}\0{turn}"))

    async def hashed(self, digits: str) -> str:
        """What is kept."""
        salt = secrets.token_bytes(_SALT_BYTES)
        return f"{salt.hex()}${(await self._scrypt(digits, salt)).hex()}"

    async def fits(self, said: str, kept: str) -> bool:
        """Whether this is the passcode."""
        salt, _, right = kept.partition("$")
        found = await self._scrypt(normalized(said), bytes.fromhex(salt))
        return hmac.compare_digest(found.hex(), right)

    async def _scrypt(self, digits: str, salt: bytes) -> bytes:
        keyed = hmac.digest(self._pepper, digits.encode(), hashlib.sha256)
        return await asyncio.to_thread(hashlib.scrypt, keyed, salt=salt, n=N, r=R, p=P, dklen=_HASH_BYTES)

    def _number(self, text: str) -> int:
        return int.from_bytes(hmac.digest(self._repeated, text.encode(), hashlib.sha256)) % _MANY


def chosen(field: str, said: str) -> str:
    """The digits that somebody chose; raises InvalidField for what are not six digits, or six times the same."""
    digits = normalized(said)
    if not (len(digits) == DIGITS and digits.isascii() and digits.isdigit()) or _trivial(digits):
        raise InvalidField(field, "not-a-passcode")
    return digits


def normalized(said: str) -> str:
    """As it is compared: full width or half, with blanks or without."""
    return "".join(unicodedata.normalize("NFKC", said[:LONGEST]).split())


def _untrivial(draw: Callable[[int], int]) -> str:
    turn = 0
    while _trivial(digits := f"{draw(turn):0{DIGITS}}"):
        turn += 1
    return digits


def _trivial(digits: str) -> bool:
    return len(set(digits)) == 1
