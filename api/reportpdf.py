"""The PDF of a report: the hospital's own or ours from memory, and the one set anew from masked words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sanic import Request

from api.dicomweb.conditional import Sendable, sendable
from api.printing import press
from api.recipients import report_picture
from api.reportdoor import Opened, opened
from api.services import Services
from core.errors import NotFound
from core.grants import Grant
from records import masked_prints, report_prints
from records.models import ReportStatus
from records.report_changes import base_of
from wado.ready import About, Ready, cost

WHAT = "report"  # in the audit trail
TRUSTED = timedelta(seconds=5)  # who was let in to a report is not asked about anew for so long, unless anything changed here
OPENED_BYTES = 4096  # what a remembered door costs
PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class Printed:
    """A PDF that who asks may have, from memory, until then."""

    hospital: str
    exam_id: str
    key: str
    epoch: int
    until: datetime


async def printed(request: Request, exam_id: str, at: datetime) -> Printed:
    """The PDF of the newest report. Raises NotFound where who asks may not have it, NoGoodCopy."""
    services: Services = request.app.ctx.services
    epoch = services.sessions_epoch.value  # before the question, so that a change during it is seen
    door = await opened(request, exam_id)
    masked = door.by_link is not None and door.by_link.whose is not None  # then no print of the hospital's leaves
    if door.report is None or door.report.status == ReportStatus.WITHDRAWN or masked:
        raise NotFound("no report that may be seen")
    only = door.by_link.only if door.by_link else None
    kept = await report_prints.printed(press(services), door.report.id, at, only)
    hospital = door.hospital.code
    return Printed(hospital, door.exam.id, f"report-pdf/{hospital}/{kept.document_id}", epoch, at + TRUSTED)


async def known(request: Request, exam_id: str, at: datetime) -> Printed:
    """As `printed`; who was let in just now is not asked about anew, unless anything changed here."""
    services: Services = request.app.ctx.services
    name = f"report-door/{request.ctx.grant.session}/{exam_id}"
    before = services.tiers.peek(name)
    if isinstance(before, Printed) and before.epoch == services.sessions_epoch.value and at < before.until:
        return before
    found = await printed(request, exam_id, at)
    services.tiers.keep(name, found, cost=OPENED_BYTES)
    return found


async def content(services: Services, printed: Printed) -> Sendable:
    """The bytes, ready to send."""
    kept = services.tiers.peek(printed.key)
    if isinstance(kept, Sendable):
        return kept
    document_id = printed.key.rpartition("/")[2]
    sha256, pdf = await report_prints.content_of(services.replicas, printed.hospital, document_id)
    about = About(printed.hospital, printed.exam_id, None, WHAT)
    ready = Ready(about, PDF, pdf, f'"{sha256}"', ranges=True)
    finished = sendable(ready)
    services.tiers.keep(printed.key, finished, cost=cost(printed.key, ready))
    return finished


async def masked_content(services: Services, grant: Grant, opened: Opened) -> tuple[str, bytes]:
    """What names the masked PDF of a report, and the PDF; raises NotFound where there is no report to read."""
    seen, report = opened.by_link, opened.report
    if seen is None or seen.whose is None or report is None or report.status == ReportStatus.WITHDRAWN:
        raise NotFound("no report that may be seen")
    replaces = base_of(report, opened.versions, preliminary=False)
    picture = await report_picture(services, grant, seen)
    return await masked_prints.printed(
        services.tiers, report, opened.exam, opened.hospital, seen.whose, replaces=replaces, mask=seen.mask, picture=picture
    )
