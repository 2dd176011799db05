"""Shares of their owner: made, listed, looked at and stopped.

A share may be about exams of several hospitals. Its link belongs to the hospital of its newest exam: that one's name
stands on the landing page and its key signs the QR. What is read is on record with each exam's own hospital.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from tortoise.exceptions import IntegrityError

from archive.models import Series
from core.errors import Conflict, ConsentNeeded, InvalidField, Malformed, NotFound, OnlyLooking, ReportNotFinal, Sensitive
from core.uids import row_id, uuid7
from identity import consents
from identity.limits import DAY, HOUR, Limit, count_try
from identity.links import LinkKind, Links
from identity.mine import records_of, records_to_choose_for
from infra.database import transaction
from infra.epoch import Epoch
from infra.keys import Keys
from infra.sealing import Sealer
from records import search
from records.models import Exam, ReportStatus
from records.policies import from_json
from records.search import Found
from share import parts, sensitive, terms
from share.limits import EARLY, EXPIRED, LOCKED, REVOKED, USED
from share.models import Authorisation, SensitiveExam, Share, ShareExam, ShareRequest
from share.parts import EVERYTHING, Part
from share.passcodes import Passcodes, chosen
from share.terms import Terms, Wanted

MASK_KEY_BYTES = 32
PER_PERSON = (Limit(60, HOUR), Limit(200, DAY))
LONGEST_KEY = 200  # characters of an Idempotency-Key
ACTIVE = "active"
_FINAL = frozenset({ReportStatus.FINAL, ReportStatus.CORRECTED})

SeriesOf = Mapping[str, Collection[str]]  # exam → the only series of it that are shared


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request for a share. `passcode`: the digits that the owner chose, empty for new ones."""

    exams: tuple[str, ...]
    wanted: Wanted
    series: SeriesOf = field(default_factory=dict)
    parts: Mapping[str, frozenset[Part]] = field(default_factory=dict)
    passcode: str = field(default="", repr=False)
    confirm_sensitive: bool = False

    def sha256(self, keyed: bytes) -> str:
        """Keyed, since a passcode is in it: tells the same request from another one of the same Idempotency-Key."""
        text = json.dumps(asdict(self), sort_keys=True, default=_plain)
        return hashlib.blake2b(text.encode(), key=keyed, digest_size=32).hexdigest()


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


@dataclass(frozen=True, slots=True)
class Made:
    """A new share, with its token, and the digits of its passcode, which are told this once."""

    kept: Kept
    token: str = field(repr=False)
    passcode: str | None = field(repr=False)
    repeated: bool = False


class Shares:
    """Makes, lists and stops shares."""

    def __init__(self, keys: Keys, sealer: Sealer, links: Links, epoch: Epoch) -> None:
        self._passcodes = Passcodes(keys)
        self._body_key = keys.derive("share-request")
        self._sealer = sealer
        self._links = links
        self._epoch = epoch

    async def create(self, person: str, asked: Asked, now: datetime, key: str = "") -> Made:
        """A new share; with an Idempotency-Key the same answer each time.

        Raises NotFound for exams that are not this person's to see, OnlyLooking, ConsentNeeded, ReportNotFinal, Sensitive,
        InvalidField, Conflict for a key that stands for another request, TooManyRequests.
        """
        name = self._sealer.index("share-request", f"{person}\0{key}") if key else ""
        if name and (made := await self._made_before(name, asked)):
            return made
        found = await _exams(person, asked, now)
        asked_again = await _confirmed(found, asked)
        decided = terms.decided(asked.wanted, terms.permitted_by(from_json(each.hospital.policies) for each in found), now)
        series = await _series(asked.series, found)
        if any(exam not in asked.exams for exam in asked.parts):
            raise InvalidField("parts", "not-of-this-share")
        digits = self._digits(asked, name)
        await count_try({f"share:{person}": PER_PERSON}, now)
        share = await self._row(person, asked, decided, found, digits, now)
        rows = [_exam_row(share, place, each, asked, series, each.exam.id in asked_again) for place, each in enumerate(found)]
        try:
            async with transaction():
                await share.save(force_create=True)
                await ShareExam.bulk_create(rows)
                if name:
                    await ShareRequest.create(key=name, body_sha256=asked.sha256(self._body_key), share_id=share.id, at=now)
                token = await self._links.issue(
                    LinkKind.SHARE, share.hospital_id, share.id, now=now, expires_at=share.expires_at, person_id=person
                )
        except IntegrityError:
            if name and (made := await self._made_before(name, asked)):  # the same request, twice at once
                return made
            raise
        return Made(Kept(share, tuple(map(_choice, rows))), token, digits)

    async def get(self, person: str, share_id: str) -> Kept:
        """One of this person's; raises NotFound."""
        share = await Share.get_or_none(id=share_id, person_id=person)
        if share is None:
            raise NotFound("no such share")
        return (await _with_exams([share]))[0]

    async def page(self, person: str, *, cursor: str, limit: int) -> tuple[list[Kept], str | None]:
        """This person's, newest first, and the cursor of those after them; raises Malformed."""
        rows = Share.filter(person_id=person)
        if cursor:
            if not await Share.exists(id=cursor, person_id=person):
                raise Malformed("the cursor is not one of ours")
            rows = rows.filter(id__lt=cursor)
        found = await rows.order_by("-id").limit(limit + 1)
        return await _with_exams(found[:limit]), found[limit - 1].id if len(found) > limit else None

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
            for each in await _with_exams(await Share.filter(person_id=person).order_by("id"))
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

    async def _row(
        self, person: str, asked: Asked, decided: Terms, found: Sequence[Found], digits: str | None, now: datetime
    ) -> Share:
        newest = max(found, key=lambda each: (each.exam.performed_at, each.exam.id))
        return Share(
            id=uuid7(),
            person_id=person,
            hospital_id=newest.hospital.code,
            mask=asked.wanted.mask,
            mask_key=secrets.token_hex(MASK_KEY_BYTES),
            allow_download=asked.wanted.allow_download,
            pinned=asked.wanted.pinned,
            face_to_face=decided.face_to_face,
            passcode_hash=await self._passcodes.hashed(digits) if digits else None,
            max_opens=decided.max_opens,
            created_at=now,
            not_before=decided.not_before,
            expires_at=decided.expires_at,
        )

    def _digits(self, asked: Asked, name: str) -> str | None:
        """Those that the owner chose, else new ones; for a request with a key they can be told again with its answer."""
        if not asked.wanted.has_passcode:
            return None
        return chosen("passcode", asked.passcode) if asked.passcode else self._passcodes.made(name)

    async def _made_before(self, name: str, asked: Asked) -> Made | None:
        row = await ShareRequest.get_or_none(key=name).prefetch_related("share")
        if row is None:
            return None
        if row.body_sha256 != asked.sha256(self._body_key):
            raise Conflict("this Idempotency-Key stands for another request")
        token = self._links.first(LinkKind.SHARE, row.share.hospital_id, row.share.id)
        return Made((await _with_exams([row.share]))[0], token, self._digits(asked, name), repeated=True)


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


