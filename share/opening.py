"""Opening a share: its limits, its passcode with five tries in all its life, then a short session that sees just this."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tortoise.expressions import F, Q

from core.errors import NotFound, PasscodeWrong
from core.grants import Role
from core.uids import uuid7
from identity import tokens
from identity.links import WRONG_TRIES, Link, LinkEnded, Links
from identity.links_tries import Held, count_wrong, judged
from identity.sessions import issue
from infra.database import fitting, transaction
from infra.keys import Keys
from infra.sealing import Sealer
from share import events, limits
from share.limits import LOCKED, REVOKED, USED, Over
from share.models import Share, ShareVisit
from share.passcodes import Passcodes
from share.viewing import OF_SHARES, ShareView, view_of_share

SESSION_LIFE = timedelta(hours=1)
OPENED, WRONG_PASSCODE = "opened", "wrong-passcode"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who comes: where from, and what they say of themselves, which nobody has checked."""

    address: str
    device: str
    hospital: str = field(default="", repr=False)
    name: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """An open share: the token of its session, for so long."""

    link: Link
    token: str = field(repr=False)
    expires_in: timedelta
    view: ShareView


class Openings:
    """Opens shares."""

    def __init__(self, keys: Keys, sealer: Sealer, links: Links) -> None:
        self._keys = keys
        self._sealer = sealer
        self._links = links
        self._passcodes = Passcodes(keys)

    async def open(self, token: str, passcode: str, visitor: Visitor, now: datetime) -> Opened:
        """Raises NotFound, LinkEnded once it is over, PasscodeWrong."""
        link, share = await self.found(token, now)
        if share.passcode_hash is not None:  # to its end, also when the visitor's connection breaks: a wrong one counts
            await asyncio.shield(self._prove(link, share, share.passcode_hash, passcode, visitor, now))
        return await self._enter(link, share, visitor, now)

    async def found(self, token: str, now: datetime) -> tuple[Link, Share]:
        """The share that a token would open now; counts nothing. Raises NotFound, LinkEnded."""
        try:
            link = await self._links.find(token, now)
        except LinkEnded as ended:
            if ended.why != LOCKED:
                raise
            link = ended.link  # the share knows as well, and says so below
        if link.kind not in OF_SHARES:
            raise NotFound("no share has this link")
        share = await Share.get(id=link.subject)
        if share.locked_at is not None:
            raise LinkEnded(LOCKED, link)
        try:
            limits.verify(limits.of_opening(share), now)
        except Over as over:
            raise LinkEnded(over.why, link) from over
        return link, share

    async def _prove(self, link: Link, share: Share, kept: str, passcode: str, visitor: Visitor, now: datetime) -> None:
        if not passcode:
            raise PasscodeWrong(WRONG_TRIES - share.wrong_tries)
        left = WRONG_TRIES

        async def is_right() -> bool:
            return await self._passcodes.fits(passcode, kept)

        async def wrong(held: Held) -> None:
            nonlocal left
            left = await self._wrong(held, share, visitor, now)

        if await judged(link, now, is_right, wrong):
            return
        if left <= 0:
            raise LinkEnded(LOCKED, link)
        raise PasscodeWrong(left)

    async def _wrong(self, held: Held, share: Share, visitor: Visitor, now: datetime) -> int:
        """Keep that this passcode was wrong; how many more it bears. After the last one the owner is told."""
        async with transaction():
            await Share.filter(id=share.id).update(wrong_tries=F("wrong_tries") + 1)
            left = await count_wrong(held)
            await self._visit(share, WRONG_PASSCODE, "", visitor, now)
            if left <= 0 and await Share.filter(id=share.id, locked_at=None).update(locked_at=now):
                await events.share_changed(events.LOCKED, share, now)
        return left

    async def _enter(self, link: Link, share: Share, visitor: Visitor, now: datetime) -> Opened:
        """Count the opening, of any number at once only so many; then a session."""
        life = min(SESSION_LIFE, share.expires_at - now)
        has_room = Q(max_opens__isnull=True) | Q(opens__lt=F("max_opens"))
        async with transaction():
            if not await Share.filter(has_room, id=share.id, revoked_at=None, locked_at=None).update(opens=F("opens") + 1):
                raise LinkEnded(await _why_shut(share.id), link)
            token = await issue(self._keys, role=Role.LINK, hospital=None, subject=link.id, life=life, now=now)
            await self._visit(share, OPENED, tokens.read(token, self._keys.tokens, now).session, visitor, now)
            if await Share.filter(id=share.id, first_opened_at=None).update(first_opened_at=now):
                await events.share_changed(events.OPENED, share, now)
        return Opened(link, token, life, await view_of_share(share, now))

    async def _visit(self, share: Share, kind: str, session: str, visitor: Visitor, now: datetime) -> None:
        said = f"{visitor.hospital}\n{visitor.name}"
        await ShareVisit.create(
            id=uuid7(),
            share_id=share.id,
            at=now,
            kind=kind,
            session=session,
            said=self._sealer.seal(said) if said.strip() else None,
            address=fitting(visitor.address, 64),
            device=fitting(visitor.device, 32),
            traced_at=now,
        )


async def _why_shut(share_id: str) -> str:
    share = await Share.get(id=share_id)
    if share.revoked_at is not None:
        return REVOKED
    return LOCKED if share.locked_at is not None else USED
