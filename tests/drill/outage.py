"""The provider of messages is away for minutes while thousands of notices are due, and login codes are asked for meanwhile."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from api.people import People, open_people
from core.clock import now
from identity.sms_codes import Purpose
from infra.epoch import sessions_epoch
from notify.channels import Channel, codes
from notify.models import Notice, NoticeState
from tests.drill import leavings, messaging
from tests.drill.ledger import Line
from tests.drill.messaging import NEVER_MANY, START_SECONDS, Place
from tests.parts import gateway
from tests.parts.aliyun import AliyunServer
from tests.parts.gateway import GatewayServer

CODE_TEMPLATE = "SMS_CODE"
COUNTRY = "+86"
OPEN = (NoticeState.WAITING, NoticeState.CLAIMED)
CODES_BEFORE = 10
CODE_EVERY_SECONDS = 1.0
MANY_WAITING = 1000
LOOKED_FOR = 50  # phones, names and tokens of all, in some ten megabytes
PER_SECOND = 100  # that the provider is asked to take
SECONDS_A_NOTICE = 0.5  # at most, to be decided on and to leave


@dataclass(slots=True)
class Code:
    """One that was asked for: how long that took, how many notices waited then, and how many of them left before it."""

    phone: str
    when: str
    seconds: float
    waiting: int
    overtaken: int

    @property
    def waited_behind(self) -> bool:
        """True when all that waited left first; of a few that says nothing on a busy machine."""
        return self.overtaken >= self.waiting >= MANY_WAITING


@dataclass(slots=True)
class World:
    """Who takes part, and what was measured."""

    here: Place
    provider: AliyunServer
    people: People
    lane: Mapping[str, Channel]
    codes: list[Code] = field(default_factory=list)

    async def code(self, when: str) -> None:
        """Somebody asks for a login code, by a phone of their own: as the server does it."""
        phone = f"{COUNTRY}138{len(self.codes):08}"
        waiting, before = await Notice.filter(state__in=OPEN).count(), self.notices_sent()
        begun = time.perf_counter()
        issued = await self.people.sms_codes.issue(phone, Purpose.LOGIN, "127.0.0.1", now())
        await codes.login_code(self.lane, phone, issued.code)
        seconds = time.perf_counter() - begun
        self.codes.append(Code(phone, when, seconds, waiting, self.notices_sent() - before))

    async def codes_until(self, done: asyncio.Task[object], when: str) -> None:
        """One a second."""
        while not done.done():
            await self.code(when)
            await asyncio.wait([done], timeout=CODE_EVERY_SECONDS)

    def notices_sent(self) -> int:
        """So many are in the provider's ledger."""
        return sum(row["template"] != CODE_TEMPLATE for row in self.provider.ledger)


def drill(notices: int, outage_seconds: float, *, per_second: int = PER_SECOND, database: str = "sqlite") -> list[Line]:
    """So many reports become final while the provider is away for so long, or for as long as it takes to say them all."""
    provider, other = AliyunServer(), GatewayServer()
    with tempfile.TemporaryDirectory(prefix="cloudfilm-drill-") as folder, other.running():
        return asyncio.run(_drill(Path(folder) / "home", provider, other, notices, outage_seconds, per_second, database))


async def _drill(
    home: Path,
    provider: AliyunServer,
    other: GatewayServer,
    notices: int,
    outage_seconds: float,
    per_second: int,
    database: str,
) -> list[Line]:
    """What became of notices and codes, and what was left lying."""
    settings: dict[str, str | int] = {
        "NOTICES_PER_SECOND": per_second,
        "ALIYUN_CODE_TEMPLATE": CODE_TEMPLATE,
        "SMS_PER_HOUR": NEVER_MANY,
        "SMS_PER_ADDRESS_PER_HOUR": NEVER_MANY,
        "GATEWAY_URLS": f"*={other.url}{gateway.PATH}",  # carries codes alone: the hospital does not send by it
        "GATEWAY_SECRETS": f"*={gateway.SECRET}",
    }
    with ExitStack() as there:
        there.enter_context(provider.running())
        port = int(provider.url.rsplit(":", 1)[1])
        async with messaging.place(home, provider, database, **settings) as here, _people(here) as people:
            world = World(here, provider, people, {name: people.channels[name] for name in ("aliyun", "gateway")})
            with messaging.worker(here):
                for _ in range(CODES_BEFORE):
                    await world.code("before")
                there.close()
                away = await _away(world, notices, outage_seconds)
                there.enter_context(provider.running(port))
                seconds = await _back(world, notices, per_second)
            tokens = [str(row["params"]["code"]) for row in provider.ledger if row["template"] != CODE_TEMPLATE]
            told = _line(world, other, notices, away, seconds)
            asked = [code.phone.removeprefix(COUNTRY) for code in world.codes]
            left = await leavings.line(here, tokens, most=LOOKED_FOR, asked_for_codes=asked)
            return [replace(told, note=f"{database}; {told.note}"), left]


@asynccontextmanager
async def _people(here: Place) -> AsyncIterator[People]:
    epoch = sessions_epoch(here.settings.home)
    async with open_people(here.settings, epoch) as people:
        yield people
    epoch.close()


async def _away(world: World, notices: int, least_seconds: float) -> float:
    """All reports become final, all are decided on, and it lasts as long as it was to last."""
    begun = time.monotonic()

    async def said() -> None:
        for number in range(notices):
            await messaging.report(world.here, number)
        await messaging.until_at_rest(notices, START_SECONDS + notices * SECONDS_A_NOTICE, OPEN)
        await asyncio.sleep(max(0.0, least_seconds - (time.monotonic() - begun)))

    work = asyncio.create_task(said())
    await world.codes_until(work, "while it was away")
    await work
    return time.monotonic() - begun


async def _back(world: World, notices: int, per_second: int) -> float:
    begun = time.monotonic()
    longest = START_SECONDS + notices * max(SECONDS_A_NOTICE, 1 / per_second)
    work = asyncio.create_task(messaging.until_at_rest(notices, longest))
    await world.codes_until(work, "while they left")
    await work
    return time.monotonic() - begun


def _line(world: World, other: GatewayServer, notices: int, away: float, seconds: float) -> Line:
    messages = Counter(str(row["phone"]) for row in world.provider.ledger)
    carried = messages + Counter(str(row["to"]).removeprefix(COUNTRY) for row in other.ledger)
    told = [messages[messaging.phone_of(number)] for number in range(notices)]
    answered = [carried[code.phone.removeprefix(COUNTRY)] for code in world.codes]
    return Line(
        "provider of messages away",
        faults=1,
        acknowledged=notices,
        lost=told.count(0),
        reads=len(world.codes),
        wrong=sum(each > 1 for each in (*told, *answered)),
        failed_reads=answered.count(0) + sum(code.waited_behind for code in world.codes),
        healed=len(told) - told.count(0),
        note="; ".join([f"{away:.0f} s away, all gone {seconds:.0f} s afterwards", *_latencies(world.codes)]),
    )


def _latencies(codes: Sequence[Code]) -> Iterator[str]:
    """The lane of login codes in the three times, to compare."""
    for when in dict.fromkeys(code.when for code in codes):
        took = sorted(1000 * code.seconds for code in codes if code.when == when)
        waiting = max(code.waiting for code in codes if code.when == when)
        overtaken = max(code.overtaken for code in codes if code.when == when)
        yield (
            f"{len(took)} codes {when}: p50 {statistics.median(took):.0f} ms, max {took[-1]:.0f} ms, "
            f"with up to {waiting} notices waiting, at most {overtaken} of which left in the meantime"
        )
