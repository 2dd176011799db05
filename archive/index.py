"""The index: the rows that make a stored instance visible, written in the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tortoise.expressions import F

from archive import retention, rows, settling
from archive.models import Copy, Instance, Series, StoredObject, Study, Thumbnail
from archive.prepare import Prepared
from archive.rows import STORES
from core.errors import Conflict
from infra import bulk, outbox

COPY = "copy"  # outbox topic: write the copies that are still pending
STUDY_ARRIVED = "study-arrived"  # outbox topic: find the exam of a study that was not here before
SERIES_METADATA = "series-metadata"  # outbox topic: make the /metadata answer of a series ready
COPIED_TOGETHER = 50  # objects of one job
METADATA_PAUSE = timedelta(seconds=3)  # a series arrives in many requests; only the last revision is worth the work
MODALITIES_CHARACTERS = 256
STUDY_COUNTS = ["instance_count", "series_count", "modalities", "revision"]
SERIES_COUNTS = ["instance_count", "revision"]

Place = tuple[str, str]  # Study and Series Instance UID


class Overtaken(Conflict):
    """Another request was quicker with the same instance: look again."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An instance that is here, in its current version."""

    id: int
    version: int
    place: Place
    object_id: int
    original_sha256: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """A prepared file whose object lies in `stores` already."""

    prepared: Prepared
    key: str
    stores: frozenset[int]
    replaces: Standing | None = None

    @property
    def sop_instance_uid(self) -> str:
        """(0008,0018)"""
        return str(self.prepared.instance["SOPInstanceUID"])

    @property
    def place(self) -> Place:
        """(0020,000D) and (0020,000E)"""
        return str(self.prepared.study["StudyInstanceUID"]), str(self.prepared.series["SeriesInstanceUID"])


async def standing(hospital: str, sop_instance_uids: Collection[str]) -> dict[str, Standing]:
    """Which of these instances are here: SOP Instance UID → what is here."""
    found = await StoredObject.filter(
        instance__hospital_id=hospital, instance__sop_instance_uid__in=list(sop_instance_uids), version=F("instance__version")
    ).values_list(
        "instance__sop_instance_uid",
        "instance_id",
        "version",
        "instance__series__study__study_instance_uid",
        "instance__series__series_instance_uid",
        "id",
        "original_sha256",
    )
    return {uid: Standing(id, version, (study, series), *stored) for uid, id, version, study, series, *stored in found}


async def add(hospital: str, arrivals: Sequence[Arrival], now: datetime) -> None:
    """Index all of them; raises Overtaken, or IntegrityError of the database, when another request was quicker with one."""
    # In one order everywhere, so that two requests do not wait for each other.
    arrivals = sorted(arrivals, key=lambda arrival: (arrival.place, arrival.sop_instance_uid))
    studies = await _locked_studies(hospital, arrivals, now)
    known = await _known_series(studies, arrivals)
    fresh = _fresh_series(studies, known, arrivals)
    series = known | fresh
    await _promise_matching([study for study in studies.values() if study.instance_count == 0], now)
    _count(studies, series, fresh, arrivals, now)
    await _save(studies, known, fresh, arrivals)
    await _objects(await _versions(hospital, series, arrivals), now)
    await outbox.promise_each((*_metadata(series.values(), now), *settling.promises(studies.values(), now)))


async def _locked_studies(hospital: str, arrivals: Sequence[Arrival], now: datetime) -> dict[str, Study]:
    """The studies, made where they are new. Whoever else changes one waits until our transaction is over."""
    firsts = {arrival.place[0]: arrival for arrival in reversed(arrivals)}
    studies = Study.filter(hospital_id=hospital, study_instance_uid__in=list(firsts)).order_by("study_instance_uid")
    found = await studies.select_for_update()
    missing = sorted(firsts.keys() - {row.study_instance_uid for row in found})
    if missing:
        fresh = [rows.study(hospital, firsts[uid].prepared, now) for uid in missing]
        await Study.bulk_create(fresh, ignore_conflicts=True)
        found = await studies.select_for_update()
    return {row.study_instance_uid: row for row in found}


async def _known_series(studies: dict[str, Study], arrivals: Sequence[Arrival]) -> dict[Place, Series]:
    places = {arrival.place for arrival in arrivals}
    uids = {study.id: uid for uid, study in studies.items()}
    found = await Series.filter(study_id__in=list(uids), series_instance_uid__in=list({uid for _, uid in places}))
    known = {(uids[row.study_id], row.series_instance_uid): row for row in found}
    return {place: known[place] for place in sorted(known.keys() & places)}


def _fresh_series(studies: dict[str, Study], known: dict[Place, Series], arrivals: Sequence[Arrival]) -> dict[Place, Series]:
    firsts = {arrival.place: arrival for arrival in reversed(arrivals) if arrival.place not in known}
    return {place: rows.series(studies[place[0]].id, arrival.prepared) for place, arrival in firsts.items()}


