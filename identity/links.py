"""Links: what a printed QR, a message or a share opens. A token says nothing of anybody, and only its keyed hash is kept.

Tokens for paper (exam, check) and of shares are derived, so that the same picture can be made again; the others are random.
The address never counts: a link that was printed under an earlier public address is found by the same token.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.errors import Gone, NotFound, Unavailable
from core.uids import uuid7
from identity.models import IssuedLink
from infra.database import transaction
from infra.epoch import Epoch
from infra.keys import Keys

TOKEN_BITS = 128
DIGITS = 39  # of 128 bits; a QR holds ten bits in three digits, and eight in any other character
LONGEST_TOKEN = 64
WRONG_TRIES = 5  # in the whole life of a link
MOST_RACES = 16  # so many re-issues of one link at the same moment, and the next gives up


class LinkKind(StrEnum):
    """What a link opens."""

    EXAM = "exam"  # on paper: the exam, for who logs in and whose it is
    NOTICE = "notice"  # in a message: the exam, for who knows the patient
    SHARE = "share"  # what a patient shared
    CHECK = "check"  # on a printed report: whether it is genuine
    DOWNLOAD = "download"  # a computer on which a patient typed a code: the originals of one exam


DERIVED = frozenset({LinkKind.EXAM, LinkKind.CHECK, LinkKind.SHARE})


@dataclass(frozen=True, slots=True)
class Link:
    """A link that is good now. `subject` is the id of what it opens, `person_id` of the person or record it was made for."""

    id: str
    kind: LinkKind
    hospital: str
    subject: str
    person_id: str | None
    generation: int
    issued_at: datetime
    expires_at: datetime | None


class LinkEnded(Gone):
    """A genuine link that is over; `why` is expired, revoked or locked."""

    def __init__(self, why: str, link: Link) -> None:
        super().__init__(f"the link is {why}")
        self.why = why
        self.link = link


@dataclass(frozen=True, slots=True)
class Drawn:
    """A random token, and its row that is not kept yet: it opens nothing before `keep`."""

    token: str
    row: IssuedLink


class Links:
    """Issues, finds and revokes links. Tokens and their hashes depend on CLOUDFILM_SECRET_QR_KEY alone."""

    def __init__(self, keys: Keys, epoch: Epoch) -> None:
        self._token_key = _derived(keys, b"link token")
        self._hash_key = _derived(keys, b"link hash")
        self._epoch = epoch

    async def issue(
        self,
        kind: LinkKind,
        hospital: str,
        subject: str,
        *,
        now: datetime,
        expires_at: datetime | None = None,
        person_id: str | None = None,
    ) -> str:
        """A new token, inside the caller's transaction; a derived one takes the place of the one before, which is over."""
        row = IssuedLink(
            kind=kind, hospital_id=hospital, subject=subject, person_id=person_id, issued_at=now, expires_at=expires_at
        )
        if kind in DERIVED:
            return await self._issue_next(row)
        drawn = self._drawn(row)
        await row.save(force_create=True)
        return drawn.token

    def draw(
        self,
        kind: LinkKind,
        hospital: str,
        subject: str,
        *,
        now: datetime,
        expires_at: datetime | None = None,
        person_id: str | None = None,
    ) -> Drawn:
        """As `issue`, for random tokens and who keeps many at once: `keep` it in the transaction that makes use of it."""
        if kind in DERIVED:
            raise ValueError(f"links of kind {kind} are not drawn")
        return self._drawn(
            IssuedLink(
                kind=kind, hospital_id=hospital, subject=subject, person_id=person_id, issued_at=now, expires_at=expires_at
            )
        )

    async def find(self, token: str, now: datetime) -> Link:
        """The link of a token; raises NotFound, and LinkEnded when it is expired, revoked or locked."""
        row = await IssuedLink.get_or_none(hash=self._hash(token)) if len(token) <= LONGEST_TOKEN else None
        if row is None:
            raise NotFound("no such link")
        return _good(row, now)

    async def token_of(self, kind: LinkKind, hospital: str, subject: str, now: datetime) -> str:
        """The token on paper: the newest one, or the first when there is none that is good."""
        row = IssuedLink(kind=kind, hospital_id=hospital, subject=subject, issued_at=now)
        return await self._issue_next(row, keep_good=True)

    async def again(self, kind: LinkKind, hospital: str, subject: str, now: datetime) -> str:
        """The derived token of a link that is good; raises NotFound when there is none, or the secret has changed since."""
        newest = await _newest(kind, hospital, subject)
        if newest is None or not self._can_be_printed(newest, now):
            raise NotFound("no such link")
        return self._derive(kind, hospital, subject, newest.generation)

    def first(self, kind: LinkKind, hospital: str, subject: str) -> str:
        """The derived token of the first generation, good or not."""
        return self._derive(kind, hospital, subject, 1)

    async def revoke(self, kind: LinkKind, hospital: str, subject: str, now: datetime) -> int:
        """End every link of that kind to that subject; how many there were. Sessions that they opened end too."""
        rows = IssuedLink.filter(kind=kind, hospital_id=hospital, subject=subject, revoked_at=None)
        ended = await rows.update(revoked_at=now, live=None)
        self._epoch.advance()
        return ended

    async def end_at(self, kind: LinkKind, hospital: str, subject: str, expires_at: datetime) -> None:
        """Every good link of that kind to that subject ends then, inside the caller's transaction."""
        rows = IssuedLink.filter(kind=kind, hospital_id=hospital, subject=subject, revoked_at=None)
        await rows.update(expires_at=expires_at)

    async def revoke_one(self, link_id: str, now: datetime) -> bool:
        """End one link; true when it was not over yet."""
        ended = await IssuedLink.filter(id=link_id, revoked_at=None).update(revoked_at=now, live=None)
        self._epoch.advance()
        return ended > 0

    async def tries_left(self, link: Link) -> int:
        """How many more wrong tries it bears."""
        return (await IssuedLink.get(id=link.id)).tries_left

    def _drawn(self, row: IssuedLink) -> Drawn:
        token = secrets.token_urlsafe(TOKEN_BITS // 8)
        row.id, row.generation, row.hash = uuid7(), 1, self._hash(token)
        return Drawn(token, row)

    async def _issue_next(self, row: IssuedLink, *, keep_good: bool = False) -> str:
        """The next generation; with `keep_good` the newest one that is good, also when another request has just made it."""
        kind = LinkKind(row.kind)
        for _ in range(MOST_RACES):
            newest = await _newest(kind, row.hospital_id, row.subject)
            if keep_good and newest is not None and self._can_be_printed(newest, row.issued_at):
                return self._derive(kind, row.hospital_id, row.subject, newest.generation)
            generation = newest.generation + 1 if newest else 1
            async with transaction():
                if newest is not None:
                    await IssuedLink.filter(id=newest.id).update(live=None)
                    await IssuedLink.filter(id=newest.id, revoked_at=None).update(revoked_at=row.issued_at)
                made = await self._insert(row, generation)
            if made:
                self._epoch.advance()
                return self._derive(kind, row.hospital_id, row.subject, generation)
        raise Unavailable("others re-issue the same link")

    def _can_be_printed(self, newest: IssuedLink, now: datetime) -> bool:
        """True when it is good, and its token is the one that we would derive: the secret may have changed since."""
        token = self._derive(LinkKind(newest.kind), newest.hospital_id, newest.subject, newest.generation)
        return newest.live is not None and not _why_over(newest, now) and newest.hash == self._hash(token)

    async def _insert(self, row: IssuedLink, generation: int) -> bool:
        """False when another request made this generation, or one that is good, at the same moment."""
        kind = LinkKind(row.kind)
        token = self._derive(kind, row.hospital_id, row.subject, generation)
        row.id, row.generation, row.hash = uuid7(), generation, self._hash(token)
        row.live = f"{kind}:{row.hospital_id}:{row.subject}"
        await IssuedLink.bulk_create([row], ignore_conflicts=True)
        return await IssuedLink.exists(id=row.id)

    def _derive(self, kind: LinkKind, hospital: str, subject: str, generation: int) -> str:
        """HMAC-SHA256, cut to 128 bits, as decimal digits."""
        text = "\0".join((kind, hospital, subject, str(generation)))
        digest = hmac.digest(self._token_key, text.encode(), hashlib.sha256)
        return f"{int.from_bytes(digest[: TOKEN_BITS // 8]):0{DIGITS}}"

    def _hash(self, token: str) -> str:
        return hmac.digest(self._hash_key, token.encode("utf-8", "replace"), hashlib.sha256).hex()


def url(public_url: str, token: str) -> str:
    """Where a token is opened."""
    return f"{public_url.rstrip('/')}/s/{token}"


async def keep(drawn: Iterable[Drawn]) -> None:
    """Inside the caller's transaction: from its commit on these tokens open what they were drawn for."""
    await IssuedLink.bulk_create([each.row for each in drawn])


async def good_link(link_id: str, now: datetime) -> Link:
    """The link of that id, for what it opened before; raises as `Links.find`."""
    row = await IssuedLink.get_or_none(id=link_id)
    if row is None:
        raise NotFound("no such link")
    return _good(row, now, locked_counts=False)


def _good(row: IssuedLink, now: datetime, *, locked_counts: bool = True) -> Link:
    """The link of a row. Who proved it before it was locked has proved it."""
    link = Link(
        row.id,
        LinkKind(row.kind),
        row.hospital_id,
        row.subject,
        row.person_id,
        row.generation,
        row.issued_at,
        row.expires_at,
    )
    if why := _why_over(row, now) or (locked_counts and row.tries_left <= 0 and "locked"):
        raise LinkEnded(why, link)
    return link


def _why_over(row: IssuedLink, now: datetime) -> str:
    if row.revoked_at is not None:
        return "revoked"
    return "expired" if row.expires_at is not None and now >= row.expires_at else ""


async def _newest(kind: LinkKind, hospital: str, subject: str) -> IssuedLink | None:
    found = IssuedLink.filter(kind=kind, hospital_id=hospital, subject=subject)
    return await found.order_by("-generation").first()


def _derived(keys: Keys, purpose: bytes) -> bytes:
    return hmac.digest(keys.qr_key.encode(), purpose, hashlib.sha256)
