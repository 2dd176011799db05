"""Codes sent to a phone: whoever says the right one holds the phone. Good once, for ten minutes, for five tries."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tortoise.expressions import F

from core.errors import Unauthenticated
from identity.limits import DAY, HOUR, MINUTE, Limit, count_try
from identity.models import SmsChallenge
from infra.keys import Keys
from infra.sealing import Sealer

CODE_LIFE = timedelta(minutes=10)  # OWASP ASVS 5.0.0, 6.5.5
TRIES = 5
DIGITS = 6
CHALLENGE_BYTES = 16
# As the message provider's own limits for codes, which count each signature and number.
PER_PHONE = (Limit(1, MINUTE), Limit(5, HOUR), Limit(10, DAY))


class Purpose(StrEnum):
    """What a code may be used for; one for a login never lets a family member in."""

    LOGIN = "login"
    FAMILY = "family"
    ONSITE = "onsite"


@dataclass(frozen=True, slots=True)
class Caps:
    """How many codes leave, whoever asks: five tries each make every code that leaves a chance to guess."""

    per_address_an_hour: int
    in_total_an_hour: int


@dataclass(frozen=True, slots=True)
class Issued:
    """A challenge, and the code to send to its phone."""

    challenge: str
    code: str


class SmsCodes:
    """Makes codes and takes them back."""

    def __init__(self, keys: Keys, sealer: Sealer, caps: Caps) -> None:
        self._key = keys.derive("sms-codes")
        self._sealer = sealer
        self._caps = caps

    async def issue(self, phone: str, purpose: Purpose, address: str, now: datetime) -> Issued:
        """A new code for a normalized number, the same whether we know it; raises TooManyRequests."""
        index = self._sealer.index("phone", phone)
        await count_try(self._gates(index, address), now)
        issued = Issued(secrets.token_hex(CHALLENGE_BYTES), f"{secrets.randbelow(10**DIGITS):0{DIGITS}}")
        await SmsChallenge.create(
            id=issued.challenge,
            purpose=purpose,
            phone_index=index,
            sealed=self._sealer.seal(phone),
            code_hash=self._hash(issued.challenge, issued.code),
            tries_left=TRIES,
            expires_at=now + CODE_LIFE,
        )
        return issued

    async def redeem(self, challenge: str, code: str, purpose: Purpose, now: datetime) -> str:
        """The phone that got this code; raises Unauthenticated for a wrong, used, old or often tried one, all alike."""
        open_one = SmsChallenge.filter(id=challenge, purpose=purpose, used_at=None, expires_at__gt=now)
        # The try is taken before the code is looked at: of any number that come at once, five are.
        counted = await open_one.filter(tries_left__gt=0).update(tries_left=F("tries_left") - 1)
        known = await SmsChallenge.get_or_none(id=challenge)
        right = hmac.compare_digest(known.code_hash if known else "", self._hash(challenge, code))
        if not (counted and known and right and await open_one.update(used_at=now)):
            raise Unauthenticated("not the code of this challenge")
        return self._sealer.open(known.sealed)

    def _gates(self, phone_index: str, address: str) -> dict[str, tuple[Limit, ...]]:
        return {
            f"sms-phone:{phone_index}": PER_PHONE,
            f"sms-address:{self._sealer.index('address', address)}": (Limit(self._caps.per_address_an_hour, HOUR),),
            "sms-total": (Limit(self._caps.in_total_an_hour, HOUR),),
        }

    def _hash(self, challenge: str, code: str) -> str:
        return hmac.digest(self._key, f"{challenge}\0{code}".encode(), hashlib.sha256).hex()


async def forget_codes(before: datetime) -> None:
    """Remove codes whose life ended before that moment."""
    await SmsChallenge.filter(expires_at__lt=before).delete()
