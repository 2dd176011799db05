"""The `--index` of the import command: a former vendor's exams and reports from a CSV table, line by line."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from api.faults import sentence
from api.importing import require_hospital
from api.operator import operator_entry
from api.services import open_services
from core.clock import now
from core.errors import InvalidField, NotFound
from infra.settings import Settings
from records import history
from records.models import Hospital
from records.writing import Outcome


async def import_index(settings: Settings, hospital: str, path: Path) -> int:
    """Bring the table in; gives the number of refused lines, each named with its reason. It may be run again."""
    if not path.is_file():
        raise NotFound(f"no such file: {path}")
    counts = {"new": 0, "known": 0, "refused": 0}
    async with open_services(settings, None) as services:
        await require_hospital(hospital)
        zone = ZoneInfo((await Hospital.get(code=hospital)).zone)
        for line in history.lines(path.read_bytes()):
            try:
                said = await history.bring_in(services.people.sealer, hospital, line, zone, now())
            except InvalidField as error:
                counts["refused"] += 1
                print(f"refused: line {line.number}: {sentence(error, english=True)}")
                continue
            counts["new" if said.outcome is Outcome.NEW else "known"] += 1
        await services.trail.record(operator_entry(hospital, action="import-index", what=str(counts["new"])))
        services.sessions_epoch.advance()
    print(f"{counts['new']} exams new, {counts['known']} were known and stay as they are, {counts['refused']} lines refused")
    return counts["refused"]
