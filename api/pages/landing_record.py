"""Openings and refused tries of links, on record: which link, as whom and by what it was tried; not what was typed."""

from __future__ import annotations

from collections.abc import Mapping

from sanic import Request

from api.access import address_of
from api.services import Services
from core.clock import now
from core.grants import Role
from identity.links import Link
from infra.audit import Entry

DONE, REFUSED = "done", "refused"


async def recorded(request: Request, link: Link, outcome: str, tried: Mapping[str, str]) -> None:
    """Return once it is durable."""
    services: Services = request.app.ctx.services
    who = {"role": Role.LINK.value, "subject": link.id} if outcome == DONE else {}
    entry = Entry(
        chain=link.hospital,
        at=now(),
        action="open-link",
        outcome=outcome,
        address=address_of(request),
        study_uid=link.subject,
        detail={"link": link.id, "kind": link.kind.value, **tried},
        **who,
    )
    await services.trail.record(entry)
