"""From the UIDs of a URL to the instances that this person may see; what is not theirs looks like what is not there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from archive import locate
from archive.locate import Located
from archive.models import Instance
from archive.read import Reader
from core.errors import NotFound
from core.grants import Grant
from core.uids import require_uid
from wado.masking.veil import Veil
from wado.ready import About

_PLACE_BYTES = 1000  # about what one takes in memory


@dataclass(frozen=True, slots=True)
class Place:
    """A study, a series of it, or an instance of that; `series_uid` may be unknown where an instance is named."""

    study_uid: str
    series_uid: str | None = None
    sop_uid: str | None = None


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and when; `veil` when they may not know whose pictures they see."""

    grant: Grant
    now: datetime
    veil: Veil | None = None

    async def real(self, where: Place) -> Place:
        """The place by its own UIDs; raises NotFound for UIDs that nothing has under this asker's mask."""
        return where if self.veil is None else Place(*await self.veil.real(where.study_uid, where.series_uid, where.sop_uid))

    async def shown(self, at: Located) -> Located:
        """The instance as this asker may see it; raises NotFound when it may not leave."""
        return at if self.veil is None else await self.veil.over(at)


def place(study: str, series: str | None = None, instance: str | None = None) -> Place:
    """The place that a URL names; raises Malformed for what is not a UID."""
    return Place(
        require_uid(study, "StudyInstanceUID"),
        require_uid(series, "SeriesInstanceUID") if series is not None else None,
        require_uid(instance, "SOPInstanceUID") if instance is not None else None,
    )


async def instance(reader: Reader, asker: Asker, where: Place) -> Located:
    """The one instance at a place; raises NotFound, or Unauthenticated once the grant is over."""
    return await _instance(reader, asker, await asker.real(where))


async def _instance(reader: Reader, asker: Asker, where: Place) -> Located:
    assert where.sop_uid is not None, "a place of one instance"
    at = await reader.locate(asker.grant.hospitals_of(where.study_uid), where.study_uid, where.series_uid, where.sop_uid)
    asker.grant.require(at.hospital, at.study_uid, at.series_uid, asker.now)
    return await asker.shown(at)


async def instances(asker: Asker, where: Place) -> list[Located]:
    """All instances of a study or series that the asker may see, in their natural order; raises NotFound for none."""
    grant, where = asker.grant, await asker.real(where)
    found = await locate.instances(grant.hospitals_of(where.study_uid), where.study_uid, where.series_uid)
    # Copies of one study in two hospitals are two studies: the answer holds one of them.
    visible = [
        at for at in found if at.hospital == found[0].hospital and grant.allows(at.hospital, at.study_uid, at.series_uid)
    ]
    if not visible:
        raise NotFound("no such study or series")
    grant.require(visible[0].hospital, visible[0].study_uid, visible[0].series_uid, asker.now)
    return visible if asker.veil is None else await asker.veil.over_all(visible)


async def representative(reader: Reader, asker: Asker, where: Place) -> Located:
    """The instance that stands for a place: itself, or the middle picture of the series, of a study its first with pictures.

    Where there are no pictures at all it is the middle of the other instances. Raises NotFound.
    """
    where = await asker.real(where)
    if where.sop_uid is not None:
        return await _instance(reader, asker, where)
    visible = ",".join(sorted(asker.grant.hospitals_of(where.study_uid))), *sorted(asker.grant.series)
    name = f"middle/{visible}/{where.study_uid}/{where.series_uid or ''}"
    chosen = await reader.current(name, asker.now, partial(_chosen, asker.grant, where), cost=_PLACE_BYTES)
    if chosen is None:
        raise NotFound("no such study or series")
    return await _instance(reader, asker, chosen)


def about(at: Located, what: str) -> About:
    """What an answer about one instance shows."""
    source = at.source
    return About(source.hospital, source.study_uid, source.series_uid, what)


def about_all(found: list[Located], where: Place, what: str) -> About:
    """What an answer about all instances of a place shows."""
    source = found[0].source
    return About(source.hospital, source.study_uid, where.series_uid and source.series_uid, what)


async def _chosen(grant: Grant, where: Place) -> Place | None:
    for pictures in (True, False):
        series_uid = where.series_uid or await _first_series(grant, where.study_uid, pictures=pictures)
        sop_uid = await _middle(grant, where.study_uid, series_uid, pictures=pictures) if series_uid else None
        if sop_uid is not None:
            return Place(where.study_uid, series_uid, sop_uid)
    return None


async def _first_series(grant: Grant, study_uid: str, *, pictures: bool) -> str | None:
    rows = (
        await Instance.filter(
            hospital_id__in=sorted(grant.hospitals_of(study_uid)),
            series__study__study_instance_uid=study_uid,
            number_of_frames__gt=0 if pictures else -1,
        )
        .distinct()
        .order_by("hospital_id", "series__series_number", "series_id")
        .values_list("hospital_id", "series__series_number", "series_id", "series__series_instance_uid")
    )
    return next((str(uid) for hospital, _, _, uid in rows if grant.allows(str(hospital), study_uid, str(uid))), None)


async def _middle(grant: Grant, study_uid: str, series_uid: str, *, pictures: bool) -> str | None:
    found = Instance.filter(
        hospital_id__in=sorted(grant.hospitals_of(study_uid)),
        series__study__study_instance_uid=study_uid,
        series__series_instance_uid=series_uid,
        number_of_frames__gt=0 if pictures else -1,
    )
    count = await found.count()
    rows = (
        await found.order_by("hospital_id", "instance_number", "id")
        .offset(count // 2)
        .limit(1)
        .values_list("sop_instance_uid", flat=True)
    )
    return str(rows[0]) if rows else None
