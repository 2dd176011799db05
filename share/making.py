"""Making a share: what its owner asks for, what of it is theirs and permitted, and the rows, once for a repeated request.

A share may be about exams of several hospitals. Its link belongs to the hospital of its newest exam: that one's name
stands on the landing page and its key signs the QR. What is read is on record with each exam's own hospital.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from tortoise.exceptions import IntegrityError

from archive.models import Series
from core.errors import Conflict, ConsentNeeded, InvalidField, NotFound, OnlyLooking, ReportNotFinal, Sensitive
from core.uids import row_id, uuid7
from identity import consents
from identity.limits import DAY, HOUR, Limit, count_try
from identity.links import LinkKind, Links
from identity.mine import records_of, records_to_choose_for
from infra.database import transaction
from infra.keys import Keys
from infra.sealing import Sealer
from records import search
from records.models import ReportStatus
from records.policies import from_json
from records.search import Found
from share import parts, sensitive, terms
from share.models import Share, ShareExam, ShareRequest
from share.parts import EVERYTHING, Part
from share.passcodes import Passcodes, chosen
from share.shares import Kept, choice_of, with_exams
from share.terms import Terms, Wanted

MASK_KEY_BYTES = 32
PER_PERSON = (Limit(60, HOUR), Limit(200, DAY))
LONGEST_KEY = 200  # characters of an Idempotency-Key
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
class Made:
    """A new share, with its token, and the digits of its passcode, which are told this once."""

    kept: Kept
    token: str = field(repr=False)
    passcode: str | None = field(repr=False)
    repeated: bool = False


class Making:
    """Makes shares."""

    def __init__(self, keys: Keys, sealer: Sealer, links: Links) -> None:
        self._passcodes = Passcodes(keys)
        self._body_key = keys.derive("share-request")
        self._sealer = sealer
        self._links = links

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
        return Made(Kept(share, tuple(map(choice_of, rows))), token, digits)

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
        return Made((await with_exams([row.share]))[0], token, self._digits(asked, name), repeated=True)


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


def _plain(value: object) -> object:
    """Parts in their order, so that the same request reads the same; anything else as its words."""
    return sorted(value) if isinstance(value, frozenset) else str(value)
