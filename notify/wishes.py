"""What patients do not want to be told, or not in that way; warnings about their account and login codes reach them always."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.uids import row_id
from infra.database import transaction
from notify.channels import ALIPAY, PHONE, WECHAT
from notify.kinds import OPTIONAL, Kind
from notify.models import NoticeOptOut, NoticeWish

ANY = ""
WAYS: Mapping[str, str] = {PHONE: "sms", WECHAT: "wechat", ALIPAY: "alipay"}  # kind of address → as patients know it

Off = tuple[str, str]  # kind and way


@dataclass(frozen=True, slots=True)
class Wishes:
    """By id of the record that counts: who wants nothing at all, and what the others turned off."""

    nothing: frozenset[str] = frozenset()
    off: Mapping[str, frozenset[Off]] = field(default_factory=dict)

    def wants(self, record_id: str, kind: str, way: str = ANY) -> bool:
        """Whether this kind may be told, in this way, or in any."""
        if kind not in OPTIONAL:
            return True
        off = self.off.get(record_id, frozenset())
        return record_id not in self.nothing and (kind, ANY) not in off and (kind, way) not in off

    def limits(self, record_id: str, kind: str) -> bool:
        """Whether this kind, or a way to get it, was turned off."""
        return any(off == kind for off, _ in self.off.get(record_id, ()))

    def together(self, records: Mapping[str, Collection[str]]) -> Wishes:
        """Key → what was said under any of these records."""
        nothing = frozenset(key for key, each in records.items() if self.nothing & set(each))
        off = {key: frozenset(one for record in each for one in self.off.get(record, ())) for key, each in records.items()}
        return Wishes(nothing, off)


async def of(members: Mapping[str, str]) -> Wishes:
    """Of patients: id of each record → the one that counts. What was said under a number that was merged still holds."""
    if not members:
        return Wishes()
    nothing = await NoticeOptOut.filter(record_id__in=list(members)).values_list("record_id", flat=True)
    off: dict[str, set[Off]] = defaultdict(set)
    for row in await NoticeWish.filter(record_id__in=list(members)):
        off[members[row.record_id]].add((row.kind, row.way))
    return Wishes(frozenset(members[str(each)] for each in nothing), {key: frozenset(each) for key, each in off.items()})


async def put(hospital: str, record_ids: Collection[str], off: Collection[Off], *, nothing: bool, now: datetime) -> None:
    """What a patient turned off, in place of all that was off before; `nothing` = no messages at all but warnings."""
    async with transaction():
        turned_on = NoticeWish.filter(record_id__in=list(record_ids))
        kept = {(row.record_id, row.kind, row.way): row.id for row in await turned_on}
        wanted = {(record, kind, way) for record in record_ids for kind, way in off}
        await NoticeWish.filter(id__in=[kept[each] for each in kept.keys() - wanted]).delete()
        rows = [
            NoticeWish(id=row_id(), hospital_id=hospital, record_id=record, kind=kind, way=way, at=now)
            for record, kind, way in sorted(wanted - kept.keys())
        ]
        await NoticeWish.bulk_create(rows, ignore_conflicts=True)
        if nothing:
            outs = [NoticeOptOut(id=row_id(), hospital_id=hospital, record_id=record, at=now) for record in record_ids]
            await NoticeOptOut.bulk_create(outs, ignore_conflicts=True)
        else:
            await NoticeOptOut.filter(record_id__in=list(record_ids)).delete()


async def rows_of(record_ids: Collection[str]) -> Sequence[NoticeWish]:
    """What is off, with its time."""
    return await NoticeWish.filter(record_id__in=list(record_ids)).order_by("kind", "way", "id")


def optional_kinds() -> list[str]:
    """Kinds that can be turned off, as they are stored."""
    return sorted(Kind(kind).value for kind in OPTIONAL)
