"""Finding: the exams of some patient records that may be seen now, filtered, sorted, page by page."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tortoise.expressions import Q

from core.errors import InvalidField, Malformed
from core.names import fold
from records import reports
from records.models import Exam, ExamStudy, Hospital, PatientRecord, Report
from records.visibility import Rules, State, exam_is_visible, report_is_visible, rules_of, state_of, usually_reported_at

# what a caller may sort by → the column; a caller's word never becomes one
SORTS: Mapping[str, str] = {
    "performed_at": "performed_at",
    "hospital": "hospital_id",
    "category": "category",
    "body_part": "body_part",
}
DEFAULT_SORT = "-performed_at"
MOST_RECORDS = 500  # of one person and family
MOST_KEYWORDS, LONGEST_KEYWORD = 8, 64
LONGEST_CURSOR = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked for. Dates are whole days of each hospital's own clock, both inclusive."""

    hospital: str = ""
    category: str = ""
    body_part: str = ""
    first_day: date | None = None
    last_day: date | None = None
    keywords: tuple[str, ...] = ()
    sort: str = DEFAULT_SORT
    cursor: str = ""
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Found:
    """An exam that may be seen. `report` is None when there is none, or none that may be seen; `state` tells which."""

    exam: Exam
    hospital: Hospital
    report: Report | None
    state: State
    usually_reported_at: datetime | None
    studies: tuple[str, ...]  # confirmed ones only


