"""How long the law wants pictures kept, and deletion, which is refused before that day."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tortoise.expressions import Subquery

from archive.models import Copy, Instance, Series, SeriesMetadata, StoredObject, Study, Thumbnail
from core.errors import NotFound, RetentionNotOver
from infra import outbox
from infra.database import transaction

ERASE = "erase"  # outbox topic: remove the bytes of deleted objects from these stores
KEYS_OF_ONE_JOB = 100
# 医疗机构病历管理规定 (2013) article 29: at least 15 years after an outpatient's last visit, 30 after discharge.
OUTPATIENT_YEARS = 15
INPATIENT_YEARS = 30
YEARS = {
    "outpatient": OUTPATIENT_YEARS,
    "emergency": OUTPATIENT_YEARS,
    "checkup": OUTPATIENT_YEARS,
    "inpatient": INPATIENT_YEARS,
}
HOSPITAL_ZONE = ZoneInfo("Asia/Shanghai")
FIRST_BELIEVABLE_YEAR = 1970  # devices whose clock was never set write 1900 or 19000101
# Half of the copies go at once, the other after a pause longer than any ingest takes from its first byte to its commit:
# when the same instance is sent again at that moment, one copy of it survives and mends the others.
FIRST_STORES, LAST_STORES = (1, 3), (2,)
PAUSE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a deletion removed, for the audit trail."""

    study_uid: str
    instances: int
    objects: int
    size: int


def keep_until(
    visit_kind: str, visit_ended_on: date | None, study_date: str, received_at: datetime, zone: ZoneInfo = HOSPITAL_ZONE
) -> date:
    """The first day on which deletion may be asked for.

    Counted from the end of the visit, else from the study date (YYYYMMDD), else from the day on which we received it.
    An unknown kind of visit is kept as long as the longest.
    """
    received_on = received_at.astimezone(zone).date()
    begins_on = visit_ended_on or _believable(study_date, received_on) or received_on
    return _last_day(begins_on, YEARS.get(visit_kind, INPATIENT_YEARS)) + timedelta(days=1)


async def tell_visit(study: Study, visit_kind: str, ended_at: datetime | None, zone: ZoneInfo = HOSPITAL_ZONE) -> None:
    """The hospital says of which visit a study is, and when that ended: its day follows. In the caller's transaction."""
    ended_on = ended_at.astimezone(zone).date() if ended_at else None
    until = keep_until(visit_kind, ended_on, study.study_date, study.received_at, zone)
    row = Study.filter(id=study.id)
    await row.update(visit_kind=visit_kind, visit_ended_on=ended_on, keep_until=until)


async def delete_study(hospital: str, study_uid: str, now: datetime, zone: ZoneInfo = HOSPITAL_ZONE) -> Deleted:
    """Remove a study's rows, and promise the removal of its bytes, in one transaction (the caller's, if there is one).

    Raises NotFound, or RetentionNotOver before its day. The caller writes the audit trail.
    """
    async with transaction():
        study = await Study.filter(hospital_id=hospital, study_instance_uid=study_uid).select_for_update().get_or_none()
        if study is None:
            raise NotFound("no such study")
        if now.astimezone(zone).date() < study.keep_until:
            raise RetentionNotOver(f"the study must be kept; it may be deleted from {study.keep_until} on")
        rows = await StoredObject.filter(instance__series__study_id=study.id).values_list("key", "size")
        await promise_erasure(str(study.id), [str(key) for key, _ in rows], now)
        instances = await _delete_rows(study)
    return Deleted(study_uid, instances, len(rows), sum(size for _, size in rows))


def _believable(study_date: str, received_on: date) -> date | None:
    """The study date, unless it is no date, or one that only a wrong clock can have given."""
    if len(study_date) != 8 or not (study_date.isascii() and study_date.isdigit()):
        return None
    try:
        day = date(int(study_date[:4]), int(study_date[4:6]), int(study_date[6:]))
    except ValueError:
        return None
    return day if day.year >= FIRST_BELIEVABLE_YEAR and day <= received_on + timedelta(days=1) else None


def _last_day(begins_on: date, years: int) -> date:
    """The day of that name so many years later, or the month's last (民法典 articles 201 and 202)."""
    year = begins_on.year + years
    return date(year, begins_on.month, min(begins_on.day, monthrange(year, begins_on.month)[1]))


async def promise_erasure(name: str, keys: Sequence[str], now: datetime) -> None:
    """Inside the caller's transaction: the bytes under these keys will be removed. `name` is this deletion's alone."""
    for stores, due_at in ((FIRST_STORES, now), (LAST_STORES, now + PAUSE)):
        payloads = {
            f"{name}.{start}.{stores[0]}": {"keys": keys[start : start + KEYS_OF_ONE_JOB], "stores": stores}
            for start in range(0, len(keys), KEYS_OF_ONE_JOB)
        }
        await outbox.promise_all(ERASE, payloads, due_at)


async def _delete_rows(study: Study) -> int:
    series = Series.filter(study_id=study.id)
    instances = Instance.filter(series__study_id=study.id)
    objects = StoredObject.filter(instance__series__study_id=study.id)
    await Thumbnail.filter(object_id__in=Subquery(objects.values("id"))).delete()
    await Copy.filter(object_id__in=Subquery(objects.values("id"))).delete()
    await StoredObject.filter(instance_id__in=Subquery(instances.values("id"))).delete()
    await SeriesMetadata.filter(series_id__in=Subquery(series.values("id"))).delete()
    deleted = await Instance.filter(series_id__in=Subquery(series.values("id"))).delete()
    await series.delete()
    await study.delete()
    return deleted
