"""What the background process does: which coroutine keeps which promise, and what comes round by the clock."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from api import auditjobs, filmjobs, noticejobs, printing
from api.services import Services
from archive import copying, scrub, seriesmetadata
from archive.erasure import ORPHAN, erase, remove_orphan
from archive.index import COPY, SERIES_METADATA, STUDY_ARRIVED
from archive.kinds import KINDS
from archive.models import CopyState, Series
from archive.retention import ERASE
from archive.seriesmetadata import Revision
from archive.settling import STUDY_SETTLED
from core.clock import now
from identity import family, limits, links_tries, minors, once, signins, sms_codes
from identity.events import PERSON_JOINED
from infra import metrics, outbox
from infra.models import Outbox, OutboxState
from infra.settings import Settings
from records import filmrepeats, filmwork, matching, reports
from share import making, pickup, shares, visits

COUNT_SECONDS = 15.0
COMPLETE_SECONDS = 2.0  # a film whose images are all here is made that soon
FORGET_SECONDS = 6 * 3600.0
DONE_KEPT = timedelta(days=7)  # for whoever looks what happened last week
LOGINS_KEPT = timedelta(days=30)
REMIND_SECONDS = 600.0
SCRUB_LOOK_SECONDS = 600.0
SPOOL_LOOK_SECONDS = 3600.0
SPOOL_KEPT_SECONDS = 86_400.0  # no request takes a day; what is older was left by a process that was killed


@dataclass(frozen=True, slots=True)
class Periodic:
    """Work done again and again, `every_seconds` after its last end. It looks at `stop` when it is long."""

    name: str
    every_seconds: float
    run: Callable[[asyncio.Event], Awaitable[None]]


def handlers(services: Services) -> dict[str, outbox.Handler]:
    """Outbox topic → what keeps its promises."""
    replicas = services.replicas

    async def match_study(job: outbox.Job) -> None:
        if await matching.study_arrived(job.payload["hospital"], job.payload["study"]):
            services.sessions_epoch.advance()

    return {
        COPY: lambda job: copying.keep_promise(replicas, job.payload),
        ERASE: lambda job: erase(replicas, job.payload),
        ORPHAN: lambda job: remove_orphan(replicas, job.payload),
        STUDY_ARRIVED: match_study,
        PERSON_JOINED: lambda job: shares.follow_joined(job.payload["other"], job.payload["person"]),
        STUDY_SETTLED: lambda job: filmwork.study_settled(job.payload, now()),
        filmwork.COMPLETE: lambda job: filmwork.exams_changed([job.payload["exam"]], now()),
        SERIES_METADATA: lambda job: ready_metadata(services.settings, job.payload["series"], job.payload["revision"]),
    }


def slow_handlers(services: Services) -> dict[str, outbox.Handler]:
    """As `handlers`, for work of seconds, which must not hold up a message: one at a time, in a loop of its own."""
    reader = filmjobs.reader(services)
    return {
        filmwork.FILM: lambda job: filmjobs.make(services, reader, job.payload),
        reports.PRINT: lambda job: printing.print_ahead(services, job.payload),
    }


def periodic(services: Services) -> tuple[Periodic, ...]:
    """What comes round by the clock."""
    settings = services.settings

    async def empty_spool(_stop: asyncio.Event) -> None:
        await asyncio.to_thread(remove_leftovers, settings.home / "spool", time.time() - SPOOL_KEPT_SECONDS)

    async def find_complete_exams(_stop: asyncio.Event) -> None:
        await filmwork.complete_exams(now())

    async def forget_films(stop: asyncio.Event) -> None:
        await filmjobs.forget_replaced(services, stop)

    async def forget_traces(_stop: asyncio.Event) -> None:
        await visits.forget_traces(now() - timedelta(days=settings.share_trace_days))

    async def walk_over_copies(stop: asyncio.Event) -> None:
        if await scrub.is_due(now(), settings.scrub_interval_days):
            await scrub.scrub(services.replicas, mib_per_second=settings.scrub_mib_per_second, stop=stop)

    return (
        *(Periodic(*each) for each in noticejobs.rounds(services)),
        *(Periodic(*each) for each in auditjobs.rounds(services)),
        Periodic("complete-exams", COMPLETE_SECONDS, find_complete_exams),
        Periodic("count", COUNT_SECONDS, count_waiting),
        Periodic("forget", FORGET_SECONDS, forget_done),
        Periodic("forget-films", filmjobs.FORGET_SECONDS, forget_films),
        Periodic("forget-logins", FORGET_SECONDS, forget_logins),
        Periodic("forget-traces", FORGET_SECONDS, forget_traces),
        Periodic("remind-families", REMIND_SECONDS, remind_families),
        Periodic("scrub", SCRUB_LOOK_SECONDS, walk_over_copies),
        Periodic("spool", SPOOL_LOOK_SECONDS, empty_spool),
    )


async def ready_metadata(settings: Settings, series_id: int, revision: int) -> None:
    """Make the ready metadata of a series, unless a newer change has promised it again."""
    row = await Series.get_or_none(id=series_id).prefetch_related("study")
    if row is None or row.revision != revision:
        return
    study = row.study
    series = Revision(row.id, study.hospital_id, study.study_instance_uid, row.series_instance_uid, row.revision)
    await seriesmetadata.document(series, f"{settings.base_url}/dicom-web")


async def forget_done(_stop: asyncio.Event) -> None:
    """Remove old promises that were kept."""
    for topic in (
        COPY,
        SERIES_METADATA,
        STUDY_ARRIVED,
        STUDY_SETTLED,
        PERSON_JOINED,
        filmwork.COMPLETE,
        filmwork.FILM,
        reports.PRINT,
    ):
        await outbox.forget_done(topic, now() - DONE_KEPT)


async def forget_logins(_stop: asyncio.Event) -> None:
    """Remove tries, codes, requests, sessions and used proofs that nothing looks back to any more."""
    at = now()
    await limits.forget_tries(at - limits.DAY)
    await links_tries.forget_tries(at)
    await sms_codes.forget_codes(at - LOGINS_KEPT)
    await family.forget_requests(at - LOGINS_KEPT)
    await signins.forget_sessions(at - LOGINS_KEPT)
    await once.forget_used(at)
    await filmrepeats.forget_keys(at - LOGINS_KEPT)
    await making.forget_requests(at - LOGINS_KEPT)
    await pickup.forget_codes(at)


async def remind_families(stop: asyncio.Event) -> None:
    """Turn what is due about family permissions into events; who may see is decided at each read, not here."""
    while not stop.is_set() and await minors.say_what_is_due(now()):
        pass


async def count_waiting(_stop: asyncio.Event) -> None:
    """Tell the metrics how much is not yet done, and how much a person must look at."""
    metrics.set_level("outbox_waiting", await Outbox.filter(state=OutboxState.WAITING).count())
    metrics.set_level("outbox_dead", await Outbox.filter(state=OutboxState.DEAD).count())
    not_good = [await kind.copies.filter(state__in=(CopyState.BAD, CopyState.PENDING)).count() for kind in KINDS]
    metrics.set_level("copies_not_good", sum(not_good))


def remove_leftovers(spool: Path, before: float) -> None:
    """Remove what nobody has touched since `before` (seconds since 1970) from the folder of arriving files."""
    for path in spool.iterdir() if spool.is_dir() else ():
        if path.stat().st_mtime < before:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
