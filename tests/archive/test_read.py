"""Reading: every byte from a good copy, every smaller picture exact, nothing remembered longer than it is true."""

from __future__ import annotations

import io
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import orjson
import pydicom
import pytest

from archive import locate
from archive.ingest import Ingest
from archive.locate import Located
from archive.models import StoredObject
from archive.read import TRUST, Reader
from archive.retention import delete_study
from archive.tiers import Tiers
from core.errors import NoGoodCopy, NotAcceptable, NotFound
from infra.settings import Settings
from tests.archive import samples
from tests.archive.arriving import AT, send
from tests.archive.stored import file_of, picture, ref_of

DEMO = frozenset({"demo"})


@pytest.fixture
async def reader(ingest: Ingest) -> AsyncIterator[Reader]:
    tiers = Tiers(64 << 20)
    yield Reader(tiers, ingest.replicas, ingest.epoch, ingest.arrivals)
    await tiers.close()


async def stored(ingest: Ingest, reader: Reader, file: bytes) -> Located:
    outcome = (await send(ingest, file))[0]
    return await reader.locate(DEMO, outcome.study_uid, outcome.series_uid, outcome.sop_instance_uid)


async def test_every_form_of_an_instance_is_right(ingest: Ingest, reader: Reader) -> None:
    for name in (
        "CT_small.dcm",
        "MR_small_bigendian.dcm",
        "JPEG2000.dcm",
        "test-SR.dcm",
        "SC_rgb_small_odd.dcm",
    ):
        file = samples.package(name)
        at = await stored(ingest, reader, file)
        assert await reader.original(at) == file
        sent, explicit = samples.read(file), pydicom.dcmread(io.BytesIO(await reader.explicit_le(at)))
        assert explicit.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
        assert pydicom.dcmread(io.BytesIO(await reader.part10(at))).SOPInstanceUID == sent.SOPInstanceUID
        document = orjson.loads(zlib.decompress(await reader.metadata(at)))
        assert document["00080018"]["Value"] == [sent.SOPInstanceUID]
        if "PixelData" in sent:
            assert np.array_equal(explicit.pixel_array, sent.pixel_array)
            frames = sent.pixel_array.reshape(-1, *sent.pixel_array.shape[-2 - (sent.SamplesPerPixel > 1) :])
            for number, frame in enumerate(frames, 1):
                assert np.array_equal(await reader.array(at, number), frame), name


async def test_a_smaller_picture_is_a_prefix_and_exactly_the_halved_one(ingest: Ingest, reader: Reader) -> None:
    at = await stored(ingest, reader, picture(1, side=512))
    whole = await reader.frame(at, 1)
    for halvings in range(1, reader.most_halvings(at, 1) + 1):
        smaller = await reader.smaller_frame(at, 1, halvings)
        assert whole.startswith(smaller) and len(smaller) < len(whole)
        assert (await reader.array(at, 1, halvings)).shape == (512 >> halvings, 512 >> halvings)
    await reader.tiers.close()
    alone = Reader(Tiers(1 << 20), ingest.replicas, ingest.epoch, ingest.arrivals)
    assert await alone.smaller_frame(at, 1, 2) == await reader.smaller_frame(at, 1, 2)
    await alone.tiers.close()


async def test_frames_are_counted_from_one(ingest: Ingest, reader: Reader) -> None:
    at = await stored(ingest, reader, picture(1))
    for number in (0, 2, -1, 10**9):
        with pytest.raises(NotFound):
            await reader.frame(at, number)
    report = await stored(ingest, reader, samples.package("test-SR.dcm"))
    with pytest.raises(NotFound):
        await reader.frame(report, 1)
    with pytest.raises(NotAcceptable):
        await reader.thumbnail(report)


async def test_a_wrong_or_missing_copy_is_never_given_out(ingest: Ingest, reader: Reader, database: Settings) -> None:
    at = await stored(ingest, reader, picture(1))
    right = await reader.frame(at, 1)
    ref = ref_of(await StoredObject.get())
    file_of(database, 1, ref).write_bytes(bytes(ref.size))
    fresh = Reader(Tiers(1 << 20), ingest.replicas, ingest.epoch, ingest.arrivals)
    assert await fresh.frame(at, 1) == right
    assert await fresh.original(at) == picture(1)
    await fresh.tiers.close()
    for store in (1, 2, 3):
        file_of(database, store, ref).unlink(missing_ok=True)
    lost = Reader(Tiers(1 << 20), ingest.replicas, ingest.epoch, ingest.arrivals)
    with pytest.raises(NoGoodCopy):
        await lost.frame(at, 1)
    await lost.tiers.close()


