"""The files of a download in their order: 说明.txt, DICOMDIR, report, film, and the images as they were sent."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from functools import partial

from api.download.directory import Paths, directory
from api.download.parts import Download, Part
from api.download.readme import README, REPORT, readme
from api.services import Services
from archive import documents
from archive.locate import Located
from archive.models import Document
from archive.read import Reader
from archive.replicas import Replicas
from core.errors import NotFound
from wado import dicomdir
from wado.ready import etag


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a download. `tag` names its bytes: the same tag, the same bytes; `read` gives `size` of them."""

    name: str
    size: int
    tag: str
    read: Callable[[], Awaitable[bytes]]
    holds: int = 0  # about how many bytes it takes to make it, where that is more than `size`
    crc32: int | None = None  # None: not known before it is read
    kept: Located | Document | None = None  # the very bytes that are kept, where their CRC-32 may be written down


async def entries(services: Services, download: Download, series: Collection[str] = ()) -> list[Entry]:
    """The files in their order; with `series` only those and what leads to them. Raises NotFound for others."""
    wanted = [part for part in download.parts if not series or part.uid in series]
    if series and {part.uid for part in wanted} != set(series):
        raise NotFound("no such series")
    paths = {at.sop_uid: _path(part, place) for part in wanted for place, at in enumerate(part.instances, 1)}
    listed = [told(README, readme(download, wanted, whole=not series).encode("utf-8-sig"))]
    if wanted:
        listed.append(told(dicomdir.NAME, await directory(services.reader, download, wanted, paths)))
    if not series:
        listed += _papers(services, download)
    return listed + _originals(services.reader, wanted, paths)


def told(name: str, content: bytes) -> Entry:
    """A file of words that are at hand."""

    async def read() -> bytes:
        return content

    return Entry(name, len(content), etag(content), read, crc32=zlib.crc32(content))


def paper(replicas: Replicas, name: str, document: Document) -> Entry:
    """A document as it is kept."""
    read = partial(documents.content, replicas, document)
    return Entry(name, document.size, document.sha256, read, crc32=document.crc32, kept=document)


def original(reader: Reader, name: str, at: Located) -> Entry:
    """An instance as it was sent."""
    read = partial(reader.original, at)
    return Entry(name, at.original_size, at.original_sha256, read, at.size, at.original_crc32, kept=at)


def _path(part: Part, place: int) -> tuple[str, ...]:
    """A file ID (PS3.10 section 8.2), the same in a download of everything and of one series."""
    return ("DICOM", f"SE{part.number:06}", f"IM{place:06}")


def _papers(services: Services, download: Download) -> list[Entry]:
    named = [(REPORT, download.report)] if download.report else []
    named += [(f"胶片/第{n}页.jpg", page) for n, page in enumerate(download.films, 1)]
    return [paper(services.replicas, name, document) for name, document in named]


def _originals(reader: Reader, wanted: Collection[Part], paths: Paths) -> list[Entry]:
    return [original(reader, "/".join(paths[at.sop_uid]), at) for part in wanted for at in part.instances]
