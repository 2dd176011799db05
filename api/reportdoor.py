"""The door to a report: which exam's, and which versions of it, who asks may see."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sanic import Request

from api.exams import my_exam
from api.recipients import Received, received
from core.errors import NotFound
from core.grants import Grant, Role
from records import reports
from records.models import Exam, Hospital, Report
from records.visibility import Rules, exam_is_visible, report_is_visible, rules_of
from share.parts import Part


@dataclass(frozen=True, slots=True)
class Opened:
    """An exam whose report who asks may see. `report` None: there is none, or none that counts for this reader."""

    hospital: Hospital
    exam: Exam
    rules: Rules
    report: Report | None
    versions: tuple[Report, ...]  # all of them, also what this reader may not see
    staff: bool
    superseded: bool = False  # there is a newer version, which this reader is not shown
    by_link: Received | None = None  # then report and versions are in the words that its holder may read


async def opened(request: Request, exam_id: str) -> Opened:
    """Patients see their own and family's, a link its one, staff their hospital's. Raises NotFound for all others."""
    grant: Grant = request.ctx.grant
    if grant.role is Role.LINK:
        return await opened_by(await received(request.app.ctx.services, grant, exam_id))
    if grant.role is Role.PATIENT:
        found = await my_exam(request, exam_id)
        versions = tuple(await reports.versions_of(found.exam.id))
        return Opened(found.hospital, found.exam, rules_of(found.hospital), found.report, versions, staff=False)
    exam = await Exam.get_or_none(id=exam_id, hospital_id=grant.home).prefetch_related("hospital") if grant.home else None
    if exam is None:
        raise NotFound("no such exam")
    return await (_of_kiosk(exam) if grant.role is Role.KIOSK else _of_staff(exam))


async def opened_by(seen: Received) -> Opened:
    """What a link shows of a report. A pinned version is the last one for its reader."""
    found = seen.found
    report = seen.report(found.report) if found.report else None
    versions = await reports.versions_of(found.exam.id) if seen.has(Part.REPORT) else []
    read = tuple(seen.report(each) for each in versions if report is None or each.version <= report.version)
    superseded = len(read) < len(versions)
    return Opened(found.hospital, found.exam, rules_of(found.hospital), report, read, False, superseded, by_link=seen)


async def _of_kiosk(exam: Exam) -> Opened:
    """A machine in the hall prints what its patient may see."""
    opened, rules = await _of_staff(exam), rules_of(exam.hospital)
    if not exam_is_visible(exam, rules):
        raise NotFound("no such exam")
    report = opened.report if report_is_visible(exam, opened.report, rules) else None
    return replace(opened, report=report, staff=False)


async def _of_staff(exam: Exam) -> Opened:
    versions = tuple(await reports.versions_of(exam.id))
    return Opened(exam.hospital, exam, rules_of(exam.hospital), versions[-1] if versions else None, versions, staff=True)
