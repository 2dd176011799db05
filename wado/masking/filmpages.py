"""Pages of film under a mask: set anew from the pictures that may leave, below a header that names nobody.

Of a page that we made, only what lies inside the rectangles of its cell map is taken over; what was written beside them is
written anew from masked attributes. A page that the hospital printed leaves only where it drew what to blacken.
"""

from __future__ import annotations

import asyncio
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import imagecodecs
import numpy as np
import orjson

from archive import documents
from archive.read import Reader
from core.errors import NotFound
from core.grants import Grant
from films import draft, encode, facts, layout, page
from films.layout import Layout
from films.sheet import CellImage, Header, sheet
from films.tables import Shades
from films.turn import Turn
from films.typeset import write_centred
from records import blackouts
from records.blackouts import Rectangle
from records.filmcopies import Shelf
from records.models import Film, FilmPage, FilmSource
from wado.masking.attributes import masked
from wado.masking.reader import VeiledInstance
from wado.masking.veil import Veil
from wado.pictures import Look, shades

VERSION = 1  # part of every tag: raise it when pages of the same film change
NOT_SHARED = "此图未随分享提供"
QUIET, LETTERS = 158, 26
Cell = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MaskedPage:
    """A page that may leave: its place among those that do, its size, and its tag, which also names it in every cache.

    `cells` has those pictures alone that may be seen, with masked UIDs. `blackened` is that of a hospital's page.
    """

    n: int
    width: int
    height: int
    tag: str
    cells: tuple[Cell, ...]
    kept: FilmPage
    header: Header | None = None
    layout: Layout | None = None
    blackened: tuple[Rectangle, ...] = ()


class MaskedFilm:
    """One film as the holder of a masked grant sees it."""

    def __init__(self, veil: Veil, reader: Reader, grant: Grant, shelf: Shelf, film: Film) -> None:
        self._veil = veil
        self._reader = reader
        self._grant = grant
        self._shelf = shelf
        self._film = film

    async def pages(self, kept: Sequence[FilmPage], headers: Sequence[Header]) -> list[MaskedPage]:
        """Those pages that may leave, counted anew from 1."""
        of_hospital = self._film.source is FilmSource.HOSPITAL
        found: list[MaskedPage] = []
        for each, header in zip(kept, headers, strict=True):
            made = await (self._of_hospital(each, len(found) + 1) if of_hospital else self._made(each, header, len(found) + 1))
            found += [made] if made else []
        return found

    async def jpeg(self, shown: MaskedPage, width: int | None) -> bytes:
        """The page at that width in pixels, never wider than it is."""
        tiers = self._reader.tiers
        full = await tiers.read(f"masked-film/{shown.tag}", partial(self._full, shown))
        if width is None or width >= shown.width:
            return full
        return await tiers.read(f"masked-film/{shown.tag}/{width}", partial(_narrower, full, width))

    async def _full(self, shown: MaskedPage) -> bytes:
        image = await (self._drawn(shown) if shown.header else self._without_text(shown))
        return await asyncio.to_thread(encode.jpeg, image, page.FULL_QUALITY)

    # -- what may leave ------------------------------------------------------------

    async def _made(self, kept: FilmPage, header: Header, n: int) -> MaskedPage | None:
        """None when no picture of the page may leave."""
        veiled = [await self._over(cell) for cell in kept.cells]
        if not any(veiled):
            return None
        cells = tuple(_masked_cell(cell, at) for cell, at in zip(kept.cells, veiled, strict=True) if at)
        said = [kept.sha256, header, [at.sha256 if at else None for at in veiled]]
        tag = self._tag(*said)
        return MaskedPage(n, kept.width, kept.height, tag, cells, kept, header, _layout_of(self._film, kept))

    async def _of_hospital(self, kept: FilmPage, n: int) -> MaskedPage | None:
        """None without a rule of the hospital for what printed it."""
        rectangles = await blackouts.of_film(self._film.hospital_id, kept.document_id)
        if not rectangles:
            return None
        tag = self._tag(kept.sha256, rectangles)
        return MaskedPage(n, kept.width, kept.height, tag, (), kept, blackened=rectangles)

    async def _over(self, cell: Cell) -> VeiledInstance | None:
        """The instance of a cell under the mask; None when it may not leave, or is not of what was shared."""
        hospital, study, series = self._film.hospital_id, str(cell["study"]), str(cell["series"])
        if not self._grant.allows(hospital, study, series):
            return None
        try:
            at = await self._reader.locate(frozenset({hospital}), study, series, str(cell["instance"]))
            return await self._veil.over(at)
        except NotFound:
            return None

    def _tag(self, *said: object) -> str:
        text = repr((VERSION, self._veil.reader.mask, *said))
        return hashlib.sha256(text.encode()).hexdigest()

    # -- drawing -------------------------------------------------------------------

    async def _drawn(self, shown: MaskedPage) -> Shades:
        master = await documents.content(
            self._reader.replicas, await documents.get(self._film.hospital_id, shown.kept.document_id)
        )
        sent = await asyncio.to_thread(lambda: np.asarray(imagecodecs.png_decode(master), np.uint8))
        cells = [await self._cell(sent, cell) for cell in shown.kept.cells]
        assert shown.layout is not None and shown.header is not None, "a page that we made"
        return (await asyncio.to_thread(sheet, cells, shown.layout, shown.header)).image

    async def _cell(self, sent: Shades, cell: Cell) -> CellImage:
        place = sent[cell["y"] : cell["y"] + cell["height"], cell["x"] : cell["x"] + cell["width"]]
        at = await self._over(cell)
        if at is None:
            return CellImage(_withheld(place.shape[0], place.shape[1]))
        picture = place if at.pixels.untouched else await self._redrawn(at, cell, place)
        document = masked(orjson.loads(zlib.decompress(await self._reader.metadata(at.own))), self._veil.mask)
        image = facts.image(
            document, study=at.study_uid, series=at.series_uid, frames=len(at.extents.frames), drawable=at.decodable
        )
        return draft.labelled(picture, image, int(cell["frame"]), turn=_turn(cell))

    async def _redrawn(self, at: VeiledInstance, cell: Cell, place: Shades) -> Shades:
        """The picture from stored values without what was burned into them, in the size that it had."""
        turn = _turn(cell)
        size = (place.shape[0], place.shape[1]) if turn.lies else (place.shape[1], place.shape[0])
        made = turn.picture(await shades(self._veil.reader, at, int(cell["frame"]), Look(size=size)))
        fitting = np.zeros((*place.shape[:2], *made.shape[2:]), np.uint8)
        height, width = min(made.shape[0], place.shape[0]), min(made.shape[1], place.shape[1])
        fitting[:height, :width] = made[:height, :width]
        return fitting

    async def _without_text(self, shown: MaskedPage) -> Shades:
        """A page of the hospital, black where it drew that text stands; what else its file says stays here."""
        full = await self._shelf.jpeg(shown.kept.document_id)
        return await asyncio.to_thread(blackened_page, full.content, shown.blackened)


