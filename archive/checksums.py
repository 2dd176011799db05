"""The CRC-32 of each file, which a ZIP wants: known since it came, and of older ones learned when they are read anyway."""

from __future__ import annotations

from collections.abc import Mapping

from archive.models import Document, StoredObject
from infra import bulk
from infra.database import transaction


async def learn(originals: Mapping[int, int], documents: Mapping[str, int]) -> None:
    """Keep what was computed of bytes whose SHA-256 was right: id of the stored object, or of the document, → CRC-32.

    What was deleted meanwhile stays deleted; learned by two at once, both write the same.
    """
    async with transaction():
        await bulk.update(StoredObject, [{"id": id, "original_crc32": originals[id]} for id in sorted(originals)])
        await bulk.update(Document, [{"id": id, "crc32": documents[id]} for id in sorted(documents)])