@dataclass(frozen=True, slots=True)
class Page:
    """Some exams, and the cursor of those after them; None at the end."""

    items: tuple[Found, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the last page ended: the value sorted by, then newest first, then id."""

    value: str
    performed_at: datetime
    id: str


def keywords_of(text: str) -> tuple[str, ...]:
    """The words of a search box, folded; raises InvalidField when they are too many or too long."""
    words = tuple(dict.fromkeys(fold(text).split()))
    if len(words) > MOST_KEYWORDS or any(len(word) > LONGEST_KEYWORD for word in words):
        raise InvalidField("q", "too-long")
    return words


async def search(record_ids: Iterable[str], query: Query, now: datetime) -> Page:
    """Exams of these records (those that count, see records/lineage.py). Raises InvalidField, Malformed for a bad cursor."""
    homes = await _homes(list(record_ids)[:MOST_RECORDS])
    rules = await _rules_by_hospital(homes.values())
    ids = [record for record, hospital in homes.items() if query.hospital in ("", hospital)]
    among = Q(record_id__in=ids) & _days(query, rules, homes)
    found: list[Found] = []
    place = _place(query.cursor, query.sort) if query.cursor else None
    while ids:
        wanted = query.limit + 1 - len(found)
        exams = await _exams(among, query, place, wanted)
        found += await _seen(exams, query, rules, now)
        if len(found) > query.limit or len(exams) < wanted:
            break
        place = _place_of(exams[-1], query.sort)
    return _page(found, query)


async def get(record_ids: Iterable[str], exam_id: str, now: datetime) -> Found | None:
    """One exam of these records, if it may be seen."""
    exam = await Exam.get_or_none(id=exam_id, record_id__in=list(record_ids))
    if exam is None:
        return None
    rules = await _rules_by_hospital([exam.hospital_id])
    return next(iter(await _seen([exam], Query(), rules, now)), None)


async def get_all(record_ids: Iterable[str], exam_ids: Iterable[str], now: datetime) -> dict[str, Found]:
    """Exam id → each of these exams that is of these records and may be seen."""
    exams = await Exam.filter(id__in=list(exam_ids), record_id__in=list(record_ids))
    rules = await _rules_by_hospital(exam.hospital_id for exam in exams)
    return {found.exam.id: found for found in await _seen(exams, Query(), rules, now)}


async def _homes(record_ids: Sequence[str]) -> dict[str, str]:
    """Record → its hospital, which is that of its exams too."""
    rows = await PatientRecord.filter(id__in=record_ids).values_list("id", "hospital_id") if record_ids else []
    return {str(record): str(hospital) for record, hospital in rows}


async def _rules_by_hospital(codes: Iterable[str]) -> dict[str, tuple[Hospital, Rules]]:
    wanted = sorted(set(codes))
    hospitals = await Hospital.filter(code__in=wanted) if wanted else []
    return {hospital.code: (hospital, rules_of(hospital)) for hospital in hospitals}


async def _exams(among: Q, query: Query, place: _Place | None, limit: int) -> list[Exam]:
    """Never asked by hospital, always by record: else SQLite, which counts no rows, would read all exams of a hospital."""
    asked = Exam.filter(among)
    exact = {"category": query.category, "body_part": query.body_part}
    asked = asked.filter(**{column: value for column, value in exact.items() if value})
    for word in query.keywords:
        asked = asked.filter(search_text__contains=word)
    if place is not None:
        asked = asked.filter(_after(place, query.sort))
    return await asked.order_by(*_order(query.sort)).limit(limit)


def _days(query: Query, rules: Mapping[str, tuple[Hospital, Rules]], homes: Mapping[str, str]) -> Q:
    """Whole days of each hospital's own clock."""
    zones = {code: its.zone for code, (_, its) in rules.items()}
    if (query.first_day is None and query.last_day is None) or not zones:
        return Q()
    if len(set(zones.values())) == 1:
        return _days_in(query, next(iter(zones.values())))
    by_zone = {zone: [record for record, code in homes.items() if zones.get(code) == zone] for zone in zones.values()}
    return Q(*(Q(record_id__in=records) & _days_in(query, zone) for zone, records in by_zone.items()), join_type=Q.OR)


def _days_in(query: Query, zone: ZoneInfo) -> Q:
    asked = Q()
    if query.first_day is not None:
        asked &= Q(performed_at__gte=_midnight(query.first_day, zone))
    if query.last_day is not None:
        asked &= Q(performed_at__lt=_midnight(query.last_day + timedelta(days=1), zone))
    return asked


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    # SQLite compares times as text: all of them stand there in UTC.
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _column(sort: str) -> tuple[str, bool]:
    """The column, and whether it falls; raises InvalidField for an order that is not on the list."""
    name = sort.removeprefix("-")
    if name not in SORTS:
        raise InvalidField("sort", "not-a-choice")
    return SORTS[name], sort.startswith("-")


def _order(sort: str) -> list[str]:
    """By the column asked for, then newest first, then by id: no two exams are ever equal."""
    column, falling = _column(sort)
    first = f"-{column}" if falling else column
    return [first, "-id"] if column == "performed_at" else [first, "-performed_at", "-id"]


def _after(place: _Place, sort: str) -> Q:
    column, falling = _column(sort)
    beyond = f"{column}__lt" if falling else f"{column}__gt"
    if column == "performed_at":
        later = Q(performed_at__lt=place.performed_at) if falling else Q(performed_at__gt=place.performed_at)
        return later | Q(performed_at=place.performed_at, id__lt=place.id)
    later = Q(performed_at__lt=place.performed_at) | Q(performed_at=place.performed_at, id__lt=place.id)
    return Q(**{beyond: place.value}) | Q(Q(**{column: place.value}), later)


def _place_of(exam: Exam, sort: str) -> _Place:
    return _Place(str(getattr(exam, _column(sort)[0])), exam.performed_at, exam.id)


async def _seen(exams: Sequence[Exam], query: Query, rules: Mapping[str, tuple[Hospital, Rules]], now: datetime) -> list[Found]:
    visible = [exam for exam in exams if exam_is_visible(exam, rules[exam.hospital_id][1])]
    newest = await reports.newest(exam.id for exam in visible)
    studies = await _studies(visible)
    found = [_found(exam, newest.get(exam.id), studies, *rules[exam.hospital_id], now) for exam in visible]
    return [each for each in found if _says(each, query.keywords)]


async def _studies(exams: Sequence[Exam]) -> dict[str, list[str]]:
    by_exam: dict[str, list[str]] = {exam.id: [] for exam in exams}
    for link in await ExamStudy.filter(exam_id__in=list(by_exam), confirmed=True).order_by("id") if by_exam else []:
        by_exam[link.exam_id].append(link.study_uid)
    return by_exam


def _found(
    exam: Exam, newest: Report | None, studies: Mapping[str, list[str]], hospital: Hospital, rules: Rules, now: datetime
) -> Found:
    report = newest if report_is_visible(exam, newest, rules) else None
    state = state_of(exam, newest, rules, now)
    if state is State.REGISTERED and studies[exam.id]:
        state = State.EXAMINED  # the pictures came before the time that it was planned for
    return Found(exam, hospital, report, state, usually_reported_at(exam, rules), tuple(studies[exam.id]))


def _says(found: Found, keywords: Sequence[str]) -> bool:
    """True when all keywords stand in what may be seen; a report that is hidden is not found by its words either."""
    if not keywords or found.report is not None:
        return True  # the database has compared the same words already
    text = fold(f"{found.exam.item}\n{found.exam.body_part}")
    return all(word in text for word in keywords)


def _page(found: Sequence[Found], query: Query) -> Page:
    items = tuple(found[: query.limit])
    more = len(found) > query.limit
    return Page(items, _cursor(_place_of(items[-1].exam, query.sort), query.sort) if more else None)


def _cursor(place: _Place, sort: str) -> str:
    text = json.dumps([sort, place.value, place.performed_at.isoformat(), place.id], ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place(cursor: str, sort: str) -> _Place:
    try:
        padded = cursor[:LONGEST_CURSOR] + "=" * (-len(cursor) % 4)
        sorted_by, value, performed_at, exam_id = json.loads(base64.urlsafe_b64decode(padded))
        at = datetime.fromisoformat(performed_at)
    except (ValueError, TypeError, binascii.Error) as error:
        raise Malformed("the cursor is not one of ours") from error
    if sorted_by != sort or not (isinstance(value, str) and isinstance(exam_id, str) and at.tzinfo is not None):
        raise Malformed("the cursor is not one of ours")
    return _Place(value, at, exam_id)
