"""Notices as a hospital sees them: counts, list, history, sending again, rules, templates, opt-outs, bursts, maintenance."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, TypeVar

from sanic import Blueprint, HTTPResponse, Request

from api import bodies
from api.access import address_of, needs
from api.bodies import Field
from api.forms import asked, limit_of
from api.hospital.saying import DECIDES, SYSTEMS, home, json, number
from api.services import Services
from api.wishes import off
from core.clock import now, rfc3339
from core.errors import InvalidField
from core.grants import Role
from infra.audit import by
from notify import desk, maintenance, rules, templates
from notify.desk import Wanted
from notify.kinds import ABOUT, Kind
from notify.models import Maintenance, Notice, NoticeState, NoticeStep, NoticeTemplate
from records.policies import CATEGORIES
from records.writing import writing

routes = Blueprint("notices", url_prefix="/api/v1/hospital/notices")
LOOKS = (*SYSTEMS, Role.GUIDE)
DAYS_COUNTED = 7

T = TypeVar("T")


def _names(name: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or len(value) > 20:
        raise InvalidField(name, "not-an-object")
    read = bodies.filled(35)
    return {read(name, theirs): read(name, ours) for theirs, ours in value.items()}


_RULES = {
    "channels": Field(bodies.many(bodies.filled(16), 10)),
    "quiet_from": Field(bodies.text(5)),
    "quiet_to": Field(bodies.text(5)),
    "images_expected": Field(bodies.many(bodies.choice(*CATEGORIES), len(CATEGORIES))),
    "images_minutes": Field(bodies.number(*rules.BOUNDS["images_minutes"])),
    "escalate_minutes": Field(bodies.number(*rules.BOUNDS["escalate_minutes"])),
    "most_an_hour": Field(bodies.number(*rules.BOUNDS["most_an_hour"])),
}
_TEMPLATE = {
    "code": Field(bodies.text(64), default=""),
    "text": Field(bodies.filled(templates.LONGEST_TEXT), required=True),
    "names": Field(_names, default={}),
    "signature": Field(bodies.text(32), default=""),
}
_RELEASE = {"send": Field(bodies.flag, required=True)}
_OUTCOME = {"sent": Field(bodies.flag, required=True)}
_MAINTENANCE = {
    "starts_at": Field(bodies.moment, required=True),
    "ends_at": Field(bodies.moment, required=True),
    "text": Field(bodies.filled(200), required=True),
    "emergency": Field(bodies.flag, default=False),
}


@routes.get("/", name="list")
@needs(*LOOKS)
async def listed(request: Request) -> HTTPResponse:
    """Notices, newest first; filtered by state, kind, channel and exam. No number, name or text in them."""
    said = asked(request, "state", "kind", "channel", "exam", "limit", "cursor")
    _known("state", said.get("state"), NoticeState)
    _known("kind", said.get("kind"), Kind)
    limit = limit_of(said)
    wanted = Wanted(
        state=said.get("state", ""),
        kind=said.get("kind", ""),
        channel=said.get("channel", ""),
        exam=said.get("exam", ""),
        before=said.get("cursor", ""),
        limit=limit + 1,
    )
    rows = await desk.listed(home(request), wanted)
    return json({"items": [_item(row) for row in rows[:limit]], "next": rows[limit - 1].out_id if len(rows) > limit else None})


@routes.get("/counts", name="counts")
@needs(*SYSTEMS)
async def counts(request: Request) -> HTTPResponse:
    """How many by state, channel, kind, template and hour: of the last seven days, or between `from` and `to` (RFC 3339)."""
    said, at = asked(request, "from", "to"), now()
    until = bodies.moment("to", said["to"]) if "to" in said else at
    since = bodies.moment("from", said["from"]) if "from" in said else until - timedelta(days=DAYS_COUNTED)
    if not timedelta() <= until - since <= desk.LONGEST_SPAN:
        raise InvalidField("from", "impossible-time")
    rows = await desk.counts(home(request), since, until)
    items = [{**row, "state": str(row["state"]), "hour": rfc3339(row["hour"], "auto")} for row in rows]
    rule = await rules.of(home(request))
    return json({"items": items, "stopped_at": rfc3339(rule.stopped_at, "auto"), "most_an_hour": rules.most_an_hour(rule)})


@routes.get("/rules", name="rules")
@needs(*SYSTEMS)
async def get_rules(request: Request) -> HTTPResponse:
    """Channels in their order, quiet hours, waits, and how many notices an hour are no burst."""
    channels = sorted(request.app.ctx.services.people.channels)
    return json(rules.described(await rules.of(home(request))) | {"channels_there_are": channels})


@routes.put("/rules", name="put_rules")
@needs(*DECIDES)
async def put_rules(request: Request) -> HTTPResponse:
    """Set what is named; what is not named stays."""
    said = await bodies.body(request, _RULES)
    told = {name: list(value) if isinstance(value, tuple) else value for name, value in said.items() if value is not None}
    await _recorded(request, "put-notice-rules", rules.put(home(request), told), sorted(told))
    return json(rules.described(await rules.of(home(request))))


@routes.get("/templates", name="templates")
@needs(*SYSTEMS)
async def get_templates(request: Request) -> HTTPResponse:
    """The hospital's own templates, with the parts (SMS) that a message of each takes at most."""
    return json({"items": [_template(row) for row in await templates.of_hospital(home(request))], "next": None})


