"""Reading under a mask: every way by which bytes of an instance leave, each without what tells whose it is."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import orjson
from numpy.typing import NDArray

from archive.decode import decode_frame, native_frame, stored_frame
from archive.extents import Bulk
from archive.locate import Located
from archive.models import Form, StoredObject
from archive.read import Reader
from archive.seriesmetadata import GZIP_LEVEL, Revision
from archive.syntaxes import EXPLICIT_LE, syntax
from core.errors import NotAcceptable, NotFound
from films.picture import THUMBNAIL_PIXELS
from wado.masking import burnedin, files
from wado.masking.attributes import BULKDATA, VERSION, Mask, masked
from wado.masking.burnedin import Device, Pixels, black_of, blackened
from wado.masking.profile import RULES, Rule
from wado.pictures import Look, picture

_STUDY, _SERIES, _INSTANCE = "0020000D", "0020000E", "00080018"
_JUDGED_TOGETHER: Final = 500  # instances whose metadata is read together
_PIXELS_BYTES: Final = 300  # about what a judgement takes in memory


@dataclass(frozen=True, kw_only=True)
class VeiledInstance(Located):
    """An instance under a mask: other UIDs, other tags. `native`: only decoded pixels of it leave."""

    own: Located
    pixels: Pixels
    native: bool

    @property
    def source(self) -> Located:
        """The instance itself."""
        return self.own

    @property
    def sizes_known(self) -> bool:
        """A masked file is made when it is asked for."""
        return False

    @property
    def frame_syntax_uid(self) -> str:
        """Native, or that of our own codestreams."""
        return EXPLICIT_LE if self.native else self.own.frame_syntax_uid


class MaskedReader(Reader):
    """Reads veiled instances. What is not overridden here reads only where frames lie, and what index and memory know."""

    def __init__(self, reader: Reader, mask: Mask, key: str, over: Callable[[Located], Awaitable[VeiledInstance]]) -> None:
        super().__init__(reader.tiers, reader.replicas, reader.epoch, reader.arrivals)
        self.mask = f"{key}.{VERSION}"
        self._plain = reader
        self._mask = mask
        self._over = over

    async def pixels(self, at: Located, devices: Sequence[Device]) -> Pixels | None:
        """What of its pixels may leave, None for an instance that must not."""
        judged = await self.tiers.derive(_judgement(at, devices), partial(self._judged, at, devices), cost=_PIXELS_BYTES)
        return judged[0]

    async def judge(self, many: Sequence[Located], devices: Sequence[Device]) -> None:
        """Have at hand what of the pixels of many may leave: they are asked for in lots, not one by one."""
        unknown = {at.object_id: at for at in many if self.tiers.peek(_judgement(at, devices)) is None}
        ids = list(unknown)
        for start in range(0, len(ids), _JUDGED_TOGETHER):
            lot = StoredObject.filter(id__in=ids[start : start + _JUDGED_TOGETHER])
            rows = [(id, bytes(packed)) for id, packed in await lot.values_list("id", "metadata")]
            for id, pixels in await asyncio.to_thread(_judged_all, rows, devices):
                self.tiers.keep(_judgement(unknown[id], devices), (pixels,), cost=_PIXELS_BYTES)

    async def frame(self, at: Located, number: int) -> bytes:
        """One frame (1-based): our own codestream, or native pixels without what was burned into them."""
        veiled = _veiled(at)
        if not veiled.native:
            return await self._plain.frame(veiled.own, number)
        return await self.tiers.read(f"{at.key}#n{number}", partial(self._native, veiled, number), hot=False)

    async def smaller_frame(self, at: Located, number: int, halvings: int) -> bytes:
        """As of the instance itself; raises NotAcceptable where only decoded pixels leave."""
        if _veiled(at).native:
            raise NotAcceptable("it leaves only as decoded pixels")
        return await self._plain.smaller_frame(_veiled(at).own, number, halvings)

    async def array(self, at: Located, number: int, halvings: int = 0) -> NDArray[Any]:
        """A decoded frame, without what was burned into it."""
        veiled = _veiled(at)
        array = await self._plain.array(veiled.own, number, halvings)
        if veiled.pixels.untouched or veiled.description is None:
            return array
        return blackened(array, veiled.pixels, black_of(veiled.description, stored=False), halvings)

    async def part10(self, at: Located) -> bytes:
        """The masked file with our own codestreams, or with native pixels."""
        if _veiled(at).native:
            return await self.explicit_le(at)
        return await self._file(_veiled(at), await self._plain.part10(_veiled(at).own))

    async def explicit_le(self, at: Located) -> bytes:
        """The masked file in Explicit VR Little Endian."""
        return await self._file(_veiled(at), await self._plain.explicit_le(_veiled(at).own))

    async def original(self, at: Located) -> bytes:
        """Never under a mask."""
        raise NotAcceptable("the file as it was sent names the person")

    async def object(self, at: Located) -> bytes:
        """Never under a mask."""
        raise NotAcceptable("the stored object names the person")

    async def bulkdata(self, at: Located, path: str) -> tuple[Bulk, bytes]:
        """A lookup table; raises NotFound for any other value."""
        if RULES.get(int(path[-8:], 16)) is not Rule.TABLE:
            raise NotFound("no such bulk data")
        return await self._plain.bulkdata(_veiled(at).own, path)

    async def thumbnail(self, at: Located) -> bytes:
        """The one made at ingest, or drawn anew where something was burned in."""
        veiled = _veiled(at)
        if veiled.pixels.untouched:
            return await self._plain.thumbnail(veiled.own)
        number = len(veiled.extents.frames) // 2 + 1
        return await picture(self, veiled, number, Look(size=(THUMBNAIL_PIXELS, THUMBNAIL_PIXELS)))

    async def metadata(self, at: Located) -> bytes:
        """Masked DICOM JSON with relative BulkDataURIs, zlib."""
        return await self.tiers.derive(f"{at.key}#metadata", partial(self._metadata, _veiled(at)))

    async def series_metadata(self, series: Revision, base_url: str) -> bytes:
        """The masked DICOM JSON of those instances of a series that may leave, gzip."""
        name = f"metadata/{self.mask}/{base_url}/{series.series_id}.{series.number}#document"
        return await self.tiers.derive(name, partial(self._series_metadata, series, base_url))

    def prefetch(self, many: Iterable[Located]) -> None:
        """The frames themselves carry no names: as without a mask."""
        self._plain.prefetch(at.source for at in many)

    async def _judged(self, at: Located, devices: Sequence[Device]) -> tuple[Pixels | None]:
        return (burnedin.pixels(await self._document(at), devices),)

    async def _document(self, at: Located) -> dict[str, Any]:
        document: dict[str, Any] = orjson.loads(zlib.decompress(await self._plain.metadata(at)))
        return document

    async def _metadata(self, at: VeiledInstance) -> bytes:
        return zlib.compress(orjson.dumps(masked(await self._document(at.own), self._mask)))

    async def _native(self, at: VeiledInstance, number: int) -> bytes:
        description = at.description
        assert description is not None, "only pictures are veiled"
        coded = await self._plain.frame(at.own, number)
        if not syntax(at.own.frame_syntax_uid).encapsulated:
            return files.blackened_native(coded, description, at.pixels)
        ours = at.form is Form.HTJ2K  # whose samples go back as they were sent; what came compressed becomes RGB
        decode = stored_frame if ours else decode_frame
        samples = await asyncio.to_thread(decode, coded, at.own.frame_syntax_uid, description)
        return native_frame(blackened(samples, at.pixels, black_of(description, stored=ours)), description)

    async def _file(self, at: VeiledInstance, file: bytes) -> bytes:
        return await asyncio.to_thread(files.masked_file, file, self._mask, at.pixels)

    async def _series_metadata(self, series: Revision, base_url: str) -> bytes:
        packed = await self._plain.series_metadata(series, base_url)
        documents: list[dict[str, Any]] = orjson.loads(await asyncio.to_thread(gzip.decompress, packed))
        shown = [addressed(masked(each, self._mask), base_url) for each in documents if await self._leaves(series, each)]
        return await asyncio.to_thread(gzip.compress, orjson.dumps(shown), GZIP_LEVEL, mtime=0)

    async def _leaves(self, series: Revision, document: dict[str, Any]) -> bool:
        hospital, sop_uid = frozenset((series.hospital,)), document[_INSTANCE]["Value"][0]
        try:
            await self._over(await self._plain.locate(hospital, series.study_uid, series.series_uid, sop_uid))
        except NotFound:
            return False
        return True


def _judgement(at: Located, devices: Sequence[Device]) -> str:
    """Under which name what may leave of its pixels is remembered: it depends on the rules."""
    return f"{at.key}#burned-in{devices}"


def _judged_all(rows: Sequence[tuple[int, bytes]], devices: Sequence[Device]) -> list[tuple[int, Pixels | None]]:
    return [(id, burnedin.pixels(orjson.loads(zlib.decompress(packed)), devices)) for id, packed in rows]


def _veiled(at: Located) -> VeiledInstance:
    assert isinstance(at, VeiledInstance), "a masked reader reads veiled instances"
    return at


def addressed(document: dict[str, Any], base_url: str) -> dict[str, Any]:
    """Its large values below the public address that the instance has under the mask."""
    study, series, instance = (document[tag]["Value"][0] for tag in (_STUDY, _SERIES, _INSTANCE))
    below = f"{base_url}/studies/{study}/series/{series}/instances/{instance}/"
    return _with_addresses(document, below)


def _with_addresses(document: dict[str, Any], below: str) -> dict[str, Any]:
    return {tag: _with_address(attribute, below) for tag, attribute in document.items()}


def _with_address(attribute: dict[str, Any], below: str) -> dict[str, Any]:
    if attribute.get("BulkDataURI", "").startswith(BULKDATA):
        return attribute | {"BulkDataURI": below + attribute["BulkDataURI"]}
    if attribute["vr"] == "SQ":
        return attribute | {"Value": [_with_addresses(item, below) for item in attribute["Value"]]}
    return attribute
