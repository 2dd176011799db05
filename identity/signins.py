"""A person's login on one device: a short session, and a refresh token that is traded once for the next."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import NotFound, SignedOut, Unauthenticated
from core.grants import Role
from core.uids import uuid7
from identity.models import RefreshToken, Session, SignIn
from identity.sessions import end_children, issue
from infra.database import transaction
from infra.epoch import Epoch
from infra.keys import Keys

ACCESS_LIFE = timedelta(minutes=15)
REFRESH_LIFE = timedelta(days=30)
PAGE_LIFE = timedelta(minutes=60)
REFRESH_BYTES = 32
MOST_LOOKED_AT = 100  # logins of a person that nobody ended
LONGEST_TOLD = 64  # characters of a device or a network


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a phone keeps; the refresh token is stored here as its hash only."""

    access: str
    refresh: str
    expires_in_seconds: int


@dataclass(frozen=True, slots=True)
class Where:
    """On which kind of device, and from which kind of place and network, as coarse as it may be told to its owner."""

    device: str = ""
    place: str = ""
    network: str = ""


NOWHERE = Where()


@dataclass(frozen=True, slots=True)
class Live:
    """A login that is good now, and the moment at which it ends by itself; `current` for the one that asks."""

    id: str
    way: str
    at: datetime
    until: datetime
    current: bool
    where: Where


@dataclass(frozen=True, slots=True)
class Remembered:
    """A login whose person ticked that this browser shall remember it, until a moment."""

    sign_in: str
    until: datetime


class SignIns:
    """Begins, renews and ends logins."""

    def __init__(self, keys: Keys, epoch: Epoch) -> None:
        self._keys = keys
        self._epoch = epoch

    async def begin(self, person: str, way: str, now: datetime, where: Where = NOWHERE) -> Tokens:
        """A person has just proved who they are."""
        async with transaction():
            sign_in = await _begun(person, way, now, where)
            return await self._issue(sign_in, now)

    async def begin_page(
        self, person: str, way: str, now: datetime, life: timedelta = PAGE_LIFE, where: Where = NOWHERE
    ) -> str:
        """The session of a browser's cookie, which cannot be renewed; it is longer and ends for good."""
        async with transaction():
            sign_in = await _begun(person, way, now, where)
            return await self._session(sign_in, life, now)

    async def refresh(self, token: str, now: datetime) -> Tokens:
        """The next tokens; raises Unauthenticated, and SignedOut where the login was ended before its time.

        One that comes twice was copied, and ends its whole login.
        """
        digest = _hash(token)
        async with transaction():
            known = await RefreshToken.get_or_none(hash=digest)
            sign_in = await _held(known)
            if sign_in is not None and sign_in.revoked_at is not None:
                raise SignedOut("that login was ended")
            if known is None or sign_in is None or known.expires_at <= now:
                raise Unauthenticated("not a refresh token that is good")
            if await RefreshToken.filter(hash=digest, used_at=None).update(used_at=now):
                return await self._issue(sign_in, now)
            await SignIn.filter(id=sign_in.id).update(revoked_at=now)
        self._epoch.advance()
        raise Unauthenticated("a refresh token came twice")

    async def end(self, session: str, now: datetime) -> None:
        """Log out on this device: the session and whatever can renew it."""
        sign_in = await Session.filter(id=session).values_list("sign_in_id", flat=True)
        await Session.filter(id=session, revoked_at=None).update(revoked_at=now)
        await end_children(session, now)
        await SignIn.filter(id__in=[each for each in sign_in if each], revoked_at=None).update(revoked_at=now)
        self._epoch.advance()

    async def live(self, person: str, session: str, now: datetime) -> list[Live]:
        """Where this person is logged in, newest first; `session` is the one that asks."""
        rows = await SignIn.filter(person_id=person, revoked_at=None).order_by("-at", "-id").limit(MOST_LOOKED_AT)
        ids = [row.id for row in rows]
        sessions = Session.filter(sign_in_id__in=ids, revoked_at=None, expires_at__gt=now)
        ends = [(each.sign_in_id, each.expires_at) for each in await sessions]
        renewable = RefreshToken.filter(sign_in_id__in=ids, used_at=None, expires_at__gt=now)
        ends += [(each.sign_in_id, each.expires_at) for each in await renewable]
        until: dict[str, datetime] = {}
        for sign_in, end in ends:
            until[str(sign_in)] = max(end, until.get(str(sign_in), end))
        asking = await Session.get_or_none(id=session)
        own = asking.sign_in_id if asking else None
        return [
            Live(row.id, row.way, row.at, until[row.id], row.id == own, Where(row.device, row.place, row.network))
            for row in rows
            if row.id in until
        ]

    async def remembered(self, session: str, longer_than: timedelta) -> Remembered | None:
        """The login by SMS of a browser that was asked to remember it for longer than that; None for every other session.

        A platform's login is never asked, and a page of a web-view has its session from elsewhere.
        """
        found = await Session.filter(id=session, parent=None, sign_in__way="sms").first()
        if found is None or found.sign_in_id is None or found.expires_at - found.created_at <= longer_than:
            return None
        return Remembered(found.sign_in_id, found.expires_at)

    async def end_one(self, person: str, sign_in: str, now: datetime) -> None:
        """End a login of this person, on whichever device it is; raises NotFound for any other."""
        if not await SignIn.filter(id=sign_in, person_id=person, revoked_at=None).update(revoked_at=now):
            raise NotFound("no such login")
        self._epoch.advance()

    async def _issue(self, sign_in: SignIn, now: datetime) -> Tokens:
        access = await self._session(sign_in, ACCESS_LIFE, now)
        refresh = secrets.token_urlsafe(REFRESH_BYTES)
        await RefreshToken.create(hash=_hash(refresh), sign_in_id=sign_in.id, expires_at=now + REFRESH_LIFE)
        return Tokens(access, refresh, int(ACCESS_LIFE.total_seconds()))

    async def _session(self, sign_in: SignIn, life: timedelta, now: datetime) -> str:
        person = sign_in.person_id
        return await issue(self._keys, role=Role.PATIENT, hospital=None, subject=person, life=life, now=now, sign_in=sign_in.id)


async def forget_sessions(before: datetime) -> None:
    """Remove sessions and refresh tokens whose life ended before that moment."""
    await RefreshToken.filter(expires_at__lt=before).delete()
    await Session.filter(expires_at__lt=before).delete()


async def _begun(person: str, way: str, now: datetime, where: Where) -> SignIn:
    return await SignIn.create(
        id=uuid7(),
        person_id=person,
        way=way,
        at=now,
        device=where.device[:LONGEST_TOLD],
        place=where.place,
        network=where.network[:LONGEST_TOLD],
    )


async def _held(token: RefreshToken | None) -> SignIn | None:
    """The login of a refresh token, held until our transaction is over: of two that trade, the second sees the first."""
    return await SignIn.filter(id=token.sign_in_id).select_for_update().first() if token else None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
