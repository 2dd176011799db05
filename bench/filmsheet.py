"""A sheet of 20 slices made from nothing in memory, beside what cannot be saved: decoding its 20 frames, no larger than needed.

Both run in this process in the same two threads, and what counts is processor time: what it costs, whatever else the machine
does. Ours also reads the bytes from the stores, checks their hashes, sets the window, draws legends and header, and lays the
sheet out; encoding the page is a line of its own.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from archive.decode import decode_frame
from archive.locate import Located
from archive.models import Form
from archive.prepare import Prepared, prepare
from archive.read import Reader
from archive.replicas import Replicas
from archive.tiers import Tiers
from bench.results import Row
from bench.study import Series
from films import choose, facts, page
from films.facts import ImageFacts
from films.image import ImageDescription
from films.picture import spare_halvings
from films.sheet import Header, picture_size
from films.stack import Material, Page
from films.tables import Stored
from infra.epoch import archive_epoch, arrivals_epoch
from infra.stores import open_store
from records.filmmaking import LOTS, draw

CELLS = 20
ROUNDS = 8  # in one run; the quickest counts, as the machine is not ours alone
ALLOWED = 1.5  # times the decoding
HEADER = Header("某某医院", "测试", "胸部CT平扫 · 肺窗", ("女", "40岁", "病历号 000000", "检查号 000000", "2026年1月1日 08:00"))
NAMES = {
    "film-sheet": "film of 20 CT slices, CPU (peer: decoding them)",
    "film-sheet-jpeg": "the same, as JPEG of every width",
}


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a film is made from: where 20 slices lie, how they are laid out, and a reader that remembers nothing."""

    located: dict[str, Located]
    page: Page
    replicas: Replicas
    home: Path

    @asynccontextmanager
    async def cold(self) -> AsyncIterator[Reader]:
        """A reader with an empty memory."""
        tiers = Tiers(64 << 20)
        yield Reader(tiers, self.replicas, archive_epoch(self.home), arrivals_epoch(self.home))
        await tiers.close()


def rows(series: Series, runs: int) -> Iterator[Row]:
    """Both lines; the ratio is decoding over ours, so that 0.67 means one and a half times the decoding."""
    yield from asyncio.run(_rows(series.files, runs))


async def _rows(files: Sequence[Path], runs: int) -> list[Row]:
    sheet, jpeg = (Row(name, title, "ms", 1) for name, title in NAMES.items())
    sheet.required = round(1 / ALLOWED, 2)
    with tempfile.TemporaryDirectory(prefix="bench-film-") as folder:
        shelf = await _shelf(Path(folder), files[:: max(1, len(files) // CELLS)][:CELLS])
        for _ in range(runs):
            drawn, decoded, encoded = [], [], []
            for _ in range(ROUNDS):
                decoded.append(await _decoding_ms(shelf))
                one, whole = await _making_ms(shelf)
                drawn.append(one)
                encoded.append(whole)
            sheet.ours.append(min(drawn))
            jpeg.ours.append(min(encoded))
            for row in (sheet, jpeg):
                row.peers.append(min(decoded))
                row.foreign.append(0.0)
        await shelf.replicas.close()
    return [sheet, jpeg]


async def _making_ms(shelf: Shelf) -> tuple[float, float]:
    async with shelf.cold() as reader:
        begun = time.process_time()
        made = await draw(reader, shelf.located, shelf.page, HEADER)
        drawn = time.process_time()
        await asyncio.to_thread(page.tiers, made.image)
        return (drawn - begun) * 1000, (time.process_time() - begun) * 1000


async def _decoding_ms(shelf: Shelf) -> float:
    """The 20 frames at the size that their cells need, from bytes that are in memory."""
    async with shelf.cold() as reader:
        jobs = [await _needed(reader, at, shelf.page) for at in shelf.located.values()]
        lots = [jobs[start::LOTS] for start in range(LOTS)]
        begun = time.process_time()
        await asyncio.gather(*(asyncio.to_thread(_decode, lot) for lot in lots))
        return (time.process_time() - begun) * 1000


async def _needed(reader: Reader, at: Located, sheet: Page) -> tuple[bytes, str, ImageDescription, int]:
    description = at.description
    assert description is not None
    size = picture_size(description, sheet.layout)
    halvings = spare_halvings(description, None, size, reader.most_halvings(at, 1))
    return await reader.frame_once(at, 1, halvings), at.frame_syntax_uid, description, halvings


def _decode(jobs: Sequence[tuple[bytes, str, ImageDescription, int]]) -> list[Stored]:
    """All of them are kept until the last is there, as a sheet needs them."""
    return [
        decode_frame(codestream, syntax, description, reduce=halvings) for codestream, syntax, description, halvings in jobs
    ]


async def _shelf(home: Path, files: Sequence[Path]) -> Shelf:
    """The slices as ingest lays them into the stores; the index stays out of it."""
    one, two, three = (open_store((home / str(n)).as_uri(), n) for n in (1, 2, 3))
    replicas = Replicas((one, two, three), home)
    objects = [(prepare(str(file), str(home / f"{n}.object")), home / f"{n}.object") for n, file in enumerate(files)]
    located = [_located(n, prepared) for n, (prepared, _) in enumerate(objects)]
    await replicas.write([(at.key, path) for at, (_, path) in zip(located, objects, strict=True)])
    images = [_facts(at, prepared) for at, (prepared, _) in zip(located, objects, strict=True)]
    sheet = choose.pages(choose.stacks(Material(images, words=("胸部CT平扫",))), {}, {})[0]
    if len(sheet.cells) != CELLS:
        raise SystemExit(f"the sheet has {len(sheet.cells)} cells, not {CELLS}")
    return Shelf({at.sop_uid: at for at in located}, sheet, replicas, home)


def _facts(at: Located, prepared: Prepared) -> ImageFacts:
    document = orjson.loads(zlib.decompress(prepared.metadata))
    return facts.image(document, study=at.study_uid, series=at.series_uid, frames=1, drawable=at.decodable)


def _located(number: int, prepared: Prepared) -> Located:
    return Located(
        object_id=number,
        key=f"bench/{number}.dcm",
        form=Form(prepared.form),
        version=1,
        size=prepared.size,
        sha256=prepared.sha256,
        part10_size=prepared.part10_size,
        original_size=prepared.original_size,
        original_sha256=prepared.original_sha256,
        original_crc32=prepared.original_crc32,
        original_transfer_syntax_uid=prepared.original_transfer_syntax_uid,
        transfer_syntax_uid=prepared.transfer_syntax_uid,
        decodable=prepared.decodable,
        received_at=datetime.now(UTC),
        packed_extents=prepared.extents,
        packed_description=prepared.description,
        hospital="bench",
        study_uid=str(prepared.study["StudyInstanceUID"]),
        series_uid=str(prepared.series["SeriesInstanceUID"]),
        series_id=1,
        sop_uid=str(prepared.instance["SOPInstanceUID"]),
        sop_class_uid=str(prepared.instance["SOPClassUID"]),
        instance_number=number,
        series_number=1,
    )
