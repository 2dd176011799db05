"""Shares of their owner: listed, looked at, made longer and stopped. How they are made is in `share/making.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import Conflict, Malformed, NotFound
from identity.links import LinkKind, Links
from infra.database import transaction
from infra.epoch import Epoch
from records.models import Exam
from records.policies import from_json
from share import terms
from share.limits import EARLY, EXPIRED, LOCKED, REVOKED, USED
from share.models import Authorisation, SensitiveExam, Share, ShareExam
from share.parts import EVERYTHING, Part
from share.terms import Wanted

ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Choice:
    """What of one exam is shared. `series` None: all of them."""

    exam: str
    parts: frozenset[Part]
    series: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A share, and what of which exams it shows, in the owner's order."""

    share: Share
    choices: tuple[Choice, ...]

    @property
    def exams(self) -> tuple[str, ...]:
        """The ids of its exams."""
        return tuple(each.exam for each in self.choices)


class Shares:
    """Lists and stops shares, and moves their end."""

    def __init__(self, links: Links, epoch: Epoch) -> None:
        self._links = links
        self._epoch = epoch

    async def get(self, person: str, share_id: str) -> Kept:
        """One of this person's; raises NotFound."""
        share = await Share.get_or_none(id=share_id, person_id=person)
        if share is None:
            raise NotFound("no such share")
        return (await with_exams([share]))[0]

    async def page(self, person: str, *, cursor: str, limit: int) -> tuple[list[Kept], str | None]:
        """This person's, newest first, and the cursor of those after them; raises Malformed."""
        rows = Share.filter(person_id=person)
        if cursor:
            if not await Share.exists(id=cursor, person_id=person):
                raise Malformed("the cursor is not one of ours")
            rows = rows.filter(id__lt=cursor)
        found = await rows.order_by("-id").limit(limit + 1)
        return await with_exams(found[:limit]), found[limit - 1].id if len(found) > limit else None

    async def revoke(self, person: str, share_id: str, now: datetime) -> Kept:
        """Stop it: from the next request on nobody sees anything by it. Stopping it again changes nothing. Raises NotFound."""
        kept = await self.get(person, share_id)
        await self._end([kept.share], now)
        return await self.get(person, share_id)

    async def extend(self, person: str, share_id: str, life: timedelta, now: datetime) -> Kept:
        """Let it end so long from now, sooner or later than before; the QR stays.

        Raises NotFound, Conflict for one that is over or was meant for somebody standing there, InvalidField.
        """
        kept = await self.get(person, share_id)
        share = kept.share
        if not may_go_on(share, now):
            raise Conflict("this share cannot go on")
        hospitals = [exam.hospital async for exam in Exam.filter(id__in=list(kept.exams)).prefetch_related("hospital")]
        permitted = terms.permitted_by(from_json(each.policies) for each in hospitals)
        wanted = Wanted(mask=share.mask, expires_in=life, not_before=share.not_before)
        end = terms.decided(wanted, permitted, now).expires_at
        async with transaction():
            going = Share.filter(id=share.id, revoked_at=None, locked_at=None, expires_at__gt=now)
            if not await going.update(expires_at=end):
                raise Conflict("this share cannot go on")
            await self._links.end_at(LinkKind.SHARE, share.hospital_id, share.id, end)
        self._epoch.advance()  # an earlier end counts at once
        return await self.get(person, share_id)

    async def revoke_all(self, person: str, now: datetime) -> int:
        """Stop all that this person shares; how many there were."""
        rows = await Share.filter(person_id=person, revoked_at=None)
        await self._end(rows, now)
        return len(rows)

    async def export(self, person: str) -> list[dict[str, object]]:
        """All that this person ever shared; times as datetimes."""
        return [
            {
                "id": each.share.id,
                "exams": list(each.exams),
                "masked": each.share.mask,
                "created_at": each.share.created_at,
                "expires_at": each.share.expires_at,
                "revoked_at": each.share.revoked_at,
                "opens": each.share.opens,
            }
            for each in await with_exams(await Share.filter(person_id=person).order_by("id"))
        ]

    async def token(self, share: Share, now: datetime) -> str:
        """The token of a share, derived again for its owner; raises NotFound once the share is over."""
        if state_of(share, now) not in (ACTIVE, EARLY):
            raise NotFound("the share is over")
        return await self._links.again(LinkKind.SHARE, share.hospital_id, share.id, now)

    async def _end(self, shares: Sequence[Share], now: datetime) -> None:
        async with transaction():
            for share in shares:
                await Share.filter(id=share.id, revoked_at=None).update(revoked_at=now)
                await self._links.revoke(LinkKind.SHARE, share.hospital_id, share.id, now)
        self._epoch.advance()  # after the commit: who asks again must find it


def state_of(share: Share, now: datetime) -> str:
    """How it stands: active, early, or over: revoked, expired, locked, used."""
    if share.revoked_at is not None:
        return REVOKED
    if now >= share.expires_at:
        return EXPIRED
    if share.locked_at is not None:
        return LOCKED
    if share.max_opens is not None and share.opens >= share.max_opens:
        return USED
    return EARLY if share.not_before is not None and now < share.not_before else ACTIVE


def may_go_on(share: Share, now: datetime) -> bool:
    """True when its end may be moved: it is not over, and was not for somebody who stands there."""
    return not share.face_to_face and state_of(share, now) in (ACTIVE, EARLY)


async def follow_joined(other: str, person: str) -> None:
    """Two accounts are one person: what `other` shared, marked and allowed is now `person`'s. May be done twice."""
    async with transaction():
        await Share.filter(person_id=other).update(person_id=person)
        await SensitiveExam.filter(person_id=other).update(person_id=person)
        await Authorisation.filter(person_id=other).update(person_id=person)


async def with_exams(shares: Sequence[Share]) -> list[Kept]:
    """These shares, each with what it shows."""
    ids = [share.id for share in shares]
    rows = await ShareExam.filter(share_id__in=ids).order_by("place", "id") if ids else []
    by_share: dict[str, list[Choice]] = {share: [] for share in ids}
    for row in rows:
        by_share[row.share_id].append(choice_of(row))
    return [Kept(share, tuple(by_share[share.id])) for share in shares]


def choice_of(row: ShareExam) -> Choice:
    """What of an exam a row lets see."""
    of_exam = EVERYTHING if row.parts is None else frozenset(map(Part, row.parts))
    return Choice(row.exam_id, of_exam, None if row.series is None else tuple(series for _, series in row.series))
