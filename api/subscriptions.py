"""What I agreed to receive in WeChat or Alipay: each tap is one message there in place of an SMS."""

from __future__ import annotations

import re
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api.access import needs
from api.bodies import Field, body, choice, filled, flag, many
from api.forms import answer
from api.services import Services
from core.clock import now
from core.errors import Conflict, InvalidField
from core.grants import Role
from identity.models import Binding, Login
from identity.persons import require_person
from notify.channels import Channel, acceptances
from notify.channels.acceptances import Subject
from notify.models import NoticeTemplate

routes = Blueprint("subscriptions", url_prefix="/api/v1/me/subscriptions")
CHANNELS = ("wechat", "alipay")
MOST_AT_ONCE = 3  # of one dialogue in either of the two
_TAP = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
ACCEPTED = {
    "channel": Field(choice(*CHANNELS), required=True),
    "tap": Field(filled(64), required=True),
    "templates": Field(many(filled(64), MOST_AT_ONCE), required=True),
    "lasting": Field(flag, default=False),
}


@routes.get("/", name="list")
@needs(Role.PATIENT)
async def subscriptions(request: Request) -> HTTPResponse:
    """What is left of what I agreed to, and the templates that my hospitals can send."""
    person = (await require_person(request.ctx.grant.subject)).id
    services: Services = request.app.ctx.services
    subjects = [each for name in CHANNELS for each in await _subjects(person, name, services.people.channels.get(name))]
    hospitals = await Binding.filter(person_id=person, revoked_at=None).distinct().values_list("hospital_id", flat=True)
    offered = await NoticeTemplate.filter(hospital_id__in=list(hospitals), channel__in=CHANNELS).order_by("hospital_id", "id")
    return answer({**await _left(subjects), "offered": [_offer(each) for each in offered]})


@routes.post("/", name="accept")
@needs(Role.PATIENT)
async def accept(request: Request) -> HTTPResponse:
    """I agreed to these templates by one tap; `tap` is the phone's own number of it, so that it may tell it again."""
    said, at = await body(request, ACCEPTED), now()
    services: Services = request.app.ctx.services
    person = await require_person(request.ctx.grant.subject)
    if not _TAP.fullmatch(said["tap"]):
        raise InvalidField("tap", "not-a-choice")
    templates = list(dict.fromkeys(said["templates"]))
    known = await NoticeTemplate.filter(channel=said["channel"], code__in=templates).values_list("code", flat=True)
    if not templates or set(templates) - set(known):
        raise InvalidField("templates", "not-a-choice")
    subjects = await _subjects(person.id, said["channel"], services.people.channels.get(said["channel"]))
    if not subjects:
        raise Conflict("log in with this app first: the message goes to the account there")
    await acceptances.accept(subjects[0], templates, said["tap"], lasting=said["lasting"], now=at)
    return answer(await _left(subjects), 201)


async def _subjects(person: str, name: str, channel: Channel | None) -> list[Subject]:
    """The person's accounts at a provider, the one that messages go to first."""
    app_id = getattr(channel, "app_id", "")
    if not app_id:
        return []
    logins = Login.filter(person_id=person, provider=name, app_id=app_id, kind__in=("openid", "userid"))
    return [Subject(name, row.subject_index) for row in await logins.order_by("-id")]


async def _left(subjects: list[Subject]) -> dict[str, Any]:
    found = await acceptances.left(subjects)
    items = [{"channel": e.channel, "template": e.template, "left": e.left, "lasting": e.lasting} for e in found]
    return {"items": items, "next": None}


def _offer(row: NoticeTemplate) -> dict[str, str]:
    return {"hospital": row.hospital_id, "channel": row.channel, "kind": row.kind, "template": row.code}
