"""Retrieve Metadata (PS3.18 section 10.4): all attributes of instances but their pixels, as DICOM JSON or XML."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Sequence
from functools import partial

import orjson

from archive import seriesmetadata
from archive.locate import Located
from archive.read import Reader
from archive.seriesmetadata import Revision
from core.errors import NotFound
from wado import multipart
from wado.mediatypes import DICOM_XML
from wado.nativexml import to_xml
from wado.negotiation import Choice
from wado.places import Asker, Place, about
from wado.ready import About, Ready, boundary_for, etag

INLINE_BYTES = 64 * 1024  # of JSON: up to here making XML of it does not hold up others
_REVISIONS_BYTES = 4096  # about what the list of a study's series takes in memory


async def of_instance(reader: Reader, at: Located, choice: Choice, base_url: str) -> Ready:
    """One instance; `base_url` is the public DICOMweb root, where its large values are asked for."""
    url = f"{base_url}/studies/{at.study_uid}/series/{at.series_uid}/instances/{at.sop_uid}"
    document = b"[" + seriesmetadata.absolute(await reader.metadata(at), url) + b"]"
    tag = etag(at.original_sha256, "metadata", choice, base_url)
    if choice.media_type != DICOM_XML:
        return Ready(about(at, "metadata"), choice.media_type, document, tag, at.received_at, ranges=True)
    work = partial(_xml, document, tag)
    body = work() if len(document) <= INLINE_BYTES else await asyncio.to_thread(work)
    return Ready(about(at, "metadata"), _xml_type(body), body, tag, at.received_at)


async def of_series(reader: Reader, asker: Asker, where: Place, choice: Choice, base_url: str, *, packed: bool) -> Ready:
    """All instances of a series, or of a study, that the asker may see; JSON as gzip when `packed`. Raises NotFound."""
    where = await asker.real(where)
    series = await _visible(reader, asker, where)
    shown = About(series[0].hospital, where.study_uid, where.series_uid and series[0].series_uid, "metadata")
    name = f"metadata/{reader.mask}{base_url}/" + ",".join(f"{each.series_id}.{each.number}" for each in series)
    tag = etag(name, choice, packed)
    if choice.media_type == DICOM_XML:
        plain = await _plain(reader, series, base_url, name)
        body = await reader.tiers.derive(f"{name}#xml", partial(asyncio.to_thread, _xml, plain, tag))
        return Ready(shown, _xml_type(body), body, tag, momentary=True)
    if packed:
        body = await _packed(reader, series, base_url, name)
        return Ready(shown, choice.media_type, body, tag, content_encoding="gzip", momentary=True)
    return Ready(shown, choice.media_type, await _plain(reader, series, base_url, name), tag, ranges=True, momentary=True)


async def _visible(reader: Reader, asker: Asker, where: Place) -> list[Revision]:
    grant = asker.grant
    hospitals = grant.hospitals_of(where.study_uid)
    found = await reader.current(
        f"revisions/{','.join(sorted(hospitals))}/{where.study_uid}/{where.series_uid or ''}",
        asker.now,
        partial(seriesmetadata.revisions, hospitals, where.study_uid, where.series_uid),
        cost=_REVISIONS_BYTES,
    )
    # Copies of one study in two hospitals are two studies: the answer holds one of them.
    visible = [
        each
        for each in found
        if each.hospital == found[0].hospital and grant.allows(each.hospital, each.study_uid, each.series_uid)
    ]
    if not visible:
        raise NotFound("no such study or series")
    grant.require(visible[0].hospital, where.study_uid, visible[0].series_uid, asker.now)
    return visible


async def _packed(reader: Reader, series: Sequence[Revision], base_url: str, name: str) -> bytes:
    if len(series) == 1:
        return await reader.series_metadata(series[0], base_url)
    plain = await _plain(reader, series, base_url, name)
    return await reader.tiers.derive(
        f"{name}#gzip", partial(asyncio.to_thread, gzip.compress, plain, seriesmetadata.GZIP_LEVEL, mtime=0)
    )


async def _plain(reader: Reader, series: Sequence[Revision], base_url: str, name: str) -> bytes:
    return await reader.tiers.derive(f"{name}#plain", partial(_unpacked, reader, series, base_url))


async def _unpacked(reader: Reader, series: Sequence[Revision], base_url: str) -> bytes:
    packed = [await reader.series_metadata(each, base_url) for each in series]
    return await asyncio.to_thread(_one_array, packed)


def _one_array(packed: Sequence[bytes]) -> bytes:
    """The items of several JSON arrays in one."""
    if len(packed) == 1:
        return gzip.decompress(packed[0])
    items = (gzip.decompress(each)[1:-1] for each in packed)
    return b"[" + b",".join(each for each in items if each) + b"]"


def _xml(document: bytes, tag: str) -> bytes:
    """A multipart message of one NativeDicomModel an instance."""
    parts = [to_xml(each) for each in orjson.loads(document)]
    boundary = boundary_for(tag, *parts)
    return multipart.whole(boundary, ((DICOM_XML, part) for part in parts))


def _xml_type(body: bytes) -> str:
    """Content-Type of such a message, which begins with its boundary."""
    return multipart.content_type(body[2 : body.index(b"\r\n")].decode("ascii"), DICOM_XML)
