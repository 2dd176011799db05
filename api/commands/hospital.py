"""Set up a hospital (a tenant), change its name and rules, show one, or list them all."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from textwrap import fill
from typing import Any
from zoneinfo import available_timezones

from api.operator import operator_entry
from core.errors import Invalid
from infra.audit import Trail
from infra.database import close_database, open_database
from infra.epoch import sessions_epoch
from infra.settings import Settings, from_environ
from records import hospitals
from records.hospitals import Told
from records.models import Hospital, HospitalGroup
from records.policies import Policies, from_json, to_json

_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")  # it becomes part of URLs and of names in the stores
_LONGEST = {"help_phone": 32, "alias": 64}
RULES = tuple(each.name for each in fields(Policies))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which hospital; none lists them."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EXAMPLES
    parser.add_argument("code", metavar="CODE", nargs="?", help="short name: small letters, digits, hyphens; none = list")
    parser.add_argument("--name", help="full name, as printed on reports")
    parser.add_argument("--zone", help="IANA time zone of its dates (of a new one Asia/Shanghai)")
    parser.add_argument("--group", metavar="CODE", help="hospitals of one group trust each other's proof of who a patient is")
    parser.add_argument("--group-name", metavar="NAME", help="full name of a new group")
    parser.add_argument("--help-phone", metavar="PHONE", help="whom a patient may ring")
    parser.add_argument("--alias", metavar="NAME", help="name in messages that reveals nothing, '' = none")
    parser.add_argument("--policies", metavar="FILE", type=Path, help="JSON object of rules; those not named stay as they are")
    parser.add_argument("--set", metavar="RULE=JSON", action="append", default=[], help="one rule; may be given several times")
    parser.add_argument("--show", action="store_true", help="print the hospital with all its rules, as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Make, change, show or list."""
    if not all(_CODE.fullmatch(code) for code in (arguments.code, arguments.group) if code):
        raise Invalid("the code of a hospital or group is small letters, digits and hyphens, at most 32")
    if arguments.zone and arguments.zone not in available_timezones():
        raise Invalid(f"no time zone is called {arguments.zone}")
    if not arguments.code and (_told(arguments) or arguments.show or arguments.name or arguments.group):
        raise Invalid("name the hospital: CODE")
    asyncio.run(_run(from_environ(os.environ), arguments, _told(arguments)))
    return 0


async def _run(settings: Settings, arguments: argparse.Namespace, told: Mapping[str, Any]) -> None:
    await open_database(settings)
    try:
        if arguments.name or (arguments.code and not arguments.show):
            await set_up(arguments.code, arguments.name, arguments.zone)
        if arguments.code and arguments.group:
            await join(arguments.code, arguments.group, arguments.group_name)
        if told:
            await hospitals.put(await _known(arguments.code), Told(**told))
            what = ",".join(sorted({*told, *told.get("policies", {})} - {"policies"}))
            await Trail(settings.keys).record(operator_entry(arguments.code, action="put-hospital", what=what))
            sessions_epoch(settings.home).close()  # opening it makes a running server ask anew who may see what
        print(await _shown(arguments.code) if arguments.show else await _list(), end="")
    finally:
        await close_database()


async def set_up(code: str, name: str | None, zone: str | None = None) -> None:
    """Make the hospital, or give it this name and zone; raises Invalid for a new one without a name."""
    known = await Hospital.get_or_none(code=code)
    if known is None and not name:
        raise Invalid("a new hospital needs --name")
    if known is None:
        await Hospital.create(code=code, name=name, zone=zone or "Asia/Shanghai")
        return
    await Hospital.filter(code=code).update(name=name or known.name, zone=zone or known.zone)


async def join(code: str, group: str, group_name: str | None) -> None:
    """Put the hospital into the group; raises Invalid for a new group without a name."""
    if not await HospitalGroup.exists(code=group):
        if not group_name:
            raise Invalid("a new group needs --group-name")
        await HospitalGroup.create(code=group, name=group_name)
    await Hospital.filter(code=code).update(group_id=group)


def _told(arguments: argparse.Namespace) -> dict[str, Any]:
    """What is to be set beside name, zone and group; raises Invalid for a rule that is unknown or impossible."""
    rules = _rules(arguments.policies, arguments.set)
    from_json(rules)
    named = {"help_phone": arguments.help_phone, "alias": arguments.alias, "policies": rules or None}
    told = {name: value for name, value in named.items() if value is not None}
    for name, most in _LONGEST.items():
        if len(told.get(name, "")) > most:
            raise Invalid(f"--{name.replace('_', '-')} has at most {most} characters")
    return told


def _rules(file: Path | None, said: Sequence[str]) -> dict[str, Any]:
    rules = _json(_read(file), str(file)) if file else {}
    if not isinstance(rules, dict):
        raise Invalid(f"{file} is not a JSON object")
    for each in said:
        name, equals, value = each.partition("=")
        if not equals:
            raise Invalid(f"--set {each}: write RULE=JSON; rules are {', '.join(RULES)}")
        rules[name] = _json(value, f"--set {name}")
    unknown = ", ".join(sorted(rules.keys() - set(RULES)))
    if unknown:
        raise Invalid(f"no rule is called {unknown}; rules are {', '.join(RULES)}")
    return rules


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{file} cannot be read") from error


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Invalid(f"{where} is not JSON") from error


async def _known(code: str) -> str:
    if not await Hospital.exists(code=code):
        raise Invalid(f"no hospital has the code {code}")
    return code


async def _shown(code: str) -> str:
    document = await hospitals.described(await _known(code))
    document["policies"] = to_json(from_json(document["policies"]))
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


async def _list() -> str:
    rows = await Hospital.all().order_by("code")
    return "".join(f"{row.code}\t{row.name}\t{row.zone}\n" for row in rows)


_EXAMPLES = f"""{fill("rules: " + ", ".join(RULES), 100)}

examples:
  python -m api hospital demo --show
  python -m api hospital demo --help-phone 010-55550100 --set digital_service_default=false
  python -m api hospital demo --set 'fees=[{{"state": "free", "way": "qr"}}, {{"state": "charged", "category": "radiology"}}]'
  python -m api hospital demo --set 'kiosk_factors={{"visit_card": ["name", "birth_date"]}}'
  python -m api hospital demo --policies rules.json

The same by API: GET and PUT /api/v1/admin/hospital, with an administrator's token.
"""
