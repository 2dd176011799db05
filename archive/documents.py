"""Bytes that are no DICOM instance: film pages, PDFs of reports. Kept as safely as images: two flushed copies, then a third."""

from __future__ import annotations

import asyncio
import hashlib
import zlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from tortoise.exceptions import IntegrityError

from archive import retention, rows
from archive.index import COPY
from archive.inspection import ObjectRef
from archive.kinds import DOCUMENTS
from archive.models import CopyState, Document, DocumentCopy
from archive.replicas import Replicas
from core.errors import NoGoodCopy, NotFound, RetentionNotOver, Unavailable
from core.uids import uuid7
from infra import bulk, outbox
from infra.database import transaction

LARGEST_BYTES = 256 << 20  # a document is held in memory as a whole
SUFFIXES = {
    "application/pdf": ".pdf",
    "application/dicom": ".dcm",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "text/plain": ".txt",
}
KEY_PATTERN = r"[^/]+/documents/[0-9a-f]{2}/[0-9a-f]{64}(\.[a-z]+)?"
COMMIT_TRIES = 3  # another request may be quicker with the same bytes; then we look again
HASHED_HERE_BYTES = 256 << 10  # more than that is hashed in a thread

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Written:
    """Bytes that lie in at least two stores already, and that no row speaks of yet (`known`: that one does)."""

    hospital: str
    key: str
    media_type: str
    size: int
    sha256: str
    crc32: int
    stores: frozenset[int]
    known: Document | None = None


async def keep(replicas: Replicas, hospital: str, content: bytes, media_type: str, now: datetime) -> Document:
    """Keep these bytes, once in a hospital; returns when two stores have flushed them. Raises Unavailable.

    The same bytes again change nothing, but bad copies of them are made good.
    """

    async def the_one(documents: list[Document]) -> Document:
        return documents[0]

    return await keep_with(replicas, hospital, [(content, media_type)], now, the_one)


async def keep_with(
    replicas: Replicas,
    hospital: str,
    contents: Sequence[tuple[bytes, str]],
    now: datetime,
    then: Callable[[list[Document]], Awaitable[T]],
    *,
    derived: bool = False,
) -> T:
    """As `keep`, for several (bytes, media type): what `then` writes of them is in the same commit, and its result is given.

    `derived` ones were made here of something that is kept: the law asks for that, not for them. Not to be called in a
    transaction; `then` runs in one, and is called anew when another request was quicker.
    """
    for _ in range(COMMIT_TRIES):
        written = await _write(replicas, hospital, contents)
        try:
            async with transaction():
                return await then(await _add(written, derived, now))
        except IntegrityError:
            continue
    raise Unavailable("other requests keep the same documents; send it again")


async def _write(replicas: Replicas, hospital: str, contents: Sequence[tuple[bytes, str]]) -> list[_Written]:
    """The bytes in two stores. Raises Unavailable."""
    found = [await _known(hospital, content, media_type) for content, media_type in contents]
    await _heal(replicas, [(each, content) for each, (content, _) in zip(found, contents, strict=True)])
    items = {each.key: content for each, (content, _) in zip(found, contents, strict=True) if each.known is None}
    stores = await replicas.write(list(items.items())) if items else {}
    return [replace(each, stores=stores.get(each.key, frozenset())) for each in found]


async def _add(many: Sequence[_Written], derived: bool, now: datetime) -> list[Document]:
    """The rows that make written bytes count, and the promise of their third copies."""
    fresh = {each.key: each for each in many if each.known is None}
    made = {key: _document(each, derived, now) for key, each in fresh.items()}
    if not derived:  # bytes that were made here, and are now also sent by somebody, are to be kept
        await keep_longer([each.known.id for each in many if each.known], retention.keep_until("", None, "", now))
    await Document.bulk_create(made.values())
    copies = [copy for key, each in fresh.items() for copy in rows.copies(made[key].id, each.stores, now)]
    await bulk.insert(DocumentCopy, copies)
    pending = [made[key].id for key, each in fresh.items() if len(each.stores) < len(rows.STORES)]
    promises = {document_id: {"object": document_id, "kind": DOCUMENTS.name} for document_id in pending}
    await outbox.promise_all(COPY, promises, now)
    return [each.known or made[each.key] for each in many]


