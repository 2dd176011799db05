"""The metadata of a whole series as one ready document, made once for each change of the series."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from tortoise.exceptions import IntegrityError
from tortoise.expressions import F

from archive.models import Series, SeriesMetadata, StoredObject
from core.errors import Unavailable

GZIP_LEVEL = 5  # 1 % larger than the highest level, in a third of the time
_RELATIVE = b'"BulkDataURI":"bulkdata/'  # inside a JSON string these quotes would be escaped
PAGE_ROWS = 500


@dataclass(frozen=True, slots=True)
class Revision:
    """A series as it is now: `number` grows with every change below it."""

    series_id: int
    hospital: str
    study_uid: str
    series_uid: str
    number: int


async def revisions(hospitals: Iterable[str], study_uid: str, series_uid: str | None = None) -> list[Revision]:
    """The series of a study, or one of them, in their natural order."""
    below = {} if series_uid is None else {"series_instance_uid": series_uid}
    rows = (
        await Series.filter(study__hospital_id__in=sorted(hospitals), study__study_instance_uid=study_uid, **below)
        .order_by("study__hospital_id", "series_number", "id")
        .values_list("id", "study__hospital_id", "study__study_instance_uid", "series_instance_uid", "revision")
    )
    return [Revision(*row) for row in rows]


async def document(series: Revision, base_url: str) -> bytes:
    """DICOM JSON array of the series' instances, UTF-8, gzip; made and stored when what is stored is older.

    `base_url` is the public DICOMweb root, which its BulkDataURIs begin with.
    """
    stored = await SeriesMetadata.filter(series_id=series.series_id, base_url=base_url, revision=series.number).values_list(
        "document", flat=True
    )
    return bytes(stored[0]) if stored else await make(series, base_url)


async def make(series: Revision, base_url: str) -> bytes:
    """Make the document and store it; whoever comes with an older revision is overwritten by the next who looks."""
    instances = await _instances(series)
    made = await asyncio.to_thread(_joined, instances, f"{base_url}/studies/{series.study_uid}/series/{series.series_uid}")
    row = SeriesMetadata(series_id=series.series_id, revision=series.number, base_url=base_url, document=made)
    # The series may be gone by now, or the disk full: what was made is right all the same, and is made again next time.
    with suppress(IntegrityError, Unavailable):
        await SeriesMetadata.bulk_create([row], on_conflict=["series_id"], update_fields=["revision", "base_url", "document"])
    return made


def absolute(packed: bytes, instance_url: str) -> bytes:
    """The DICOM JSON of one instance, from zlib, its BulkDataURIs below the public URL of that instance."""
    return zlib.decompress(packed).replace(_RELATIVE, f'"BulkDataURI":"{instance_url}/bulkdata/'.encode())


async def _instances(series: Revision) -> list[tuple[str, bytes]]:
    """SOP Instance UID and stored metadata of the current versions, in their natural order."""
    found: list[tuple[str, bytes]] = []
    wanted = StoredObject.filter(instance__series_id=series.series_id, version=F("instance__version"))
    wanted = wanted.order_by("instance__instance_number", "instance_id")
    while rows := await wanted.offset(len(found)).limit(PAGE_ROWS).values_list("instance__sop_instance_uid", "metadata"):
        found += [(str(uid), bytes(metadata)) for uid, metadata in rows]
    return found


def _joined(instances: Iterable[tuple[str, bytes]], series_url: str) -> bytes:
    documents = [absolute(packed, f"{series_url}/instances/{uid}") for uid, packed in instances]
    return gzip.compress(b"[" + b",".join(documents) + b"]", GZIP_LEVEL, mtime=0)
