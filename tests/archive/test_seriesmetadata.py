"""The ready document of a series: made once for each change, stored, and given even when it cannot be stored."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest

from archive import seriesmetadata
from archive.models import SeriesMetadata
from archive.replicas import Replicas
from archive.seriesmetadata import Revision
from records.models import Hospital
from tests.archive import samples
from tests.archive.stored import SERIES, STUDY, picture, put

BASE = "https://films.example/dicom-web"

pytestmark = pytest.mark.usefixtures("hospital")


async def revision() -> Revision:
    (found,) = await seriesmetadata.revisions(["demo"], STUDY, SERIES)
    return found


def opened(document: bytes) -> list[dict[str, Any]]:
    return list(orjson.loads(gzip.decompress(document)))


async def test_it_holds_every_instance_in_order_with_absolute_uris(replicas: Replicas, tmp_path: Path) -> None:
    await put(replicas, tmp_path, picture(2), picture(10), picture(1))
    documents = opened(await seriesmetadata.document(await revision(), BASE))
    assert [each["00200013"]["Value"] for each in documents] == [[1], [2], [10]]
    uri = f"{BASE}/studies/{STUDY}/series/{SERIES}/instances/{STUDY}.6.2/bulkdata/7FE00010"
    assert documents[1]["7FE00010"]["BulkDataURI"] == uri


async def test_a_text_that_looks_like_a_uri_stays_as_it_is(replicas: Replicas, tmp_path: Path) -> None:
    text = '"BulkDataURI":"bulkdata/7FE00010"'
    names = {"SOPInstanceUID": "1.2.3.6.1", "StudyInstanceUID": STUDY, "SeriesInstanceUID": SERIES}
    await put(replicas, tmp_path, samples.instance(StudyDescription=text, **names))  # type: ignore[arg-type]  # attributes
    (document,) = opened(await seriesmetadata.document(await revision(), BASE))
    assert document["00081030"]["Value"] == [text]


async def test_what_is_stored_is_given_until_something_changes(replicas: Replicas, tmp_path: Path) -> None:
    await put(replicas, tmp_path, picture(1))
    await seriesmetadata.document(await revision(), BASE)
    await SeriesMetadata.all().update(document=gzip.compress(b"[]"))
    assert opened(await seriesmetadata.document(await revision(), BASE)) == []
    await put(replicas, tmp_path, picture(2))
    assert len(opened(await seriesmetadata.document(await revision(), BASE))) == 2


async def test_another_public_address_makes_another_document(replicas: Replicas, tmp_path: Path) -> None:
    await put(replicas, tmp_path, picture(1))
    for base in (BASE, "https://other.example/dicom-web"):
        (document,) = opened(await seriesmetadata.document(await revision(), base))
        assert document["7FE00010"]["BulkDataURI"].startswith(base)
    assert await SeriesMetadata.all().count() == 1


async def test_a_series_that_is_gone_meanwhile_is_no_failure(replicas: Replicas, tmp_path: Path) -> None:
    await put(replicas, tmp_path, picture(1))
    known = await revision()
    gone = Revision(known.series_id + 1, known.hospital, known.study_uid, known.series_uid, known.number)
    assert opened(await seriesmetadata.document(gone, BASE)) == []
    assert await SeriesMetadata.all().count() == 0


async def test_other_hospitals_have_no_such_series(replicas: Replicas, tmp_path: Path) -> None:
    await put(replicas, tmp_path, picture(1))
    await Hospital.create(code="other", name="another")
    assert await seriesmetadata.revisions(["other"], STUDY) == []
