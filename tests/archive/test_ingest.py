"""Taking files in, on both databases: what is acknowledged is safe and right, what is refused left no trace."""

from __future__ import annotations

import dataclasses
import warnings
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pydicom
import pytest
from tortoise.connection import get_connection

from archive import index, locate, original
from archive.index import Arrival
from archive.ingest import Ingest, Outcome, Refusal, Status
from archive.models import Copy, CopyState, Series, StoredObject, Study, Thumbnail
from archive.prepare import prepare
from infra.auditcheck import verify
from infra.database import transaction
from infra.models import AuditEntry, Outbox
from infra.settings import Settings
from records.models import Hospital
from tests.archive import samples
from tests.archive.arriving import entry, send
from tests.archive.stored import file_of, picture, ref_of

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
STORED, SAME, REPLACED, REFUSED = Status
GARBAGE = b"this is no DICOM file" * 20


def statuses(outcomes: list[Outcome]) -> list[Status]:
    return [outcome.status for outcome in outcomes]


async def original_of(ingest: Ingest, row: StoredObject) -> bytes:
    """The file as it was sent, from the stores."""
    return original.restore(await ingest.replicas.read(ref_of(row)))


async def test_a_file_is_safe_on_two_stores_and_promised_to_the_third(ingest: Ingest, database: Settings) -> None:
    (outcome,) = await send(ingest, picture(1))
    assert (outcome.status, outcome.study_uid, outcome.sop_instance_uid) == (STORED, "1.2.3", "1.2.3.6.1")
    row = await StoredObject.get()
    copies = await Copy.all().order_by("store")
    assert sorted(copy.state for copy in copies) == [CopyState.GOOD, CopyState.GOOD, CopyState.PENDING]
    for copy in copies:
        assert file_of(database, copy.store, ref_of(row)).exists() is (copy.state is CopyState.GOOD)
    assert [job.payload for job in await Outbox.filter(topic=index.COPY)] == [{"objects": [row.id]}]
    assert await original_of(ingest, row) == picture(1)
    assert row.original_crc32 == zlib.crc32(picture(1))
    assert await Thumbnail.all().count() == 1


async def test_the_same_bytes_again_are_one_copy(ingest: Ingest) -> None:
    assert statuses(await send(ingest, picture(1))) == [STORED]
    assert statuses(await send(ingest, picture(1))) == [SAME]
    assert statuses(await send(ingest, picture(1), replacing=True)) == [SAME]
    assert await StoredObject.all().count() == 1
    study = await Study.get()
    assert (study.instance_count, study.series_count) == (1, 1)


async def test_the_same_bytes_again_heal_a_bad_copy(ingest: Ingest, database: Settings) -> None:
    await send(ingest, picture(1))
    row = await StoredObject.get()
    good = await ingest.replicas.read(ref_of(row))
    file_of(database, 1, ref_of(row)).write_bytes(b"x" * row.size)
    file_of(database, 2, ref_of(row)).unlink()
    assert statuses(await send(ingest, picture(1))) == [SAME]
    assert [file_of(database, store, ref_of(row)).read_bytes() for store in (1, 2, 3)] == [good] * 3
    assert await Copy.filter(state=CopyState.GOOD).count() == 3


async def test_the_same_bytes_again_bring_back_what_was_lost_everywhere(ingest: Ingest, database: Settings) -> None:
    await send(ingest, picture(1))
    lost = await StoredObject.get()
    for store in (1, 2, 3):
        file_of(database, store, ref_of(lost)).unlink(missing_ok=True)
    # Another release may write the same pixels as other bytes: then the lost copies cannot be written anew.
    await StoredObject.filter(id=lost.id).update(sha256="0" * 64)
    assert statuses(await send(ingest, picture(1))) == [REPLACED]
    at = await locate.instance(["demo"], "1.2.3", None, "1.2.3.6.1")
    assert at is not None and at.version == 2
    assert await original_of(ingest, await StoredObject.get(version=2)) == picture(1)