def _count(
    studies: dict[str, Study],
    series: dict[Place, Series],
    fresh: Collection[Place],
    arrivals: Sequence[Arrival],
    now: datetime,
) -> None:
    """Studies and series as they are with these arrivals. A replaced instance also says anew what study and series are."""
    for arrival in arrivals:
        study, one = studies[arrival.place[0]], series[arrival.place]
        if arrival.replaces is None:
            study.instance_count += 1
            one.instance_count += 1
        else:
            study.update_from_dict(rows.study_values(arrival.prepared))
            study.keep_until = max(study.keep_until, _keep_until(study, now))
            one.update_from_dict(rows.series_values(arrival.prepared))
        study.modalities = _with(study.modalities, one.modality)
    for study_uid, _ in fresh:
        studies[study_uid].series_count += 1
    for study in studies.values():
        study.revision += 1
    for one in series.values():
        one.revision += 1


def _keep_until(study: Study, now: datetime) -> date:
    """The first day on which its deletion may be asked for."""
    return retention.keep_until(study.visit_kind, study.visit_ended_on, study.study_date, now)


def _with(modalities: str, modality: str) -> str:
    """As `\\CT\\MR\\`; what finds no room any more is left out."""
    known = {each for each in (*modalities.split("\\"), modality) if each}
    joined = "\\".join(("", *sorted(known), ""))
    return joined if len(joined) <= MODALITIES_CHARACTERS else modalities


async def _save(
    studies: dict[str, Study], known: dict[Place, Series], fresh: dict[Place, Series], arrivals: Sequence[Arrival]
) -> None:
    replaced = {arrival.place for arrival in arrivals if arrival.replaces is not None}
    if fresh:
        await Series.bulk_create(fresh.values())
    for place, row in known.items():
        await row.save(update_fields=None if place in replaced else SERIES_COUNTS)
    for uid, study in studies.items():
        await study.save(update_fields=None if any(place[0] == uid for place in replaced) else STUDY_COUNTS)


async def _versions(hospital: str, series: dict[Place, Series], arrivals: Sequence[Arrival]) -> list[tuple[int, int, Arrival]]:
    """Id of the instance row, number of its version, and the arrival; the instances are written."""
    new = [(rows.instance(hospital, series[each.place].id, each.prepared), each) for each in arrivals if each.replaces is None]
    await bulk.insert(Instance, [row for row, _ in new])
    replaced = [await _replaced(each, each.replaces) for each in arrivals if each.replaces is not None]
    return [(row["id"], row["version"], arrival) for row, arrival in new] + replaced


async def _replaced(arrival: Arrival, old: Standing) -> tuple[int, int, Arrival]:
    """Make the new version current; the old version's rows and objects stay."""
    version = old.version + 1
    current = Instance.filter(id=old.id, version=old.version)
    if not await current.update(version=version, **rows.instance_values(arrival.prepared)):
        raise Overtaken("the instance was replaced or deleted meanwhile")
    return old.id, version, arrival


async def _objects(versions: Sequence[tuple[int, int, Arrival]], now: datetime) -> None:
    stored = [(rows.stored_object(row_id, number, each.key, each.prepared, now), each) for row_id, number, each in versions]
    await bulk.insert(StoredObject, [row for row, _ in stored])
    await bulk.insert(Copy, [copy for row, each in stored for copy in rows.copies(row["id"], each.stores, now)])
    thumbnails = (rows.thumbnail(row["id"], each.prepared) for row, each in stored)
    await bulk.insert(Thumbnail, [row for row in thumbnails if row is not None])
    await _promise_copies([row["id"] for row, each in stored if len(each.stores) < len(STORES)], now)


async def _promise_copies(object_ids: Sequence[int], now: datetime) -> None:
    """Some together, as they came: a worker then needs few commits for many copies."""
    lots = [list(object_ids[start : start + COPIED_TOGETHER]) for start in range(0, len(object_ids), COPIED_TOGETHER)]
    await outbox.promise_all(COPY, {f"from {lot[0]}": {"objects": lot} for lot in lots}, now)


async def _promise_matching(new: Iterable[Study], now: datetime) -> None:
    """By row, not by UID: a study that was deleted and comes again is matched again."""
    wanted = {str(row.id): {"hospital": row.hospital_id, "study": row.study_instance_uid} for row in new}
    await outbox.promise_all(STUDY_ARRIVED, wanted, now)


def _metadata(many: Iterable[Series], now: datetime) -> Iterable[outbox.Promise]:
    due_at = now + METADATA_PAUSE
    for row in many:
        yield SERIES_METADATA, f"{row.id}.{row.revision}", {"series": row.id, "revision": row.revision}, due_at