def blackened_page(jpeg: bytes, rectangles: Sequence[Rectangle]) -> Shades:
    """The pixels of a page, black inside these rectangles; nothing else of its file."""
    image = np.array(imagecodecs.jpeg8_decode(jpeg), np.uint8)
    for left, top, right, bottom in rectangles:
        image[top:bottom, left:right] = 0
    return image


def _masked_cell(cell: Cell, at: VeiledInstance) -> Cell:
    return {**cell, "study": at.study_uid, "series": at.series_uid, "instance": at.sop_uid}


def _turn(cell: Cell) -> Turn:
    """How the picture of a cell was turned; films that were made before this was kept turned none."""
    return Turn(int(cell.get("rotation", 0)), bool(cell.get("flipped", False)))


def _layout_of(film: Film, kept: FilmPage) -> Layout:
    """How the cells of a page lie: the layout of the film, or the one of several, that has a cell around each picture."""
    named = [layout.parse(name) for name in film.layout.split() if name]
    return next(each for each in (*named, *layout.USUAL) if _holds(each, kept))


def _holds(each: Layout, kept: FilmPage) -> bool:
    if each.size != (kept.width, kept.height) or len(kept.cells) > each.cells:
        return False
    return all(_inside(each.cell(place), cell) for place, cell in enumerate(kept.cells))


def _inside(frame: layout.Rectangle, cell: Cell) -> bool:
    middle_x, middle_y = 2 * cell["x"] + cell["width"], 2 * cell["y"] + cell["height"]
    return bool(abs(middle_x - 2 * frame.x - frame.width) <= 2 and abs(middle_y - 2 * frame.y - frame.height) <= 2)


def _withheld(height: int, width: int) -> Shades:
    """A black picture that says why it is black."""
    picture = np.zeros((height, width), np.uint8)
    write_centred(picture, NOT_SHARED, width // 2, height // 2 - LETTERS // 2, LETTERS, QUIET)
    return picture


async def _narrower(full: bytes, width: int) -> bytes:
    return await asyncio.to_thread(lambda: page.scaled(np.asarray(imagecodecs.jpeg8_decode(full), np.uint8), width).content)