@routes.put("/templates/<channel>/<kind>", name="put_template")
@needs(*DECIDES)
async def put_template(request: Request, channel: str, kind: str) -> HTTPResponse:
    """Set the template of one kind of notice on one channel; what its provider would refuse is refused here."""
    _known("kind", kind, Kind)
    if channel not in templates.FORMS:
        raise InvalidField("channel", "not-a-choice")
    said = await bodies.body(request, _TEMPLATE)
    services: Services = request.app.ctx.services
    template = templates.Template(channel, Kind(kind), **said)
    work = templates.save(home(request), template, services.settings.base_url, now())
    return json(_template(await _recorded(request, "put-notice-template", work, [channel, kind])))


@routes.delete("/templates/<channel>/<kind>", name="remove_template")
@needs(*DECIDES)
async def remove_template(request: Request, channel: str, kind: str) -> HTTPResponse:
    """No template any more: the channel says our own words, or nothing where it needs one."""
    await _recorded(request, "remove-notice-template", templates.remove(home(request), channel, kind), [channel, kind])
    return HTTPResponse(status=204)


@routes.post("/release", name="release")
@needs(*DECIDES)
async def release(request: Request) -> HTTPResponse:
    """A person has looked at a burst: what waits goes out (`send` true), or never (`send` false); new notices go on."""
    send = (await bodies.body(request, _RELEASE))["send"]
    at, hospital = now(), home(request)
    dropped = 0 if send else await _recorded(request, "discard-notices", desk.discard(hospital, at), [])
    await _recorded(request, "release-notices", rules.release(hospital, at), [])
    return json({"discarded": dropped})


@routes.post("/replay", name="replay")
@needs(*DECIDES)
async def replay(request: Request) -> HTTPResponse:
    """Try all failed notices again, from the first channel on."""
    return json({"replayed": await _recorded(request, "replay-notices", desk.replay(now(), home(request)), [])})


@routes.get("/opt-outs/<patient_id>", name="opt_out")
@needs(*LOOKS)
async def get_opt_out(request: Request, patient_id: str) -> HTTPResponse:
    """Whether this patient wants no messages, and which kinds and ways they turned off themselves."""
    told = number("patient_id", patient_id)
    opted_out = await desk.is_opted_out(home(request), told)
    return json({"opted_out": opted_out, "off": off(await desk.turned_off(home(request), told))})


@routes.put("/opt-outs/<patient_id>", name="put_opt_out")
@needs(*LOOKS)
async def put_opt_out(request: Request, patient_id: str) -> HTTPResponse:
    """This patient wants no messages about reports."""
    await _recorded(request, "opt-out", desk.opt_out(home(request), number("patient_id", patient_id), now()), [])
    return json({"opted_out": True})


@routes.delete("/opt-outs/<patient_id>", name="remove_opt_out")
@needs(*LOOKS)
async def remove_opt_out(request: Request, patient_id: str) -> HTTPResponse:
    """Messages again, from the next report on."""
    await _recorded(request, "opt-in", desk.opt_in(home(request), number("patient_id", patient_id)), [])
    return HTTPResponse(status=204)


@routes.get("/maintenance", name="maintenance")
@needs(*SYSTEMS)
async def get_maintenance(request: Request) -> HTTPResponse:
    """What maintenance is planned or going on."""
    return json({"items": [planned(row) for row in await maintenance.ahead(now(), home(request))], "next": None})


