"""Downloading on a computer: a short address and a code that a patient's phone shows, typed there, good once for ten minutes.

The address names the row, so that wrong codes use up that row's five tries and nobody else's; it says nothing by itself. The
right code opens a link of its own, for that one exam and half an hour.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.expressions import F

from core.errors import NotFound, Unavailable
from identity.limits import HOUR, MINUTE, Limit, count_try
from identity.links import Link, LinkKind, Links
from identity.links_proof import Asker
from identity.models import DownloadCode
from infra.database import transaction
from infra.sealing import Sealer

LIFE = timedelta(minutes=10)
OPEN_FOR = timedelta(minutes=30)
KEPT = timedelta(days=1)  # of a row after its code is over
DIGITS, TRIES = 8, 5
LETTERS, HANDLE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ", 4  # none that is taken for another
PER_PERSON = (Limit(20, HOUR),)
PER_DEVICE = (Limit(TRIES, 10 * MINUTE),)
PER_ADDRESS = (Limit(120, HOUR),)  # all computers of a hospital may share one; what holds a guesser are the tries of a row
_DRAWS = 8
_HANDLE = re.compile(f"[{LETTERS}]{{{HANDLE_LETTERS}}}")
_CODE = re.compile(rf"[0-9]{{{DIGITS}}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the phone shows."""

    handle: str
    code: str
    expires_at: datetime


class DownloadCodes:
    """Shows codes, and takes them back for a link."""

    def __init__(self, sealer: Sealer, links: Links) -> None:
        self._sealer = sealer
        self._links = links

    async def show(self, person: str, hospital: str, exam: str, now: datetime) -> Shown:
        """A new code, in place of the one before that nobody typed; raises TooManyRequests."""
        await count_try({f"pc-download:{person}": PER_PERSON}, now)
        await DownloadCode.filter(expires_at__lte=now - KEPT).delete()
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        async with transaction():
            await DownloadCode.filter(person_id=person, link_id=None).delete()
            for _ in range(_DRAWS):
                handle = "".join(secrets.choice(LETTERS) for _ in range(HANDLE_LETTERS))
                row = DownloadCode(
                    handle=handle,
                    person_id=person,
                    hospital_id=hospital,
                    exam_id=exam,
                    code_hash=self._hash(handle, code),
                    tries_left=TRIES,
                    expires_at=now + LIFE,
                )
                await DownloadCode.bulk_create([row], ignore_conflicts=True)
                if await DownloadCode.exists(handle=handle, code_hash=row.code_hash):
                    return Shown(handle, code, row.expires_at)
        raise Unavailable("no address could be drawn")

    async def open(self, handle: str, code: str, asker: Asker, now: datetime) -> Link:
        """The link of the right code, once. Raises TooManyRequests, and NotFound whatever else is wrong."""
        gates = {
            f"pc-device:{self._sealer.index('device', asker.device)}": PER_DEVICE,
            f"pc-address:{self._sealer.index('address', asker.address)}": PER_ADDRESS,
        }
        await count_try(gates, now)
        handle, code = handle.upper(), "".join(code.split())
        if not (_HANDLE.fullmatch(handle) and _CODE.fullmatch(code)):
            raise NotFound("no such address or code")
        unused = DownloadCode.filter(handle=handle, link_id=None, tries_left__gt=0, expires_at__gt=now)
        if not await unused.update(tries_left=F("tries_left") - 1):  # counted before it is looked at
            raise NotFound("no such address or code")
        row = await DownloadCode.get_or_none(handle=handle)
        if row is None or not hmac.compare_digest(row.code_hash, self._hash(handle, code)):
            raise NotFound("no such address or code")
        return await self._link(row, now)

    async def is_of(self, handle: str, link_id: str) -> bool:
        """True when that link was opened by the code of this address."""
        return await DownloadCode.exists(handle=handle.upper()[:HANDLE_LETTERS], link_id=link_id)

    async def _link(self, row: DownloadCode, now: datetime) -> Link:
        async with transaction():
            token = await self._links.issue(
                LinkKind.DOWNLOAD,
                row.hospital_id,
                row.exam_id,
                now=now,
                expires_at=now + OPEN_FOR,
                person_id=row.person_id,
            )
            link = await self._links.find(token, now)  # the token itself goes nowhere
            if not await DownloadCode.filter(handle=row.handle, link_id=None).update(link_id=link.id):
                raise NotFound("the code was used")
            return link

    def _hash(self, handle: str, code: str) -> str:
        return self._sealer.index("download-code", f"{handle} {code}")
