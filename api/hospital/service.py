"""What was opened and declined, for the hospital's billing: every answer once, in the order of its time."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

from sanic import Blueprint, HTTPResponse, Request

from api.access import needs
from api.forms import asked, limit_of
from api.hospital.saying import SYSTEMS, home, json
from core.errors import InvalidField, Malformed
from identity import activations
from identity.activations import Place
from identity.models import ServiceEvent
from records.models import Hospital

routes = Blueprint("service", url_prefix="/api/v1/hospital")
PARAMETERS = ("from", "to", "cursor", "limit")
COLUMNS = (
    "id",
    "at",
    "kind",
    "way",
    "campus",
    "system",
    "accession",
    "category",
    "visit_kind",
    "fee_class",
    "fee_state",
    "notice_version",
)
NEXT = "Cloudfilm-Next"  # header of a page in CSV: the cursor of the page after it
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_MICROSECONDS = re.compile(r"[0-9]{1,17}", re.ASCII)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@routes.get("/service-events", name="events")
@needs(*SYSTEMS)
async def events(request: Request) -> HTTPResponse:
    """Answers to the digital service's notice between two days, both included, oldest first; each says its fee class."""
    lines, after = await _page(request)
    return json({"items": lines, "next": after})


@routes.get("/service-events.csv", name="events_csv")
@needs(*SYSTEMS)
async def events_csv(request: Request) -> HTTPResponse:
    """The same as a table; the header Cloudfilm-Next holds the cursor of the page after it, if there is one."""
    lines, after = await _page(request)
    headers = {"Cache-Control": "no-store", **({NEXT: after} if after else {})}
    return HTTPResponse(_table(lines), headers=headers, content_type="text/csv; charset=utf-8")


async def _page(request: Request) -> tuple[list[dict[str, Any]], str | None]:
    given, hospital = asked(request, *PARAMETERS), await Hospital.get(code=home(request))
    zone, limit = ZoneInfo(hospital.zone), limit_of(given)
    begin, end = _midnight("from", given.get("from"), zone), _midnight("to", given.get("to"), zone, days=1)
    after = _place(given["cursor"]) if "cursor" in given else None
    rows = await activations.between(hospital.code, begin, end, after, limit + 1)
    lines = [_line(row, zone) for row in rows[:limit]]
    return lines, _cursor(rows[limit - 1]) if len(rows) > limit else None


def _line(row: ServiceEvent, zone: ZoneInfo) -> dict[str, Any]:
    exam = row.exam
    values = (
        row.id,
        row.at.astimezone(zone).isoformat(timespec="seconds"),
        row.kind,
        row.way,
        exam.campus,
        exam.system,
        exam.accession,
        exam.category,
        exam.visit_kind,
        row.fee_class,
        row.fee_state,
        row.notice_version,
    )
    return dict(zip(COLUMNS, values, strict=True))


def _table(lines: Iterable[dict[str, Any]]) -> str:
    written = StringIO()
    table = csv.writer(written)
    table.writerow(COLUMNS)
    table.writerows([_cell(line[name]) for name in COLUMNS] for line in lines)
    return written.getvalue()


def _cell(value: str) -> str:
    """A number that a hospital gave is never a formula of who opens the table."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def _midnight(name: str, said: str | None, zone: ZoneInfo, days: int = 0) -> datetime | None:
    try:
        first = date.fromisoformat(said) + timedelta(days=days) if said else None
    except (ValueError, OverflowError) as error:
        raise InvalidField(name, "impossible-date") from error
    return datetime.combine(first, time(), zone).astimezone(UTC) if first else None


def _cursor(row: ServiceEvent) -> str:
    return f"{(row.at - _EPOCH) // _MICROSECOND}-{row.id}"


def _place(cursor: str) -> Place:
    microseconds, _, event = cursor.partition("-")
    if not (_MICROSECONDS.fullmatch(microseconds) and event):
        raise Malformed("the cursor is not one of ours")
    return Place(_EPOCH + int(microseconds) * _MICROSECOND, event)