async def test_other_bytes_under_the_same_uid_are_refused_and_change_nothing(ingest: Ingest) -> None:
    await send(ingest, picture(1))
    (outcome,) = await send(ingest, picture(1, seed=9))
    assert (outcome.status, outcome.refusal) == (REFUSED, Refusal.DIFFERENT)
    assert await original_of(ingest, await StoredObject.get()) == picture(1)


async def test_a_new_version_is_current_and_the_old_one_stays_readable(ingest: Ingest) -> None:
    await send(ingest, picture(1), picture(2))
    generation, arrivals = ingest.epoch.value, ingest.arrivals.value
    assert statuses(await send(ingest, picture(1, seed=9), replacing=True)) == [REPLACED]
    assert ingest.epoch.value > generation
    assert ingest.arrivals.value > arrivals
    current = await locate.instance(["demo"], "1.2.3", None, "1.2.3.6.1")
    old = await locate.version("demo", "1.2.3.6.1", 1)
    assert current is not None and old is not None and current.version == 2
    assert await original_of(ingest, await StoredObject.get(id=current.object_id)) == picture(1, seed=9)
    assert await original_of(ingest, await StoredObject.get(id=old.object_id)) == picture(1)
    assert (await Study.get()).instance_count == 2
    assert len(await locate.instances(["demo"], "1.2.3", None)) == 2


async def test_new_instances_need_no_new_generation(ingest: Ingest) -> None:
    generation = ingest.epoch.value
    await send(ingest, picture(1))
    await send(ingest, picture(1))
    assert ingest.epoch.value == generation


async def test_a_new_version_says_anew_what_the_study_is(ingest: Ingest) -> None:
    before: dict[str, Any] = {"PatientName": "Wnag^Fang", "PatientID": "1", "StudyDate": "20200101", "Modality": "CT"}
    after: dict[str, Any] = {"PatientName": "Wang^Fang", "PatientID": "2", "StudyDate": "20210101", "Modality": "CT"}
    await send(ingest, samples.instance(**before))
    kept = (await Study.get()).keep_until
    assert statuses(await send(ingest, samples.instance(**after), replacing=True)) == [REPLACED]
    study = await Study.get()
    assert (study.patient_name, study.patient_id, study.study_date) == ("Wang^Fang", "2", "20210101")
    assert b"Wang^Fang" in study.attributes
    assert study.keep_until > kept
    await send(ingest, samples.instance(**before), replacing=True)
    assert (await Study.get()).keep_until > kept, "an earlier date never shortens the time"


async def test_a_version_never_moves_to_another_study_or_series(ingest: Ingest) -> None:
    await send(ingest, picture(1))
    elsewhere = samples.instance(SOPInstanceUID="1.2.3.6.1", StudyInstanceUID="1.9", SeriesInstanceUID="1.9.5")
    (outcome,) = await send(ingest, elsewhere, replacing=True)
    assert outcome.refusal is Refusal.DIFFERENT
    assert await Study.all().count() == 1


async def test_one_bad_part_never_spoils_the_others(ingest: Ingest) -> None:
    await send(ingest, picture(3))
    cut = picture(4)[:-100]
    outcomes = await send(ingest, picture(1), GARBAGE, b"", picture(3, seed=9), picture(2), cut, picture(3))
    assert statuses(outcomes) == [STORED, REFUSED, REFUSED, REFUSED, STORED, REFUSED, SAME]
    assert [outcome.name for outcome in outcomes] == [f"part {number}" for number in range(1, 8)]
    assert all(outcome.reason for outcome in outcomes if outcome.status is REFUSED)
    assert (await Study.get()).instance_count == 3


async def test_twice_in_one_request_is_once_and_other_bytes_are_refused(ingest: Ingest) -> None:
    outcomes = await send(ingest, picture(1), picture(1), picture(1, seed=9), picture(2))
    assert statuses(outcomes) == [STORED, SAME, REFUSED, STORED]
    assert await original_of(ingest, await StoredObject.get(instance__sop_instance_uid="1.2.3.6.1")) == picture(1)


