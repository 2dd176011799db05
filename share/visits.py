"""What the owner sees of visitors: who opened the share, who typed a wrong passcode, and which exams each saw or took along.

Openings are rows of ours; what was read after them comes from the audit trail of the exams' hospitals, by session.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address

from core.errors import Malformed
from infra.models import AuditEntry
from infra.sealing import Sealer
from records.models import Exam, ExamStudy
from share.models import Share, ShareExam, ShareVisit

# Kinds of access after which the visitor has the file: the rest is looking.
TAKEN_ALONG = frozenset({"instance", "zip", "download", "bulkdata", "report-pdf", "film-dicom"})
AT_ONCE = 1000  # visits, so that nobody who opens a share waits for more
LOCAL, INTERNAL, INTERNET, UNKNOWN = "this-machine", "internal", "internet", "unknown"


@dataclass(frozen=True, slots=True)
class Look:
    """What a visitor did with one exam. `downloaded_at` is None where it was only looked at."""

    exam_id: str
    first_at: datetime
    last_at: datetime
    times: int
    downloaded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where from: no city is known without a list of addresses, so it says what the address itself tells."""

    kind: str
    network: str  # the address without what names one machine
    city: str | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit; `hospital` and `name` are what the visitor said."""

    at: datetime
    kind: str
    hospital: str
    name: str
    place: Place
    device: str
    looks: tuple[Look, ...]


async def visits_of(share: Share, sealer: Sealer, *, cursor: str, limit: int) -> tuple[list[Visit], str | None]:
    """Newest first, and the cursor of those after them; raises Malformed."""
    rows = ShareVisit.filter(share_id=share.id)
    if cursor:
        if not await rows.filter(id=cursor).exists():
            raise Malformed("the cursor is not one of ours")
        rows = rows.filter(id__lt=cursor)
    found = await rows.order_by("-id").limit(limit + 1)
    page = found[:limit]
    looks = await _looks(share.id, [row.session for row in page if row.session])
    visits = [_visit(row, sealer, looks.get(row.session, ())) for row in page]
    return visits, page[-1].id if len(found) > limit else None


async def forget_traces(before: datetime) -> None:
    """Remove address and device of visits before that moment; the visits stay, and so does the audit trail."""
    while ids := await ShareVisit.filter(traced_at__lt=before).limit(AT_ONCE).values_list("id", flat=True):
        await ShareVisit.filter(id__in=ids).update(address="", device="", traced_at=None)


def place_of(address: str) -> Place:
    """What an address tells: the inside of some network, or the internet."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return Place(UNKNOWN, "")
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    kind = LOCAL if parsed.is_loopback else INTERNAL if parsed.is_private else INTERNET
    if isinstance(parsed, IPv6Address):
        return Place(kind, ":".join(parsed.exploded.split(":")[:3]) + ":*")
    return Place(kind, ".".join(str(parsed).split(".")[:3]) + ".*")


def _visit(row: ShareVisit, sealer: Sealer, looks: Sequence[Look]) -> Visit:
    hospital, _, name = sealer.open(row.said).partition("\n") if row.said else ("", "", "")
    return Visit(row.at, row.kind, hospital, name, place_of(row.address), row.device, tuple(looks))


async def _looks(share_id: str, sessions: Collection[str]) -> dict[str, list[Look]]:
    """Session → what it did with each exam. One question an exam and a study, as the trail is indexed."""
    found: dict[str, list[Look]] = {session: [] for session in sessions}
    if not found:
        return found
    for exam_id, hospital, names in await _names(share_id):
        entries: list[AuditEntry] = []
        for name in names:
            read = AuditEntry.filter(chain=hospital, study_uid=name, action="read", outcome="done")
            entries += await read.filter(session__in=list(found)).order_by("number")
        for session, looks in found.items():
            own = sorted((entry for entry in entries if entry.session == session), key=lambda entry: entry.at)
            if own:
                looks.append(_look(exam_id, own))
    return found


def _look(exam_id: str, entries: Sequence[AuditEntry]) -> Look:
    taken = next((entry.at for entry in entries if entry.what in TAKEN_ALONG), None)
    return Look(exam_id, entries[0].at, entries[-1].at, sum(entry.count for entry in entries), taken)


async def _names(share_id: str) -> list[tuple[str, str, list[str]]]:
    """(exam, its hospital, what the trail calls it: its id, and its studies)."""
    ids = [row.exam_id for row in await ShareExam.filter(share_id=share_id).order_by("place", "id")]
    hospitals: Mapping[str, str] = {row.id: row.hospital_id for row in await Exam.filter(id__in=ids)}
    studies: dict[str, list[str]] = {exam_id: [exam_id] for exam_id in ids}
    for link in await ExamStudy.filter(exam_id__in=ids).order_by("id"):
        studies[link.exam_id].append(link.study_uid)
    return [(exam_id, hospitals[exam_id], studies[exam_id]) for exam_id in ids]
