"""A report as PDF for somebody who must not know whose it is: set anew from masked words, never the sealed original."""

from __future__ import annotations

import asyncio
import hashlib

from archive.tiers import Tiers
from core.maskedtext import Whose
from films import a4
from films.a4 import Picture
from records import lineage, masked
from records.models import Exam, Hospital, PatientRecord, Report


async def printed(
    tiers: Tiers,
    shown: Report,
    exam: Exam,
    hospital: Hospital,
    whose: Whose,
    *,
    replaces: Report | None,
    mask: str,
    picture: Picture | None = None,
) -> tuple[str, bytes]:
    """What names it, and the PDF. `shown` is masked already, and so is the picture; the same of both are the same bytes."""
    record = await lineage.survivor(await PatientRecord.get(id=exam.record_id))
    paper = masked.paper(shown, exam, hospital, record, whose, replaces)
    drawn = hashlib.sha256(picture.content).hexdigest() if picture else ""
    name = "masked-report/" + hashlib.sha256(f"{mask}/{paper.sha256}/{drawn}".encode()).hexdigest()
    dated = shown.verified_at or shown.reported_at or shown.received_at
    return name, await tiers.read(name, lambda: asyncio.to_thread(a4.pdf, paper, dated, picture))