async def test_only_the_study_that_was_named_is_taken(ingest: Ingest) -> None:
    outcomes = await send(ingest, picture(1), picture(1, study="1.9"), study_uid="1.9")
    assert [outcome.refusal for outcome in outcomes] == [Refusal.OTHER_STUDY, None]


async def test_the_same_uid_in_two_hospitals_is_two_instances(ingest: Ingest, tmp_path: Path) -> None:
    await Hospital.create(code="other", name="other")
    (tmp_path / "a").write_bytes(picture(1))
    (tmp_path / "b").write_bytes(picture(1, seed=9))
    assert statuses(await ingest.store_files("demo", [("a", tmp_path / "a")], entry())) == [STORED]
    assert statuses(await ingest.store_files("other", [("b", tmp_path / "b")], entry("other"))) == [STORED]
    assert await Study.all().count() == 2


async def test_counts_modalities_and_revisions_are_right(ingest: Ingest) -> None:
    def made(series: int, number: int, modality: str) -> bytes:
        uid = f"1.2.3.{series}"
        return samples.instance(SOPInstanceUID=f"{uid}.{number}", SeriesInstanceUID=uid, Modality=modality)

    await send(ingest, made(1, 1, "MR"), made(1, 2, "MR"), made(2, 1, "CT"))
    await send(ingest, made(1, 3, "MR"), made(3, 1, ""))
    study = await Study.get()
    assert (study.instance_count, study.series_count, study.modalities, study.revision) == (5, 3, "\\CT\\MR\\", 2)
    series = await Series.all().order_by("series_instance_uid")
    assert [(row.instance_count, row.revision) for row in series] == [(3, 2), (1, 1), (1, 1)]
    promised = {(job.payload["series"], job.payload["revision"]) for job in await Outbox.filter(topic=index.SERIES_METADATA)}
    assert promised == {(series[0].id, 1), (series[0].id, 2), (series[1].id, 1), (series[2].id, 1)}


async def test_more_modalities_than_the_column_holds_are_no_error(ingest: Ingest) -> None:
    for number in range(30):
        uid = f"1.2.3.{number}"
        file = samples.instance(SOPInstanceUID=f"{uid}.1", SeriesInstanceUID=uid, Modality=f"M{number:02d}ABCDEFGHIJK")
        assert statuses(await send(ingest, file)) == [STORED]
    study = await Study.get()
    assert len(study.modalities) <= 256
    assert study.series_count == 30


HOSTILE = {
    "PatientName": ["王" * 1000, "a\0b^c", "=^=^=", "\ufdfa" * 64, "x" * 10_000],
    "PatientID": ["7" * 300, "\0", "😀" * 64],
    "StudyDescription": ["d" * 5000, "\x1b$B", "\x7f\x00\x01"],
    "StudyDate": ["99999999", "not a date", "20200101-20210101"],
    "AccessionNumber": ["a" * 200, "' OR 1=1"],
    "Modality": ["CT\\MR\\PT", "Ü" * 40],
    "BodyPartExamined": ["B" * 100],
    "SeriesDescription": ["e" * 3000],
}


async def test_whatever_the_texts_are_the_file_is_kept(ingest: Ingest) -> None:
    number = 0
    for keyword, values in HOSTILE.items():
        for value in values:
            number += 1
            uid = f"1.2.3.{number}"
            named: dict[str, Any] = {"StudyInstanceUID": uid, "SeriesInstanceUID": f"{uid}.1", "SOPInstanceUID": f"{uid}.1.1"}
            named |= {"SpecificCharacterSet": "ISO_IR 192", keyword: value}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the values that are tried here
                file = samples.instance(**named)
            assert statuses(await send(ingest, file)) == [STORED], (keyword, value[:20])
    assert await Study.all().count() == number


