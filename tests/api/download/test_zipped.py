"""A broken download goes on in a process that has never seen it, and reads nothing that was sent before."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from api.download.files import Entry, original, paper, told
from api.download.parts import Download
from api.download.zipped import zipped
from archive import documents, locate
from archive.ingest import Ingest
from archive.models import Document, StoredObject
from archive.read import Reader
from archive.tiers import Tiers
from core.errors import NoGoodCopy
from infra.settings import Settings
from records.models import Exam, Hospital
from records.search import Found
from records.visibility import State
from tests.archive.arriving import AT, ingesting, send
from tests.archive.stored import SERIES, STUDY, file_of, picture, ref_of
from wado.ready import Streamed

FILES = [picture(number) for number in (1, 2, 3)]
REPORT = b"%PDF-1.7 a report" * 100


class Site:
    """A hospital with three images and a report in its stores; each `process` remembers nothing of the one before."""

    def __init__(self, settings: Settings, hospital: Hospital, ingest: Ingest) -> None:
        self.settings, self.hospital, self.ingest = settings, hospital, ingest

    @asynccontextmanager
    async def process(self) -> AsyncIterator[Streamed]:
        """The ZIP, as a process that has just started offers it."""
        tiers = Tiers(8 << 20)
        reader = Reader(tiers, self.ingest.replicas, self.ingest.epoch, self.ingest.arrivals)
        exam = Exam(id="e1", performed_at=AT)
        found = Found(exam, self.hospital, None, State.REPORTED, None, (STUDY,))
        yield zipped(Download(found, (), None, ()), await self.entries(reader), tiers)
        await tiers.close()

    async def entries(self, reader: Reader) -> list[Entry]:
        report = await Document.get(hospital_id="demo")
        images = await locate.instances(["demo"], STUDY, SERIES)
        papers = [told("a.txt", b"how to open it"), paper(self.ingest.replicas, "report.pdf", report)]
        return papers + [original(reader, f"{at.instance_number}.dcm", at) for at in images]

    async def lose(self, *numbers: int) -> None:
        """The report, and these images, are gone from every store."""
        report = await Document.get(hospital_id="demo")
        rows = await StoredObject.filter(instance__instance_number__in=numbers)
        paths = [file_of(self.settings, store, ref_of(row)) for row in rows for store in (1, 2, 3)]
        paths += [self.settings.home / "stores" / str(store) / report.key for store in (1, 2, 3)]
        for path in paths:
            path.unlink(missing_ok=True)


@pytest.fixture
async def here(database: Settings, hospital: Hospital) -> AsyncIterator[Site]:
    async with ingesting(database) as ingest:
        await send(ingest, *FILES)
        await documents.keep(ingest.replicas, "demo", REPORT, "application/pdf", AT)
        yield Site(database, hospital, ingest)


async def everything(site: Site) -> bytes:
    async with site.process() as offered:
        return b"".join([piece async for piece in offered.pieces()])


async def rest(site: Site, begin: int) -> bytes:
    """What a process that has just started gives from byte `begin` on."""
    async with site.process() as offered:
        assert offered.later is not None
        offset, pieces = offered.later(begin)
        return b"".join([piece async for piece in pieces])[begin - offset :]


async def forget() -> None:
    """As in a database from the time before any CRC-32 was kept."""
    await StoredObject.all().update(original_crc32=None)
    await Document.all().update(crc32=None)


async def test_what_was_sent_is_not_read_again_after_a_restart(here: Site) -> None:
    whole = await everything(here)
    with zipfile.ZipFile(io.BytesIO(whole)) as opened:
        assert [opened.read(f"{number}.dcm") for number in (1, 2, 3)] == FILES
    await here.lose(1, 2)
    begin = whole.index(FILES[2])
    assert await rest(here, begin) == whole[begin:]
    with pytest.raises(NoGoodCopy):
        await everything(here)


async def test_files_of_old_are_learned_when_they_are_read(here: Site) -> None:
    await forget()
    whole = await everything(here)
    sums = dict(await StoredObject.all().values_list("instance__instance_number", "original_crc32"))
    assert sums == {number: zlib.crc32(file) for number, file in enumerate(FILES, 1)}
    assert (await Document.get(hospital_id="demo")).crc32 == zlib.crc32(REPORT)
    await here.lose(1, 2)
    begin = whole.index(FILES[2])
    assert await rest(here, begin) == whole[begin:]


async def test_a_download_that_was_broken_off_has_taught_what_it_sent(here: Site) -> None:
    whole = await everything(here)
    await forget()
    begin = whole.index(FILES[2])
    async with here.process() as offered, aclosing(offered.pieces()) as pieces:
        sent = 0
        while sent < begin:
            sent += len(await anext(pieces))
    await here.lose(1, 2)
    assert await rest(here, begin) == whole[begin:]
