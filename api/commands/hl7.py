"""HL7 messages that could not be taken: `hl7 list`, `hl7 show ID` prints one as it came (it holds personal data), and
`hl7 replay ID…` or `hl7 replay --all` takes them again once their cause is mended."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Iterable

from api.mllp import taking
from api.operator import operator_entry
from api.services import Services, open_services
from core.clock import now
from core.errors import Invalid
from infra.settings import Settings, from_environ
from records.hl7.taking import Code, dead, kept
from records.models import Hl7Message

MOST_LISTED = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do with which messages."""
    parser.add_argument("action", choices=["list", "show", "replay"])
    parser.add_argument("ids", metavar="ID", nargs="*", help="as `list` prints them")
    parser.add_argument("--all", action="store_true", help="replay everything on the list, oldest first")
    parser.add_argument("--hospital", metavar="CODE", help="only of this hospital")


def run(arguments: argparse.Namespace) -> int:
    """Exit 1 when a replayed message could not be taken again."""
    if arguments.action != "list" and not arguments.ids and not arguments.all:
        raise Invalid(f"`hl7 {arguments.action}` needs an ID from `hl7 list`")
    return asyncio.run(_run(from_environ(os.environ), arguments))


async def _run(settings: Settings, arguments: argparse.Namespace) -> int:
    async with open_services(settings, None) as services:
        if arguments.action == "list":
            return _list(await dead(arguments.hospital, MOST_LISTED))
        listed = reversed(await dead(arguments.hospital, MOST_LISTED)) if arguments.all else []
        messages = [*listed, *[await kept(each) for each in arguments.ids]]
        if arguments.action == "show":
            return await _show(services, messages)
        return await _replay(services, messages)


def _list(messages: Iterable[Hl7Message]) -> int:
    for each in messages:
        print(f"{each.id}\t{each.received_at:%Y-%m-%dT%H:%M:%SZ}\t{each.hospital_id}\t{each.message_type}\t{each.error}")
    return 0


async def _show(services: Services, messages: Iterable[Hl7Message]) -> int:
    reader = taking(services)
    for each in messages:
        await services.trail.record(operator_entry(each.hospital_id, action="read", what="hl7"))
        print(reader.text_of(each))
    return 0


async def _replay(services: Services, messages: Iterable[Hl7Message]) -> int:
    again, failed = taking(services), 0
    for each in messages:
        answer = await again.replay(each, now())
        await services.trail.record(operator_entry(each.hospital_id, action="hl7-replay", what=answer.code))
        failed += answer.code is not Code.ACCEPTED
        print(f"{each.id}\t{answer.code}")
    services.sessions_epoch.advance()
    return 1 if failed else 0
