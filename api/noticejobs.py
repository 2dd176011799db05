"""What the background process does for notices: hears what happened, sends what is due, tells the next level, tidies up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta

from api.services import Services
from core.clock import now
from identity.events import ACCOUNT_CHANGED, FEEDBACK_ANSWERED
from identity.minors import FAMILY_DUE
from infra import metrics, outbox
from notify import deciding, desk, receipts, reminders, rules, sending
from notify.channels import acceptances
from notify.kinds import Kind
from notify.models import Notice, NoticeState
from notify.office import Office
from records.events import REPORT_SAID
from share.events import SHARE_CHANGED

LOOK_SECONDS = 0.5
AFTER_ERROR_SECONDS = 5.0
EVENTS_AT_ONCE = 16
ESCALATE_SECONDS = 10.0
UPKEEP_SECONDS = 6 * 3600.0
COUNT_SECONDS = 15.0
RECEIPTS_KEPT = timedelta(days=7)
ACCEPTANCES_KEPT = timedelta(days=90)  # once used or ended
EVENTS_KEPT = timedelta(days=30)  # longer than a report is news

Run = Callable[[asyncio.Event], Awaitable[None]]


def office(services: Services) -> Office:
    """What notices of this process are made and sent with."""
    people, settings = services.people, services.settings
    return Office(
        people.sealer,
        people.channels,
        people.links,
        settings.base_url,
        settings.notices_per_second,
        float(settings.notice_lease_seconds),
    )


def rounds(services: Services) -> Iterator[tuple[str, float, Run]]:
    """Name, seconds between two runs, and the work itself."""
    ours = office(services)
    heard = handlers(ours)

    async def hear(stop: asyncio.Event) -> None:
        while not stop.is_set() and await outbox.work(heard, limit=EVENTS_AT_ONCE):
            pass

    async def send(stop: asyncio.Event) -> None:
        while not stop.is_set() and await sending.work(ours):
            pass

    async def escalate(_stop: asyncio.Event) -> None:
        await reminders.escalate(now())

    yield "notice-events", LOOK_SECONDS, hear
    yield "notices", LOOK_SECONDS, send
    yield "reminders", ESCALATE_SECONDS, escalate
    yield "notice-upkeep", UPKEEP_SECONDS, _keep_up
    yield "count-notices", COUNT_SECONDS, _count


def handlers(ours: Office) -> dict[str, outbox.Handler]:
    """Outbox topic → what hears of it. They have a loop of their own: a copy over a slow line holds up no message."""

    async def report_said(job: outbox.Job) -> None:
        await deciding.report_said(ours, job.payload["exam"], job.payload["report"], now())

    async def account_changed(job: outbox.Job) -> None:
        said = job.payload
        await deciding.account_changed(Kind(said["kind"]), said["hospital"], said["record"], job.key, now())

    async def family_due(job: outbox.Job) -> None:
        said = job.payload
        await deciding.account_changed(Kind(said["event"]), said["hospital"], said["record"], job.key, now())

    async def share_changed(job: outbox.Job) -> None:
        said = job.payload
        await deciding.share_changed(Kind(said["kind"]), said["hospital"], said["person"], job.key, now())

    async def feedback_answered(job: outbox.Job) -> None:
        said, event = job.payload, f"feedback:{job.key}"
        await deciding.share_changed(Kind.FEEDBACK_ANSWERED, said["hospital"], said["person"], event, now())

    return {
        REPORT_SAID: report_said,
        ACCOUNT_CHANGED: account_changed,
        FAMILY_DUE: family_due,
        SHARE_CHANGED: share_changed,
        FEEDBACK_ANSWERED: feedback_answered,
    }


async def _keep_up(_stop: asyncio.Event) -> None:
    at = now()
    await rules.measure(at)
    await receipts.forget(at - RECEIPTS_KEPT)
    await acceptances.forget(at - ACCEPTANCES_KEPT)
    await desk.forget_words(at)
    for topic in (REPORT_SAID, ACCOUNT_CHANGED, FAMILY_DUE, SHARE_CHANGED, FEEDBACK_ANSWERED):
        await outbox.forget_done(topic, at - EVENTS_KEPT)


async def _count(_stop: asyncio.Event) -> None:
    open_to = (NoticeState.FAILED, NoticeState.UNKNOWN)
    metrics.set_level("notices_waiting", await Notice.filter(state=NoticeState.WAITING, due_at__lte=now()).count())
    metrics.set_level("notices_for_a_person", await Notice.filter(state__in=open_to).count())
    metrics.set_level("notices_stopped", len(await rules.stopped_hospitals()))
