"""The code on a person's own phone that tells a kiosk or the desk which account is theirs: good once, for five minutes."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from tortoise.exceptions import IntegrityError

from core.errors import BindingRefused, Unavailable
from identity.limits import HOUR, Limit, count_try
from identity.models import PairingCode
from infra.database import transaction
from infra.sealing import Sealer

LIFE = timedelta(minutes=5)
DIGITS = 8  # typed or read as a bar code; a kiosk's tries are counted, and a hit would only give the finder's card away
PER_PERSON = (Limit(20, HOUR),)
_DRAWS = 8  # of a code that somebody else has just now


class Pairing:
    """Shows codes and takes them back."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def show(self, person: str, now: datetime) -> str:
        """A new code, in place of the one before; raises TooManyRequests."""
        await count_try({f"pairing:{person}": PER_PERSON}, now)
        await PairingCode.filter(expires_at__lte=now).delete()
        for _ in range(_DRAWS):
            code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
            if await self._keep(person, code, now):
                return code
        raise Unavailable("no code could be drawn")

    async def person(self, code: str, now: datetime) -> str:
        """Whose code it is; raises BindingRefused. It stays good until `use`."""
        row = await PairingCode.get_or_none(index=self._index(code), expires_at__gt=now)
        if row is None:
            raise BindingRefused("nobody shows this code")
        return row.person_id

    async def use(self, code: str) -> None:
        """Inside the caller's transaction: from now on it is used; raises BindingRefused when another was first."""
        if not await PairingCode.filter(index=self._index(code)).delete():
            raise BindingRefused("the code was used")

    async def _keep(self, person: str, code: str, now: datetime) -> bool:
        try:
            async with transaction():
                await PairingCode.filter(person_id=person).delete()
                await PairingCode.create(person_id=person, index=self._index(code), expires_at=now + LIFE)
        except IntegrityError:
            return False
        return True

    def _index(self, code: str) -> str:
        return self._sealer.index("pairing", code)