async def test_a_replaced_instance_is_seen_at_the_next_look(ingest: Ingest, reader: Reader) -> None:
    old = await stored(ingest, reader, picture(1))
    await reader.frame(old, 1)
    await send(ingest, picture(1, seed=7), replacing=True)
    new = await reader.locate(DEMO, old.study_uid, old.series_uid, old.sop_uid)
    assert new.version == 2
    assert await reader.frame(new, 1) != await reader.frame(old, 1)


async def test_a_deleted_instance_is_not_found(ingest: Ingest, reader: Reader) -> None:
    at = await stored(ingest, reader, picture(1))
    await delete_study("demo", at.study_uid, AT + timedelta(days=40_000))
    ingest.epoch.advance()
    with pytest.raises(NotFound):
        await reader.locate(DEMO, at.study_uid, at.series_uid, at.sop_uid)
    with pytest.raises(NotFound):
        await reader.metadata(at)


async def test_an_instance_is_found_only_where_it_is(ingest: Ingest, reader: Reader) -> None:
    at = await stored(ingest, reader, picture(1))
    assert await reader.locate(DEMO, at.study_uid, None, at.sop_uid) == at
    for hospitals, study, series, sop in (
        (frozenset({"other"}), at.study_uid, at.series_uid, at.sop_uid),
        (frozenset[str](), at.study_uid, at.series_uid, at.sop_uid),
        (DEMO, "1.9", at.series_uid, at.sop_uid),
        (DEMO, at.study_uid, "1.9", at.sop_uid),
        (DEMO, at.study_uid, at.series_uid, "1.9"),
    ):
        with pytest.raises(NotFound):
            await reader.locate(hospitals, study, series, sop)


async def test_instances_come_by_number_and_what_has_none_comes_last(ingest: Ingest) -> None:
    def made(series: int, number: int, **more: int | None) -> bytes:
        uid = f"1.2.3.{series}"
        known = {"SOPInstanceUID": f"{uid}.{number}", "SeriesInstanceUID": uid, "StudyInstanceUID": "1.2.3"}
        return samples.instance(**known, **more)  # type: ignore[arg-type]  # attributes

    await send(
        ingest,
        made(1, 1, SeriesNumber=None, InstanceNumber=1),
        made(2, 1, SeriesNumber=2, InstanceNumber=None),
        made(2, 2, SeriesNumber=2, InstanceNumber=10),
        made(2, 3, SeriesNumber=2, InstanceNumber=9),
        made(3, 1, SeriesNumber=-1, InstanceNumber=0),
    )
    found = await locate.instances(DEMO, "1.2.3", None)
    assert [at.sop_uid for at in found] == ["1.2.3.3.1", "1.2.3.2.3", "1.2.3.2.2", "1.2.3.2.1", "1.2.3.1.1"]
    assert [at.sop_uid for at in await locate.instances(DEMO, "1.2.3", "1.2.3.2")] == [f"1.2.3.2.{end}" for end in (3, 2, 1)]


async def test_what_the_index_said_is_believed_until_something_arrives(ingest: Ingest, reader: Reader) -> None:
    async def count() -> int:
        return await StoredObject.all().count()

    assert await reader.current("n", AT, count, cost=1) == 0
    await StoredObject.all().count()
    await send(ingest, picture(1))
    assert await reader.current("n", AT, count, cost=1) == 1
    await delete_study("demo", "1.2.3", AT + timedelta(days=40_000))  # by another machine: no advance here
    assert await reader.current("n", AT, count, cost=1) == 1
    assert await reader.current("n", AT + TRUST, count, cost=1) == 0


async def test_bulk_data_is_found_by_its_path(ingest: Ingest, reader: Reader, tmp_path: Path) -> None:
    data_set = samples.read(samples.package("test-SR.dcm"))
    data_set.add_new(0x00420011, "OB", bytes(range(256)) * 20)
    at = await stored(ingest, reader, samples.written(data_set, data_set.file_meta.TransferSyntaxUID))
    bulk, value = await reader.bulkdata(at, "00420011")
    assert (bulk.vr, value) == ("OB", bytes(range(256)) * 20)
    with pytest.raises(NotFound):
        await reader.bulkdata(at, "00420012")
