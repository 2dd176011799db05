"""Sessions: issue a bearer token, take it back, and turn it into a grant at each request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tortoise.expressions import Q

from core.errors import Invalid, Unauthenticated
from core.grants import Grant, Role
from core.uids import uuid7
from identity import tokens
from identity.links_opened import Shown, shown
from identity.mine import studies_of
from identity.models import Session
from infra.epoch import Epoch
from infra.keys import Keys
from records.models import Hospital

LONGEST_LIFE = timedelta(days=400)
MOST_REMEMBERED = 20_000  # verified tokens a process keeps in memory
PATIENT_TRUST = timedelta(seconds=30)
SHOWN_BY_THE_CLOCK = frozenset({Role.PATIENT, Role.LINK, Role.THIRD_PARTY})
READS_WHOLE_HOSPITAL = frozenset({Role.HOSPITAL, Role.CLINICIAN, Role.ADMIN})


async def issue(
    keys: Keys,
    *,
    role: Role,
    hospital: str | None,
    subject: str,
    life: timedelta,
    now: datetime,
    sign_in: str | None = None,
    parent: str | None = None,
) -> str:
    """A new bearer token; raises Invalid when the hospital is unknown or the life impossible."""
    if not timedelta(0) < life <= LONGEST_LIFE:
        raise Invalid(f"a token lives between a second and {LONGEST_LIFE.days} days")
    if hospital is not None and not await Hospital.exists(code=hospital):
        raise Invalid(f"no hospital has the code {hospital}")
    session = await Session.create(
        id=uuid7(),
        hospital_id=hospital,
        sign_in_id=sign_in,
        role=role,
        subject=subject,
        parent=parent,
        expires_at=now + life,
    )
    return tokens.sign(tokens.Claims(session.id, subject, role, hospital, session.expires_at), keys.tokens, now)


async def revoke(session_id: str, epoch: Epoch, now: datetime) -> bool:
    """Take a session back; true when it was still alive. Every process sees it at its next request."""
    changed = await Session.filter(id=session_id, revoked_at=None).update(revoked_at=now)
    await end_children(session_id, now)
    epoch.advance()
    return changed > 0


async def end_children(session_id: str, now: datetime) -> None:
    """After that session was ended: those of the pages that came by its tickets end too."""
    await Session.filter(parent=session_id, revoked_at=None).update(revoked_at=now)


@dataclass(frozen=True, slots=True)
class _Remembered:
    grant: Grant
    epoch: int
    ask_again_at: datetime


class Sessions:
    """Verifies tokens. Remembers the verified ones until a revocation anywhere on this machine, at most `trust`."""

    def __init__(
        self,
        keys: Keys,
        epoch: Epoch,
        trust: timedelta,
        shows: Callable[[str, datetime], Awaitable[Shown]] = shown,
        authorised: Callable[[Grant, datetime], Awaitable[Grant]] | None = None,
    ) -> None:
        """`shows` tells what the link of that id shows now; raises Unauthenticated once it is over. `authorised` gives the
        grant of a third party what it may see, and raises likewise; without it no third party gets in."""
        self._keys = keys
        self._epoch = epoch
        self._trust = trust
        self._shows = shows
        self._authorised = authorised
        self._known: dict[str, _Remembered] = {}

    async def grant(self, token: str, now: datetime) -> Grant:
        """What the bearer may do; raises Unauthenticated."""
        known = self._known.get(token)
        if known is not None and known.epoch == self._epoch.value and now < known.ask_again_at:
            return known.grant
        return await self._ask(token, now)

    async def _ask(self, token: str, now: datetime) -> Grant:
        epoch = self._epoch.value  # before the question, so that a revocation during it is seen
        claims = tokens.read(token, self._keys.tokens, now)
        of_no_login_or_a_live_one = Q(sign_in_id=None) | Q(sign_in__revoked_at=None)
        alive = await Session.filter(of_no_login_or_a_live_one, id=claims.session, revoked_at=None, expires_at__gt=now).exists()
        if not alive:
            self._known.pop(token, None)
            raise Unauthenticated("the session is over")
        grant = grant_of(claims)
        trust = self._trust
        if grant.role in SHOWN_BY_THE_CLOCK:  # what a patient may see also changes with the clock
            grant, trust = await self._seeing(grant, now), min(trust, PATIENT_TRUST)
        self._remember(token, _Remembered(grant, epoch, min(now + trust, grant.until)))
        return grant

    async def _seeing(self, grant: Grant, now: datetime) -> Grant:
        if grant.role is Role.LINK:
            return (await self._shows(grant.subject, now)).within(grant)
        if grant.role is Role.THIRD_PARTY:
            if self._authorised is None:
                raise Unauthenticated("no third party gets in here")
            return await self._authorised(grant, now)
        return replace(grant, studies=await studies_of(grant.subject, now))

    def _remember(self, token: str, remembered: _Remembered) -> None:
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[token] = remembered


def grant_of(claims: tokens.Claims) -> Grant:
    """System roles see their hospital's pictures; the others see none by role alone."""
    sees = claims.hospital is not None and claims.role in READS_WHOLE_HOSPITAL
    hospitals = frozenset({claims.hospital}) if sees and claims.hospital else frozenset[str]()
    return Grant(claims.subject, claims.role, claims.session, claims.expires_at, hospitals=hospitals, home=claims.hospital)