async def read(replicas: Replicas, hospital: str, document_id: str) -> bytes:
    """The bytes, checked by their hash, from whichever copy has them right. Raises NotFound, NoGoodCopy."""
    return await content(replicas, await get(hospital, document_id))


async def get(hospital: str, document_id: str) -> Document:
    """What is known of a document of that hospital; raises NotFound."""
    document = await Document.get_or_none(id=document_id, hospital_id=hospital)
    if document is None:
        raise NotFound("no such document")
    return document


async def content(replicas: Replicas, document: Document) -> bytes:
    """As `read`, of a document that is known."""
    return await replicas.read(ref_of(document))


def ref_of(document: Document) -> ObjectRef:
    """What must be known to read any copy of it."""
    return ObjectRef(document.id, document.key, document.size, document.sha256, DOCUMENTS)


async def keep_longer(document_ids: Sequence[str], until: date) -> None:
    """Inside the caller's transaction: they may not be deleted before that day either."""
    await Document.filter(id__in=list(document_ids), keep_until__lt=until).update(keep_until=until)


async def delete(hospital: str, document_ids: Sequence[str], now: datetime, zone: ZoneInfo = retention.HOSPITAL_ZONE) -> int:
    """Inside the caller's transaction: remove the rows, and promise the removal of the bytes; gives how many there were.

    Raises RetentionNotOver before the day of any of them. Whatever points at them must be gone before.
    """
    found = await Document.filter(id__in=list(document_ids), hospital_id=hospital).select_for_update()
    today = now.astimezone(zone).date()
    if any(today < each.keep_until for each in found):
        raise RetentionNotOver("a document of it must still be kept")
    ids = [each.id for each in found]
    await retention.promise_erasure("-".join(("document", *ids[:1])), [each.key for each in found], now)
    await DocumentCopy.filter(object_id__in=ids).delete()
    await Document.filter(id__in=ids).delete()
    return len(ids)


async def _known(hospital: str, content: bytes, media_type: str) -> _Written:
    if len(content) > LARGEST_BYTES:
        raise Unavailable(f"a document of {len(content)} bytes is more than this server holds in memory")
    sha256, crc32 = await asyncio.to_thread(_sums, content) if len(content) > HASHED_HERE_BYTES else _sums(content)
    known = await Document.get_or_none(hospital_id=hospital, sha256=sha256)
    key = known.key if known else f"{hospital}/documents/{sha256[:2]}/{sha256}{SUFFIXES.get(media_type, '.bin')}"
    return _Written(hospital, key, media_type, len(content), sha256, crc32, frozenset(), known)


def _sums(content: bytes) -> tuple[str, int]:
    return hashlib.sha256(content).hexdigest(), zlib.crc32(content)


async def _heal(replicas: Replicas, found: Sequence[tuple[_Written, bytes]]) -> None:
    """The bytes that came again mend every bad copy of those that are here; where none is good, they are the new copies."""
    for each, content in found:
        if each.known is None:
            continue
        try:
            await replicas.heal(each.known.id, kind=DOCUMENTS)
        except NoGoodCopy:
            written = await replicas.write([(each.key, content)])
            good = DocumentCopy.filter(object_id=each.known.id, store__in=sorted(written[each.key]))
            await good.update(state=CopyState.GOOD)


def _document(written: _Written, derived: bool, now: datetime) -> Document:
    unknown = retention.keep_until("", None, "", now)  # as long as the longest, until somebody knows better
    return Document(
        id=uuid7(),
        hospital_id=written.hospital,
        key=written.key,
        media_type=written.media_type,
        size=written.size,
        sha256=written.sha256,
        crc32=written.crc32,
        keep_until=now.date() if derived else unknown,
        received_at=now,
    )
