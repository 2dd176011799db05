"""What whoever opened a share may see now: asked anew at each reading, by clock, the share's row and the hospital's word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.errors import NotFound, Unauthenticated
from core.grants import Grant, Role
from identity.links import Link, LinkEnded, LinkKind, good_link
from identity.links_opened import Shown, shown_by
from identity.mine import records_to_choose_for
from records import search
from records.search import Found
from share import limits, sensitive
from share.limits import Over
from share.models import Share, ShareExam
from share.parts import EVERYTHING, Part, left_out_words

OF_SHARES = frozenset({LinkKind.SHARE})  # kinds of links whose subject is a share


@dataclass(frozen=True, slots=True)
class ShareView:
    """What of a share may be seen now. An exam that is not in `exams` does not exist for the recipient.

    `found` has the exams in the owner's order, each with its newest report; `pinned` names the version that is shown
    instead. `series` has the only (study, series) of an exam that are shared, and `parts` what of report, film and images
    is, where not all of it is.
    """

    share_id: str
    person_id: str
    exams: frozenset[str]
    masked: bool
    mask_key: str = field(repr=False)
    allow_download: bool
    pinned: Mapping[str, int]
    series: Mapping[str, frozenset[tuple[str, str]]]
    parts: Mapping[str, frozenset[Part]]
    found: Mapping[str, Found]
    created_at: datetime
    expires_at: datetime

    def exam(self, exam_id: str) -> Found:
        """One exam of it; raises NotFound."""
        limits.Exams(self.exams).verify(exam_id)
        return self.found[exam_id]

    def shows(self, exam_id: str, part: Part) -> bool:
        """True when that part of one of its exams is shared."""
        return part in self.parts.get(exam_id, EVERYTHING)

    def left_out(self, exam_id: str) -> str:
        """What of one of its exams is not shared, in a sentence; empty for nothing."""
        return left_out_words(self.parts.get(exam_id, EVERYTHING), all_series=exam_id not in self.series)

    def images(self, exam_id: str) -> tuple[frozenset[tuple[str, str]], frozenset[tuple[str, str, str]]]:
        """Of one of its exams the whole studies (hospital, study), and the series of others, that belong to what is shared.

        Whether its images are shared at all is another question: a film of them may be shared alone.
        """
        found = self.found[exam_id]
        code = found.hospital.code
        if exam_id not in self.series:
            return frozenset((code, study) for study in found.studies), frozenset()
        pairs = self.series[exam_id]
        return frozenset(), frozenset((code, study, series) for study, series in pairs if study in found.studies)

    def all_images(self) -> tuple[frozenset[tuple[str, str]], frozenset[tuple[str, str, str]]]:
        """As `images`, of all exams whose images are shared."""
        each = [self.images(exam) for exam in self.found if self.shows(exam, Part.IMAGES)]
        return frozenset().union(*(whole for whole, _ in each)), frozenset().union(*(single for _, single in each))

    @property
    def mask(self) -> str:
        """As `core.grants.Grant.mask`: the key under a mask, else empty."""
        return self.mask_key if self.masked else ""


async def view_of(grant: Grant, now: datetime) -> ShareView | None:
    """What the holder of a recipient's grant sees; None for everybody else. Raises Unauthenticated once it is over."""
    if grant.role is not Role.LINK:
        return None
    link = await _link(grant.subject, now)
    return await view_by(link, now) if link.kind in OF_SHARES else None


async def view_by(link: Link, now: datetime) -> ShareView:
    """What a share's link shows; raises Unauthenticated once the share is over."""
    share = await Share.get(id=link.subject)
    try:
        limits.verify(limits.of_reading(share), now)
    except Over as error:
        raise Unauthenticated("the share is over") from error
    return await view_of_share(share, now)


async def view_of_share(share: Share, now: datetime) -> ShareView:
    """What it shows, whether or not it is over: also for its owner's preview."""
    rows = await ShareExam.filter(share_id=share.id).order_by("place", "id")
    may = await search.get_all(await records_to_choose_for(share.person_id, now), (row.exam_id for row in rows), now)
    hidden = await sensitive.sensitive_among(may.values())
    shown = [row for row in rows if row.exam_id in may and (row.sensitive or row.exam_id not in hidden)]
    return ShareView(
        share.id,
        share.person_id,
        frozenset(row.exam_id for row in shown),
        share.mask,
        share.mask_key,
        share.allow_download,
        {row.exam_id: row.report_version for row in shown if row.report_version is not None},
        {row.exam_id: frozenset((study, each) for study, each in row.series) for row in shown if row.series is not None},
        {row.exam_id: frozenset(map(Part, row.parts)) for row in shown if row.parts is not None},
        {row.exam_id: may[row.exam_id] for row in shown},
        share.created_at,
        share.expires_at,
    )


async def shown(link_id: str, now: datetime) -> Shown:
    """What a session of that link opens, whatever kind of link it is; raises Unauthenticated once it is over."""
    link = await _link(link_id, now)
    if link.kind not in OF_SHARES:
        return await shown_by(link, now)
    view = await view_by(link, now)
    return Shown(*view.all_images(), view.mask, view.expires_at)


async def _link(link_id: str, now: datetime) -> Link:
    try:
        return await good_link(link_id, now)
    except (NotFound, LinkEnded) as error:
        raise Unauthenticated("the link is over") from error