async def test_no_value_stops_an_insert(ingest: Ingest, tmp_path: Path) -> None:
    """Even if the examination let through what no database takes."""
    (tmp_path / "in").write_bytes(picture(1))
    prepared = prepare(str(tmp_path / "in"), str(tmp_path / "object"))
    bad = "\0\ud800" + "x" * 10_000
    texts: dict[str, Any] = {name: bad for name, value in prepared.study.items() if name != "StudyInstanceUID"}
    hostile = dataclasses.replace(
        prepared,
        verdict=bad,
        original_transfer_syntax_uid=bad,
        study=prepared.study | texts,
        series=prepared.series | {"Modality": bad, "SeriesDescription": bad, "BodyPartExamined": bad},
    )
    async with transaction():
        await index.add("demo", [Arrival(hostile, "demo/1/2/3.dcm", frozenset({1, 2}))], NOW)
    assert (await Study.get()).patient_id == "?" + "x" * 63


async def test_files_of_others_are_only_read_and_never_change_on_the_way(ingest: Ingest, tmp_path: Path) -> None:
    path = tmp_path / "report.dcm"
    report = samples.package("test-SR.dcm")
    path.write_bytes(report)
    assert statuses(await ingest.store_files("demo", [("report", path)], entry())) == [STORED]
    assert path.read_bytes() == report
    assert await original_of(ingest, await StoredObject.get()) == report


async def test_each_study_and_each_refusal_is_on_record(ingest: Ingest) -> None:
    await send(ingest, picture(1), picture(2), picture(1, study="1.9"), GARBAGE)
    await send(ingest, picture(1), picture(1, study="1.9", seed=9), picture(2, seed=9), replacing=False)
    entries = await AuditEntry.all().order_by("number")
    assert [(row.study_uid, row.outcome) for row in entries] == [
        ("1.2.3", "done"),
        ("1.9", "done"),
        ("", "refused"),
        ("1.2.3", "done"),
        ("1.9", "refused"),
        ("1.2.3", "refused"),
    ]
    assert entries[0].detail == {"stored": 2, "same": 0, "replaced": 0, "series": ["1.2.3.5"], "stores": [1, 2]}
    assert entries[3].detail["same"] == 1
    assert entries[4].detail == {"instance": "1.9.6.1", "why": Refusal.DIFFERENT}
    assert (await verify(ingest.trail))[1] is None


async def test_a_request_of_ten_takes_few_statements(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    await send(ingest, *(picture(number) for number in range(1, 11)))
    seen = _statements(monkeypatch)
    await send(ingest, *(picture(number) for number in range(11, 21)))
    assert len(seen) <= 16, seen
    seen.clear()
    await send(ingest, *(picture(number, study="1.9") for number in range(1, 11)))
    assert len(seen) <= 17, seen


async def test_a_real_ct_and_its_sequence_of_versions_give_every_original_back(ingest: Ingest) -> None:
    ct = samples.package("CT_small.dcm")
    data_set = samples.read(ct)
    versions = [ct]
    for number in range(3):
        data_set.PatientComments = f"version {number}"
        versions.append(samples.written(pydicom.Dataset(data_set), data_set.file_meta.TransferSyntaxUID))
    for version in versions:
        assert statuses(await send(ingest, version, replacing=True))[0] in (STORED, REPLACED)
    rows = await StoredObject.all().order_by("version")
    assert [await original_of(ingest, row) for row in rows] == versions


def _statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What reaches the database from now on."""
    seen: list[str] = []
    kinds = {type(get_connection("default")), type(get_connection("default")._in_transaction())}
    for module in {kind.__module__ for kind in kinds}:
        speaking = __import__(module, fromlist=["_Speaking"])._Speaking
        for name in ("execute_query", "execute_query_dict", "execute_insert", "execute_many"):
            monkeypatch.setattr(speaking, name, _noting(getattr(speaking, name), seen))
    return seen


def _noting(execute: Any, seen: list[str]) -> Any:
    async def noted(self: Any, query: str, *values: Any) -> Any:
        seen.append(query[:80])
        return await execute(self, query, *values)

    return noted
