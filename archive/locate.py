"""Finding an instance: from the UIDs of a URL to where its bytes lie."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from tortoise.expressions import F
from tortoise.functions import Sum

from archive import describe, extents
from archive.extents import Extents
from archive.models import Form, StoredObject
from archive.syntaxes import EXPLICIT_LE
from films.image import ImageDescription

_FIELDS = {
    "object_id": "id",
    "key": "key",
    "form": "form",
    "version": "version",
    "size": "size",
    "sha256": "sha256",
    "part10_size": "part10_size",
    "original_size": "original_size",
    "original_sha256": "original_sha256",
    "original_crc32": "original_crc32",
    "original_transfer_syntax_uid": "original_transfer_syntax_uid",
    "transfer_syntax_uid": "transfer_syntax_uid",
    "decodable": "decodable",
    "received_at": "received_at",
    "packed_extents": "extents",
    "packed_description": "description",
    "hospital": "instance__hospital_id",
    "study_uid": "instance__series__study__study_instance_uid",
    "series_uid": "instance__series__series_instance_uid",
    "series_id": "instance__series_id",
    "sop_uid": "instance__sop_instance_uid",
    "sop_class_uid": "instance__sop_class_uid",
    "instance_number": "instance__instance_number",
    "series_number": "instance__series__series_number",
}


@dataclass(frozen=True, kw_only=True)
class Located:
    """One version of an instance, where it lies and what reading it needs."""

    object_id: int
    key: str
    form: Form
    version: int
    size: int
    sha256: str
    part10_size: int
    original_size: int
    original_sha256: str
    original_crc32: int | None  # None: not known yet, or of bytes that are made when they are read
    original_transfer_syntax_uid: str
    transfer_syntax_uid: str
    decodable: bool
    received_at: datetime
    packed_extents: bytes
    packed_description: bytes
    hospital: str
    study_uid: str
    series_uid: str
    series_id: int
    sop_uid: str
    sop_class_uid: str
    instance_number: int | None
    series_number: int | None

    @cached_property
    def extents(self) -> Extents:
        """Where frames and large values lie."""
        return extents.decode(self.packed_extents)

    @cached_property
    def description(self) -> ImageDescription | None:
        """How to draw it; None when it is not an image."""
        return describe.unpack(self.packed_description) if self.packed_description else None

    @property
    def source(self) -> Located:
        """The instance itself, also of one that is shown under a mask."""
        return self

    @property
    def sizes_known(self) -> bool:
        """True when `part10_size` and `original_size` are those of the files that will be handed out."""
        return True

    @property
    def frame_syntax_uid(self) -> str:
        """Transfer syntax of the frames that `extents` points at."""
        return EXPLICIT_LE if self.extents.of_explicit_le else self.transfer_syntax_uid

    @property
    def nbytes(self) -> int:
        """About what it takes in memory."""
        return 2000 + 4 * len(self.packed_extents) + len(self.packed_description)


async def instance(hospitals: Iterable[str], study_uid: str, series_uid: str | None, sop_uid: str) -> Located | None:
    """The current version of one instance, or None."""
    found = await _located(
        hospitals, instance__sop_instance_uid=sop_uid, **_below(study_uid, series_uid), version=F("instance__version")
    )
    return found[0] if found else None


async def version(hospital: str, sop_uid: str, number: int) -> Located | None:
    """An older version of an instance, for the auditor."""
    found = await _located([hospital], instance__sop_instance_uid=sop_uid, version=number)
    return found[0] if found else None


async def instances(hospitals: Iterable[str], study_uid: str, series_uid: str | None) -> list[Located]:
    """The current versions of a study's or series' instances in their natural order."""
    return await _located(hospitals, **_below(study_uid, series_uid), version=F("instance__version"))


async def original_bytes(hospital: str, study_uids: Sequence[str]) -> int:
    """How large the files of these studies are as they were sent, in their current versions."""
    below = {"instance__series__study__study_instance_uid__in": list(study_uids)}
    found = StoredObject.filter(instance__hospital_id=hospital, version=F("instance__version"), **below)
    rows = await found.annotate(total=Sum("original_size")).group_by("instance__hospital_id").values("total")
    return sum(int(row["total"]) for row in rows)


def _below(study_uid: str, series_uid: str | None) -> dict[str, str]:
    below = {"instance__series__study__study_instance_uid": study_uid}
    if series_uid is not None:
        below["instance__series__series_instance_uid"] = series_uid
    return below


async def _located(hospitals: Iterable[str], **asked: Any) -> list[Located]:
    found = StoredObject.filter(instance__hospital_id__in=sorted(hospitals), **asked)
    rows: Sequence[tuple[Any, ...]] = await found.order_by("instance_id").values_list(*_FIELDS.values())
    return sorted((Located(**dict(zip(_FIELDS, row, strict=True))) for row in rows), key=_natural_order)


def _natural_order(at: Located) -> tuple[Any, ...]:
    """By number; what has none comes last, which databases do not agree on."""
    return (
        *(at.hospital, at.series_number is None, at.series_number or 0, at.series_id),
        *(at.instance_number is None, at.instance_number or 0),
    )
