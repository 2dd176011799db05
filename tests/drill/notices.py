"""SIGKILL to the worker around the sending of notices, while the provider hangs, cuts, refuses, and reports at odd times."""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path

from notify.models import Notice, NoticeState
from records.models import Exam
from tests.drill import leavings, messaging
from tests.drill.ledger import Line
from tests.drill.messaging import SECRET_PATH, Child, Place, phone_of
from tests.parts.aliyun import AliyunServer

LEASE_SECONDS, SETTLE_SECONDS, MESSAGE_SECONDS = 3, 1, 2
LONGEST_LIFE_SECONDS = 1.0  # of a worker that has said that it works
AROUND_SECONDS = 0.05  # after a request has reached the provider
MOST_AT_ONCE = 4  # reports that come between two kills
REST_SECONDS = 900.0
MISBEHAVES = 0.4  # share of the provider's answers
REPORTS = ("never", "promptly", "early", "late", "twice")


@dataclass(slots=True)
class Found:
    """What the provider's ledger says beside our own rows."""

    events: int = 0
    sent: int = 0
    unknown: int = 0
    doubles: int = 0
    lost: int = 0
    around_a_send: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """So many kills; `beside` are workers that are not killed; `misbehaves` is the share of the provider's answers."""

    kills: int
    seed: int
    database: str = "sqlite"
    beside: int = 0
    misbehaves: float = MISBEHAVES


def drill(plan: Plan, ledger: Path | None = None) -> list[Line]:
    """What became of the messages, and what was left lying. The provider's ledger is kept in `ledger`, if a file is named."""
    provider = AliyunServer()
    with tempfile.TemporaryDirectory(prefix="cloudfilm-drill-") as folder, provider.running():
        found, left = asyncio.run(_drill(Path(folder) / "home", provider, plan))
        if ledger is not None:
            ledger.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in provider.ledger))
    met = ", ".join(f"{count} {mood}" for mood, count in sorted(provider.met.items()) if mood != "well")
    note = (
        f"seed {plan.seed}, {plan.database}{_beside(plan)}; {found.around_a_send} killed just after a request;"
        f" {found.sent} sent once, {found.unknown} unknown, {found.doubles} doubles;"
        f" {len(provider.asked)} requests to the provider ({met or 'all well'}), {len(provider.ledger)} lines in its ledger,"
        f" {len(provider.receipt_statuses)} receipts"
    )
    killed = Line(
        "worker killed while it sends",
        faults=plan.kills,
        acknowledged=found.events,
        lost=found.lost,
        reads=len(provider.asked),
        wrong=found.doubles,
        note=note,
    )
    return [killed, left]


def _beside(plan: Plan) -> str:
    return f", {plan.beside} more workers beside it" if plan.beside else ""


async def _drill(home: Path, provider: AliyunServer, plan: Plan) -> tuple[Found, Line]:
    seconds = {
        "ALIYUN_SETTLE_SECONDS": SETTLE_SECONDS,
        "MESSAGE_SECONDS": MESSAGE_SECONDS,
        "NOTICE_LEASE_SECONDS": LEASE_SECONDS,
    }
    async with messaging.place(home, provider, plan.database, **seconds) as here:
        with messaging.server(here) if plan.misbehaves else nullcontext() as url:
            provider.callback = f"{url}/api/v1/callbacks/aliyun/{SECRET_PATH}"
            found = await _kill(here, provider, plan)
        tokens = [str(row["params"]["code"]) for row in provider.ledger]
        return found, await leavings.line(here, tokens, plan.seed)


async def _kill(here: Place, provider: AliyunServer, plan: Plan) -> Found:
    """One worker after another, then a last one that lives."""
    dice, events, around_a_send = random.Random(plan.seed), 0, 0
    provider.misbehaves(plan.seed, plan.misbehaves)
    with ExitStack() as stack:
        for _ in range(plan.beside):
            stack.enter_context(messaging.worker(here))
        for number in range(plan.kills):
            provider.reports = dice.choice(REPORTS) if plan.misbehaves else "never"
            for _ in range(dice.randint(1, MOST_AT_ONCE)):
                await messaging.report(here, events)
                events += 1
            around_a_send += await _live_and_die(here, provider, dice, around_a_send=number % 2 == 0)
        provider.misbehaves(plan.seed, 0.0)
        provider.let_go()
        with messaging.worker(here):
            await messaging.until_at_rest(events, REST_SECONDS)
    found = await _found(provider, events)
    found.around_a_send = around_a_send
    return found


async def _live_and_die(here: Place, provider: AliyunServer, dice: random.Random, *, around_a_send: bool) -> bool:
    """A worker lives a moment: until a request has just reached the provider, which is true then, or any other."""
    moment, after = dice.uniform(0.0, LONGEST_LIFE_SECONDS), dice.uniform(0.0, AROUND_SECONDS)
    asked = len(provider.asked)
    with messaging.worker(here) as child:
        if not around_a_send:
            await asyncio.sleep(moment)
            return False
        reached = await _until_asked(provider, asked, child)
        await asyncio.sleep(after)
        return reached


async def _until_asked(provider: AliyunServer, asked: int, child: Child) -> bool:
    end = time.monotonic() + 2 * LONGEST_LIFE_SECONDS
    while len(provider.asked) == asked and time.monotonic() < end and child.poll() is None:
        await asyncio.sleep(0.001)
    return len(provider.asked) > asked


async def _found(provider: AliyunServer, events: int) -> Found:
    """Each event has exactly one message in the ledger, or a row that says unknown. Anything else is a double, or lost."""
    messages = Counter(str(row["phone"]) for row in provider.ledger)
    rows = {row.event: row.state for row in await Notice.all()}
    owners = {f"exam:{exam.id}": phone_of(int(exam.accession[1:])) for exam in await Exam.all()}
    found = Found(events=events)
    found.lost = events - len(rows)
    for event, state in rows.items():
        count = messages[owners[event]]
        found.doubles += count > 1
        found.unknown += state == NoticeState.UNKNOWN
        found.sent += count == 1 and state != NoticeState.UNKNOWN
        found.lost += (count == 0 or state not in messaging.AT_REST) and state != NoticeState.UNKNOWN
    return found
