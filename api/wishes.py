"""What I want to be told, at each hospital and in each way. What warns me about my account, and login codes, always come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api.access import address_of, needs
from api.bodies import Field, body, choice, filled, flag, inner, many
from api.forms import answer
from api.services import Services
from core.clock import now, rfc3339
from core.errors import NotFound
from core.grants import Role
from identity.models import Binding
from identity.persons import require_person
from infra.audit import by
from infra.database import transaction
from notify import rules, wishes
from notify.channels import Channel
from notify.models import NoticeRule, NoticeWish
from notify.wishes import ANY, WAYS
from records.models import Hospital

routes = Blueprint("wishes", url_prefix="/api/v1/me/notices")
KINDS = tuple(wishes.optional_kinds())
OFF = {"kind": Field(choice(*KINDS), required=True), "way": Field(choice(*WAYS.values()), default=ANY)}
WANTED = {
    "hospital": Field(filled(32), required=True),
    "off": Field(many(inner(OFF), len(KINDS) * (len(WAYS) + 1)), required=True),
    "nothing": Field(flag, default=False),
}


@routes.get("/", name="list")
@needs(Role.PATIENT)
async def listed(request: Request) -> HTTPResponse:
    """At each of my hospitals: the kinds of messages that can be turned off, and whether each is on, by each way there is."""
    person = (await require_person(request.ctx.grant.subject)).id
    return answer({"items": await of_person(person, _channels(request)), "next": None})


@routes.put("/", name="put")
@needs(Role.PATIENT)
async def put(request: Request) -> HTTPResponse:
    """What is off at one hospital, in place of all that was: `off` names kinds, each with a `way` or in every way.

    `nothing` true: no message at all but warnings.
    """
    said, at = await body(request, WANTED), now()
    person, code = (await require_person(request.ctx.grant.subject)).id, said["hospital"]
    records = (await _records(person)).get(code)
    if records is None:
        raise NotFound("no such hospital of mine")
    off = {(each["kind"], each["way"]) for each in said["off"]}
    services: Services = request.app.ctx.services
    async with transaction():
        await wishes.put(code, records, off, nothing=said["nothing"], now=at)
        detail = {"off": sorted(" ".join(each).strip() for each in off), "nothing": said["nothing"]}
        entry = by(request.ctx.grant, chain=code, at=at, action="choose-notices", address=address_of(request), detail=detail)
        await services.trail.append([entry])
    rule = await rules.of(code)
    return answer(await _item(await Hospital.get(code=code), records, rule, _channels(request)))


async def of_person(person: str, channels: Mapping[str, Channel]) -> list[dict[str, Any]]:
    """What somebody wants, hospital by hospital."""
    records = await _records(person)
    hospitals = {row.code: row for row in await Hospital.filter(code__in=sorted(records))}
    orders = await rules.of_all(sorted(records))
    return [await _item(hospitals[code], records[code], orders[code], channels) for code in sorted(records)]


def off(rows: Sequence[NoticeWish]) -> list[dict[str, Any]]:
    """What a patient turned off, as JSON; no `way` says every way."""
    told = {(row.kind, row.way): rfc3339(row.at, "auto") for row in rows}
    return [{"kind": kind, "way": way or None, "since": at} for (kind, way), at in told.items()]


async def _records(person: str) -> Mapping[str, list[str]]:
    """Hospital → the records that are mine there; not those of my family."""
    found: dict[str, list[str]] = {}
    for row in await Binding.filter(person_id=person, revoked_at=None).order_by("id"):
        found.setdefault(row.hospital_id, []).append(row.record_id)
    return found


async def _item(
    hospital: Hospital, records: Sequence[str], rule: NoticeRule, channels: Mapping[str, Channel]
) -> dict[str, Any]:
    said = (await wishes.of({each: each for each in records})).together({hospital.code: records})
    ways = _ways(rule, channels)
    kinds = [
        {"kind": kind, "ways": [{"way": way, "on": said.wants(hospital.code, kind, way)} for way in ways]} for kind in KINDS
    ]
    return {
        "hospital": hospital.code,
        "name": hospital.name,
        "nothing": hospital.code in said.nothing,
        "kinds": kinds,
        "off": off(await wishes.rows_of(records)),
    }


def _ways(rule: NoticeRule, channels: Mapping[str, Channel]) -> list[str]:
    """By which the hospital may tell, the best first, in a patient's words."""
    names = rule.channels or sorted(channels)
    return list(dict.fromkeys(WAYS[channels[name].address] for name in names if name in channels))


def _channels(request: Request) -> Mapping[str, Channel]:
    services: Services = request.app.ctx.services
    return services.people.channels
