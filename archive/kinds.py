"""What lies in the stores is of two kinds, instances and documents: which tables know the objects, and which their copies."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from archive.models import Copy, Document, DocumentCopy, StoredObject

CopyRow = Copy | DocumentCopy


@dataclass(frozen=True, slots=True)
class Kind:
    """Where the rows of one kind are. `name` is what a promise in the outbox calls it, `place` where a walk notes its id."""

    name: str
    objects: type[StoredObject] | type[Document]
    copies: type[Copy] | type[DocumentCopy]
    place: str


INSTANCES = Kind("instance", StoredObject, Copy, "after_object_id")
DOCUMENTS = Kind("document", Document, DocumentCopy, "after_document_id")
KINDS = (INSTANCES, DOCUMENTS)
BY_NAME = {kind.name: kind for kind in KINDS}


async def known_keys(keys: Collection[str]) -> dict[str, tuple[Kind, int | str]]:
    """Those of these names in the stores that a row speaks of: key → kind and id."""
    known: dict[str, tuple[Kind, int | str]] = {}
    for kind in KINDS:
        rows = await kind.objects.filter(key__in=list(keys)).values_list("key", "id")
        known |= {str(key): (kind, id) for key, id in rows}
    return known


async def count() -> int:
    """How many objects there are of all kinds."""
    return sum([await kind.objects.all().count() for kind in KINDS])
