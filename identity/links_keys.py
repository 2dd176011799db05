"""The keys by which hospitals sign their printed QR codes: made once, kept sealed, replaced without harm to what is printed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.errors import NotFound, Unavailable
from identity.models import QrKey
from infra import qrsignature
from infra.database import transaction
from infra.sealing import Sealer

MOST_RACES = 8


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What anybody may know of a key. A retired one signs no more, and what it has signed is still genuine."""

    id: str
    hospital: str
    hospital_name: str
    public: str
    created_at: datetime
    retired_at: datetime | None


class QrKeys:
    """Signs for hospitals."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def signed(self, hospital: str, url: str, now: datetime) -> str:
        """The text of a QR: the address, and the hospital's signature behind it. The first time makes the key."""
        key = await QrKey.get_or_none(live=hospital) or await self._make(hospital, now)
        return qrsignature.signed(url, self._sealer.open_bytes(key.sealed))

    async def rotate(self, hospital: str, now: datetime) -> str:
        """A new key signs from now on; its id. What the old one signed stays genuine."""
        async with transaction():
            await QrKey.filter(live=hospital).update(retired_at=now, live=None)
            return (await self._make(hospital, now)).id

    async def withdraw(self, hospital: str, key_id: str, now: datetime) -> None:
        """A key is in other hands: what it signed is not believed any more. Raises NotFound."""
        async with transaction():
            if not await QrKey.filter(id=key_id, hospital_id=hospital).update(withdrawn_at=now, live=None):
                raise NotFound("no such key")

    async def _make(self, hospital: str, now: datetime) -> QrKey:
        for _ in range(MOST_RACES):
            private = qrsignature.new_private_key()
            public = qrsignature.public_key(private)
            row = QrKey(
                id=qrsignature.key_id(public),
                hospital_id=hospital,
                public=public,
                sealed=self._sealer.seal_bytes(private),
                created_at=now,
                live=hospital,
            )
            await QrKey.bulk_create([row], ignore_conflicts=True)  # of two at once, one
            made = await QrKey.get_or_none(live=hospital)
            if made is not None:
                return made
        raise Unavailable("no key could be made")


async def published() -> list[PublicKey]:
    """The public keys of all hospitals, newest first; withdrawn ones are not among them."""
    rows = await QrKey.filter(withdrawn_at=None).order_by("-created_at", "id").prefetch_related("hospital")
    return [PublicKey(row.id, row.hospital_id, row.hospital.name, row.public, row.created_at, row.retired_at) for row in rows]
