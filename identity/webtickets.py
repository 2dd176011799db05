"""A ticket for a page of a web-view: a mini-program cannot give its page a cookie, so the page trades this for one, once.

The session that it gets is a child of the one that asked: the same person, ended with it, and unable to ask for tickets.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import Forbidden, NotFound
from core.grants import Grant, Role
from identity.limits import HOUR, Limit, count_try
from identity.models import Session, WebTicket
from identity.sessions import issue
from identity.signins import PAGE_LIFE
from infra.database import transaction
from infra.keys import Keys

LIFE = timedelta(seconds=60)
TICKET_BYTES = 32
PER_SESSION = (Limit(240, HOUR),)  # one each quarter of a minute


@dataclass(frozen=True, slots=True)
class Entered:
    """The child session: its bearer token, what it may do, and how long the cookie that carries it lives."""

    token: str
    subject: str
    role: Role
    session: str  # of the parent, as the audit trail knows it
    life: timedelta


async def new_ticket(grant: Grant, now: datetime) -> str:
    """A ticket for who asks; only its hash is kept. Raises TooManyRequests, and Forbidden for a child session."""
    if await Session.exists(id=grant.session, parent__isnull=False):
        raise Forbidden("a page that came by a ticket gives out none")
    await count_try({f"web-ticket:{grant.session}": PER_SESSION}, now)
    await WebTicket.filter(expires_at__lte=now).delete()
    ticket = secrets.token_urlsafe(TICKET_BYTES)
    await WebTicket.create(hash=_hash(ticket), session=grant.session, expires_at=now + LIFE)
    return ticket


async def enter(keys: Keys, ticket: str, now: datetime) -> Entered:
    """The session of a page, for whoever comes first with a ticket that is good; raises NotFound for all others."""
    async with transaction():
        row = await WebTicket.get_or_none(hash=_hash(ticket))
        if row is None or not await WebTicket.filter(hash=row.hash).delete() or row.expires_at <= now:
            raise NotFound("no such ticket")
        # Held, so that the parent is not taken back between this look and the child's row.
        parent = await Session.filter(id=row.session).select_for_update().first()
        if parent is None:
            raise NotFound("nobody's ticket")
        return await _child(keys, parent, now)


async def _child(keys: Keys, parent: Session, now: datetime) -> Entered:
    """Where a login stands behind it, that ends the child; else the child ends when the parent would."""
    life = PAGE_LIFE if parent.sign_in_id else min(PAGE_LIFE, parent.expires_at - now)
    if parent.revoked_at is not None or life <= timedelta(0):
        raise NotFound("the session is over")
    token = await issue(
        keys,
        role=Role(parent.role),
        hospital=parent.hospital_id,
        subject=parent.subject,
        life=life,
        now=now,
        sign_in=parent.sign_in_id,
        parent=parent.id,
    )
    return Entered(token, parent.subject, Role(parent.role), parent.id, life)


def _hash(ticket: str) -> str:
    return hashlib.sha256(ticket.encode("utf-8", "replace")).hexdigest()
