"""Pick-up codes (取片码): eight digits that a doctor types where nothing can scan; good once, for ten minutes.

Tries are counted before a code is looked for: five a browser, more for an address, since a hospital's computers share
one, and a cap for all together, so that a thousand good codes at once stay hard to meet by chance. A right code gives its
try back.
"""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tortoise.exceptions import IntegrityError

from core.errors import NotFound, Unavailable
from identity.limits import HOUR, MINUTE, Limit, count_try, forget_try
from identity.links import LinkKind, Links
from infra.database import transaction
from infra.sealing import Sealer
from share.models import Share, SharePickup

LIFE = timedelta(minutes=10)
DIGITS = 8
LONGEST = 32  # characters that are looked at
_CODES = 100_000_000
_DRAWS = 8
PER_SHARE = (Limit(20, HOUR),)
PER_BROWSER = (Limit(5, 10 * MINUTE),)
PER_ADDRESS = (Limit(60, HOUR),)
FOR_ALL = (Limit(2000, HOUR),)  # with 1,000 good codes: one met by chance in 50 hours of wrong tries, and its passcode stays


@dataclass(frozen=True, slots=True)
class Code:
    """A code to show, and when it ends."""

    digits: str = field(repr=False)
    expires_at: datetime


class Pickup:
    """Shows codes and takes them back."""

    def __init__(self, sealer: Sealer, links: Links) -> None:
        self._sealer = sealer
        self._links = links

    async def show(self, share: Share, now: datetime) -> Code:
        """A new code, in place of the one before; raises TooManyRequests."""
        await count_try({f"pickup-share:{share.id}": PER_SHARE}, now)
        expires_at = min(now + LIFE, share.expires_at)
        for _ in range(_DRAWS):
            digits = f"{secrets.randbelow(_CODES):0{DIGITS}}"
            if await self._keep(share, digits, expires_at):
                return Code(digits, expires_at)
        raise Unavailable("no code could be drawn")

    async def redeem(self, said: str, browser: str, address: str, now: datetime) -> str:
        """The token of the link that the code stands for, once; raises NotFound, TooManyRequests."""
        gates = {
            f"pickup-browser:{self._sealer.index('browser', browser)}": PER_BROWSER,
            f"pickup-address:{self._sealer.index('address', address)}": PER_ADDRESS,
            "pickup": FOR_ALL,
        }
        await count_try(gates, now)
        share = await self._take(said, now)
        token = await self._links.again(LinkKind.SHARE, share.hospital_id, share.id, now)
        await forget_try(gates, now)
        return token

    async def _take(self, said: str, now: datetime) -> Share:
        async with transaction():
            row = await SharePickup.get_or_none(index=self._index(said), expires_at__gt=now).prefetch_related("share")
            if row is None or not await SharePickup.filter(index=row.index).delete():  # of two at once, one
                raise NotFound("nobody shows this code")
            found: Share = row.share
        return found

    async def _keep(self, share: Share, digits: str, expires_at: datetime) -> bool:
        try:
            async with transaction():
                await SharePickup.filter(share_id=share.id).delete()
                await SharePickup.create(index=self._index(digits), share_id=share.id, expires_at=expires_at)
        except IntegrityError:
            return False
        return True

    def _index(self, said: str) -> str:
        return self._sealer.index("pickup", typed(said))


async def forget_codes(now: datetime) -> None:
    """Remove those that are over."""
    await SharePickup.filter(expires_at__lte=now).delete()


def typed(said: str) -> str:
    """As it is compared: full width or half, with blanks and hyphens or without."""
    return "".join(each for each in unicodedata.normalize("NFKC", said[:LONGEST]) if each.isdigit())
