"""Notices: `notices list` those that a person must look at, `notices replay` the failed ones, `notices outcome ID --sent
yes|no` settles one of which nobody could say it, `notices release|discard --hospital CODE` ends the stop after a burst,
`notices channels` shows which rest. It prints no number, name or text."""

from __future__ import annotations

import argparse
import asyncio
import os

from api.operator import operator_entry
from api.services import Services, open_services
from core.clock import now
from core.errors import Invalid
from infra.settings import Settings, from_environ
from notify import desk, rules
from notify.models import Notice, NoticeChannel, NoticeState

MOST_LISTED = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do, with which notices."""
    parser.add_argument("action", choices=["list", "replay", "outcome", "release", "discard", "channels"])
    parser.add_argument("ids", metavar="ID", nargs="*", help="as `list` prints them")
    parser.add_argument("--hospital", metavar="CODE", help="only of this hospital")
    parser.add_argument("--sent", choices=["yes", "no"], help="with outcome: whether it was sent")


def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    if arguments.action in ("release", "discard") and not arguments.hospital:
        raise Invalid(f"`notices {arguments.action}` needs --hospital")
    if arguments.action == "outcome" and not (arguments.ids and arguments.sent and arguments.hospital):
        raise Invalid("`notices outcome` needs --hospital, --sent yes or no, and an ID from `notices list`")
    asyncio.run(_run(from_environ(os.environ), arguments))
    return 0


async def _run(settings: Settings, arguments: argparse.Namespace) -> None:
    async with open_services(settings, None) as services:
        if arguments.action == "list":
            return await _list(arguments.hospital)
        if arguments.action == "channels":
            return await _channels(services)
        await services.trail.record(operator_entry(arguments.hospital or "-", action="notices", what=arguments.action))
        if arguments.action == "replay":
            print(f"{await desk.replay(now(), arguments.hospital)} open again")
        elif arguments.action == "outcome":
            for each in arguments.ids:
                row = await desk.decide(arguments.hospital, each, sent=arguments.sent == "yes", now=now())
                print(f"{row.out_id}\t{row.state.value}")
        else:
            if arguments.action == "discard":
                print(f"{await desk.discard(arguments.hospital, now())} discarded")
            await rules.release(arguments.hospital, now())


async def _list(hospital: str | None) -> None:
    rows = Notice.filter(state__in=(NoticeState.FAILED, NoticeState.UNKNOWN))
    for row in await rows.filter(**({"hospital_id": hospital} if hospital else {})).order_by("id").limit(MOST_LISTED):
        print(
            f"{row.out_id}\t{row.created_at:%Y-%m-%dT%H:%M:%SZ}\t{row.hospital_id}\t{row.kind}\t{row.state.value}\t{row.reason}"
        )
    for code in await rules.stopped_hospitals():
        if hospital in (None, code):
            print(f"{code}\tstopped by a burst: look, then `notices release` or `notices discard`")


async def _channels(services: Services) -> None:
    known = {row.name: row for row in await NoticeChannel.all()}
    for name in sorted({*services.people.channels, *known}):
        row = known.get(name)
        resting = row.rests_until if row and row.rests_until and row.rests_until > now() else None
        state = f"rests until {resting:%H:%M:%S} UTC" if resting else "works"
        there = name.partition(":")[0] in services.people.channels
        print(f"{name}\t{state if there else 'not set up'}\t{row.failures if row else 0} failures")
