"""Reading pictures: memory, else Redis, else one range of one good copy; every byte checked by its hash."""

from __future__ import annotations

import asyncio
import hashlib
import zlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar, cast

from numpy.typing import NDArray

from archive import extents, locate, original, seriesmetadata
from archive.decode import decode_frame
from archive.dicomjson import inline_value
from archive.extents import Bulk, Frame
from archive.inspection import ObjectRef
from archive.locate import Located
from archive.models import StoredObject, Thumbnail
from archive.replicas import Replicas
from archive.seriesmetadata import Revision
from archive.tiers import Tiers
from core.errors import NotAcceptable, NotFound
from infra.epoch import Epoch

INLINE_DECODE_PIXELS = 300_000  # below this a thread costs more than it frees
TRUST = timedelta(seconds=1)  # in an answer of the index
PREFETCH_BYTES = 128 * 1024 * 1024  # of one series

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Known:
    """An answer of the index, and until when it is believed."""

    value: object
    arrivals: int
    ask_again_at: datetime


class Reader:
    """Everything that is read of instances goes through here."""

    mask = ""  # key of the mask under which everything leaves, part of every name under which an answer is remembered

    def __init__(self, tiers: Tiers, replicas: Replicas, epoch: Epoch, arrivals: Epoch) -> None:
        self.tiers = tiers
        self.replicas = replicas
        self.epoch = epoch
        self.arrivals = arrivals

    @property
    def generation(self) -> int:
        """Part of every remembered answer that names an instance by UID: a replaced or deleted one is asked for anew."""
        return self.epoch.value

    async def current(self, name: str, now: datetime, ask: Callable[[], Awaitable[T]], *, cost: int | Callable[[T], int]) -> T:
        """What `ask` finds in the index, remembered under that name until something arrives or is deleted.

        Other machines' arrivals are not seen through this machine's shared memory, so it is asked again soon in any case.
        """
        arrivals = self.arrivals.value  # before the question, so that an arrival during it is seen
        known = self.tiers.peek(name)
        if isinstance(known, _Known) and known.arrivals == arrivals and now < known.ask_again_at:
            return cast(T, known.value)
        value = await ask()
        self.tiers.keep(name, _Known(value, arrivals, now + TRUST), cost=cost if isinstance(cost, int) else cost(value))
        return value

    async def locate(self, hospitals: frozenset[str], study_uid: str, series_uid: str | None, sop_uid: str) -> Located:
        """The current version of an instance in one of these hospitals; raises NotFound."""
        key = f"at/{self.generation}/{','.join(sorted(hospitals))}/{study_uid}/{series_uid or ''}/{sop_uid}"
        known = self.tiers.peek(key)
        if isinstance(known, Located):
            return known
        found = await locate.instance(hospitals, study_uid, series_uid, sop_uid)
        if found is None:
            raise NotFound("no such instance")
        self.tiers.keep(key, found, cost=found.nbytes)
        return found

    async def frame(self, at: Located, number: int) -> bytes:
        """The codestream (or native bytes) of one frame (1-based) as archived; raises NotFound beyond the last."""
        frame = self.frame_extent(at, number)
        full = await self._stored(at, frame, len(frame.segments), f"{at.key}#f{number}")
        return _codestream(full, at, frame)

    async def smaller_frame(self, at: Located, number: int, halvings: int) -> bytes:
        """The prefix of an HTJ2K frame that holds it halved `halvings` times."""
        frame = self.frame_extent(at, number)
        segments = len(frame.segments) - halvings
        full = self.tiers.peek(f"{at.key}#f{number}")
        if isinstance(full, bytes):
            return full[: frame.prefix(segments)]
        return await self._stored(at, frame, segments, f"{at.key}#f{number}p{segments}")

    async def frame_once(self, at: Located, number: int, halvings: int = 0) -> bytes:
        """As `frame`, or as `smaller_frame` with halvings, for work that reads it once: it is put into no tier."""
        frame = self.frame_extent(at, number)
        stored = await self._range(at, frame, len(frame.segments) - halvings)
        return stored if halvings else _codestream(stored, at, frame)

    def most_halvings(self, at: Located, number: int) -> int:
        """How often a frame can be halved by reading less of it."""
        return len(self.frame_extent(at, number).segments) - 1

    async def array(self, at: Located, number: int, halvings: int = 0) -> NDArray[Any]:
        """A decoded frame, stored values or RGB, halved that often; raises NotAcceptable when it cannot be decoded."""
        return await self.tiers.derive(f"{at.key}#a{number}r{halvings}", partial(self._decode, at, number, halvings))

    async def part10(self, at: Located) -> bytes:
        """The instance as archived: a DICOM file."""
        return (await self.object(at))[: at.part10_size]

    async def original(self, at: Located) -> bytes:
        """The file as it was sent, byte by byte."""
        stored = await self.object(at)
        return await asyncio.to_thread(original.restore, stored)

    async def explicit_le(self, at: Located) -> bytes:
        """The instance as sent, in Explicit VR Little Endian; raises NotAcceptable when its pixels cannot be decoded."""
        if at.description is not None and not at.decodable:
            raise NotAcceptable("its pixels cannot be decoded here")
        stored = await self.object(at)
        return await asyncio.to_thread(original.explicit_le, stored, at.description)

    async def object(self, at: Located) -> bytes:
        """The whole object of the stores; not kept in memory, because whole objects are rarely read twice."""
        return await self.replicas.read(_ref(at))

    async def bulkdata(self, at: Located, path: str) -> tuple[Bulk, bytes]:
        """A binary value by its path, also a small one that stands in the metadata itself; raises NotFound."""
        bulk = next((bulk for bulk in at.extents.bulkdata if bulk.path == path), None)
        if bulk is None:
            vr, value = inline_value(zlib.decompress(await self.metadata(at)), path)
            return Bulk(path, vr, 0, len(value)), value
        holder = await (self._explicit(at) if at.extents.of_explicit_le else self.object(at))
        return bulk, holder[bulk.offset : bulk.offset + bulk.length]

    async def thumbnail(self, at: Located) -> bytes:
        """The small JPEG made at ingest; raises NotAcceptable when there is none."""
        return await self.tiers.read(f"{at.key}#t", partial(_thumbnail, at))

    async def series_metadata(self, series: Revision, base_url: str) -> bytes:
        """The DICOM JSON of a whole series as gzip, its large values below the public DICOMweb root `base_url`."""
        name = f"metadata/{base_url}/{series.series_id}.{series.number}#document"
        return await self.tiers.read(name, partial(seriesmetadata.document, series, base_url))

    async def metadata(self, at: Located) -> bytes:
        """The instance's DICOM JSON with relative BulkDataURIs, zlib; raises NotFound when it was deleted just now."""
        rows = await StoredObject.filter(id=at.object_id).values_list("metadata", flat=True)
        if not rows:
            raise NotFound("no such instance")
        return bytes(rows[0])

    def frame_extent(self, at: Located, number: int) -> Frame:
        """Where a frame lies; raises NotFound."""
        frames = at.extents.frames
        if not 1 <= number <= len(frames):
            raise NotFound(f"the instance has {len(frames)} frames")
        return frames[number - 1]

    def prefetch(self, many: Iterable[Located]) -> None:
        """Bring the first frames of a series nearer, while the viewer looks at one of them."""
        wanted, budget = [], PREFETCH_BYTES
        for at in many:
            if len(at.extents.frames) != 1 or at.extents.of_explicit_le:
                continue
            frame = at.extents.frames[0]
            budget -= frame.length
            if budget < 0:
                break
            wanted.append((f"{at.key}#f1", partial(self._range, at, frame, len(frame.segments))))
        self.tiers.prefetch(wanted)

    async def _stored(self, at: Located, frame: Frame, segments: int, key: str) -> bytes:
        return await self.tiers.read(key, partial(self._range, at, frame, segments))

    async def _range(self, at: Located, frame: Frame, segments: int) -> bytes:
        if at.extents.of_explicit_le:
            return (await self._explicit(at))[frame.offset : frame.offset + frame.length]
        length = frame.prefix(segments)
        return await self.replicas.read(_ref(at), frame.offset, length, partial(_is_whole, frame, segments))

    async def _explicit(self, at: Located) -> bytes:
        return await self.tiers.read(f"{at.key}#explicit", partial(self.explicit_le, at))

    async def _decode(self, at: Located, number: int, halvings: int) -> NDArray[Any]:
        description = at.description
        if description is None or not at.decodable:
            raise NotAcceptable("it holds no picture that can be shown")
        codestream = await (self.smaller_frame(at, number, halvings) if halvings else self.frame(at, number))
        decode = partial(decode_frame, codestream, at.frame_syntax_uid, description, reduce=halvings)
        if (description.rows * description.columns) >> (2 * halvings) <= INLINE_DECODE_PIXELS:
            return decode()
        return await asyncio.to_thread(decode)


def _codestream(stored: bytes, at: Located, frame: Frame) -> bytes:
    description = at.description
    bits = description.rows * description.columns if description and description.sample == "bit" else 0
    return bytes(extents.codestream(stored, frame, bits))


def _is_whole(frame: Frame, segments: int, stored: bytes) -> bool:
    offset = 0
    view = memoryview(stored)
    for segment in frame.segments[:segments]:
        if hashlib.sha256(view[offset : offset + segment.length]).digest() != segment.sha256:
            return False
        offset += segment.length
    return offset == len(stored)


def _ref(at: Located) -> ObjectRef:
    return ObjectRef(at.object_id, at.key, at.size, at.sha256)


async def _thumbnail(at: Located) -> bytes:
    rows = await Thumbnail.filter(object_id=at.object_id).values_list("jpeg", flat=True)
    if not rows:
        raise NotAcceptable("it has no picture")
    return bytes(rows[0])