async def forget_requests(before: datetime) -> None:
    """Remove Idempotency-Keys that no phone repeats any more; their shares stay."""
    await ShareRequest.filter(at__lt=before).delete()


async def _exams(person: str, asked: Asked, now: datetime) -> list[Found]:
    """The exams that may be shared so, in the owner's order."""
    if not 0 < len(asked.exams) <= terms.MOST_EXAMS:
        raise InvalidField("exams", "not-a-list")
    if len(set(asked.exams)) < len(asked.exams):
        raise InvalidField("exams", "twice")
    seen = await search.get_all(await records_of(person, now), asked.exams, now)
    if len(seen) < len(asked.exams):
        raise NotFound("no such exam")
    found = [seen[exam] for exam in asked.exams]
    own = await records_to_choose_for(person, now)
    if any(each.exam.record_id not in own for each in found):
        raise OnlyLooking("a family member who may look may not share")
    if not await consents.agreed_to(person, consents.REMOTE_SHARING, now):
        raise ConsentNeeded(consents.REMOTE_SHARING)
    if any(each.report is None or each.report.status not in _FINAL for each in found):
        raise ReportNotFinal("only exams with a final report may be shared")
    return found


async def _confirmed(found: Sequence[Found], asked: Asked) -> frozenset[str]:
    """Ids of the sensitive ones, which the owner was asked about again."""
    ids = await sensitive.sensitive_among(found)
    if ids and not asked.confirm_sensitive:
        raise Sensitive("a sensitive exam is among them: ask, and send confirm_sensitive")
    return ids


async def _series(asked: SeriesOf, found: Sequence[Found]) -> dict[str, list[list[str]]]:
    """Exam → pairs of study and series UID; raises NotFound for a series that is not the exam's."""
    exams = {each.exam.id: each for each in found}
    pairs: dict[str, list[list[str]]] = {}
    for exam_id, wanted in asked.items():
        if exam_id not in exams:
            raise InvalidField("series", "not-of-this-share")
        each = exams[exam_id]
        rows = Series.filter(
            study__hospital_id=each.hospital.code,
            study__study_instance_uid__in=list(each.studies),
            series_instance_uid__in=list(wanted),
        )
        known = await rows.order_by("id").values_list("study__study_instance_uid", "series_instance_uid")
        if {str(series) for _, series in known} != set(wanted) or not wanted:
            raise NotFound("no such series")
        pairs[exam_id] = [[str(study), str(series)] for study, series in known]
    return pairs


def _exam_row(
    share: Share, place: int, found: Found, asked: Asked, series: Mapping[str, list[list[str]]], asked_again: bool
) -> ShareExam:
    assert found.report is not None, "only exams with a report are shared"
    return ShareExam(
        id=row_id(),
        share_id=share.id,
        exam_id=found.exam.id,
        place=place,
        series=series.get(found.exam.id),
        parts=parts.kept(asked.parts.get(found.exam.id, EVERYTHING)),
        report_version=found.report.version if share.pinned else None,
        sensitive=asked_again,
    )


async def _with_exams(shares: Sequence[Share]) -> list[Kept]:
    ids = [share.id for share in shares]
    rows = await ShareExam.filter(share_id__in=ids).order_by("place", "id") if ids else []
    by_share: dict[str, list[Choice]] = {share: [] for share in ids}
    for row in rows:
        by_share[row.share_id].append(_choice(row))
    return [Kept(share, tuple(by_share[share.id])) for share in shares]


def _choice(row: ShareExam) -> Choice:
    of_exam = EVERYTHING if row.parts is None else frozenset(map(Part, row.parts))
    return Choice(row.exam_id, of_exam, None if row.series is None else tuple(series for _, series in row.series))


def _plain(value: object) -> object:
    """Parts in their order, so that the same request reads the same; anything else as its words."""
    return sorted(value) if isinstance(value, frozenset) else str(value)
