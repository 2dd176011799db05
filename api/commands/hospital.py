"""Set up a hospital (a tenant), change its name, or list them all."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
from zoneinfo import available_timezones

from core.errors import Invalid
from infra.database import close_database, open_database
from infra.settings import Settings, from_environ
from records.models import Hospital, HospitalGroup

_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")  # it becomes part of URLs and of names in the stores


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which hospital; none lists them."""
    parser.add_argument("code", metavar="CODE", nargs="?", help="short name: small letters, digits, hyphens; none = list")
    parser.add_argument("--name", help="full name, as printed on reports")
    parser.add_argument("--zone", default="Asia/Shanghai", help="IANA time zone of its dates (default Asia/Shanghai)")
    parser.add_argument("--group", metavar="CODE", help="hospitals of one group trust each other's proof of who a patient is")
    parser.add_argument("--group-name", metavar="NAME", help="full name of a new group")


def run(arguments: argparse.Namespace) -> int:
    """Make, rename or list."""
    if not all(_CODE.fullmatch(code) for code in (arguments.code, arguments.group) if code):
        raise Invalid("the code of a hospital or group is small letters, digits and hyphens, at most 32")
    if arguments.zone not in available_timezones():
        raise Invalid(f"no time zone is called {arguments.zone}")
    asyncio.run(_run(from_environ(os.environ), arguments))
    return 0


async def _run(settings: Settings, arguments: argparse.Namespace) -> None:
    await open_database(settings)
    try:
        if arguments.code:
            await set_up(arguments.code, arguments.name, arguments.zone)
        if arguments.code and arguments.group:
            await join(arguments.code, arguments.group, arguments.group_name)
        for hospital in await Hospital.all().order_by("code"):
            print(f"{hospital.code}\t{hospital.name}\t{hospital.zone}")
    finally:
        await close_database()


async def set_up(code: str, name: str | None, zone: str = "Asia/Shanghai") -> None:
    """Make the hospital, or give it this name and zone; raises Invalid for a new one without a name."""
    known = await Hospital.get_or_none(code=code)
    if known is None and not name:
        raise Invalid("a new hospital needs --name")
    if known is None:
        await Hospital.create(code=code, name=name, zone=zone)
        return
    await Hospital.filter(code=code).update(name=name or known.name, zone=zone)


async def join(code: str, group: str, group_name: str | None) -> None:
    """Put the hospital into the group; raises Invalid for a new group without a name."""
    if not await HospitalGroup.exists(code=group):
        if not group_name:
            raise Invalid("a new group needs --group-name")
        await HospitalGroup.create(code=group, name=group_name)
    await Hospital.filter(code=code).update(group_id=group)
