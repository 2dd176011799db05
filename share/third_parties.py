"""Third parties: systems outside our hospitals that may ask for what they were authorised to, known by an id and a secret.

A hospital lets each in for some purposes. A token is for one purpose (RFC 6749 section 4.4), and what it opens is asked anew at
each request (`share/authorisations.py`). For research and for the making of AI nothing leaves that tells whose it is.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from core.errors import NotFound, Unauthenticated
from core.uids import uuid7
from infra.keys import Keys
from share.models import ThirdParty

SECRET_BYTES = 32
LONGEST_ID, LONGEST_SECRET = 36, 128  # characters that are looked at
TOKEN_LIFE = timedelta(minutes=10)
_BETWEEN = ":"  # in the subject of a session: who, and what for


class Purpose(StrEnum):
    """What pictures and reports are wanted for."""

    TREATMENT = "treatment"
    INSURANCE = "insurance"
    RESEARCH = "research"
    AI = "ai"


MASKED = frozenset({Purpose.RESEARCH, Purpose.AI})  # nobody's name leaves for these
BY_HOSPITAL = frozenset({Purpose.TREATMENT})  # all others only the patient may authorise


async def register(hospital: str, name: str, purposes: Sequence[Purpose], now: datetime) -> tuple[ThirdParty, str]:
    """Inside the caller's transaction: a new one and its secret, which is told once and kept nowhere."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    row = await ThirdParty.create(
        id=uuid7(),
        hospital_id=hospital,
        name=name,
        purposes=sorted({purpose.value for purpose in purposes}),
        secret_sha256=_hashed(secret),
        created_at=now,
    )
    return row, secret


async def of_hospital(hospital: str) -> list[ThirdParty]:
    """All that it let in, newest first; also those that are over."""
    return await ThirdParty.filter(hospital_id=hospital).order_by("-id")


async def get(hospital: str, third_party: str) -> ThirdParty:
    """One of the hospital's that is not over; raises NotFound."""
    row = await ThirdParty.get_or_none(id=third_party, hospital_id=hospital, revoked_at=None)
    if row is None:
        raise NotFound("no such third party")
    return row


async def renew_secret(hospital: str, third_party: str) -> str:
    """Inside the caller's transaction: another secret; the one before is over. Raises NotFound."""
    row, secret = await get(hospital, third_party), secrets.token_urlsafe(SECRET_BYTES)
    await ThirdParty.filter(id=row.id).update(secret_sha256=_hashed(secret))
    return secret


async def end(hospital: str, third_party: str, now: datetime) -> ThirdParty:
    """Inside the caller's transaction: it gets nothing any more, whatever it was authorised to. Raises NotFound."""
    row = await get(hospital, third_party)
    await ThirdParty.filter(id=row.id).update(revoked_at=now)
    return row


async def proved(third_party: str, secret: str) -> ThirdParty | None:
    """Who that is, if the secret is right."""
    looked_at = len(secret) <= LONGEST_SECRET and len(third_party) <= LONGEST_ID and third_party.isprintable()
    row = await ThirdParty.get_or_none(id=third_party, revoked_at=None) if looked_at else None
    kept = row.secret_sha256 if row else ""
    return row if hmac.compare_digest(_hashed(secret), kept) else None


async def names_of(subjects: Iterable[str]) -> dict[str, str]:
    """Id → name of the third parties behind these subjects of sessions."""
    ids = {each.partition(_BETWEEN)[0] for each in subjects}
    return {row.id: row.name for row in await ThirdParty.filter(id__in=sorted(ids))} if ids else {}


def subject(third_party: str, purpose: Purpose) -> str:
    """As sessions and the audit trail name who asks, and what for."""
    return f"{third_party}{_BETWEEN}{purpose}"


def told(subject: str) -> tuple[str, str]:
    """As `asking`, of a subject that stands in the audit trail, whatever it is."""
    third_party, _, purpose = subject.partition(_BETWEEN)
    return third_party, purpose


def asking(subject: str) -> tuple[str, Purpose]:
    """(third party, purpose) of a session's subject; raises Unauthenticated for one that is none."""
    third_party, _, purpose = subject.partition(_BETWEEN)
    try:
        return third_party, Purpose(purpose)
    except ValueError as error:
        raise Unauthenticated("not a third party's session") from error


def mask_of(keys: Keys, subject: str) -> str:
    """The key of the mask, in hex: always the same for one third party and purpose, so that its own data fit together."""
    _, purpose = asking(subject)
    if purpose not in MASKED:
        return ""
    return hmac.digest(keys.derive("third-party mask"), subject.encode(), hashlib.sha256).hex()


def _hashed(secret: str) -> str:
    """A secret of 256 random bits needs no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