@routes.post("/maintenance", name="plan")
@needs(*DECIDES)
async def plan_maintenance(request: Request) -> HTTPResponse:
    """Tell of a maintenance, at least 24 hours before it begins unless it is an emergency."""
    said = await bodies.body(request, _MAINTENANCE)
    return json(
        planned(await _recorded(request, "plan-maintenance", maintenance.plan(home(request), **said, now=now()), [])), 201
    )


@routes.delete("/maintenance/<maintenance_id>", name="cancel")
@needs(*DECIDES)
async def cancel_maintenance(request: Request, maintenance_id: str) -> HTTPResponse:
    """It does not take place."""
    await _recorded(request, "cancel-maintenance", maintenance.cancel(home(request), maintenance_id, now()), [])
    return HTTPResponse(status=204)


@routes.get("/<notice>", name="one")
@needs(*LOOKS)
async def one(request: Request, notice: str) -> HTTPResponse:
    """One notice and what became of it, step by step."""
    row = await desk.one(home(request), notice)
    return json({**_item(row), "history": [_step(each) for each in await desk.history(row)]})


@routes.post("/<notice>/again", name="again")
@needs(*LOOKS)
async def again(request: Request, notice: str) -> HTTPResponse:
    """Send it once more with a new link: three times a day for one notice, 60 an hour for the hospital. On record."""
    row = await _recorded(request, "notice-again", desk.send_again(home(request), notice, now()), [notice])
    return json(_item(row), 201)


@routes.delete("/<notice>/link", name="end_links")
@needs(*LOOKS)
async def end_links(request: Request, notice: str) -> HTTPResponse:
    """End the links of all messages about these exams, and what they opened: the phone was a wrong one, or is lost."""
    links = request.app.ctx.services.people.links
    await _recorded(request, "end-notice-links", desk.end_links(links, home(request), notice, now()), [notice])
    return HTTPResponse(status=204)


@routes.post("/<notice>/outcome", name="outcome")
@needs(*DECIDES)
async def outcome(request: Request, notice: str) -> HTTPResponse:
    """A person found out whether a notice of state `unknown` was sent: body `sent`. If not, it is sent now."""
    sent = (await bodies.body(request, _OUTCOME))["sent"]
    row = await _recorded(request, "notice-outcome", desk.decide(home(request), notice, sent=sent, now=now()), [notice])
    return json(_item(row))


async def _recorded(request: Request, action: str, work: Awaitable[T], what: list[str]) -> T:
    """Do it and put it on record, in one commit."""
    services: Services = request.app.ctx.services
    async with writing(home(request)):
        done = await work
        detail = {"of": what}
        entry = by(request.ctx.grant, chain=home(request), at=now(), action=action, address=address_of(request), detail=detail)
        await services.trail.append([entry])
    return done


def _known(name: str, value: str | None, words: type[NoticeState] | type[Kind]) -> None:
    if value is not None and value not in set(words):
        raise InvalidField(name, "not-a-choice")


def _item(row: Notice) -> dict[str, Any]:
    return {
        "id": row.out_id,
        "kind": row.kind,
        "to": ABOUT[Kind(row.kind)].audience.value,
        "exams": row.exams,
        "state": str(row.state),
        "reason": row.reason,
        "channel": row.channel,
        "template": row.template,
        "provider_code": row.code,
        "attempts": row.attempts,
        "created_at": rfc3339(row.created_at, "auto"),
        "due_at": rfc3339(row.due_at, "auto"),
        "sent_at": rfc3339(row.sent_at, "auto"),
    }


def _step(row: NoticeStep) -> dict[str, Any]:
    return {"at": rfc3339(row.at, "auto"), "state": row.state, "channel": row.channel, "reason": row.reason}


def _template(row: NoticeTemplate) -> dict[str, Any]:
    names = ("channel", "kind", "code", "text", "names", "signature", "parts")
    return {name: getattr(row, name) for name in names} | {"updated_at": rfc3339(row.updated_at, "auto")}


def planned(row: Maintenance) -> dict[str, Any]:
    """A maintenance as JSON."""
    times = {"starts_at": rfc3339(row.starts_at, "auto"), "ends_at": rfc3339(row.ends_at, "auto")}
    return {"id": row.id, "hospital": row.hospital_id, **times, "text": row.text, "emergency": row.emergency}
