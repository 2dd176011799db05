"""Sending: look at what is due, take it in one commit, send outside any transaction, settle; what is unsure is asked first."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from core import clock
from core.errors import Unavailable
from identity.links import LinkKind, url
from infra import metrics
from infra.outbox import backoff
from notify import queue, receipts, recipients, rules, standing, templates
from notify.channels import ChannelDown, ChannelError, Outcome, Outgoing, Refused, Throttled, Unknown
from notify.kinds import ABOUT, Audience, Kind
from notify.models import Contact, Maintenance, Notice, NoticeRule, NoticeState, Reminder
from notify.office import Office
from notify.queue import Change
from notify.recipients import Way
from records import lineage
from records.models import Exam, Hospital, PatientRecord

BATCH = 16
BEGIN_WITHIN, END_WITHIN = 0.25, 0.75  # of the lease: who is later may have lost it, and must not send
LOOK_AGAIN = timedelta(seconds=10)  # for images that are not all here
SAME_VISIT = timedelta(minutes=15)
MOST_A_DAY = 40  # to one address, below the provider's 50 of one template
DAILY_LIMIT_PAUSE = timedelta(hours=1)
LONGEST_PAUSE_FOR_ONE = 3600  # s: for longer than that, another channel is better
ASK_AFTER = (1 / 6, 1.0, 6.0, 30.0)  # leases of a minute: Aliyun shows a message minutes later. Then a person is asked
LINK_LIFE = timedelta(days=365)
PUT_OFF = timedelta(minutes=5)
NO_WAY = "no-channel"

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Round:
    """One look at what is due. What does not change within it is asked for once."""

    office: Office
    now: datetime
    _hospitals: dict[str, tuple[Hospital, NoticeRule]] = field(default_factory=dict)
    _rests: dict[str, datetime | None] = field(default_factory=dict)

    async def hospital(self, code: str) -> tuple[Hospital, NoticeRule]:
        """A hospital and its rules."""
        if code not in self._hospitals:
            self._hospitals[code] = await Hospital.get(code=code), await rules.of(code)
        return self._hospitals[code]

    async def rests_until(self, channel: str) -> datetime | None:
        """Until when a channel rests, or None."""
        if channel not in self._rests:
            self._rests[channel] = await queue.rests_until(channel, self.now)
        return self._rests[channel]


async def work(office: Office, *, limit: int = BATCH, now: Callable[[], datetime] = clock.now) -> int:
    """One round; gives how many notices it could do something about."""
    at = now()
    look = Round(office, at)
    changes = [await _looked_at(look, notice) for notice in await queue.due(at, limit)]
    if not changes:
        return 0
    begun = time.monotonic()
    taken = await queue.take(changes, at, office.lease_seconds, office.per_second)
    ends = await asyncio.gather(*(deliver(office, change.notice, begun, now) for change in taken), return_exceptions=True)
    for error in ends:
        if isinstance(error, BaseException):  # what could not be settled keeps its lease, and is asked for after it
            _log.error("a notice could not be settled: %s", type(error).__name__)
    return len(taken) + sum(not change.channel for change in changes)


async def _looked_at(look: Round, notice: Notice) -> Change:
    """As `change_of`; a notice that cannot even be looked at is put off, so that it does not hold up the others."""
    try:
        return await change_of(look, notice)
    except Unavailable:
        raise
    except Exception as error:
        _log.error("notice %s cannot be looked at: %s", notice.out_id, type(error).__name__)
        return _later(notice, look.now + PUT_OFF, "cannot be looked at")


async def change_of(look: Round, notice: Notice) -> Change:
    """What shall become of one notice; reads only."""
    if notice.state == NoticeState.CLAIMED:  # its worker never came back
        return Change(notice, {"state": NoticeState.CLAIMED, "asks": notice.asks + 1})
    if look.now >= notice.expires_at:
        return Change(notice, {"state": NoticeState.EXPIRED})
    hospital, rule = await look.hospital(notice.hospital_id)
    quiet = rules.quiet_until(rule, ZoneInfo(hospital.zone), look.now)
    if quiet is not None and ABOUT[Kind(notice.kind)].may_wait:
        return _later(notice, quiet, "quiet-hours")
    if ABOUT[Kind(notice.kind)].audience is Audience.STAFF:
        return await _to_staff(look, notice, hospital, rule)
    return await _to_patient(look, notice, hospital, rule)


async def _to_patient(look: Round, notice: Notice, hospital: Hospital, rule: NoticeRule) -> Change:
    record = await lineage.survivor(await PatientRecord.get(id=notice.recipient))
    values, joined, exams = {"hospital": hospital.alias or hospital.name}, [], list(notice.exams)
    if standing.is_about_report(notice.kind):
        found = await standing.of_reports(notice.exams, record, hospital, look.now)
        if not found.exams:
            return _never(notice, found.why_not)
        wait = await _wait(look, notice, found.exams, rule)
        if wait is not None:
            return wait
        joined = await _same_visit(look, notice, record, hospital, rule)
        exams = [*(exam.id for exam in found.exams), *(exam for each in joined for exam in each.exams)]
        values["count"] = str(len(exams))
    elif (await standing.of_account(record)).why_not:
        return _never(notice, standing.DECEASED)
    ways = await recipients.ways_to_patient(look.office.sealer, look.office.channels, rule.channels, record, notice.kind)
    if not ways:
        return _never(notice, NO_WAY)
    return await _by_best(look, notice, ways, values, joined, exams)


async def _to_staff(look: Round, notice: Notice, hospital: Hospital, rule: NoticeRule) -> Change:
    contact = await Contact.get(id=notice.recipient)
    if contact.removed_at is not None:
        return _never(notice, "removed")
    values = {"hospital": hospital.alias or hospital.name, **await _staff_values(notice, hospital)}
    ways = await recipients.ways_to_contact(look.office.sealer, look.office.channels, rule.channels, contact, notice.kind)
    return await _by_best(look, notice, ways, values, (), notice.exams)


async def _staff_values(notice: Notice, hospital: Hospital) -> dict[str, str]:
    subject = notice.event.split(":")[1]
    if notice.kind == Kind.MAINTENANCE:
        planned = await Maintenance.get(id=subject)
        return {"time": planned.starts_at.astimezone(ZoneInfo(hospital.zone)).strftime("%m月%d日 %H:%M")}
    reminder = await Reminder.get(id=subject).prefetch_related("exam")
    return {"number": reminder.number, "department": reminder.exam.department or "本院"}


async def _wait(look: Round, notice: Notice, exams: Sequence[Exam], rule: NoticeRule) -> Change | None:
    """For images that are due, and for the end of the quarter of an hour in which the visit had a message."""
    if notice.wait_until is not None and look.now < notice.wait_until:
        for exam in exams:
            if not await standing.all_is_here(exam, rule):
                return _later(notice, min(notice.wait_until, look.now + LOOK_AGAIN), "images")
    if not notice.visit or notice.sealed:
        return None
    before = Notice.filter(recipient=notice.recipient, kind=notice.kind, visit=notice.visit, id__not=notice.id)
    last = await before.filter(tried_at__gt=look.now - SAME_VISIT).order_by("-tried_at").first()
    if last is None or last.tried_at is None:
        return None
    return _later(notice, last.tried_at + SAME_VISIT, "same-visit")


async def _same_visit(look: Round, notice: Notice, record: PatientRecord, hospital: Hospital, rule: NoticeRule) -> list[Notice]:
    """Others of the visit that wait and could go: they are told of in this message. None once it was handed to a channel."""
    if not notice.visit or notice.sealed:
        return []
    others = Notice.filter(recipient=notice.recipient, kind=notice.kind, visit=notice.visit, sealed__isnull=True)
    found = []
    for each in await others.filter(id__not=notice.id, state=NoticeState.WAITING).order_by("id"):
        good = (await standing.of_reports(each.exams, record, hospital, look.now)).exams
        waits = each.wait_until is not None and look.now < each.wait_until
        if good and (not waits or all([await standing.all_is_here(exam, rule) for exam in good])):
            found.append(each)
    return found


async def _by_best(
    look: Round, notice: Notice, ways: Sequence[Way], values: dict[str, str], joined: Sequence[Notice], exams: Sequence[str]
) -> Change:
    """Take the first way that has not refused it and does not rest; wait when all of them rest."""
    left = [way for way in ways if way.channel not in notice.refused]
    if not left:
        return Change(notice, {"state": NoticeState.FAILED, "reason": notice.reason or NO_WAY})
    rests = {way.channel: await look.rests_until(way.channel) for way in left}
    awake = [way for way in left if rests[way.channel] is None]
    if not awake:
        soonest = min(until for until in rests.values() if until)
        return Change(notice, {"channel": left[-1].channel, "last_resort": True, "due_at": soonest})
    way = awake[0]
    address = recipients.index_of(look.office.sealer, way, look.office.channels)
    day = Notice.filter(address_index=address, sent_at__gt=look.now - timedelta(days=1))
    if await day.count() >= MOST_A_DAY:
        return _later(notice, look.now + DAILY_LIMIT_PAUSE, "daily-limit")
    columns = {
        "state": NoticeState.CLAIMED,
        "channel": way.channel,
        "template": way.template.code if way.template else "",
        "last_resort": len(left) == 1,
        "address_index": address,
        "exams": list(exams),
        "tried_at": notice.tried_at if notice.channel == way.channel and notice.tried_at else look.now,
        "reason": "",
    }
    return Change(notice, columns, way.channel, joined, lambda: _sealed(look, notice, way, values, exams))


async def _sealed(look: Round, notice: Notice, way: Way, values: dict[str, str], exams: Sequence[str]) -> bytes:
    """Address and words of this notice on this way; its link is made once and kept with it."""
    kind = Kind(notice.kind)
    if "code" in ABOUT[kind].variables:
        values["code"] = _kept_token(look.office, notice) or await _new_token(look, notice, exams[0])
        values["url"] = url(look.office.base_url, values["code"])
    said = {
        "to": way.to,
        "code": values.get("code"),
        "url": values.get("url"),
        "text": templates.text_of(kind, way.template, values),
        "params": templates.parameters(way.channel, way.template, values),
        "signature": way.template.signature if way.template else "",
    }
    return look.office.sealer.seal_bytes(orjson.dumps(said))


def _kept_token(office: Office, notice: Notice) -> str:
    return str(_opened(office, notice).get("code") or "") if notice.sealed else ""


async def _new_token(look: Round, notice: Notice, exam_id: str) -> str:
    return await look.office.links.issue(
        LinkKind.NOTICE, notice.hospital_id, exam_id, now=look.now, expires_at=look.now + LINK_LIFE, person_id=notice.recipient
    )


async def deliver(office: Office, notice: Notice, begun: float, now: Callable[[], datetime]) -> None:
    """Send what is held, or ask what became of it."""
    if time.monotonic() - begun > office.lease_seconds * BEGIN_WITHIN:
        return  # this process stood still: another may hold it by now, and will ask
    started = time.perf_counter()
    doing = _ask if notice.asks else _send
    try:
        async with asyncio.timeout(office.lease_seconds * (END_WITHIN - BEGIN_WITHIN)):
            outcome = await doing(office, notice, now)
    except (ChannelDown, Throttled, Refused) as error:
        outcome = await _not_taken(notice, error, now())
    except (TimeoutError, Unknown):
        outcome = await _unsure(office, notice, now())
    except Exception as error:  # a mistake of ours, or the database is away: it may have been sent
        _log.error("notice %s by %s cannot be settled: %s", notice.out_id, notice.channel, type(error).__name__)
        outcome = await _unsure(office, notice, now())
    metrics.count("notices", channel=notice.channel, outcome=outcome)
    metrics.observe("notice_seconds", time.perf_counter() - started, channel=notice.channel)


async def _send(office: Office, notice: Notice, now: Callable[[], datetime]) -> str:
    sent = await office.channels[notice.channel].send(outgoing(office, notice))
    at = now()
    provider_id = (sent.provider_id or "")[:64]
    settled = {"state": NoticeState.SENT, "provider_id": provider_id, "sent_at": at, "leased_until": None}
    if await queue.settle(notice, at, settled):
        await receipts.early(notice.channel, provider_id, at)
    await queue.channel_worked(notice.channel)
    return "sent"


async def _ask(office: Office, notice: Notice, now: Callable[[], datetime]) -> str:
    channel = office.channels.get(notice.channel)
    outcome = await channel.ask(outgoing(office, notice)) if channel else Outcome.UNKNOWN
    at = now()
    if outcome is Outcome.UNKNOWN:
        return await _unsure(office, notice, at)
    if outcome in (Outcome.DELIVERED, Outcome.ACCEPTED):
        state = NoticeState.DELIVERED if outcome is Outcome.DELIVERED else NoticeState.SENT
        await queue.settle(notice, at, {"state": state, "sent_at": notice.tried_at, "leased_until": None, "asks": 0}, "asked")
    elif outcome is Outcome.FAILED:
        await queue.settle(notice, at, receipts.after_failure(notice, at) | {"leased_until": None, "asks": 0}, "asked")
    else:
        again = {"state": NoticeState.WAITING, "due_at": at, "leased_until": None, "asks": 0, "tried_at": None}
        await queue.settle(notice, at, again, "not sent")
    return f"asked {outcome}"


async def _unsure(office: Office, notice: Notice, now: datetime) -> str:
    """It may have been sent: the provider is asked later; in the end a person."""
    if notice.asks >= len(ASK_AFTER):
        await queue.settle(notice, now, {"state": NoticeState.UNKNOWN, "leased_until": None}, "nobody can say")
        return "unknown"
    pause = timedelta(seconds=ASK_AFTER[notice.asks] * office.lease_seconds)
    await queue.settle(notice, now, {"leased_until": now + pause}, "unsure")
    return "unsure"


async def _not_taken(notice: Notice, error: ChannelError, now: datetime) -> str:
    """It was certainly not sent; or, when it was being asked for, nobody could say."""
    if notice.asks and now >= notice.expires_at:
        await queue.settle(notice, now, {"state": NoticeState.UNKNOWN, "leased_until": None}, "cannot be asked")
        return "unknown"
    if notice.asks:
        await queue.settle(notice, now, {"asks": notice.asks - 1, "leased_until": now + backoff(3)}, "cannot be asked")
        return "cannot be asked"
    columns, outcome = _after(notice, error, now)
    await queue.settle(notice, now, {"leased_until": None, "code": _word(error), **columns}, outcome)
    if isinstance(error, Throttled) and not error.recipient_only:
        await queue.channel_failed(notice.channel, now, error.retry_after_seconds)
    elif isinstance(error, ChannelDown):
        await queue.channel_failed(notice.channel, now)
    return outcome


def _after(notice: Notice, error: ChannelError, now: datetime) -> tuple[dict[str, Any], str]:
    """What a message becomes that was not taken: it waits, falls back to the next channel, or is left to a person."""
    waits = {"state": NoticeState.WAITING, "attempts": notice.attempts + 1, "tried_at": None}
    next_channel = {**waits, "due_at": now, "refused": [*notice.refused, notice.channel]}
    if isinstance(error, Refused):
        reason = "refused" if error.permanent else "setup"
        if error.falls_back and not notice.last_resort:
            return {**next_channel, "reason": reason}, "fell back"
        return {"state": NoticeState.FAILED, "reason": reason}, reason
    if isinstance(error, Throttled):
        long = error.recipient_only and error.retry_after_seconds > LONGEST_PAUSE_FOR_ONE
        if long and not notice.last_resort:
            return next_channel, "fell back"
        return {**waits, "due_at": now + timedelta(seconds=error.retry_after_seconds)}, "throttled"
    if not notice.last_resort:
        return next_channel, "fell back"
    return {**waits, "due_at": now + backoff(notice.attempts + 1)}, "down"


def outgoing(office: Office, notice: Notice) -> Outgoing:
    """The message of a notice, as its channel takes it."""
    said = _opened(office, notice)
    return Outgoing(
        id=notice.out_id,
        hospital=notice.hospital_id,
        kind=notice.kind,
        to=said["to"],
        template=notice.template,
        params=said["params"],
        text=said["text"],
        url=said["url"],
        signature=said["signature"],
        tried_at=notice.tried_at,
    )


def _opened(office: Office, notice: Notice) -> Mapping[str, Any]:
    said: Mapping[str, Any] = orjson.loads(office.sealer.open_bytes(bytes(notice.sealed or b"")))
    return said


def _later(notice: Notice, until: datetime, reason: str) -> Change:
    return Change(notice, {"due_at": until, "reason": reason})


def _never(notice: Notice, reason: str) -> Change:
    return Change(notice, {"state": NoticeState.SUPPRESSED, "reason": reason})


def _word(error: ChannelError) -> str:
    return str(getattr(error, "code", "") or type(error).__name__)[:64]
