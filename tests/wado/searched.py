"""An index to search in, on either database: files made here, prepared as ingest does, without stores."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import orjson
from pydicom.dataset import Dataset

from archive import index
from archive.index import Arrival
from archive.prepare import prepare
from core.grants import Grant, Role
from infra.database import transaction
from records.models import Hospital
from tests.archive.samples import SECONDARY_CAPTURE, written
from wado.query import Level, parse_query
from wado.search import Found, Scope, search

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
ROOT = "https://film.example/dicom-web"
EXPLICIT = "1.2.840.10008.1.2.1"
EVERYBODY = Grant("s", Role.HOSPITAL, "s", NOW, hospitals=frozenset({"demo"}), home="demo")


async def indexed(folder: Path, *files: dict[str, object], hospital: str = "demo") -> None:
    """Index an instance of these attributes each; study, series and instance UIDs as `study`, `series`, `sop`."""
    await Hospital.get_or_create(code=hospital, defaults={"name": hospital})
    arrivals = [_arrival(folder, hospital, attributes) for attributes in files]
    async with transaction():
        await index.add(hospital, arrivals, NOW)


async def found(
    level: Level, query: str = "", *, grant: Grant = EVERYBODY, study: str | None = None, series: str | None = None
) -> Found:
    """Search as the URL's query string says (not percent-encoded)."""
    pairs = [(name, value) for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)]
    return await search(grant, Scope(study, series), parse_query(level, pairs), ROOT)


async def studies(query: str = "", *, grant: Grant = EVERYBODY) -> list[str]:
    """The last component of each found Study Instance UID, in the order of the answer."""
    rows = [orjson.loads(row) for row in (await found(Level.STUDY, query, grant=grant)).rows]
    return [row["0020000D"]["Value"][0].rpartition(".")[2] for row in rows]


def _arrival(folder: Path, hospital: str, attributes: dict[str, object]) -> Arrival:
    data_set = Dataset()
    data_set.SOPClassUID = SECONDARY_CAPTURE
    named = {"study": "StudyInstanceUID", "series": "SeriesInstanceUID", "sop": "SOPInstanceUID"}
    data_set.SpecificCharacterSet = "ISO_IR 192"
    for name, value in attributes.items():
        setattr(data_set, named.get(name, name), value)
    source = folder / "file.dcm"
    source.write_bytes(written(data_set, EXPLICIT))
    prepared = prepare(str(source), str(folder / "object"))
    key = f"{hospital}/{data_set.StudyInstanceUID}/{data_set.SeriesInstanceUID}/{data_set.SOPInstanceUID}.dcm"
    return Arrival(prepared, key, frozenset({1, 2, 3}))
