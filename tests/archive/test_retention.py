"""Pictures are kept as long as the law wants, to the day, and deletion leaves nothing behind."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive import erasure
from archive.index import COPY
from archive.models import Copy, Instance, Series, SeriesMetadata, StoredObject, Study, Thumbnail
from archive.replicas import Replicas
from archive.retention import PAUSE, YEARS, delete_study, keep_until
from core.errors import NotFound, RetentionNotOver
from infra import outbox
from infra.database import transaction
from infra.models import Outbox
from infra.settings import Settings
from records.models import Hospital
from tests.archive import stored
from tests.archive.stored import NOW, STUDY, file_of, keep_promises, picture, put

DAYS = st.dates(date(1970, 1, 1), date(2100, 12, 31))
KINDS = st.sampled_from(["outpatient", "inpatient", "emergency", "checkup"])
RECEIVED = datetime(2101, 6, 1, tzinfo=UTC)


def _same_day(day: date, years: int) -> date | None:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return None  # 29 February


@given(DAYS, KINDS)
def test_all_years_are_full_on_the_first_day_of_deletion_and_not_before(day: date, kind: str) -> None:
    first = keep_until(kind, day, "", RECEIVED)
    last_day = _same_day(day, YEARS[kind])
    if last_day is None:
        assert first == date(day.year + YEARS[kind], 3, 1)
        return
    assert first == last_day + timedelta(days=1)


@given(DAYS, DAYS, KINDS)
def test_a_later_visit_is_never_kept_for_less_long(one: date, other: date, kind: str) -> None:
    earlier, later = sorted((one, other))
    assert keep_until(kind, earlier, "", RECEIVED) <= keep_until(kind, later, "", RECEIVED)


@given(st.text(max_size=10), st.text(max_size=12), st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))
def test_whatever_the_device_wrote_there_is_a_day_and_never_one_before_1985(text: str, kind: str, at: datetime) -> None:
    received_at = at.replace(tzinfo=UTC)
    kept = keep_until(kind, None, text, received_at)
    assert (
        date(1985, 1, 1) <= kept <= (received_at + timedelta(days=2)).date().replace(day=1, month=1) + timedelta(days=366 * 32)
    )


@pytest.mark.parametrize(
    ("kind", "ended_on", "study_date", "first_day"),
    [
        ("outpatient", date(2010, 3, 1), "20100105", date(2025, 3, 2)),
        ("inpatient", date(2010, 3, 1), "20100105", date(2040, 3, 2)),
        ("outpatient", None, "20100105", date(2025, 1, 6)),
        ("outpatient", date(2012, 2, 29), "", date(2027, 3, 1)),
        ("inpatient", date(2020, 2, 29), "", date(2050, 3, 1)),
        ("outpatient", None, "20120229", date(2027, 3, 1)),
        ("outpatient", date(2011, 2, 28), "", date(2026, 3, 1)),
        ("something new", None, "20100105", date(2040, 1, 6)),
        ("outpatient", None, "", date(2041, 11, 22)),
        ("outpatient", None, "19000101", date(2041, 11, 22)),
        ("outpatient", None, "20991231", date(2041, 11, 22)),
        ("outpatient", None, "20230230", date(2041, 11, 22)),
        ("outpatient", None, "2010.1.5", date(2041, 11, 22)),
        ("outpatient", None, "２０１００１０５", date(2041, 11, 22)),
    ],
)
def test_days_worked_out_by_hand(kind: str, ended_on: date | None, study_date: str, first_day: date) -> None:
    received_at = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)  # already the 21st in Shanghai
    assert keep_until(kind, ended_on, study_date, received_at) == first_day


FIRST_DAY = datetime(2035, 2, 28, 16, 0, tzinfo=UTC)  # midnight of 1 March in Shanghai, for a study of 29 February 2020


async def test_deletion_is_refused_until_the_first_moment_of_its_day_in_shanghai(
    database: Settings, replicas: Replicas, hospital: Hospital, tmp_path: Path
) -> None:
    (ref,) = await put(replicas, tmp_path / "in", picture(1))
    with pytest.raises(RetentionNotOver, match="2035-03-01"):
        await delete_study("demo", STUDY, FIRST_DAY - timedelta(microseconds=1))
    assert len(await replicas.read(ref)) == ref.size
    assert await Outbox.filter(topic=erasure.ERASE).count() == 0
    assert (await delete_study("demo", STUDY, FIRST_DAY)).study_uid == STUDY


async def test_only_the_own_hospital_finds_a_study_to_delete(replicas: Replicas, hospital: Hospital, tmp_path: Path) -> None:
    await Hospital.create(code="demo2", name="第二医院")
    await put(replicas, tmp_path / "in", picture(1))
    with pytest.raises(NotFound):
        await delete_study("demo2", STUDY, FIRST_DAY)


async def _erase(replicas: Replicas, now: datetime) -> int:
    return await outbox.work({erasure.ERASE: lambda job: erasure.erase(replicas, job.payload)}, limit=1000, clock=lambda: now)


async def test_a_deleted_study_leaves_no_row_and_no_byte_and_its_neighbour_everything(
    database: Settings, replicas: Replicas, hospital: Hospital, tmp_path: Path
) -> None:
    gone = await put(replicas, tmp_path / "in", *(picture(number) for number in range(1, 4)))
    (stays,) = await put(replicas, tmp_path / "in2", picture(1, study="1.2.9"))
    await keep_promises(replicas)
    series = await Series.get(study__study_instance_uid=STUDY)
    await SeriesMetadata.create(series=series, revision=1, base_url="", document=b"")
    deleted = await delete_study("demo", STUDY, FIRST_DAY)
    assert (deleted.instances, deleted.objects, deleted.size) == (3, 3, sum(ref.size for ref in gone))
    counts = [await table.all().count() for table in (Study, Series, SeriesMetadata, Instance, StoredObject, Thumbnail, Copy)]
    assert counts == [1, 1, 0, 1, 1, 1, 3]
    assert await _erase(replicas, FIRST_DAY) == 1
    assert await _erase(replicas, FIRST_DAY + PAUSE) == 1
    for store in replicas.stores:
        assert [key async for key, _ in store.walk()] == [stays.key]


async def test_a_deletion_that_is_rolled_back_removes_nothing(
    database: Settings, replicas: Replicas, hospital: Hospital, tmp_path: Path
) -> None:
    (ref,) = await put(replicas, tmp_path / "in", picture(1))
    with pytest.raises(ConnectionError):
        async with transaction():
            await delete_study("demo", STUDY, FIRST_DAY)
            raise ConnectionError("the audit trail cannot be written")
    assert await StoredObject.exists(id=ref.id)
    assert await _erase(replicas, FIRST_DAY + PAUSE) == 0
    assert file_of(database, 1, ref).exists()


async def test_bytes_of_a_deleted_study_go_once_the_store_answers_again(
    database: Settings, replicas: Replicas, hospital: Hospital, tmp_path: Path
) -> None:
    (ref,) = await put(replicas, tmp_path / "in", picture(1))
    await delete_study("demo", STUDY, FIRST_DAY)
    root = database.home / "stores" / "1"
    root.rename(root.with_name("aside"))
    root.symlink_to("1")
    assert await _erase(replicas, FIRST_DAY) == 1
    root.unlink()
    root.with_name("aside").rename(root)
    assert file_of(database, 1, ref).exists()
    assert await _erase(replicas, FIRST_DAY + timedelta(days=1)) == 2
    assert not any(file_of(database, store, ref).exists() for store in (1, 2, 3))


async def test_an_instance_sent_again_after_its_deletion_keeps_all_its_copies(
    database: Settings, replicas: Replicas, hospital: Hospital, tmp_path: Path
) -> None:
    await put(replicas, tmp_path / "in", picture(1))
    await keep_promises(replicas)
    await delete_study("demo", STUDY, FIRST_DAY)
    (again,) = await put(replicas, tmp_path / "in2", picture(1))
    await _erase(replicas, FIRST_DAY)
    await _erase(replicas, FIRST_DAY + PAUSE)
    assert len(set(stored.all_files(database, again))) == 1


async def test_an_instance_written_before_and_committed_after_the_erasure_survives_it(
    database: Settings, replicas: Replicas, hospital: Hospital, tmp_path: Path
) -> None:
    await put(replicas, tmp_path / "in", picture(1))
    await keep_promises(replicas)
    await delete_study("demo", STUDY, FIRST_DAY)
    real_write, sent = replicas.write, replicas.write

    async def interrupted(batch: list[tuple[str, Path]]) -> dict[str, frozenset[int]]:
        written = await sent(batch)
        assert await _erase(replicas, FIRST_DAY) == 1
        return written

    replicas.write = interrupted  # type: ignore[method-assign, assignment]
    (again,) = await put(replicas, tmp_path / "in2", picture(1))
    replicas.write = real_write  # type: ignore[method-assign]
    assert not file_of(database, 1, again).exists()
    assert await _erase(replicas, FIRST_DAY + PAUSE) == 1
    assert len(set(stored.all_files(database, again))) == 1


async def test_two_deletions_at_once_delete_once(replicas: Replicas, hospital: Hospital, tmp_path: Path) -> None:
    await put(replicas, tmp_path / "in", picture(1))
    results = await asyncio.gather(*(delete_study("demo", STUDY, FIRST_DAY) for _ in range(3)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Deleted", "NotFound", "NotFound"]


async def _orphan_work(replicas: Replicas, now: datetime) -> int:
    return await outbox.work(
        {erasure.ORPHAN: lambda job: erasure.remove_orphan(replicas, job.payload)}, limit=1000, clock=lambda: now
    )


async def test_what_a_dead_request_left_is_removed_after_a_day_and_not_before(
    database: Settings, replicas: Replicas, hospital: Hospital, tmp_path: Path
) -> None:
    (ref,) = await put(replicas, tmp_path / "in", picture(1))
    left = tmp_path / "left"
    left.write_bytes(b"half a study")
    await replicas.write([("demo/1.2/1.2.3/1.2.3.4.v1.0123456789abcdef.dcm", left)])
    (database.home / "stores" / "1" / "README").write_text("put here by the operator")
    assert await erasure.find_orphans(replicas, NOW) == 2
    assert await _orphan_work(replicas, NOW + timedelta(hours=24)) == 0
    assert await _orphan_work(replicas, NOW + timedelta(hours=25)) == 2
    assert await erasure.find_orphans(replicas, NOW) == 0
    assert (database.home / "stores" / "1" / "README").exists()
    assert len(await replicas.read(ref)) == ref.size


async def test_an_orphan_that_got_its_row_within_the_day_stays(
    database: Settings, replicas: Replicas, hospital: Hospital, tmp_path: Path
) -> None:
    (ref,) = await put(replicas, tmp_path / "in", picture(1))
    row = await StoredObject.get(id=ref.id)
    await StoredObject.filter(id=ref.id).update(key="not/yet/committed/x.dcm")
    assert await erasure.find_orphans(replicas, NOW) == 2
    await StoredObject.filter(id=ref.id).update(key=row.key)
    assert await _orphan_work(replicas, NOW + timedelta(days=2)) == 2
    assert file_of(database, 1, ref).exists()


async def test_a_database_that_is_older_than_its_stores_costs_no_object(
    database: Settings, replicas: Replicas, hospital: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archive.erasure.ORPHANS_MOST", 1)
    left = tmp_path / "left"
    left.write_bytes(b"acknowledged after the backup was made")
    await replicas.write([(f"demo/1.2/1.2.3/{number}.v1.0123456789abcdef.dcm", left) for number in (1, 2)])
    assert await erasure.find_orphans(replicas, NOW) == 4
    assert await _orphan_work(replicas, NOW + timedelta(days=9)) == 0


def test_erasing_and_copying_are_different_promises() -> None:
    assert len({erasure.ERASE, erasure.ORPHAN, COPY}) == 3
