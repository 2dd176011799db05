"""Print one bearer token and nothing else."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
from datetime import datetime, timedelta

from api.operator import operator_entry
from core.clock import now
from core.errors import Invalid
from core.grants import Role
from identity import tokens
from identity.models import Person
from identity.persons import Persons
from identity.sessions import issue
from infra import staff
from infra.audit import DEPLOYMENT, Trail
from infra.database import close_database, open_database
from infra.sealing import Sealer
from infra.settings import Settings, from_environ
from infra.staff import Staff
from records import identifiers

ROLES = [role.value for role in Role if role not in (Role.LINK, Role.THIRD_PARTY)]  # whose tokens only a proof gives
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LIFE = re.compile(r"([0-9]{1,7})([smhd])")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """For whom, and for how long."""
    parser.add_argument("--role", required=True, choices=ROLES, help="what its bearer may do")
    parser.add_argument("--hospital", metavar="CODE", help="of which hospital (every role but patient)")
    parser.add_argument("--person", metavar="ID", help="whose token it is; a patient's needs it; in a demo also a phone")
    parser.add_argument("--name", metavar="NAME", default="", help="of the member of staff; kept sealed")
    parser.add_argument("--department", metavar="CODE", default="", help="of the member of staff, code or name")
    parser.add_argument("--ttl", type=life, default=timedelta(hours=1), metavar="1h", help="30s, 15m, 1h, 90d (default 1h)")


def run(arguments: argparse.Namespace) -> int:
    """Print the token."""
    role = Role(arguments.role)
    if role is Role.PATIENT and not arguments.person:
        raise Invalid("--person ID is needed for a patient's token")
    if role is not Role.PATIENT and not arguments.hospital:
        raise Invalid("--hospital CODE is needed for this role")
    if role is Role.PATIENT and (arguments.name or arguments.department):
        raise Invalid("--name and --department are for staff")
    print(asyncio.run(_issue(from_environ(os.environ), role, arguments)))
    return 0


async def _issue(settings: Settings, role: Role, arguments: argparse.Namespace) -> str:
    await open_database(settings)
    try:
        subject, hospital, at = await _subject(settings, role, arguments), arguments.hospital, now()
        token = await issue(settings.keys, role=role, hospital=hospital, subject=subject, life=arguments.ttl, now=at)
        await _tell_staff(settings, token, Staff(arguments.department, arguments.name), at)
        await Trail(settings.keys).record(operator_entry(hospital or DEPLOYMENT, action="token", what=role.value))
        return token
    finally:
        await close_database()


async def _tell_staff(settings: Settings, token: str, who: Staff, at: datetime) -> None:
    if who != Staff():
        await staff.tell(Sealer(settings.keys), tokens.read(token, settings.keys.tokens, at).session, who)


async def _subject(settings: Settings, role: Role, arguments: argparse.Namespace) -> str:
    if role is Role.PATIENT:
        return await _person(settings, arguments.person)
    return arguments.person or f"{role.value}-{arguments.hospital}"


async def _person(settings: Settings, said: str) -> str:
    """The id of a person; a demo also takes the phone of one, who is made if there is none yet. Raises Invalid for nobody's."""
    phone = identifiers.phone(said)
    if not (settings.demo and phone.usable and said.lstrip("+").isdigit()):
        if not await Person.exists(id=said, deleted_at=None):
            raise Invalid("nobody has this id: --person takes the `id` that /api/v1/me tells; in a demo also a phone")
        return said
    return await Persons(Sealer(settings.keys)).of_phone(phone.number, now())


def life(text: str) -> timedelta:
    """90d, 1h, 15m, 30s."""
    match = _LIFE.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError("a number with s, m, h or d behind it, such as 1h")
    return timedelta(**{UNITS[match[2]]: int(match[1])})
